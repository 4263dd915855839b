using Splice.Descriptors;
using Splice.Errors;
using Splice.Streaming;
using Splice.Transfer;

namespace Splice;

/// <summary>Moves all that a source gives, or a range of it, to one or many destinations.</summary>
public static class StreamCopy
{
    /// <summary>Moves the bytes.</summary>
    /// <param name="request">What to move.</param>
    /// <param name="monitor">When to stop, and whom to tell.</param>
    /// <returns>What became of each destination, in their order.</returns>
    /// <exception cref="TransferException">Nothing was moved: the source cannot be read, or does not have the range.</exception>
    public static IReadOnlyList<StreamOutcome> Copy(StreamRequest request, TransferMonitor monitor)
    {
        var tally = new TransferTally();
        RangeCheck.Numbers(request.Offset, request.Count, destinationOffset: null, request.Source.Name ?? "the source", string.Empty);
        var wait = new IdleWait(request.IdleTimeout, monitor.Cancellation);
        try
        {
            using var source = StreamSource.Open(request.Source, wait);
            TransferSpec spec = Spec(request, source.Descriptor);
            using var destinations = new DestinationSet(request, source, spec, wait, monitor.Cancellation);
            return destinations.Run(monitor, tally);
        }
        catch (OperationCanceledException)
        {
            string destination = request.Destinations[0].Name ?? "the destination";
            throw Failures.Stopped(request.Source.Name ?? "the source", destination, arrived: 0);
        }
    }

    private static TransferSpec Spec(StreamRequest request, Descriptor source)
    {
        long? start = source.IsSeekable ? request.Offset ?? (request.Source.Handle is null ? 0 : source.Position) : null;
        return new TransferSpec
        {
            Offset = start,
            Length = RangeCheck.Source(source, request.Offset, start, request.Count),
            RequestedCount = request.Count,
            RequiresAll = true,
            AllowsChanging = true,
            PipeSize = request.PipeSize,
            RateLimit = request.RateLimit,
            IdleTimeout = request.IdleTimeout,
        };
    }
}
