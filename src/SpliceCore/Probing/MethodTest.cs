using System.Runtime.InteropServices;
using Splice.Descriptors;
using Splice.Probing;
using Splice.Transfer;

namespace Splice;

/// <summary>Tells by which methods bytes would be moved, and moves none.</summary>
public static class MethodTest
{
    /// <summary>Looks at both sides, and asks the kernel. No file is made that has a name, no byte is read or written, and
    /// what has effects when it is opened (a FIFO, a device) is not opened.</summary>
    /// <param name="request">The pair.</param>
    /// <param name="monitor">When to stop the wait for a file that another process holds a lease on; null for never.</param>
    /// <returns>One report for each method, in the order in which they are tried.</returns>
    /// <exception cref="TransferException">There is no such pair: a transfer would fail before its first method.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    public static IReadOnlyList<MethodReport> Run(MethodTestRequest request, TransferMonitor? monitor = null)
    {
        CancellationToken cancellation = monitor?.Cancellation ?? default;
        using TestedEnd source = request.Source.Handle is { } input
            ? TestedEnd.OfHandle(Describe(input, request.Source))
            : TestedEnd.OfSource(request.Source.Path!, cancellation);
        using TestedEnd destination = request.Destination.Handle is { } output
            ? TestedEnd.OfHandle(Describe(output, request.Destination))
            : TestedEnd.OfDestination(request.Destination.Path!, source, request.DestinationOffset.HasValue, cancellation);
        RangeCheck.Numbers(request.Offset, request.Count, request.DestinationOffset, source.Name, destination.Name);
        CheckAccess(source, destination);

        TransferCursor at = Start(request, source, destination);
        var limits = KernelLimits.Read();
        return Report(source, destination, new MethodProbe(source, destination, at, Length(request, source, destination, at), limits), limits);
    }

    private static List<MethodReport> Report(TestedEnd source, TestedEnd destination, MethodProbe probe, KernelLimits limits)
    {
        List<MethodReport> reports = [];
        bool isDecided = false;
        foreach ((TransferMethod method, _) in Methods.Consider(source.Endpoint, destination.Endpoint, fastest: probe.Fastest))
        {
            MethodProbe.Answer answer = probe.Ask(method);
            reports.Add(new MethodReport
            {
                Source = source.Name,
                Destination = destination.Name,
                Order = reports.Count + 1,
                Method = method,
                Available = answer.Available,
                Chosen = answer.Available && !isDecided,
                Errno = answer.Errno,
                Reason = answer.Reason,
                Limits = limits,
            });
            isDecided |= answer.Available || answer.IsFatal;
        }

        return reports;
    }

    private static Descriptor Describe(SafeHandle handle, StreamEnd end) =>
        Descriptor.Describe(handle, end.Name ?? HandleCheck.NameOf(handle));

    private static void CheckAccess(TestedEnd source, TestedEnd destination)
    {
        if (source.Open is not null)
        {
            HandleCheck.Source(source.Open);
        }

        if (destination.Open is not null)
        {
            HandleCheck.Destination(destination.Open);
        }
    }

    private static TransferCursor Start(MethodTestRequest request, TestedEnd source, TestedEnd destination)
    {
        long? start = request.Offset ?? (source.Open is null ? Beginning(source) : source.Open.Position);
        long? destinationStart = request.DestinationOffset
            ?? (destination.Open is null ? Beginning(destination) : HandleCheck.PositionOfWrites(destination.Open));
        return new TransferCursor(start, destinationStart);
    }

    private static long? Beginning(TestedEnd end) => end.Endpoint.IsSeekable ? 0 : null;

    /// <summary>What would be moved, where that can be told without reading.</summary>
    private static long? Length(MethodTestRequest request, TestedEnd source, TestedEnd destination, TransferCursor at)
    {
        RangeCheck.Positions(source.Name, source.Kind, source.Endpoint.IsSeekable, request.Offset);
        RangeCheck.Positions(destination.Name, destination.Kind, destination.Endpoint.IsSeekable, request.DestinationOffset);
        long? length = source.Open is { Size: > 0 } sized
            ? RangeCheck.Source(sized, request.Offset, at.SourceOffset, request.Count)
            : request.Count;
        if (destination.Open is { } output)
        {
            RangeCheck.Destination(output, request.DestinationOffset, at.DestinationOffset, length);
            if (source.Open is { } input)
            {
                RangeCheck.NotTheSame(input, at.SourceOffset, output, at.DestinationOffset, length);
            }
        }

        return length;
    }
}
