using System.Globalization;
using System.Management.Automation;
using Splice.Binding;
using Splice.Completion;
using Splice.Output;

namespace Splice.Commands;

/// <summary>Makes a folder equal to another.</summary>
[Cmdlet(VerbsData.Sync, "ItemZeroCopy", SupportsShouldProcess = true)]
[OutputType(typeof(TransferResult))]
public sealed class SyncItemZeroCopyCommand : TransferCommand
{
    /// <summary>The source folder. Wildcards are not expanded.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true), ValidateNotNullOrEmpty]
    [Alias("LiteralPath", "LP", "PSPath")]
    [ArgumentCompleter(typeof(LiteralPathCompleter))]
    public string Path { get; set; } = string.Empty;

    /// <summary>The destination folder; created if missing.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true), ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(LiteralPathCompleter))]
    public string Destination { get; set; } = string.Empty;

    /// <summary>Removes what the source does not have.</summary>
    [Parameter]
    [Alias("Delete", "Mirror", "Purge")]
    public SwitchParameter RemoveExtra { get; set; }

    /// <summary>The most items to remove.</summary>
    [Parameter, ValidateRange(0L, long.MaxValue)]
    public long? MaximumRemoval { get; set; }

    /// <summary>Accepts an empty source.</summary>
    [Parameter]
    public SwitchParameter AllowEmptySource { get; set; }

    /// <summary>Removes items that -Exclude and -Include skip, too.</summary>
    [Parameter]
    public SwitchParameter RemoveExcluded { get; set; }

    /// <summary>Patterns of the items to skip.</summary>
    [Parameter, SupportsWildcards]
    public string[]? Exclude { get; set; }

    /// <summary>Patterns of the only files to synchronize.</summary>
    [Parameter, SupportsWildcards]
    public string[]? Include { get; set; }

    /// <summary>Selects how files are compared.</summary>
    [Parameter]
    public SyncComparison CompareBy { get; set; }

    /// <summary>Times that differ by at most this are the same; a plain number means seconds.</summary>
    [Parameter, Seconds]
    public TimeSpan TimeTolerance { get; set; }

    /// <summary>Selects the large files of which only the blocks that differ are written.</summary>
    [Parameter]
    public DeltaMode Delta { get; set; }

    /// <summary>Bytes of a block.</summary>
    [Parameter, ValidateRange(4096, 1 << 30)]
    public int BlockSize { get; set; } = 64 << 10;

    /// <summary>Writes to existing files instead of replacing them.</summary>
    [Parameter]
    public SwitchParameter InPlace { get; set; }

    /// <summary>The metadata that the destination gets.</summary>
    [Parameter]
    public PreserveAttributes Preserve { get; set; } = PreserveAttributes.Mode | PreserveAttributes.Timestamps | PreserveAttributes.HardLink;

    /// <summary>Replaces no existing file.</summary>
    [Parameter]
    public SwitchParameter NoClobber { get; set; }

    /// <summary>Adds nothing.</summary>
    [Parameter]
    public SwitchParameter ExistingOnly { get; set; }

    /// <summary>Does not enter mount points in the source.</summary>
    [Parameter]
    public SwitchParameter OneFileSystem { get; set; }

    /// <summary>Emits a result for each item, not one for all.</summary>
    [Parameter]
    public SwitchParameter PerFile { get; set; }

    /// <summary>Reads each new file again, and compares it.</summary>
    [Parameter]
    public SwitchParameter Verify { get; set; }

    /// <summary>Waits until the changes are on the disk.</summary>
    [Parameter]
    public SwitchParameter Flush { get; set; }

    /// <summary>Replaces files that are read-only.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Copies files that change during the copy, up to their sizes at the start.</summary>
    [Parameter]
    public SwitchParameter AllowChanging { get; set; }

    /// <summary>Limit in bytes per second.</summary>
    [Parameter, ValidateRange(1L, long.MaxValue)]
    public long? RateLimit { get; set; }

    /// <summary>Number of files copied at once.</summary>
    [Parameter, ValidateRange(1, 1024)]
    public int ThrottleLimit { get; set; } = TreeRequest.DefaultThrottleLimit;

