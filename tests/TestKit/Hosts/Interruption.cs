namespace Splice.TestKit.Hosts;

/// <summary>Something that happens once in the middle of sending: when so much of the file was read, and something of it is
/// there.</summary>
/// <param name="target">Where it is sent, on a host that is this machine.</param>
/// <param name="after">How many bytes.</param>
/// <param name="interrupt">What happens.</param>
internal sealed class Interruption(string target, long after, Action interrupt)
{
    private static readonly TimeSpan ArrivalTimeout = TimeSpan.FromMinutes(1);

    private long? _first;
    private bool _isOver;

    /// <summary>How much of an unfinished file there is.</summary>
    public static long LengthOfPartial(string target) => Directory
        .EnumerateFiles(Path.GetDirectoryName(target)!, Path.GetFileName(target) + ".????????????????.splice-partial")
        .Select(path => new FileInfo(path).Length).SingleOrDefault();

    /// <param name="endReport">As of <see cref="Wait.Until"/>.</param>
    public static void WaitForPartial(string target, long length, Func<string?> endReport) =>
        Wait.Until(() => LengthOfPartial(target) >= length, "It does not arrive.", endReport);

    public void Watch(TransferProgress progress)
    {
        if (progress.BytesCopied == 0)
        {
            return; // it connects
        }

        // What was read first is with ssh when more is read.
        _first ??= progress.BytesCopied;
        if (!_isOver && progress.BytesCopied > Math.Max(_first.Value, after))
        {
            _isOver = true;

            // If nothing arrives, the sender reports why when it continues.
            if (SpinWait.SpinUntil(() => LengthOfPartial(target) > 0, ArrivalTimeout))
            {
                interrupt();
            }
        }
    }
}
