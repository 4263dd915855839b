using System.Management.Automation;

namespace Splice.Commands;

/// <summary>Puts files one behind the other, and shares their blocks where it can.</summary>
[Cmdlet(VerbsCommon.Join, "ItemZeroCopy", SupportsShouldProcess = true, DefaultParameterSetName = PathSet)]
[OutputType(typeof(TransferResult))]
public sealed class JoinItemZeroCopyCommand : SourceItemsCommand
{
    private readonly List<string> _sources = [];
    private bool _isIncomplete;

    /// <summary>The file to make or replace.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ValidateNotNullOrEmpty]
    public string Destination { get; set; } = string.Empty;

    /// <summary>Waits until the disk has the file.</summary>
    [Parameter]
    public SwitchParameter Flush { get; set; }

    /// <summary>Whether the file may, must or must not share blocks with its parts.</summary>
    [Parameter]
    public ReflinkMode Reflink { get; set; }

    /// <summary>What becomes of holes and of zeros.</summary>
    [Parameter]
    public SparseMode Sparse { get; set; }

    /// <summary>How many bytes may be moved a second.</summary>
    [Parameter]
    [ValidateRange(1L, long.MaxValue)]
    public long? RateLimit { get; set; }

    /// <summary>Takes a part that somebody writes to meanwhile as it comes.</summary>
    [Parameter]
    public SwitchParameter AllowChanging { get; set; }

    /// <summary>An existing destination is an error.</summary>
    [Parameter]
    public SwitchParameter NoClobber { get; set; }

    /// <summary>Replaces a destination that is read-only, and lets wildcards find hidden names.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc />
    protected override void BeginProcessing() => Begin(findsHidden: Force, Report);

    /// <inheritdoc />
    protected override void ProcessRecord() => _sources.AddRange(Sources(sorts: true).Select(item => item.Path));

    /// <inheritdoc />
    protected override void EndProcessing()
    {
        // With a part missing it would not be the file that is wanted.
        if (_isIncomplete || _sources.Count == 0 || Resolver.Single(Destination) is not { } destination
            || !ShouldProcess($"Items: {string.Join(", ", _sources)} Destination: {destination}", "Join Files"))
        {
            return;
        }

        var request = new JoinRequest
        {
            Sources = _sources,
            Copy = new CopyRequest
            {
                Source = _sources[0],
                Destination = destination,
                Flush = Flush,
                Reflink = Reflink,
                Sparse = Sparse,
                Flags = Flags,
                PipeSize = PipeSize,
                RateLimit = RateLimit is long rate ? new RateLimiter(rate) : null,
                AllowChanging = AllowChanging,
                NoClobber = NoClobber,
                Force = Force,
            },
        };
        if (Try($"Joining files to {destination}", monitor => FileJoin.Join(request, monitor)) is { } result)
        {
            Emit(result);
        }
    }

    private void Report(ErrorRecord error)
    {
        _isIncomplete = true;
        WriteError(error);
    }
}
