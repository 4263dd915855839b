using System.Diagnostics;
using System.Globalization;
using System.Management.Automation;
using Splice.Commands;

namespace Splice.Output;

/// <summary>A progress bar for work that takes over a second, drawn a few times a second at most. To be used on the pipeline's
/// thread.</summary>
internal sealed class ProgressReporter(TransferCommand command, string activity)
{
    private static readonly TimeSpan FirstAfter = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    // PowerShell queries the position of the cursor for each bar, and .NET waits up to 10 s for a terminal that never answers. So a bar
    // takes at most this fraction of the time, also over several commands.
    private const int DrawingFraction = 20;

    private static TimeSpan _drawing; // how long the last bar took

    private HostBars? _hosts;
    private TimeSpan _next = Later(FirstAfter, _drawing * DrawingFraction);
    private bool _isShown;

    public void Report(TransferProgress progress)
    {
        if (progress.Elapsed >= _next)
        {
            Draw(() => Draw(progress), progress.Elapsed);
        }
    }

    public void Report(TreeProgress progress)
    {
        if (progress.Elapsed >= _next)
        {
            Draw(() => Draw(progress), progress.Elapsed);
        }
    }

    public void Report(MeasurementProgress progress)
    {
        if (progress.Elapsed >= _next)
        {
            Draw(() => Draw(progress), progress.Elapsed);
        }
    }

    /// <summary>Removes the bar, if it was ever shown.</summary>
    public void Complete()
    {
        if (_isShown && !command.Stopping)
        {
            _hosts?.Show([]);
            command.WriteProgress(new ProgressRecord(0, activity, " ") { RecordType = ProgressRecordType.Completed });
        }
    }

    private void Draw(Action draw, TimeSpan elapsed)
    {
        long started = Stopwatch.GetTimestamp();
        command.UnlessStopped(draw);
        _drawing = Stopwatch.GetElapsedTime(started);
        _next = elapsed + _drawing + Later(Interval, _drawing * DrawingFraction);
    }

    private static TimeSpan Later(TimeSpan one, TimeSpan other) => one > other ? one : other;

    private void Draw(TransferProgress progress)
    {
        HostProgress[] hosts = [.. progress.Hosts ?? []];
        switch (progress.Phase)
        {
            case TransferPhase.Connecting:
                Show($"Connecting to {(hosts.Length == 1 ? hosts[0].HostName : $"{hosts.Length} hosts")}");
                break;
            case TransferPhase.Flushing or TransferPhase.Verifying when progress.Hosts is not null:
                Show($"{progress.Phase} on {(hosts.Length == 1 ? hosts[0].HostName : $"{hosts.Length} hosts")}", 100);
                break;
            case TransferPhase.Flushing:
                Show($"Flushing {ByteSize.Format(progress.BytesCopied)} to the disk");
                break;
            case TransferPhase.Verifying:
                Show(
                    $"Verifying, {ByteSize.Format(progress.BytesCopied)} of {ByteSize.Format(progress.TotalBytes ?? 0)}",
                    PercentOf(progress.BytesCopied, progress.TotalBytes));
                break;
            default:
                Show(progress.BytesCopied, progress.TotalBytes, progress.Elapsed, files: string.Empty);
                break;
        }

        (_hosts ??= new HostBars(command)).Show(hosts);
    }

    private void Draw(TreeProgress progress)
    {
        string files = progress.TotalFiles == 1 ? string.Empty : progress.TotalFiles is long total
            ? string.Create(CultureInfo.CurrentCulture, $", {progress.FilesCopied:N0} of {total:N0} files")
            : string.Create(CultureInfo.CurrentCulture, $", {progress.FilesCopied:N0} files");
        switch (progress.Phase)
        {
            case TransferPhase.Flushing:
                Show($"Flushing to the disk{files}", PercentOf(progress.BytesCopied, progress.TotalBytes));
                break;
            case TransferPhase.Verifying:
                Show(
                    $"Verifying, {ByteSize.Format(progress.PhaseDone)} of {ByteSize.Format(progress.PhaseTotal)}{files}",
                    progress.TotalFiles == 1
                        ? PercentOf(progress.PhaseDone, progress.PhaseTotal)
                        : PercentOf(progress.BytesCopied, progress.TotalBytes));
                break;
            case TransferPhase.Removing:
                Show(
                    string.Create(CultureInfo.CurrentCulture, $"Removing the source, {progress.PhaseDone:N0} of {progress.PhaseTotal:N0} items"),
                    PercentOf(progress.PhaseDone, progress.PhaseTotal));
                break;
            default:
                Show(progress.BytesCopied, progress.TotalBytes, progress.Elapsed, files);
                break;
        }
    }

    private void Draw(MeasurementProgress progress)
    {
        string round = (progress.Method, progress.Round) switch
        {
            (null, _) => "Writing the test data",
            (_, 0) => $"{progress.Method}, to warm up",
            _ => string.Create(CultureInfo.CurrentCulture, $"{progress.Method}, round {progress.Round} of {progress.Rounds}"),
        };
        Show(round, progress.BytesDone * 100 / progress.TotalBytes);
    }

