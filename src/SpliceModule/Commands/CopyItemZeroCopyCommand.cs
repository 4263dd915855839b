using System.Management.Automation;
using Splice.Binding;
using Splice.Completion;
using Splice.Output;

namespace Splice.Commands;

/// <summary>Copies files, ranges of files and devices inside the kernel.</summary>
[Cmdlet(VerbsCommon.Copy, "ItemZeroCopy", SupportsShouldProcess = true, DefaultParameterSetName = PathSet)]
[OutputType(typeof(TransferResult))]
public sealed class CopyItemZeroCopyCommand : FileCommand
{
    private const int MostUnderWay = 1000; // copies that run ahead of their results

    private static readonly TimeSpan ProgressInterval = TimeSpan.FromMilliseconds(200);

    private readonly List<(string Source, CopyTarget Target, bool IsFound)> _inPlace = [];
    private NameFilter _filter = null!;
    private CopyQueue? _queue;
    private PlannedFiles? _planned;
    private bool _stopsAtErrors;
    private bool _hasOneDestination;
    private bool _hasSources;

    /// <summary>The file to create or replace, or the folder for the copies; by default the current one.</summary>
    [Parameter(Position = 1, ValueFromPipelineByPropertyName = true), ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(LiteralPathCompleter))]
    public string Destination { get; set; } = ".";

    /// <summary>The first byte to copy, in bytes from the source's start.</summary>
    [Parameter]
    public long? Offset { get; set; }

    /// <summary>Number of bytes to copy.</summary>
    [Parameter]
    public long? Count { get; set; }

    /// <summary>Offset in the destination, in bytes from its start; its other bytes are unchanged.</summary>
    [Parameter]
    public long? DestinationOffset { get; set; }

    /// <summary>Writes an existing file in place instead of replacing it.</summary>
    [Parameter]
    public SwitchParameter InPlace { get; set; }

    /// <summary>Appends to an existing file.</summary>
    [Parameter]
    public SwitchParameter Append { get; set; }

    /// <summary>Reads source and destination again, and compares them.</summary>
    [Parameter]
    public SwitchParameter Verify { get; set; }

    /// <summary>The algorithm of the hash in the result.</summary>
    [Parameter]
    public FileHashAlgorithm? HashAlgorithm { get; set; }

    /// <summary>Resumes an interrupted copy.</summary>
    [Parameter]
    public SwitchParameter Resume { get; set; }

    /// <summary>The method that moves the bytes.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(MethodCompleter))]
    public EnumValue<TransferMethod> Method { get; set; }

    /// <summary>Copies folders with their content.</summary>
    [Parameter]
    public SwitchParameter Recurse { get; set; }

    /// <summary>Existing files that are replaced: all, or only those that are not up to date.</summary>
    [Parameter]
    public UpdateMode Update { get; set; }

    /// <summary>Times that differ by at most this are the same to -Update; a plain number means seconds.</summary>
    [Parameter, Seconds]
    public TimeSpan TimeTolerance { get; set; }

    /// <summary>Only files that match one of these wildcards are copied; folders are searched for them.</summary>
    [Parameter, SupportsWildcards]
    public string[]? Include { get; set; }

    /// <summary>Paths, files and folders that match one of these wildcards are skipped.</summary>
    [Parameter, SupportsWildcards]
    public string[]? Exclude { get; set; }

    /// <summary>Skips the content of folders that are mount points.</summary>
    [Parameter]
    public SwitchParameter OneFileSystem { get; set; }

    /// <summary>Only files whose names match are copied, in folders and of what a wildcard in the path finds.</summary>
    [Parameter, SupportsWildcards]
    public string? Filter { get; set; }

    /// <summary>Symbolic links in folders are followed; otherwise they are copied as links.</summary>
    [Parameter]
    public SwitchParameter FollowSymlink { get; set; }

    /// <summary>The metadata that copies keep of their sources.</summary>
    [Parameter]
    public PreserveAttributes Preserve { get; set; } = PreserveAttributes.Mode | PreserveAttributes.Timestamps;

    /// <summary>Number of files copied at once.</summary>
    [Parameter, ValidateRange(1, 1024)]
    public int ThrottleLimit { get; set; } = TreeRequest.DefaultThrottleLimit;

    /// <summary>Emits a result for each file of a folder, not one for all.</summary>
    [Parameter]
    public SwitchParameter PerFile { get; set; }

    /// <summary>Number of consecutive retries after a transient error.</summary>
    [Parameter, ValidateRange(0, int.MaxValue)]
    public int RetryCount { get; set; }

    /// <summary>Time before each retry; a plain number means seconds.</summary>
    [Parameter, Seconds]
    public TimeSpan RetryInterval { get; set; } = TimeSpan.FromSeconds(1);

    // In place, the order counts, and after an error that ends the command nothing more may be done.
    private bool RunsBeside => MyInvocation.ExpectingInput && !Recurse && !WritesInto && !_stopsAtErrors;

    private bool WritesInto => InPlace || Append || DestinationOffset.HasValue;

    /// <inheritdoc />
    protected override void BeginProcessing()
    {
        _filter = BindFilter(Include, Exclude, Filter);
        ThrowIfAlone(nameof(TimeTolerance), nameof(Update), $" {nameof(UpdateMode.Changed)}");
        ThrowIfAlone(nameof(RetryInterval), nameof(RetryCount), " 3");
        bool isRange = Offset.HasValue || Count.HasValue || DestinationOffset.HasValue;
        if (Specifies(nameof(Preserve)) && Preserve != PreserveAttributes.None && (Append || isRange))
        {
            Refuse(nameof(Preserve), Append
                ? "-Preserve copies attributes of a file, and -Append keeps those of the destination."
                : "-Preserve copies attributes of a whole file, and -Offset, -Count and -DestinationOffset copy a part of it.");
        }

        _hasOneDestination = Specifies(nameof(Destination));
        _stopsAtErrors = ErrorAction is not (null or ActionPreference.Continue or ActionPreference.SilentlyContinue or ActionPreference.Ignore);
    }

    /// <inheritdoc />
    protected override void ProcessRecord()
    {
        // A record with a destination of its own names the copy of each source.
        bool forSeveral = !WritesInto && (NamesSeveral || (MyInvocation.ExpectingInput && _hasOneDestination));
        if (FindTarget(Destination, forSeveral) is not { } target)
        {
            return;
        }

        foreach ((string source, bool isFound) in Sources())
        {
            if (InPlace)
            {
                // A hard link of a later source must not be overwritten either.
                _inPlace.Add((source, target, isFound));
            }
            else
            {
                CopyIfWanted(source, target, isFound);
            }
        }
    }

    /// <inheritdoc />
    protected override void EndProcessing()
    {
        foreach ((string source, CopyTarget target, bool isFound) in _inPlace)
        {
            CopyIfWanted(source, target, isFound);
        }

        Drain(most: 0);
        WriteTotals(_planned);
        if (_hasSources)
        {
            WarnOfUnmatched(_filter);
        }
    }

    /// <inheritdoc />
    public override void Dispose()
    {
        _queue?.Dispose();
        base.Dispose();
    }

    private protected override CopyRequest BindRequest() => base.BindRequest() with
    {
        Offset = Offset,
        Count = Count,
        DestinationOffset = DestinationOffset,
        InPlace = InPlace,
        Append = Append,
        Verify = Verify,
        HashAlgorithm = HashAlgorithm,
        Resume = Resume,
        Update = Update,
        TimeTolerance = TimeTolerance,
        Method = Method,
        RetryCount = RetryCount,
        RetryInterval = RetryInterval,
        Preserve = Preserve,
        CreatedFiles = BindCreatedFiles(),
    };

    private protected override string? DescribeStop(string activity, TransferException? stop) => stop?.Partial switch
    {
        TransferResult { DirectoryCount: > 0 } when Resume => $"{stop.Problem} {Continue}",

        // A second copy would go into the folder that the first one created.
        TransferResult { DirectoryCount: > 0 } folder => FollowSymlink
            ? $"{stop.Problem} '{folder.Destination}' is incomplete."
            : $"{stop.Problem} '{folder.Destination}' is incomplete. To complete it, run {SyncLine(folder)}{(_filter.ForTrees is null ? string.Empty : ", with the same -Include and -Exclude")}.",
        TransferResult when Resume => stop.Problem,
        null when Resume && Recurse => $"{activity} was stopped. {Continue}",
        _ => null,
    };

    private static string SyncLine(TransferResult folder) =>
        $"Sync-ItemZeroCopy {RemoteUsage.Quoted(folder.Source)} {RemoteUsage.Quoted(folder.Destination)}";

    // The results of copies that have begun come first.
    private protected override void Report(ErrorRecord error)
    {
        Drain(most: 0);
        WriteError(error);
    }

    private void CopyIfWanted(string source, CopyTarget target, bool isFound)
    {
        if (!_filter.IsWanted(NameOf(source), IsFolder(source), isFound) || ReportIfMissing(source, followLink: !Recurse, always: target.IsMissing))
        {
            return;
        }

        _hasSources = true;

        if (target.Failure is not null)
        {
            Report(target.Failure);
        }
        else if (!target.IsFirst(source))
        {
            WriteWarning($"'{source}' was specified more than once. It is copied once.");
        }
        else if (Messages.IsWhatIf && (IsFolder(source) || ((Resume || Update != UpdateMode.Always) && !target.IsMissing)))
        {
            Preview(Request(source, target.Path), target);
        }
        else if (ShouldCopy(source, target.Forecast(source)) && TryMake(target))
        {
            Copy(Request(source, target.Path));
        }
    }

    private CreatedFiles? BindCreatedFiles()
    {
        if (!NamesSeveral && !MyInvocation.ExpectingInput && !Recurse)
        {
            return null;
        }

        var created = new CreatedFiles();
        _inPlace.ForEach(copy => created.AddSource(copy.Source, isTree: Recurse, followLinks: FollowSymlink || !Recurse));
        return created;
    }

    private static string NameOf(string source) => System.IO.Path.GetFileName(source.TrimEnd('/'));

    // True if the content of the folder is copied.
    private bool IsFolder(string source) => Recurse && LeadsToFolder(source, FollowSymlink);

    // Describes what would be done, and why. Nothing is written. Each folder has totals of its own, and single files have them together.
    private void Preview(CopyRequest request, CopyTarget target)
    {
        bool isFolder = IsFolder(request.Source);
        if (isFolder)
        {
            ShouldCopy(request.Source, target.Forecast(request.Source));
        }

        PlannedFiles planned = isFolder ? new PlannedFiles() : _planned ??= new PlannedFiles();
        TransferResult? plan = TryTree($"Examining {request.Source}", request, planned, target.IsMissing);
        if (plan is null && isFolder)
        {
            return;
        }

        planned.Failed += plan?.Failed ?? 1;
        if (plan is not null)
        {
            planned.Add(plan.FileCount, plan.Updated, plan.Unchanged, plan.Skipped);
            planned.Bytes += plan.BytesMoved;
        }

        if (isFolder)
        {
            WriteTotals(planned);
        }
        else if (plan is not null)
        {
            planned.Add(plan);
        }
    }

    private void WriteTotals(PlannedFiles? planned)
    {
        if (planned is not null)
        {
            Show(planned, $"Files: {planned}, {planned.Failed} with errors.");
        }
    }

    private bool ShouldCopy(string source, string destination)
    {
        string onFile = Append ? "Append to File" : WritesInto ? "Write to Existing File" : "Replace File";
        (string path, string action) = DescribeChange(source, destination, IsFolder(source) ? "Copy Folder" : "Copy File", onFile);
        return ShouldProcess($"Item: {source} Destination: {path}", action);
    }

    private void Copy(CopyRequest request)
    {
        if (RunsBeside)
        {
            Enqueue(request);
            return;
        }

        Drain(most: 0);
        string activity = $"Copying {request.Source}";
        TransferResult? result = Recurse ? TryTree(activity, request) : Try(activity, monitor => FileCopy.Copy(request, monitor));
        if (result is not null)
        {
            // With PerFile, a folder's files have been emitted one by one.
            Emit(PerFile && result.DirectoryCount > 0 ? null : result, result.Warnings);
        }
    }

    // With a plan, only that is made.
    private TransferResult? TryTree(string activity, CopyRequest request, PlannedFiles? planned = null, bool isIntoMissing = false)
    {
        var tree = new TreeRequest
        {
            Copy = request,
            FollowSymlink = FollowSymlink,
            Filter = _filter.ForTrees,
            IncludesAll = _filter.IsIncluded(NameOf(request.Source), isFolder: true),
            OneFileSystem = OneFileSystem,
            IsDryRun = planned is not null,
            IsIntoMissing = isIntoMissing,
            ThrottleLimit = ThrottleLimit,
            PerFile = PerFile || planned is not null,
            AppliesToExistingFolders = Specifies(nameof(Preserve)),
        };
        var progress = new ProgressReporter(this, activity);
        Action<TransferResult> receive = planned is null ? Emit : item => planned.Add(item);
        TreeMonitor monitor = Monitor(receive, progress) with { FolderPlanned = receive };
        return Try(progress, activity, monitor, monitor => TreeCopy.Copy(tree, monitor));
    }

    private void Enqueue(CopyRequest request)
    {
        _queue ??= new CopyQueue(ThrottleLimit, Cancellation);
        if (!Messages.Start(() => _queue.TryAdd(request)))
        {
            Drain(most: 0);
            Messages.Start(() => _queue.TryAdd(request));
        }

        Drain(MostUnderWay);
    }

    // Emits the outcomes of copies in the order in which they began, and waits until only so many are under way.
    private void Drain(int most)
    {
        while (_queue?.TryTake(TimeSpan.Zero) is { } outcome)
        {
            Emit(outcome);
        }

        while (_queue?.Count > most)
        {
            var progress = new ProgressReporter(this, $"Copying {_queue.Next!.Source}");
            CopyOutcome? outcome;
            while ((outcome = _queue.TryTake(ProgressInterval)) is null)
            {
                progress.Report(_queue.Progress);
            }

            progress.Complete();
            Emit(outcome);
        }
    }

    private void Emit(CopyOutcome outcome)
    {
        Messages.Write($"Copying {outcome.Request.Source}", outcome.Journal);
        Emit(outcome.Result, outcome.Result?.Warnings, outcome.Error);
    }
}
