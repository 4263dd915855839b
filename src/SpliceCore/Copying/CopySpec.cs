using Splice.Descriptors;
using Splice.Transfer;

namespace Splice.Copying;

/// <summary>What a copy by path asks of the transfer.</summary>
internal static class CopySpec
{
    /// <exception cref="TransferException">The source does not have the range that is asked for.</exception>
    public static TransferSpec Of(CopyRequest request, Descriptor source, TransferMonitor monitor, TransferTally tally)
    {
        long? start = source.IsSeekable ? request.Offset ?? 0 : null;
        return new TransferSpec
        {
            Offset = start,
            Length = RangeCheck.Source(source, request.Offset, start, request.Count),
            RequestedCount = request.Count,
            RequiresAll = true,
            AllowsChanging = request.AllowChanging,
            Method = MethodChoice.Of(request),
            Reflink = request.Reflink,
            Sparse = request.Sparse,
            Flags = request.Flags,
            PipeSize = request.PipeSize,
            RateLimit = request.RateLimit,
            Retrier = Retrier.For(request, monitor, tally),
        };
    }
}