    private void Show(long bytes, long? totalBytes, TimeSpan elapsed, string files)
    {
        double rate = bytes / elapsed.TotalSeconds;
        string copied = ByteSize.Format(bytes);
        string speed = $"{ByteSize.Format((long)rate)}/s";
        if (totalBytes is long total and > 0 && bytes <= total)
        {
            int seconds = (int)Math.Min(int.MaxValue, Math.Max(0, total - bytes) / Math.Max(rate, 1));
            Show($"{copied} of {ByteSize.Format(total)}{files}, {speed}", bytes * 100.0 / total, seconds);
        }
        else
        {
            Show($"{copied}{files}, {speed}");
        }
    }

    /// <summary>-1, which shows no bar, where the total is unknown.</summary>
    private static double PercentOf(long done, long? total) => total is null ? -1 : done * 100.0 / Math.Max(total.Value, 1);

    private void Show(string status, double percent = -1, int secondsRemaining = -1)
    {
        _isShown = true;

        // A new record each time: its receiver may keep it.
        command.WriteProgress(new ProgressRecord(0, activity, status)
        {
            PercentComplete = (int)Math.Min(100, percent),
            SecondsRemaining = secondsRemaining,
        });
    }
}

/// <summary>Writes the engine's decisions with -Verbose, and its system calls with -Debug.</summary>
internal sealed class MessageWriter(PSCmdlet command)
{
    private static readonly string[] ChangeSwitches = ["WhatIf", "Confirm", "Verbose"];

    private bool? _describesChanges;
    private bool? _isWhatIf;
    private bool? _writesDecisions;
    private bool? _writesCalls;

    /// <summary>True if -WhatIf, -Confirm or -Verbose show each change. Describing one takes system calls.</summary>
    public bool DescribesChanges => _describesChanges ??= ChangeSwitches.Any(command.MyInvocation.BoundParameters.ContainsKey)
        || LanguagePrimitives.IsTrue(command.GetVariableValue("WhatIfPreference"))
        || !Equals(command.GetVariableValue("ConfirmPreference"), ConfirmImpact.High)
        || !Equals(command.GetVariableValue("VerbosePreference"), ActionPreference.SilentlyContinue);

    /// <summary>True if nothing is to be changed.</summary>
    public bool IsWhatIf => _isWhatIf ??= command.MyInvocation.BoundParameters.TryGetValue("WhatIf", out object? given)
        ? LanguagePrimitives.IsTrue(given)
        : LanguagePrimitives.IsTrue(command.GetVariableValue("WhatIfPreference"));

    // With -Debug alone PowerShell asks a question after each verbose message.
    private bool WritesDecisions => _writesDecisions ??= IsWanted("Verbose")
        && (command.MyInvocation.BoundParameters.ContainsKey("Verbose") || !command.MyInvocation.BoundParameters.ContainsKey("Debug"));

    private bool WritesCalls => _writesCalls ??= IsWanted("Debug");

    private bool IsTraced => WritesDecisions || WritesCalls;

    /// <summary>Does some work, and writes its journal, also where the work fails.</summary>
    public TResult Trace<TMonitor, TResult>(string activity, Func<TMonitor, TResult> work, TMonitor monitor) =>
        IsTraced ? TraceInto(new TransferTrace(WritesCalls), activity, work, monitor) : work(monitor);

    /// <summary>Starts work whose journal is written later.</summary>
    public T Start<T>(Func<T> work) => IsTraced ? new TransferTrace(WritesCalls).Follow(work) : work();

    /// <summary>Writes a decision at once.</summary>
    public void WriteDecision(string decision)
    {
        if (WritesDecisions)
        {
            command.WriteVerbose(decision);
        }
    }

    /// <summary>Writes a journal, if there is one.</summary>
    public void Write(string activity, TransferTrace? trace)
    {
        foreach (string decision in trace is null || !WritesDecisions || command.Stopping ? [] : trace.Decisions)
        {
            command.WriteVerbose(decision);
        }

        foreach (SystemCallSum sum in trace is null || command.Stopping ? [] : trace.SystemCalls)
        {
            command.WriteDebug($"{activity}: {sum}");
        }
    }

    private TResult TraceInto<TMonitor, TResult>(TransferTrace trace, string activity, Func<TMonitor, TResult> work, TMonitor monitor)
    {
        TResult result;
        try
        {
            result = trace.Follow(() => work(monitor));
        }
        catch (TransferException)
        {
            Write(activity, trace);
            throw;
        }

        Write(activity, trace);
        return result;
    }

    /// <summary>True if a stream is shown: by the switch of the command, or by the preference around it.</summary>
    private bool IsWanted(string stream) =>
        command.MyInvocation.BoundParameters.TryGetValue(stream, out object? given) ? LanguagePrimitives.IsTrue(given)
            : LanguagePrimitives.TryConvertTo(command.GetVariableValue($"{stream}Preference"), out ActionPreference preference)
                && preference is not (ActionPreference.SilentlyContinue or ActionPreference.Ignore);
}
