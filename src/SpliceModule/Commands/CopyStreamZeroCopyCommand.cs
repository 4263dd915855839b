using System.Management.Automation;
using Splice.Completion;

namespace Splice.Commands;

/// <summary>Moves bytes from one source to one or several destinations: files, pipes, sockets, processes.</summary>
[Cmdlet(VerbsCommon.Copy, "StreamZeroCopy", SupportsShouldProcess = true)]
[OutputType(typeof(TransferResult))]
public sealed class CopyStreamZeroCopyCommand : TransferCommand
{
    /// <summary>The source: a path, an open handle, or bytes.</summary>
    [Parameter(Mandatory = true, Position = 0), TransferHandle(TakesPaths = true, TakesBytes = true)]
    [ArgumentCompleter(typeof(LiteralPathCompleter))]
    public TransferHandle Source { get; set; } = null!;

    /// <summary>The destinations: paths and open handles. Each gets all bytes.</summary>
    [Parameter(Mandatory = true, Position = 1), TransferHandle(TakesPaths = true)]
    [ArgumentCompleter(typeof(LiteralPathCompleter))]
    public TransferHandle[] Destination { get; set; } = [];

    /// <summary>Number of bytes to move.</summary>
    [Parameter]
    public long? Count { get; set; }

    /// <summary>The first byte to read, in bytes from the source's start; its position does not change.</summary>
    [Parameter]
    public long? Offset { get; set; }

    /// <summary>Limit in bytes of the source per second.</summary>
    [Parameter, ValidateRange(1L, long.MaxValue)]
    public long? RateLimit { get; set; }

    /// <summary>The capacity in bytes to request for pipes.</summary>
    [Parameter, ValidateRange(1, 1 << 30)]
    public int? PipeSize { get; set; }

    /// <summary>Selects if pages in a pipe or socket may be shared with the source.</summary>
    [Parameter]
    public StreamConsistency Consistency { get; set; }

    /// <summary>Closes the destinations afterwards, or shuts down the sending side of sockets: their readers get the end.</summary>
    [Parameter]
    public SwitchParameter CloseDestination { get; set; }

    /// <summary>Time that a side may move no byte; a plain number means seconds.</summary>
    [Parameter, Seconds]
    public TimeSpan? IdleTimeout { get; set; }

    /// <summary>The first destination that fails stops all of them.</summary>
    [Parameter]
    public SwitchParameter StopOnError { get; set; }

    /// <inheritdoc />
    protected override void EndProcessing()
    {
        List<TransferHandle> accepted = [.. Destination];
        try
        {
            if (!Paths.TryResolve(Source, out string? source) || (source is not null && ReportIfMissing(source)))
            {
                return;
            }

            var destinations = new List<(TransferHandle Handle, string? Path)>();
            foreach (TransferHandle destination in Destination)
            {
                if (Paths.TryResolve(destination, out string? path) && ShouldCopy(source ?? Source.ToString(), path, destination))
                {
                    destinations.Add((destination, path));
                }
                else
                {
                    accepted.Remove(destination);
                }
            }

            if (destinations.Count > 0)
            {
                Copy(source, destinations);
            }
        }
        finally
        {
            if (CloseDestination && !Messages.IsWhatIf)
            {
                accepted.ForEach(destination => destination.EndSending());
            }
        }
    }

    private bool ShouldCopy(string source, string? path, TransferHandle destination)
    {
        (string target, string action) = path is null ? (destination.ToString(), "Copy Stream") : DescribeChange(source, path, "Copy Stream", "Replace File");
        return ShouldProcess($"Source: {source} Destination: {target}", action);
    }

    private void Copy(string? source, List<(TransferHandle Handle, string? Path)> destinations)
    {
        var outcomes = Try($"Copying {source ?? Source.ToString()}", monitor => Run(source, destinations, monitor));
        foreach (StreamOutcome outcome in outcomes ?? [])
        {
            Emit(outcome.Result, outcome.Result?.Warnings, outcome.Error);
        }
    }

    private IReadOnlyList<StreamOutcome> Run(
        string? sourcePath, List<(TransferHandle Handle, string? Path)> destinations, TransferMonitor monitor)
    {
        TransferEndpoint source = Source.ToEnd(sourcePath, isSource: true);
        TransferEndpoint[] ends = [.. destinations.Select(destination => destination.Handle.ToEnd(destination.Path, isSource: false))];
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
            Source.MoveTo(source.Position);
            for (int i = 0; i < ends.Length; i++)
            {
                destinations[i].Handle.MoveTo(ends[i].Position);
            }
        }
    }
}
