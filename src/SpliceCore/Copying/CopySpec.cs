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
            Retrier = Retrier.For(request.Retry, monitor, tally),
        };
    }
}

/// <summary>The method that the options of a copy come to, taken together.</summary>
internal static class MethodChoice
{
    /// <exception cref="TransferException">Two options ask for different methods.</exception>
    public static TransferMethod Of(CopyRequest request)
    {
        if (request.Flags != SpliceFlags.None && request.Method is not (TransferMethod.Auto or TransferMethod.Splice))
        {
            throw new TransferException(TransferErrorId.MethodNotPossible,
                $"The flags {request.Flags} are for splice(2), and {request.Method} takes none.",
                "Use -Method Splice, or leave -Flags out.",
                target: request.Destination);
        }

        TransferMethod named = request.Method == TransferMethod.Auto && request.Flags != SpliceFlags.None
            ? TransferMethod.Splice
            : request.Method;
        if (request.Reflink != ReflinkMode.Always)
        {
            return named;
        }

        if (request.Sparse != SparseMode.Auto)
        {
            throw new TransferException(TransferErrorId.MethodNotPossible,
                $"-Reflink Always takes the holes of '{request.Source}' as they are, and -Sparse {request.Sparse} does not.",
                "Leave one of them out.",
                target: request.Destination);
        }

        return named is TransferMethod.Auto or TransferMethod.Reflink
            ? TransferMethod.Reflink
            : throw new TransferException(TransferErrorId.MethodNotPossible,
                $"-Reflink Always shares the blocks of '{request.Source}', and {named} shares none.",
                "Leave -Method and -Flags out, or -Reflink.",
                target: request.Destination);
    }
}
