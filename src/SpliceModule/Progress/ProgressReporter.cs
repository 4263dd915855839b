using System.Globalization;
using System.Management.Automation;

namespace Splice.Progress;

/// <summary>A progress bar for what takes over a second, drawn a few times a second at most.</summary>
internal sealed class ProgressReporter(Cmdlet command, string activity)
{
    private static readonly TimeSpan FirstAfter = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private TimeSpan _next = FirstAfter;
    private bool _shown;

    /// <summary>Takes note of how far the transfer is. Only ever called on the pipeline's thread.</summary>
    public void Report(TransferProgress progress)
    {
        if (IsDue(progress.Elapsed))
        {
            Show(progress.BytesCopied, progress.TotalBytes, progress.Elapsed, files: string.Empty);
        }
    }

    /// <summary>Takes note of how far the copy of a tree is. Only ever called on the pipeline's thread.</summary>
    public void Report(TreeProgress progress)
    {
        if (IsDue(progress.Elapsed))
        {
            string files = progress.TotalFiles is long total
                ? string.Create(CultureInfo.CurrentCulture, $", {progress.FilesCopied:N0} of {total:N0} files")
                : string.Create(CultureInfo.CurrentCulture, $", {progress.FilesCopied:N0} files");
            Show(progress.BytesCopied, progress.TotalBytes, progress.Elapsed, files);
        }
    }

    /// <summary>Takes note of how far a measurement is. Only ever called on the pipeline's thread.</summary>
    public void Report(MeasurementProgress progress)
    {
        if (IsDue(progress.Elapsed))
        {
            string what = (progress.Method, progress.Round) switch
            {
                (null, _) => "Writing the test data",
                (_, 0) => $"{progress.Method}, to warm up",
                _ => string.Create(CultureInfo.CurrentCulture, $"{progress.Method}, round {progress.Round} of {progress.Rounds}"),
            };
            _shown = true;
            command.WriteProgress(new ProgressRecord(0, activity, what)
            {
                PercentComplete = (int)Math.Min(100, progress.BytesDone * 100 / progress.TotalBytes),
            });
        }
    }

    /// <summary>Takes the bar away, if it was ever shown.</summary>
    public void Complete()
    {
        if (_shown && !command.Stopping)
        {
            command.WriteProgress(new ProgressRecord(0, activity, " ") { RecordType = ProgressRecordType.Completed });
        }
    }

    private bool IsDue(TimeSpan elapsed)
    {
        bool isDue = elapsed >= _next;
        _next = isDue ? elapsed + Interval : _next;
        return isDue;
    }

    private void Show(long bytes, long? totalBytes, TimeSpan elapsed, string files)
    {
        double rate = bytes / elapsed.TotalSeconds;
        string copied = ByteSize.Format(bytes);
        string speed = string.Create(CultureInfo.CurrentCulture, $"{ByteSize.Format((long)rate)}/s");

        // One of its own each time: whoever receives a record may keep it.
        var record = new ProgressRecord(0, activity, $"{copied}{files}, {speed}");
        if (totalBytes is long total and > 0)
        {
            record.StatusDescription = $"{copied} of {ByteSize.Format(total)}{files}, {speed}";
            record.PercentComplete = (int)Math.Min(100, bytes * 100.0 / total);
            record.SecondsRemaining = (int)Math.Min(int.MaxValue, Math.Max(0, total - bytes) / Math.Max(rate, 1));
        }

        _shown = true;
        command.WriteProgress(record);
    }
}
