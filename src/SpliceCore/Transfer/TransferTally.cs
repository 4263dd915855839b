using System.Diagnostics;
using Splice.Interop;

namespace Splice.Transfer;

/// <summary>The counts of one transfer.</summary>
internal sealed class TransferTally
{
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly long _callsBefore = SystemCallCount.Current;
    private readonly long[] _bytesByMethod = new long[(int)TransferMethod.ReadWrite + 1];

    public long BytesInHoles { get; set; }

    public long Retries { get; set; }

    public long BytesReflinked => BytesBy(TransferMethod.Reflink);

    public long BytesMoved { get; private set; }

    public long BytesCopied => BytesMoved + BytesReflinked + BytesInHoles;

    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(_started);

    public long SystemCalls => SystemCallCount.Current - _callsBefore;

    /// <summary>The method that moved the most; null where none had to.</summary>
    public TransferMethod? MainMethod
    {
        get
        {
            TransferMethod main = default;
            for (TransferMethod method = default; method <= TransferMethod.ReadWrite; method++)
            {
                main = BytesBy(method) > BytesBy(main) ? method : main;
            }

            return BytesBy(main) == 0 ? null : main;
        }
    }

    public void Add(TransferMethod method, long bytes)
    {
        _bytesByMethod[(int)method] += bytes;
        BytesMoved += method == TransferMethod.Reflink ? 0 : bytes;
    }

    public long BytesBy(TransferMethod method) => _bytesByMethod[(int)method];
}