    /// <inheritdoc />
    protected override void BeginProcessing()
    {
        if (RemoveExcluded)
        {
            ThrowIfAlone(nameof(RemoveExcluded), nameof(RemoveExtra));
        }

        if (Specifies(nameof(BlockSize)) && Delta == DeltaMode.Never)
        {
            Refuse(nameof(BlockSize), "-BlockSize is the size of the blocks that -Delta compares, and -Delta Never compares none.");
        }

        if (InPlace && NoClobber)
        {
            Refuse(nameof(InPlace), "-InPlace writes to existing files, and -NoClobber skips them.");
        }

        if (Specifies(nameof(MaximumRemoval)) && !Specifies(nameof(RemoveExtra)))
        {
            WriteWarning("-MaximumRemoval has no effect without -RemoveExtra: nothing is removed.");
        }
    }

    /// <inheritdoc />
    protected override void ProcessRecord()
    {
        if (Paths.Single(Path) is not { } source || Paths.Single(Destination) is not { } destination)
        {
            return;
        }

        NameFilter filter = BindFilter(Include, Exclude);
        SyncRequest request = Bind(source, destination, filter.ForTrees);
        if (!Messages.IsWhatIf && !ShouldProcess($"Item: {source} Destination: {destination}", "Synchronize Folder"))
        {
            return;
        }

        Synchronize(request);
        WarnOfUnmatched(filter);
    }

    private SyncRequest Bind(string source, string destination, PathFilter? filter) => new()
    {
        Tree = new TreeRequest
        {
            Copy = new CopyRequest
            {
                Source = source,
                Destination = destination,
                Update = CompareBy switch
                {
                    SyncComparison.Size => UpdateMode.Size,
                    SyncComparison.Content => UpdateMode.Content,
                    _ => UpdateMode.Changed,
                },
                TimeTolerance = TimeTolerance,
                Delta = Delta,
                BlockSize = BlockSize,
                InPlace = InPlace,
                Preserve = Preserve,
                NoClobber = NoClobber,
                Verify = Verify,
                Flush = Flush,
                Force = Force,
                AllowChanging = AllowChanging,
                RateLimit = RateLimit is long rate ? new RateLimiter(rate) : null,
            },
            Filter = filter,
            OneFileSystem = OneFileSystem,
            ThrottleLimit = ThrottleLimit,
            PerFile = PerFile || Messages.IsWhatIf,
            IsDryRun = Messages.IsWhatIf,
        },
        RemoveExtra = RemoveExtra,
        MaximumRemoval = MaximumRemoval,
        AllowEmptySource = AllowEmptySource,
        RemoveExcluded = RemoveExcluded,
        ExistingOnly = ExistingOnly,
    };

    private void Synchronize(SyncRequest request)
    {
        string activity = $"Synchronizing {request.Tree.Copy.Destination}";
        var progress = new ProgressReporter(this, activity);
        var monitor = new TreeMonitor(Messages.IsWhatIf ? Describe : Emit, Report, WriteWarning, progress.Report, Cancellation);
        TransferResult? result = Try(progress, activity, monitor, monitor => TreeSync.Sync(request, monitor, MayRemove));
        if (result is not null && Messages.IsWhatIf)
        {
            long added = result.FileCount - result.Updated - result.Unchanged;
            string totals = string.Create(CultureInfo.CurrentCulture,
                $"Items: {added:N0} to add, {result.Updated:N0} to update, {result.Removed:N0} to remove ({ByteSize.Format(result.BytesCopied)} to copy), ")
                + string.Create(CultureInfo.CurrentCulture, $"{result.Unchanged:N0} unchanged, {result.Skipped:N0} skipped, {result.Failed:N0} with errors.");
            ShouldProcess(totals, totals, string.Empty);
        }
        else if (result is not null)
        {
            // With PerFile, the items have been emitted one by one.
            Emit(PerFile ? null : result, result.Warnings);
        }
    }

    private bool MayRemove(TransferResult extra) => ShouldProcess(extra.Destination, ActionOf(extra));

    private void Describe(TransferResult item)
    {
        if (item.Status is ItemStatus.Copied or ItemStatus.Updated or ItemStatus.Removed)
        {
            ShouldProcess(item.Destination, ActionOf(item));
        }
    }

    private static string ActionOf(TransferResult item) => item.Status switch
    {
        ItemStatus.Copied => "Add Item",
        ItemStatus.Updated => item.Reason is null ? "Update Item" : $"Update Item ({item.Reason})",
        _ => RemovalOf(item),
    };
}

/// <summary>Defines how a synchronization finds out which files changed.</summary>
public enum SyncComparison
{
    /// <summary>By size and modification time.</summary>
    Time = 0,

    /// <summary>By size.</summary>
    Size,

    /// <summary>By content: both files are read.</summary>
    Content,
}
