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
        if (progress.Elapsed < _next)
        {
            return;
        }

        _next = progress.Elapsed + Interval;
        double rate = progress.BytesCopied / progress.Elapsed.TotalSeconds;
        string copied = ByteSize.Format(progress.BytesCopied);
        string speed = string.Create(CultureInfo.CurrentCulture, $"{ByteSize.Format((long)rate)}/s");

        // One of its own each time: whoever receives a record may keep it.
        var record = new ProgressRecord(0, activity, $"{copied}, {speed}");
        if (progress.TotalBytes is long total and > 0)
        {
            record.StatusDescription = $"{copied} of {ByteSize.Format(total)}, {speed}";
            record.PercentComplete = (int)Math.Min(100, progress.BytesCopied * 100.0 / total);
            record.SecondsRemaining = (int)Math.Min(int.MaxValue, (total - progress.BytesCopied) / Math.Max(rate, 1));
        }

        _shown = true;
        command.WriteProgress(record);
    }

    /// <summary>Takes the bar away, if it was ever shown.</summary>
    public void Complete()
    {
        if (_shown && !command.Stopping)
        {
            command.WriteProgress(new ProgressRecord(0, activity, " ") { RecordType = ProgressRecordType.Completed });
        }
    }
}
