using System.Management.Automation;
using Splice.Binding;
using Splice.Output;

namespace Splice.Commands;

/// <summary>Base class of all cmdlets: cancellation, paths, progress, messages, errors and results.</summary>
public abstract class TransferCommand : PSCmdlet, IDisposable
{
    private protected const string Continue = "Run the same command again to continue.";

    private readonly CancellationTokenSource _cancellation = new();
    private MessageWriter? _messages;
    private PathResolver? _paths;
    private Action<TransferRetry>? _writeRetry;

    private protected CancellationToken Cancellation => _cancellation.Token;

    private protected MessageWriter Messages => _messages ??= new MessageWriter(this);

    private protected PathResolver Paths => _paths ??= new PathResolver(this, Report);

    /// <summary>The action for errors; null where the user's setting is not one.</summary>
    private protected ActionPreference? ErrorAction => ActionOf("ErrorAction", "ErrorActionPreference");

    /// <inheritdoc />
    public virtual void Dispose()
    {
        _cancellation.Dispose();
        GC.SuppressFinalize(this);
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

    /// <summary>Runs a transfer with a progress bar. A failure is an error record, the pipeline continues, and the result is
    /// null.</summary>
    private protected T? Try<T>(string activity, Func<TransferMonitor, T> transfer)
        where T : class
    {
        var progress = new ProgressReporter(this, activity);
        var monitor = new TransferMonitor(progress.Report, Cancellation) { Retrying = _writeRetry ??= WriteRetry };
        return Try(progress, activity, monitor, transfer);
    }

    /// <summary>Runs work with a monitor of its own, under the name <paramref name="trace"/> of its messages (-Verbose, -Debug); null
    /// for none.</summary>
    private protected TResult? Try<TMonitor, TResult>(
        ProgressReporter progress, string? trace, TMonitor monitor, Func<TMonitor, TResult> work)
        where TResult : class
    {
        try
        {
            return trace is null ? work(monitor) : Messages.Trace(trace, work, monitor);
        }
        catch (Exception exception) when (Stopping
            && exception is OperationCanceledException or PipelineStoppedException or TransferException { Id: TransferErrorId.Cancelled })
        {
            ShowStop(trace is null ? null : DescribeStop(trace, exception as TransferException));
            throw new PipelineStoppedException();
        }
        catch (TransferException exception)
        {
            Report(exception);
            return null;
        }
        finally
        {
            progress.Complete();
        }
    }

    /// <summary>Returns the monitor of a folder's transfer.</summary>
    private protected TreeMonitor Monitor(Action<TransferResult>? receive, ProgressReporter progress) => new(
        receive is null ? null : item => UnlessStopped(() => receive(item)),
        error => UnlessStopped(() => Report(error)),
        text => UnlessStopped(() => WriteWarning(text)),
        progress.Report,
        Cancellation);

    /// <summary>Writes in a callback of the engine. If the pipeline stops, the engine is cancelled and reports how far it is; an exception
    /// through it would lose that.</summary>
    internal void UnlessStopped(Action write)
    {
        try
        {
            write();
        }
        catch (PipelineStoppedException) when (Stopping)
        {
            StopProcessing();
        }
    }

    /// <summary>Describes what a stopped command leaves and how to continue; null if it leaves nothing.</summary>
    private protected virtual string? DescribeStop(string activity, TransferException? stop) => null;

    // A stopped pipeline cannot write to its streams. The host still shows text.
    private void ShowStop(string? text)
    {
        if (text is not null && !Messages.IsWhatIf && ActionOf("WarningAction", "WarningPreference") is not (ActionPreference.SilentlyContinue or ActionPreference.Ignore))
        {
            Host.UI?.WriteWarningLine(text);
        }
    }

    private ActionPreference? ActionOf(string parameter, string variable) =>
        LanguagePrimitives.TryConvertTo(
            MyInvocation.BoundParameters.TryGetValue(parameter, out object? bound) ? bound : GetVariableValue(variable),
            out ActionPreference action) ? action : null;

    /// <summary>True if the user specified the parameter.</summary>
    private protected bool Specifies(string parameter) => MyInvocation.BoundParameters.ContainsKey(parameter);

    /// <summary>Ends the command if a parameter is specified without the one that it qualifies, and would have no effect.</summary>
    /// <param name="example">A value of the missing parameter, with the space before it; empty for a switch.</param>
    private protected void ThrowIfAlone(string parameter, string partner, string example = "")
    {
        if (Specifies(parameter) && !Specifies(partner))
        {
            Refuse(parameter, $"-{parameter} has no effect without -{partner}.", $"Add -{partner}{example}, or omit -{parameter}.");
        }
    }

    /// <summary>Ends the command because of a parameter that others rule out.</summary>
    private protected void Refuse(string parameter, string problem, string recommendedAction = "Omit one of them.") =>
        ThrowTerminatingError(ErrorRecords.From(BindingException.ConflictingOptions(parameter, problem, recommendedAction)));

    /// <summary>Returns the filter of -Include, -Exclude and -Filter. An invalid pattern ends the command.</summary>
    private protected NameFilter BindFilter(string[]? include, string[]? exclude, string? filter = null)
    {
        try
        {
            return new NameFilter(include, exclude, filter);
        }
        catch (BindingException exception)
        {
            ThrowTerminatingError(ErrorRecords.From(exception));
            throw;
        }
    }

    /// <summary>Warns of patterns that matched nothing in the whole command.</summary>
    private protected void WarnOfUnmatched(NameFilter filter)
    {
        foreach ((string pattern, string parameter) in filter.Unmatched())
        {
            WriteWarning($"The pattern '{pattern}' of {parameter} matched nothing.");
        }
    }

    private protected void Report(TransferException exception) => Report(ErrorRecords.From(exception, this));

    private protected virtual void Report(ErrorRecord error) => WriteError(error);

    /// <summary>Writes a result with its warnings, or its error.</summary>
    private protected void Emit(object? result, IReadOnlyList<string>? warnings, TransferException? error = null)
    {
        if (Stopping)
        {
            throw new PipelineStoppedException();
        }

        if (error is not null)
        {
            WriteError(ErrorRecords.From(error, this));
            return;
        }

        foreach (string warning in warnings ?? [])
        {
            WriteWarning(warning);
        }

        if (result is not null)
        {
            WriteObject(ViewOf(result) is { } view ? WithTypeName(result, view) : result);
        }
    }

    /// <summary>Returns the type name that selects another view of a result than its type; null for none.</summary>
    private protected virtual string? ViewOf(object result) =>
        result is TransferResult { DirectoryCount: > 0 } ? "Splice.TransferResult#Tree" : null;

    private static PSObject WithTypeName(object result, string name)
    {
        var named = PSObject.AsPSObject(result);
        named.TypeNames.Insert(0, name);
        return named;
    }

    private protected void Emit(TransferResult? result) => Emit(result, result?.Warnings);

    /// <summary>Reports a missing source, if -WhatIf, -Confirm or -Verbose would describe what is done with it.</summary>
    /// <returns>True if it is missing.</returns>
    private protected bool ReportIfMissing(string source, bool followLink = true, bool always = false)
    {
        if ((always || Messages.DescribesChanges) && DestinationPreview.FindMissing(source, followLink) is { } missing)
        {
            Report(missing);
            return true;
        }

        return false;
    }

    /// <summary>Describes a change for ShouldProcess: its destination, and <paramref name="onFile"/> in place of
    /// <paramref name="action"/> where a file exists. Only where the description is shown does it look.</summary>
    private protected (string Destination, string Action) DescribeChange(string source, string destination, string action, string onFile)
    {
        if (!Messages.DescribesChanges)
        {
            return (destination, action);
        }

        var forecast = DestinationPreview.Of(source, destination);
        return (forecast.Path, forecast.Kind switch
        {
            PreviewKind.File => onFile,
            PreviewKind.Folder => "Copy into Existing Folder",
            PreviewKind.Special => "Write to Device or Pipe",
            _ => action,
        });
    }

    /// <summary>Shows for -WhatIf what would change, and the totals.</summary>
    private protected void Show(PlannedFiles planned, string totals)
    {
        foreach ((string target, string action) in planned.Changes)
        {
            ShouldProcess(target, action);
        }

        ShouldProcess(totals, totals, string.Empty);
    }

    /// <summary>True if a path leads to a folder, and not through a link unless these are followed.</summary>
    private protected static bool LeadsToFolder(string path, bool followLink = false) =>
        Directory.Exists(path) && (followLink || path.EndsWith('/') || new FileInfo(path).LinkTarget is null);

    private void WriteRetry(TransferRetry retry) => Messages.WriteDecision($"{retry.Source} -> {retry.Destination}: {retry}");
}
