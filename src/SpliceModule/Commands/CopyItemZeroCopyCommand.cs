using System.Management.Automation;
using Splice.Binding;
using Splice.Completion;
using Splice.Errors;

namespace Splice.Commands;

/// <summary>Copies files, ranges of files and devices inside the kernel.</summary>
[Cmdlet(VerbsCommon.Copy, "ItemZeroCopy", SupportsShouldProcess = true, DefaultParameterSetName = PathSet)]
[OutputType(typeof(TransferResult))]
public sealed class CopyItemZeroCopyCommand : FileOptionsCommand
{
    // So many copies run ahead of the results.
    private const int MostUnderWay = 1000;

    private readonly CopyLedger _ledger = new();
    private NameFilter _filter = null!;
    private CopyQueue? _queue;
    private bool _stopsAtErrors;
    private (string? Given, bool ForSeveral, CopyTarget? Target) _last;
    private bool _hasOneDestination;

    /// <summary>The file to make or replace, or the folder that takes the sources' names.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(LiteralPathCompleter))]
    public string Destination { get; set; } = string.Empty;

    /// <summary>The first byte to copy, in bytes from the source's start.</summary>
    [Parameter]
    public long? Offset { get; set; }

    /// <summary>Number of bytes to copy.</summary>
    [Parameter]
    public long? Count { get; set; }

    /// <summary>Where in the destination to write, in bytes from its start; the rest of it stays as it is.</summary>
    [Parameter]
    public long? DestinationOffset { get; set; }

    /// <summary>Writes into a file that is there, and does not replace it.</summary>
    [Parameter]
    public SwitchParameter InPlace { get; set; }

    /// <summary>Writes at the end of a file that is there.</summary>
    [Parameter]
    public SwitchParameter Append { get; set; }

    /// <summary>Reads both sides again, and compares them.</summary>
    [Parameter]
    public SwitchParameter Verify { get; set; }

    /// <summary>Goes on where an interrupted copy has stopped.</summary>
    [Parameter]
    public SwitchParameter Resume { get; set; }

    /// <summary>How to move the bytes.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(MethodCompleter))]
    public EnumValue<TransferMethod> Method { get; set; }

    /// <summary>Copies folders with all that is in them.</summary>
    [Parameter]
    public SwitchParameter Recurse { get; set; }

    /// <summary>Of the paths given, only those whose last part matches one of these wildcards are copied.</summary>
    [Parameter]
    [SupportsWildcards]
    public string[]? Include { get; set; }

    /// <summary>Paths given and files in folders are left out where their names match one of these wildcards.</summary>
    [Parameter]
    [SupportsWildcards]
    public string[]? Exclude { get; set; }

    /// <summary>Only files whose names match are copied, in folders and of what a wildcard in the path finds.</summary>
    [Parameter]
    [SupportsWildcards]
    public string? Filter { get; set; }

    /// <summary>Symbolic links in folders stand for what they lead to; otherwise they are copied as links.</summary>
    [Parameter]
    public SwitchParameter FollowSymlink { get; set; }

    /// <summary>What copies keep of their sources besides the bytes.</summary>
    [Parameter]
    public PreserveAttributes Preserve { get; set; } = PreserveAttributes.Mode | PreserveAttributes.Timestamps;

    /// <summary>Number of files copied at once.</summary>
    [Parameter]
    [ValidateRange(1, 1024)]
    public int ThrottleLimit { get; set; } = TreeRequest.DefaultThrottleLimit;

    /// <summary>Emits a result for each file of a folder, not one for all.</summary>
    [Parameter]
    public SwitchParameter PerFile { get; set; }

    /// <summary>Number of consecutive retries after a transient error.</summary>
    [Parameter]
    [ValidateRange(0, int.MaxValue)]
    public int RetryCount { get; set; }

    /// <summary>How long to wait before that; a plain number means seconds.</summary>
    [Parameter]
    [Seconds]
    public TimeSpan RetryInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>True if the files of a pipeline are copied beside it, several at once. What is written in place depends on
    /// the order, and who wants the first error to end it all wants nothing done after it.</summary>
    private bool RunsBeside =>
        MyInvocation.ExpectingInput && !Recurse && !InPlace && !Append && DestinationOffset is null && !_stopsAtErrors;

    /// <inheritdoc />
    protected override void BeginProcessing()
    {
        Begin(findsHidden: Force, WriteErrorInOrder);
        _filter = MakeFilter();
        _hasOneDestination = MyInvocation.BoundParameters.ContainsKey(nameof(Destination));
        _stopsAtErrors = ErrorAction is not (null or ActionPreference.Continue or ActionPreference.SilentlyContinue or ActionPreference.Ignore);
    }

