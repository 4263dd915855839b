using System.Management.Automation;
using Splice.Binding;
using Splice.Completion;
using Splice.Errors;

namespace Splice.Commands;

/// <summary>Moves bytes from anything to one or many: files, pipes, sockets, processes.</summary>
[Cmdlet(VerbsCommon.Copy, "StreamZeroCopy", SupportsShouldProcess = true)]
[OutputType(typeof(TransferResult))]
public sealed class CopyStreamZeroCopyCommand : TransferCommand
{
    /// <summary>What to read: a path, an open handle, or bytes.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [TransferHandle(TakesPaths = true, TakesBytes = true)]
    [ArgumentCompleter(typeof(LiteralPathCompleter))]
    public TransferHandle Source { get; set; } = null!;

    /// <summary>Where to: paths and open handles. Each gets everything.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [TransferHandle(TakesPaths = true)]
    [ArgumentCompleter(typeof(LiteralPathCompleter))]
    public TransferHandle[] Destination { get; set; } = [];

    /// <summary>Number of bytes to move.</summary>
    [Parameter]
    public long? Count { get; set; }

    /// <summary>Where to read, in bytes from the source's start; its position is left alone.</summary>
    [Parameter]
    public long? Offset { get; set; }

    /// <summary>Limit in bytes of the source per second.</summary>
    [Parameter]
    [ValidateRange(1L, long.MaxValue)]
    public long? RateLimit { get; set; }

    /// <summary>The capacity in bytes to ask for of the pipes that are needed.</summary>
    [Parameter]
    [ValidateRange(1, 1 << 30)]
    public int? PipeSize { get; set; }

    /// <summary>Whether bytes in a pipe or socket may still be those of the source's pages.</summary>
    [Parameter]
    public StreamConsistency Consistency { get; set; }

    /// <summary>Lets the readers come to the end: closes the destinations afterwards, or shuts their sending side down.</summary>
    [Parameter]
    public SwitchParameter CloseDestination { get; set; }

    /// <summary>How long a side may give or take nothing; a plain number means seconds.</summary>
    [Parameter]
    [Seconds]
    public TimeSpan? IdleTimeout { get; set; }

    /// <summary>A destination that fails ends all of it.</summary>
    [Parameter]
    public SwitchParameter StopOnError { get; set; }

    /// <inheritdoc />
    protected override void EndProcessing()
    {
        var resolver = new PathResolver(this, findsHidden: false, WriteError);
        string? source = Source.Path is null ? null : resolver.Single(Source.Path);
        if (source is null && Source.Path is not null)
        {
            return;
        }

        if (source is not null && Changes.FindMissing(source) is { } missing)
        {
            WriteError(ErrorRecords.From(missing, this));
            return;
        }

        var destinations = new List<(TransferHandle Handle, string? Path)>();
        foreach (TransferHandle destination in Destination)
        {
            string? path = destination.Path is null ? null : resolver.Single(destination.Path);
            if ((path is not null || destination.Path is null)
                && ShouldCopy(source ?? Source.ToString(), path, destination))
            {
                destinations.Add((destination, path));
            }
        }

        if (destinations.Count > 0)
        {
            Copy(source, destinations);
        }
    }

    private bool ShouldCopy(string source, string? path, TransferHandle destination)
    {
        (string target, string action) = path is null ? (destination.ToString(), "Copy Stream") : Changes.Of(source, path, "Copy Stream", "Replace File");
        return ShouldProcess($"Source: {source} Destination: {target}", action);
    }

    private void Copy(string? source, List<(TransferHandle Handle, string? Path)> destinations)
    {
        try
        {
            IReadOnlyList<StreamOutcome>? outcomes = Try($"Copying {source ?? Source.ToString()}", monitor => Run(source, destinations, monitor));
            foreach (StreamOutcome outcome in outcomes ?? [])
            {
                Emit(outcome);
            }
        }
        finally
        {
            if (CloseDestination)
            {
                destinations.ForEach(destination => destination.Handle.EndSending());
            }
        }
    }

    private IReadOnlyList<StreamOutcome> Run(
        string? sourcePath, List<(TransferHandle Handle, string? Path)> destinations, TransferMonitor monitor)
    {
        StreamEnd source = Source.ToEnd(sourcePath, isSource: true);
        StreamEnd[] ends = [.. destinations.Select(destination => destination.Handle.ToEnd(destination.Path, isSource: false))];
        var request = new StreamRequest
        {
            Source = source,
            Destinations = ends,
            Offset = Offset,
            Count = Count,
            RateLimit = RateLimit is long rate ? new RateLimiter(rate) : null,
            PipeSize = PipeSize,
            Consistency = Consistency,
            IdleTimeout = IdleTimeout,
            StopsOnError = StopOnError,
        };
        try
        {
            return StreamCopy.Copy(request, monitor);
        }
        finally
        {
            // A FileStream keeps a position of its own, which the kernel does not know.
            PutPosition(Source, source);
            for (int i = 0; i < ends.Length; i++)
            {
                PutPosition(destinations[i].Handle, ends[i]);
            }
        }
    }

    private static void PutPosition(TransferHandle handle, StreamEnd end)
    {
        if (handle.Position is not null && end.Position is long position)
        {
            handle.MoveTo(position);
        }
    }

    private void Emit(StreamOutcome outcome)
    {
        if (outcome.Error is { Id: TransferErrorId.Cancelled } && Stopping)
        {
            throw new PipelineStoppedException();
        }

        if (outcome.Error is not null)
        {
            WriteError(ErrorRecords.From(outcome.Error, this));
        }
        else
        {
            Emit(outcome.Result!);
        }
    }
}
