using System.Management.Automation;
using Splice.Binding;
using Splice.Completion;

namespace Splice.Commands;

/// <summary>What the cmdlets have in common that take files: by path, by literal path, or as objects.</summary>
public abstract class SourceItemsCommand : SpliceOptionsCommand
{
    private protected const string PathSet = "Path";
    private protected const string LiteralPathSet = "LiteralPath";
    private protected const string InputObjectSet = "InputObject";

    private string[] _paths = [];

    /// <summary>The files; wildcards are expanded.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = PathSet, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[] Path
    {
        get => _paths;
        set => _paths = value;
    }

    /// <summary>The files, every character meant as it stands.</summary>
    [Parameter(Mandatory = true, ParameterSetName = LiteralPathSet, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [Alias("PSPath", "LP")]
    [ArgumentCompleter(typeof(LiteralPathCompleter))]
    public string[] LiteralPath
    {
        get => _paths;
        set => _paths = value;
    }

    /// <summary>Files and folders as Get-Item and Get-ChildItem emit them.</summary>
    [Parameter(Mandatory = true, ParameterSetName = InputObjectSet, ValueFromPipeline = true)]
    [ValidateNotNullOrEmpty]
    public FileSystemInfo[] InputObject { get; set; } = [];

    /// <summary>True if the sources of the record may be several: more than one is named, or there is a wildcard.</summary>
    private protected bool NamesSeveral => _paths.Length + InputObject.Length > 1
        || (ParameterSetName != LiteralPathSet && Array.Exists(_paths, WildcardPattern.ContainsWildcardCharacters));

    /// <summary>Turns what the user typed into paths.</summary>
    private protected PathResolver Resolver { get; private set; } = null!;

    /// <summary>To be called first.</summary>
    /// <param name="findsHidden">Whether wildcards find names that begin with a dot.</param>
    /// <param name="report">Writes an error.</param>
    private protected void Begin(bool findsHidden, Action<ErrorRecord> report) =>
        Resolver = new PathResolver(this, findsHidden, report);

    /// <summary>The files that came with the record.</summary>
    /// <param name="sorts">Whether what a wildcard finds comes in natural order, whatever the culture; otherwise it comes as it is
    /// found.</param>
    private protected IEnumerable<SourceItem> Sources(bool sorts = false)
    {
        foreach (FileSystemInfo item in InputObject)
        {
            yield return new SourceItem(item.FullName, IsFound: false);
        }

        foreach (string path in _paths)
        {
            IEnumerable<string> found = Resolver.Sources(path, ParameterSetName == LiteralPathSet, out bool isFound);
            foreach (string source in sorts && isFound ? found.Order(NaturalOrder.Instance) : found)
            {
                yield return new SourceItem(source, isFound);
            }
        }
    }

    /// <summary>True if a source is missing, where -WhatIf, -Confirm or -Verbose would describe what is done with it: then it is
    /// an error at once.</summary>
    /// <param name="source">The source.</param>
    /// <param name="followLink">Whether what a link leads to is copied, and not the link.</param>
    /// <param name="always">Whether to look in any case.</param>
    private protected bool IsMissing(string source, bool followLink = true, bool always = false)
    {
        TransferException? missing = Changes.FindMissing(source, followLink, always);
        if (missing is not null)
        {
            Resolver.Report(Errors.ErrorRecords.From(missing, this));
        }

        return missing is not null;
    }

    /// <summary>A file to read.</summary>
    /// <param name="Path">Its path.</param>
    /// <param name="IsFound">Whether a wildcard found it.</param>
    private protected readonly record struct SourceItem(string Path, bool IsFound);
}

/// <summary>What the cmdlets have in common that make files of files.</summary>
public abstract class FileOptionsCommand : SourceItemsCommand
{
    private RateLimiter? _limiter;

    /// <summary>Waits until the disk has what is made.</summary>
    [Parameter]
    public SwitchParameter Flush { get; set; }

    /// <summary>Whether what is made may, must or must not share blocks with its source.</summary>
    [Parameter]
    public ReflinkMode Reflink { get; set; }

    /// <summary>What becomes of holes and of zeros.</summary>
    [Parameter]
    public SparseMode Sparse { get; set; }

    /// <summary>Limit of the command in bytes per second, of all files together.</summary>
    [Parameter]
    [ValidateRange(1L, long.MaxValue)]
    public long? RateLimit { get; set; }

    /// <summary>Copies a source that changes during the copy as it comes.</summary>
    [Parameter]
    public SwitchParameter AllowChanging { get; set; }

    /// <summary>An existing destination is an error.</summary>
    [Parameter]
    public SwitchParameter NoClobber { get; set; }

    /// <summary>Replaces a destination that is read-only, and lets wildcards find hidden names.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>What these options say of a copy.</summary>
    /// <param name="source">The path to read.</param>
    /// <param name="destination">The path to make.</param>
    private protected CopyRequest Request(string source, string destination) => new()
    {
        Source = source,
        Destination = destination,
        Flush = Flush,
        Reflink = Reflink,
        Sparse = Sparse,
        Flags = Flags.Combine(),
        PipeSize = PipeSize,
        RateLimit = RateLimit is long rate ? _limiter ??= new RateLimiter(rate) : null,
        AllowChanging = AllowChanging,
        NoClobber = NoClobber,
        Force = Force,
    };
}