    /// <inheritdoc />
    protected override void ProcessRecord()
    {
        if (FindTarget() is not { } target)
        {
            return;
        }

        foreach (SourceItem source in Sources())
        {
            CopyIfWanted(source.Path, target, source.IsFound);
        }
    }

    /// <inheritdoc />
    protected override void EndProcessing() => DrainAll();

    /// <inheritdoc />
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _queue?.Dispose();
        }

        base.Dispose(disposing);
    }

    private NameFilter MakeFilter()
    {
        try
        {
            return new NameFilter(Include, Exclude, Filter);
        }
        catch (InvalidPatternException exception)
        {
            ThrowTerminatingError(ErrorRecords.From(exception));
            throw; // never reached: the compiler does not know
        }
    }

    /// <summary>Where the record's sources go. Most records of a pipeline have one destination; those that bring their own name
    /// what each source becomes.</summary>
    private CopyTarget? FindTarget()
    {
        bool writesInto = InPlace || Append || DestinationOffset.HasValue;
        bool forSeveral = !writesInto && (NamesSeveral || (MyInvocation.ExpectingInput && _hasOneDestination));
        if ((_last.Given, _last.ForSeveral) != (Destination, forSeveral))
        {
            _last = (Destination, forSeveral, Resolver.Single(Destination) is { } path ? new CopyTarget(path, forSeveral) : null);
        }

        return _last.Target;
    }

    private void CopyIfWanted(string source, CopyTarget target, bool isFound)
    {
        if (!_filter.IsWanted(System.IO.Path.GetFileName(source.TrimEnd('/')), isFound)
            || IsMissing(source, followLink: !Recurse, always: target.IsMissing))
        {
            return;
        }

        if (target.Failure is not null)
        {
            WriteErrorInOrder(ErrorRecords.From(target.Failure, this));
        }
        else if (!target.IsFirst(source))
        {
            WriteWarning($"'{source}' was named more than once. It is copied once.");
        }
        else if (ShouldCopy(source, target.Forecast(source)) && TryMake(target))
        {
            Copy(source, target.Path);
        }
    }

    private bool TryMake(CopyTarget target)
    {
        try
        {
            target.Make();
            return true;
        }
        catch (TransferException exception)
        {
            WriteErrorInOrder(ErrorRecords.From(exception, this));
            return false;
        }
    }

    private bool ShouldCopy(string source, string destination)
    {
        string onFile = Append ? "Append to File" : InPlace || DestinationOffset.HasValue ? "Write into File" : "Replace File";
        (string path, string action) = Changes.Of(source, destination, Recurse ? "Copy Item" : "Copy File", onFile);
        return ShouldProcess($"Item: {source} Destination: {path}", action);
    }

    private void Copy(string source, string destination)
    {
        CopyRequest request = Request(source, destination) with
        {
            Offset = Offset,
            Count = Count,
            DestinationOffset = DestinationOffset,
            InPlace = InPlace,
            Append = Append,
            Verify = Verify,
            Resume = Resume,
            Method = Method,
            RetryCount = RetryCount,
            RetryInterval = RetryInterval,
            Preserve = Preserve,
            Ledger = _ledger,
        };
        if (RunsBeside)
        {
            Enqueue(request);
            return;
        }

        // What has begun comes first.
        DrainAll();
        string activity = $"Copying {source}";
        TransferResult? result = Recurse
            ? TryTree(activity, monitor => TreeCopy.Copy(Tree(request), monitor))
            : Try(activity, monitor => FileCopy.Copy(request, monitor));
        if (result is { DirectoryCount: > 0 } && PerFile)
        {
            // Its files have been emitted one by one.
            Warn(result);
        }
        else if (result is not null)
        {
            Emit(result);
        }
    }

    private void Enqueue(CopyRequest request)
    {
        _queue ??= new CopyQueue(ThrottleLimit, Cancellation);
        if (!Journals.Begin(() => _queue.TryAdd(request)))
        {
            DrainAll();
            Journals.Begin(() => _queue.TryAdd(request));
        }

        Drain(_queue, MostUnderWay);
    }

    /// <summary>What has begun before comes first.</summary>
    private void WriteErrorInOrder(ErrorRecord error)
    {
        DrainAll();
        WriteError(error);
    }

    private void DrainAll()
    {
        if (_queue is not null)
        {
            Drain(_queue, most: 0);
        }
    }

    private TreeRequest Tree(CopyRequest request) => new()
    {
        Copy = request,
        FollowSymlink = FollowSymlink,
        Includes = _filter.ForFiles,
        ThrottleLimit = ThrottleLimit,
        PerFile = PerFile,
        AppliesToExistingFolders = MyInvocation.BoundParameters.ContainsKey(nameof(Preserve)),
    };
}
