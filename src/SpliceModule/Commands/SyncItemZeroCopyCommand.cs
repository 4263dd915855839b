using System.Globalization;
using System.Management.Automation;
using Splice.Binding;
using Splice.Completion;
using Splice.Output;

namespace Splice.Commands;

/// <summary>Makes a folder equal to another, here or on hosts.</summary>
[Cmdlet(VerbsData.Sync, "ItemZeroCopy", SupportsShouldProcess = true, DefaultParameterSetName = FolderSet)]
[OutputType(typeof(TransferResult), ParameterSetName = [FolderSet])]
[OutputType(typeof(RemoteTransferResult), ParameterSetName = [HostSet])]
public sealed class SyncItemZeroCopyCommand : HostCommand
{
    private const string FolderSet = "Folder";
    private const string HostSet = "HostName";

    private string? _lone; // a parameter for hosts on a command line that may have none

    /// <summary>Creates the cmdlet.</summary>
    public SyncItemZeroCopyCommand() => Preserve |= PreserveAttributes.HardLink;

    /// <summary>The source folder. Wildcards are not expanded.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = FolderSet, ValueFromPipelineByPropertyName = true)]
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = HostSet)]
    [ValidateNotNullOrEmpty]
    [Alias("LiteralPath", "LP", "PSPath")]
    [ArgumentCompleter(typeof(LiteralPathCompleter))]
    public string Path { get; set; } = string.Empty;

    /// <summary>The destination folder, here or on each host; created if missing.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true), ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(LiteralPathCompleter))]
    public string Destination { get; set; } = string.Empty;

    /// <summary>The hosts: host, user@host, host:port or [address]:port. Blank lines and comments are skipped.</summary>
    [Parameter(Mandatory = true, ParameterSetName = HostSet, ValueFromPipelineByPropertyName = true), AllowEmptyString, Alias("ComputerName")]
    [ArgumentCompleter(typeof(HostNameCompleter))]
    public string[] HostName { get; set; } = [];

    /// <summary>Selects the existing files to replace.</summary>
    [Parameter]
    public UpdateMode Update { get; set; } = UpdateMode.Changed;

    /// <summary>Times that differ by at most this are the same; a plain number means seconds.</summary>
    [Parameter(ParameterSetName = FolderSet), Seconds]
    public TimeSpan TimeTolerance { get; set; }

    /// <summary>Selects the large files of which only the blocks that differ are written.</summary>
    [Parameter]
    public DeltaMode Delta { get; set; }

    /// <summary>Bytes of a block.</summary>
    [Parameter, ValidateRange(4096, 1 << 30)]
    public int BlockSize { get; set; } = 64 << 10;

    /// <summary>Writes to existing files instead of replacing them.</summary>
    [Parameter(ParameterSetName = FolderSet)]
    public SwitchParameter InPlace { get; set; }

    /// <summary>Replaces no existing file.</summary>
    [Parameter(ParameterSetName = FolderSet)]
    public SwitchParameter NoClobber { get; set; }

    /// <summary>Adds nothing.</summary>
    [Parameter(ParameterSetName = FolderSet)]
    public SwitchParameter ExistingOnly { get; set; }

    /// <summary>Does not enter mount points in the source.</summary>
    [Parameter(ParameterSetName = FolderSet)]
    public SwitchParameter OneFileSystem { get; set; }

    /// <summary>Emits a result for each item, not one for all.</summary>
    [Parameter(ParameterSetName = FolderSet)]
    public SwitchParameter PerFile { get; set; }

    /// <summary>Number of files copied, or of hosts, at once.</summary>
    [Parameter, ValidateRange(1, 1024)]
    public int ThrottleLimit { get; set; } = TreeRequest.DefaultThrottleLimit;

    private protected override bool IsPreview => Messages.IsWhatIf;

    /// <inheritdoc />
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        _lone = Array.Find(ConnectionParameters, Specifies);
        RefuseBlocksForHosts();
        if (RemoveExcluded)
        {
            ThrowIfAlone(nameof(RemoveExcluded), nameof(RemoveExtra));
        }

        if (Update == UpdateMode.Always)
        {
            Refuse(nameof(Update), "A synchronization compares the folders, and -Update Always does not.", $"Use -Update {UpdateMode.Changed}.");
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
        if (ParameterSetName == HostSet)
        {
            AddHosts(HostName);
            return;
        }

        if (_lone is not null)
        {
            ThrowIfAlone(_lone, nameof(HostName));
        }

        if (Paths.Single(Path) is { } source && Paths.Single(Destination) is { } destination
            && (Messages.IsWhatIf || ShouldProcess($"Item: {source} Destination: {destination}", "Synchronize Folder")))
        {
            Synchronize(Bind(source, destination));
        }
    }

    /// <inheritdoc />
    protected override void EndProcessing()
    {
        ReportIfNoHost();
        if (Hosts.Count == 0)
        {
            WarnOfUnmatched();
        }
        else if (Paths.Single(Path) is { } source)
        {
            SynchronizeHosts(source);
        }
    }

    private void RefuseBlocksForHosts()
    {
        string parameter = Specifies(nameof(Delta)) ? nameof(Delta) : nameof(BlockSize);
        if (Specifies(nameof(HostName)) && Specifies(parameter))
        {
            Refuse(parameter, $"-{parameter} is for single files on hosts.",
                $"{RemoteUsage.Line("Send", ["FILE"], HostName[0], $"{Destination.TrimEnd('/')}/")} -Delta Auto");
        }
    }

    /// <summary>A slash at its end makes no difference.</summary>
    private protected override string ResolveDestination() => Destination.TrimEnd('/') is { Length: > 0 } path ? path : Destination;

    private protected override string? ViewOf(object result) =>
        result is RemoteTransferResult ? FolderView : base.ViewOf(result);

    private protected override string DescribeStop(string activity, TransferException? stop) =>
        $"{(stop?.Partial is null ? $"{activity} was stopped." : stop.Problem)} {Continue}";

    private SyncRequest Bind(string source, string destination) => new()
    {
        Tree = new TreeRequest
        {
            Copy = new CopyRequest
            {
                Source = source,
                Destination = destination,
                Update = Update,
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
                RateLimit = Rate,
            },
            Filter = Filter.ForTrees,
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
        var planned = new PlannedFiles();
        Action<TransferResult> receive = Messages.IsWhatIf ? item => planned.Add(item) : Emit;
        TreeMonitor monitor = Monitor(receive, progress) with { FolderPlanned = receive };
        TransferResult? result = Try(progress, activity, monitor, monitor => TreeSync.Sync(request, monitor, MayRemove));
        HasSucceeded |= result is not null;
        if (result is not null && Messages.IsWhatIf)
        {
            planned.Add(result.FileCount, result.Updated, result.Unchanged, result.Skipped);
            planned.Bytes = result.BytesCopied;
            Show(planned, string.Create(CultureInfo.CurrentCulture,
                $"Files: {planned}{(RemoveExtra ? $", {result.Removed:N0} to remove" : string.Empty)}, {result.Failed:N0} with errors."));
        }
        else if (result is not null)
        {
            // With PerFile, the items have been emitted one by one.
            Emit(PerFile ? null : result, result.Warnings);
        }
    }

    private void SynchronizeHosts(string source)
    {
        IEnumerable<RemoteHost> confirmed = Messages.IsWhatIf
            ? Hosts
            : Hosts.Where(host => ShouldProcess($"Item: {source} Host: {host} Destination: {host.Destination}", "Synchronize Folder"));
        var request = (SendRequest)Complete(
            new SendRequest
            {
                Source = source,
                Hosts = [.. confirmed],
                Destination = string.Empty,
                Recurse = true,
                ContentsOnly = true,
                Update = Update,
            },
            Specifies(nameof(ThrottleLimit)) ? ThrottleLimit : RemoteRequest.DefaultThrottleLimit);
        if (request.Hosts.Count > 0)
        {
            Run($"Synchronizing {source}", (monitor, emit) => RemoteCopy.Send(request, monitor, emit, Report, Plan, MayRemove));
        }
    }

    private bool MayRemove(TransferResult extra) => ShouldProcess(PlannedFiles.TargetOf(extra), PlannedFiles.ActionOf(extra));
}
