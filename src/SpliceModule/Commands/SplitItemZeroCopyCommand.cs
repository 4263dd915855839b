using System.Management.Automation;

namespace Splice.Commands;

/// <summary>Cuts files into parts that share their blocks where they can.</summary>
[Cmdlet(VerbsCommon.Split, "ItemZeroCopy", SupportsShouldProcess = true, DefaultParameterSetName = PathSet)]
[OutputType(typeof(TransferResult))]
public sealed class SplitItemZeroCopyCommand : SourceItemsCommand
{
    private readonly CopyLedger _ledger = new();

    /// <summary>The folder for the parts; the current one where none is named.</summary>
    [Parameter(Position = 1)]
    [ValidateNotNullOrEmpty]
    public string Destination { get; set; } = ".";

    /// <summary>The size of all parts but the last, in bytes.</summary>
    [Parameter]
    [ValidateRange(1L, long.MaxValue)]
    public long? PartSize { get; set; }

    /// <summary>How many parts to make, of about the same size.</summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    public int? PartCount { get; set; }

    /// <summary>The parts' names: {0} is the file's name, {1} the part's number from 1 on.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? NameFormat { get; set; }

    /// <summary>Waits until the disk has the parts.</summary>
    [Parameter]
    public SwitchParameter Flush { get; set; }

    /// <summary>Whether the parts may, must or must not share blocks with the file.</summary>
    [Parameter]
    public ReflinkMode Reflink { get; set; }

    /// <summary>What becomes of holes and of zeros.</summary>
    [Parameter]
    public SparseMode Sparse { get; set; }

    /// <summary>How many bytes may be moved a second.</summary>
    [Parameter]
    [ValidateRange(1L, long.MaxValue)]
    public long? RateLimit { get; set; }

    /// <summary>Takes a file that somebody writes to meanwhile as it comes.</summary>
    [Parameter]
    public SwitchParameter AllowChanging { get; set; }

    /// <summary>An existing part is an error.</summary>
    [Parameter]
    public SwitchParameter NoClobber { get; set; }

    /// <summary>Replaces parts that are read-only, and lets wildcards find hidden names.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc />
    protected override void BeginProcessing() => Begin(findsHidden: Force, WriteError);

    /// <inheritdoc />
    protected override void ProcessRecord()
    {
        foreach (SourceItem source in Sources())
        {
            if (Resolver.Single(Destination) is { } folder
                && ShouldProcess($"Item: {source.Path} Destination: {folder}", "Split File"))
            {
                Split(source.Path, folder);
            }
        }
    }

    private void Split(string source, string folder)
    {
        var request = new SplitRequest
        {
            Copy = new CopyRequest
            {
                Source = source,
                Destination = folder,
                Flush = Flush,
                Reflink = Reflink,
                Sparse = Sparse,
                Flags = Flags,
                PipeSize = PipeSize,
                RateLimit = RateLimit is long rate ? new RateLimiter(rate) : null,
                AllowChanging = AllowChanging,
                NoClobber = NoClobber,
                Force = Force,
                Ledger = _ledger,
            },
            PartSize = PartSize,
            PartCount = PartCount,
            NameFormat = NameFormat,
        };
        foreach (TransferResult part in Try($"Cutting {source}", monitor => FileSplit.Split(request, monitor)) ?? [])
        {
            Emit(part);
        }
    }
}
