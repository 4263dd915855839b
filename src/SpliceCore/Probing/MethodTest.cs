using System.Runtime.InteropServices;
using Splice.Descriptors;
using Splice.Probing;
using Splice.Transfer;

namespace Splice;

/// <summary>Finds the methods that a transfer could use, without moving a byte.</summary>
public static class MethodTest
{
    /// <summary>Checks source and destination, and queries the kernel. No file gets a name, no byte is read or written, and FIFOs
    /// and devices, which opening affects, are not opened.</summary>
    /// <param name="request">The pair.</param>
    /// <param name="monitor">Its token ends the wait for a file that another process holds a lease on; may be null.</param>
    /// <returns>One report for each method, in the order in which they are tried.</returns>
    /// <exception cref="TransferException">A transfer would fail before its first method.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    public static IReadOnlyList<MethodReport> Run(MethodTestRequest request, TransferMonitor? monitor = null)
    {
        CancellationToken cancellation = monitor?.Cancellation ?? default;
        using ProbedEndpoint source = request.Source.Handle is { } input
            ? ProbedEndpoint.FromHandle(Describe(input, request.Source))
            : ProbedEndpoint.OpenSource(request.Source.Path!, cancellation);
        using ProbedEndpoint destination = request.Destination.Handle is { } output
            ? ProbedEndpoint.FromHandle(Describe(output, request.Destination))
            : ProbedEndpoint.OpenDestination(request.Destination.Path!, source, request.DestinationOffset.HasValue, cancellation);
        RangeCheck.ThrowIfNegative(request.Offset, request.Count, request.DestinationOffset, source.Name, destination.Name);
        if (source.Open is not null)
        {
            HandleCheck.Source(source.Open);
        }

        if (destination.Open is not null)
        {
            HandleCheck.Destination(destination.Open);
        }

        TransferCursor start = Start(request, source, destination);
        var limits = KernelLimits.Read();
        return Report(source, destination, new MethodProbe(source, destination, start, Length(request, source, destination, start), limits), limits);
    }

    private static List<MethodReport> Report(ProbedEndpoint source, ProbedEndpoint destination, MethodProbe probe, KernelLimits limits)
    {
        List<MethodReport> reports = [];
        bool isDecided = false;
        foreach ((TransferMethod method, _) in Methods.Consider(source.DescriptorTraits, destination.DescriptorTraits, fastest: probe.Fastest))
        {
            MethodProbe.Result result = probe.Run(method);
            reports.Add(new MethodReport
            {
                Source = source.Name,
                Destination = destination.Name,
                Order = reports.Count + 1,
                Method = method,
                Available = result.Available,
                Chosen = result.Available && !isDecided,
                Errno = result.Errno,
                Reason = result.Reason,
                Limits = limits,
            });
            isDecided |= result.Available || result.IsFatal;
        }

        return reports;
    }

    private static Descriptor Describe(SafeHandle handle, TransferEndpoint end) =>
        Descriptor.Describe(handle, end.Name ?? HandleCheck.NameOf(handle));

    private static TransferCursor Start(MethodTestRequest request, ProbedEndpoint source, ProbedEndpoint destination)
    {
        long? offset = request.Offset ?? (source.Open is null ? FirstOffset(source) : source.Open.Position);
        long? destinationOffset = request.DestinationOffset
            ?? (destination.Open is null ? FirstOffset(destination) : HandleCheck.PositionOfWrites(destination.Open));
        return new TransferCursor(offset, destinationOffset);
    }

    private static long? FirstOffset(ProbedEndpoint end) => end.DescriptorTraits.IsSeekable ? 0 : null;

    /// <summary>Number of bytes to move, where it is known without reading.</summary>
    private static long? Length(MethodTestRequest request, ProbedEndpoint source, ProbedEndpoint destination, TransferCursor start)
    {
        RangeCheck.ThrowIfNotSeekable(source.Name, source.Kind, source.DescriptorTraits.IsSeekable, request.Offset);
        RangeCheck.ThrowIfNotSeekable(destination.Name, destination.Kind, destination.DescriptorTraits.IsSeekable, request.DestinationOffset);
        long? length = source.Open is { Size: > 0 } sized
            ? RangeCheck.Source(sized, request.Offset, start.SourceOffset, request.Count)
            : request.Count;
        if (destination.Open is { } output)
        {
            RangeCheck.Destination(output, request.DestinationOffset, start.DestinationOffset, length);
            if (source.Open is { } input)
            {
                RangeCheck.ThrowIfOverlapping(input, start.SourceOffset, output, start.DestinationOffset, length);
            }
        }

        return length;
    }
}

/// <summary>The availability of a method for a pair of source and destination.</summary>
public sealed record MethodReport
{
    /// <summary>The source: a path, or what the descriptor stands for.</summary>
    public required string Source { get; init; }

    /// <summary>The destination: a path, or what the descriptor stands for.</summary>
    public required string Destination { get; init; }

    /// <summary>Its position in the order in which a transfer tries the methods, from 1.</summary>
    public required int Order { get; init; }

    /// <summary>The method.</summary>
    public required TransferMethod Method { get; init; }

    /// <summary>True if a transfer could use it.</summary>
    public required bool Available { get; init; }

    /// <summary>True if a transfer would start with it: it is the first one available. False for all where the transfer would
    /// fail.</summary>
    public bool Chosen { get; init; }

    /// <summary>The error of the kernel; <see cref="Splice.Errno.None"/> if there was none, or no call was made.</summary>
    public Errno Errno { get; init; }

    /// <summary>Why it is available, or why not.</summary>
    public required string Reason { get; init; }

    /// <summary>The kernel and its limits for pipes of this user: the same in all reports of one test.</summary>
    public required KernelLimits Limits { get; init; }

    /// <summary>Formats as one line, for example "Reflink: EOPNOTSUPP, the file system cannot share blocks".</summary>
    /// <returns>The line.</returns>
    public override string ToString() => Errno == Errno.None ? $"{Method}: {Reason}" : $"{Method}: {Errno}, {Reason}";
}

/// <summary>A pair of source and destination to test for methods.</summary>
public sealed record MethodTestRequest
{
    /// <summary>The source: a path, or an open handle. No byte is moved.</summary>
    public required TransferEndpoint Source { get; init; }

    /// <summary>The destination: the path of a file, existing or not, or of a folder; or an open handle.</summary>
    public required TransferEndpoint Destination { get; init; }

    /// <summary>Offset in the source, in bytes; null for its start, or for the offset of the handle.</summary>
    public long? Offset { get; init; }

    /// <summary>Number of bytes; null for all up to the end.</summary>
    public long? Count { get; init; }

    /// <summary>Offset in the destination, in bytes: an existing file is written in place then. Null: it is replaced, and a
    /// handle is written at its offset.</summary>
    public long? DestinationOffset { get; init; }
}
