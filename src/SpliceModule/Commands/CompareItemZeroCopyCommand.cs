using System.Management.Automation;
using Splice.Binding;
using Splice.Completion;
using Splice.Output;

namespace Splice.Commands;

/// <summary>Compares files and block devices, or folders with all that is in them.</summary>
[Cmdlet(VerbsData.Compare, "ItemZeroCopy", DefaultParameterSetName = PathSet)]
[OutputType(typeof(ComparisonResult), typeof(bool))]
public sealed class CompareItemZeroCopyCommand : TransferCommand
{
    private const string PathSet = "Path";
    private const string LiteralPathSet = "LiteralPath";
    private const string InputObjectSet = "InputObject";

    private RateLimiter? _rateLimit;
    private NameFilter _filter = null!;
    private bool _isComplete = true;
    private bool _hasCompared;

    /// <summary>The files or the folder; wildcards are expanded.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = PathSet, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[] ReferencePath { get; set; } = [];

    /// <summary>The files or the folder, with every character literal.</summary>
    [Parameter(Mandatory = true, ParameterSetName = LiteralPathSet, ValueFromPipelineByPropertyName = true), ValidateNotNullOrEmpty]
    [Alias("PSPath", "LP")]
    [ArgumentCompleter(typeof(LiteralPathCompleter))]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>Files and folders as Get-Item and Get-ChildItem emit them.</summary>
    [Parameter(Mandatory = true, ParameterSetName = InputObjectSet, ValueFromPipeline = true), ValidateNotNullOrEmpty]
    public FileSystemInfo[] InputObject { get; set; } = [];

    /// <summary>The file or folder to compare with, or the folder that has files of the same names.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true), ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(LiteralPathCompleter))]
    public string DifferencePath { get; set; } = string.Empty;

    /// <summary>Compares folders with everything in them.</summary>
    [Parameter]
    public SwitchParameter Recurse { get; set; }

    /// <summary>Only files that match one of these patterns are compared; folders are searched for them.</summary>
    [Parameter, SupportsWildcards]
    public string[]? Include { get; set; }

    /// <summary>Paths, files and folders that match one of these patterns are skipped.</summary>
    [Parameter, SupportsWildcards]
    public string[]? Exclude { get; set; }

    /// <summary>The properties to compare.</summary>
    [Parameter, ValidateNotNullOrEmpty]
    public ComparedProperties[] Property { get; set; } = [ComparedProperties.Content];

    /// <summary>Emits entries of folders that are equal, too.</summary>
    [Parameter]
    public SwitchParameter IncludeEqual { get; set; }

    /// <summary>Emits True or False, and stops at the first difference.</summary>
    [Parameter]
    public SwitchParameter Quiet { get; set; }

    /// <summary>Reads holes and shared blocks, too.</summary>
    [Parameter]
    public SwitchParameter ReadAll { get; set; }

    /// <summary>Number of files, or of ranges of two files, compared at once.</summary>
    [Parameter, ValidateRange(1, 1024)]
    public int ThrottleLimit { get; set; } = TreeRequest.DefaultThrottleLimit;

    /// <summary>Limit of the command in bytes per second, for each side.</summary>
    [Parameter, ValidateRange(1L, long.MaxValue)]
    public long? RateLimit { get; set; }

    /// <inheritdoc />
    protected override void BeginProcessing()
    {
        _filter = BindFilter(Include, Exclude);
        _rateLimit = RateLimit is long rate ? new RateLimiter(rate) : null;
    }

    /// <inheritdoc />
    protected override void ProcessRecord()
    {
        if (Paths.Single(DifferencePath) is not { } difference)
        {
            return;
        }

        foreach (string reference in References())
        {
            string name = System.IO.Path.GetFileName(reference.TrimEnd('/'));
            if (_filter.IsWanted(name, isFolder: Recurse && Directory.Exists(reference), isFound: false))
            {
                Compare(reference, name, difference);
            }
        }
    }

    /// <inheritdoc />
    protected override void EndProcessing()
    {
        // What -Quiet did not look at any more may have matched.
        if (_hasCompared && _isComplete)
        {
            WarnOfUnmatched(_filter);
        }
    }

    private IEnumerable<string> References() => ParameterSetName == InputObjectSet
        ? InputObject.Select(item => item.FullName)
        : (ParameterSetName == LiteralPathSet ? LiteralPath : ReferencePath)
            .SelectMany(path => Paths.Sources(path, ParameterSetName == LiteralPathSet, findsHidden: false, out _));

    private void Compare(string reference, string name, string difference)
    {
        _hasCompared = true;
        var request = new ComparisonRequest
        {
            ReferencePath = reference,
            DifferencePath = difference,
            Recurse = Recurse,
            Filter = _filter.ForTrees,
            IncludesAll = _filter.IsIncluded(name, isFolder: true),
            Properties = Property.Aggregate((all, property) => all | property),
            ReadAll = ReadAll,
            IncludeEqual = IncludeEqual && !Quiet,
            StopAtDifference = Quiet,
            ThrottleLimit = ThrottleLimit,
            RateLimit = _rateLimit,
        };
        string activity = $"Comparing {reference}";
        var progress = new ProgressReporter(this, activity);
        Action<ComparisonResult>? emit = Quiet ? null : Emit;
        var monitor = new ComparisonMonitor(emit, Report, progress.Report, progress.Report, Cancellation);
        ComparisonSummary? summary = Try(progress, activity, monitor, monitor => ItemComparison.Compare(request, monitor));
        _isComplete &= !Quiet || summary?.Equal == true;
        if (Quiet)
        {
            Emit(summary?.Equal == true, warnings: null);
        }
    }

    // Most files of folders are read or share nothing: what was read of each is not in their table.
    private protected override string? ViewOf(object result) =>
        result is ComparisonResult && Recurse ? "Splice.ComparisonResult#Tree" : base.ViewOf(result);

    private void Emit(ComparisonResult result) => Emit(result, warnings: null);
}
