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

    public long BytesReflinked => _bytesByMethod[(int)TransferMethod.Reflink];

    public long BytesMoved => _bytesByMethod.Sum() - BytesReflinked;

    public long BytesCopied => _bytesByMethod.Sum() + BytesInHoles;

    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(_started);

    public long SystemCalls => SystemCallCount.Current - _callsBefore;

    /// <summary>The method that moved the most; null where none had to.</summary>
    public TransferMethod? MainMethod
    {
        get
        {
            long most = _bytesByMethod.Max();
            return most == 0 ? null : (TransferMethod)Array.IndexOf(_bytesByMethod, most);
        }
    }

    public void Add(TransferMethod method, long bytes) => _bytesByMethod[(int)method] += bytes;

    public long BytesBy(TransferMethod method) => _bytesByMethod[(int)method];
}
