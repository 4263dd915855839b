using System.Management.Automation;
using Splice.Completion;
using Splice.Errors;

namespace Splice.Commands;

/// <summary>What all cmdlets that move bytes have in common: their results and
/// errors look alike.</summary>
public abstract class TransferCommand : StoppableCommand
{
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromMilliseconds(200);

    private Action<TransferRetry>? _tellRetry;

    /// <summary>Runs one transfer. Its failure is an error record, and the pipeline goes on.</summary>
    /// <param name="activity">What the progress bar calls it.</param>
    /// <param name="transfer">The transfer.</param>
    /// <returns>The result; null where it failed.</returns>
    private protected T? Try<T>(string activity, Func<TransferMonitor, T> transfer)
        where T : class
    {
        var progress = new Progress.ProgressReporter(this, activity);
        var monitor = new TransferMonitor(progress.Report, Cancellation) { Retrying = _tellRetry ??= TellRetry };
        return Try(progress, () => Journals.Keep(activity, () => transfer(monitor)));
    }

    private T? Try<T>(Progress.ProgressReporter progress, Func<T> transfer)
        where T : class
    {
        try
        {
            return transfer();
        }
        catch (TransferException exception) when (exception.Id == TransferErrorId.Cancelled && Stopping)
        {
            throw new PipelineStoppedException();
        }
        catch (TransferException exception)
        {
            WriteError(ErrorRecords.From(exception, this));
            return null;
        }
        finally
        {
            progress.Complete();
        }
    }

    /// <summary>Measures. A failure is an error record.</summary>
    /// <param name="activity">What the progress bar calls it.</param>
    /// <param name="measure">The measurement.</param>
    /// <returns>The report; null where it failed.</returns>
    private protected MeasurementReport? TryMeasure(string activity, Func<MeasurementMonitor, MeasurementReport> measure)
    {
        var progress = new Progress.ProgressReporter(this, activity);
        return Try(progress, () => measure(new MeasurementMonitor(progress.Report, Cancellation)));
    }

    /// <summary>Copies a tree. What fails in it is an error record, and the rest goes on.</summary>
    /// <param name="activity">What the progress bar calls it.</param>
    /// <param name="copy">The copy.</param>
    /// <returns>The result; null where nothing could be done.</returns>
    private protected TransferResult? TryTree(string activity, Func<TreeMonitor, TransferResult> copy)
    {
        var progress = new Progress.ProgressReporter(this, activity);
        var tree = new TreeMonitor(
            Emit, exception => WriteError(ErrorRecords.From(exception, this)), WriteWarning, progress.Report, Cancellation);
        return Try(progress, () => Journals.Keep(activity, () => copy(tree)));
    }

    /// <summary>Emits what has become of copies that run beside the pipeline, in the order in which they began.</summary>
    /// <param name="queue">The copies.</param>
    /// <param name="most">How many may stay under way; for the others it waits.</param>
    private protected void Drain(CopyQueue queue, int most)
    {
        while (queue.TryTake(TimeSpan.Zero) is { } outcome)
        {
            Emit(outcome);
        }

        while (queue.Count > most)
        {
            var progress = new Progress.ProgressReporter(this, $"Copying {queue.Next!.Source}");
            CopyOutcome? outcome;
            while ((outcome = queue.TryTake(ProgressInterval)) is null)
            {
                progress.Report(queue.Progress);
            }

            progress.Complete();
            Emit(outcome);
        }
    }

    private void Emit(CopyOutcome outcome)
    {
        if (Stopping)
        {
            throw new PipelineStoppedException();
        }

        Journals.Write($"Copying {outcome.Request.Source}", outcome.Journal);
        if (outcome.Error is not null)
        {
            WriteError(ErrorRecords.From(outcome.Error, this));
        }
        else
        {
            Emit(outcome.Result!);
        }
    }

    /// <summary>Emits a result, and what worked only in part.</summary>
    /// <param name="result">The result.</param>
    private protected void Emit(TransferResult result)
    {
        Warn(result);
        WriteObject(result);
    }

    private void TellRetry(TransferRetry retry) => Journals.Tell($"{retry.Source} -> {retry.Destination}: {retry}");

    /// <summary>Says what worked only in part.</summary>
    /// <param name="result">The result.</param>
    private protected void Warn(TransferResult result)
    {
        foreach (string warning in result.Warnings)
        {
            WriteWarning(warning);
        }
    }
}

/// <summary>A cmdlet whose work can be stopped at any time.</summary>
public abstract class StoppableCommand : PSCmdlet, IDisposable
{
    private readonly CancellationTokenSource _cancellation = new();

    private Progress.JournalWriter? _journals;

    /// <summary>Tells what the engine decided and called.</summary>
    private protected Progress.JournalWriter Journals => _journals ??= new Progress.JournalWriter(this);

    private Binding.ChangeText? _changes;

    /// <summary>Says what would be replaced.</summary>
    private protected Binding.ChangeText Changes => _changes ??= new Binding.ChangeText(this);

    /// <summary>Cancelled when the pipeline is stopped.</summary>
    private protected CancellationToken Cancellation => _cancellation.Token;

    /// <summary>What becomes of errors; null where the user's setting is none.</summary>
    private protected ActionPreference? ErrorAction =>
        LanguagePrimitives.TryConvertTo(
            MyInvocation.BoundParameters.TryGetValue("ErrorAction", out object? bound) ? bound : GetVariableValue("ErrorActionPreference"),
            out ActionPreference action) ? action : null;

    /// <inheritdoc />
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases what the cmdlet holds.</summary>
    /// <param name="disposing">False when called by a finalizer.</param>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
        {
            _cancellation.Dispose();
        }
    }

    /// <summary>Only signals: PowerShell calls it on another thread.</summary>
    protected override void StopProcessing()
    {
        try
        {
            _cancellation.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The command ended at the same moment.
        }
    }
}

/// <summary>What the cmdlets have in common that may call splice(2) as the user says.</summary>
public abstract class SpliceOptionsCommand : TransferCommand
{
    /// <summary>Flags for splice(2): Move, NonBlock, More, Gift.</summary>
    [Parameter]
    [ValidateNotNull]
    [ArgumentCompleter(typeof(FlagsCompleter))]
    public EnumValue<SpliceFlags>[] Flags { get; set; } = [];

    /// <summary>The capacity in bytes to ask for where splice(2) needs a pipe of its own; 1 MiB where it is not
    /// given. The kernel rounds it up, and unprivileged users get no more than /proc/sys/fs/pipe-max-size.</summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    public int? PipeSize { get; set; }
}
