using System.Management.Automation;
using Splice.Completion;

namespace Splice.Commands;

/// <summary>Base class of the cmdlets that make files of files.</summary>
public abstract class FileCommand : TransferCommand
{
    private protected const string PathSet = "Path";
    private protected const string LiteralPathSet = "LiteralPath";
    private protected const string InputObjectSet = "InputObject";

    private PathArgument[] _paths = [];
    private CopyRequest? _request;

    /// <summary>Waits until the disk has what is made.</summary>
    [Parameter]
    public SwitchParameter Flush { get; set; }

    /// <summary>Selects if a new file may, must or must not share blocks with its source.</summary>
    [Parameter]
    public ReflinkMode Reflink { get; set; }

    /// <summary>Selects how holes and blocks of zeros are written.</summary>
    [Parameter]
    public SparseMode Sparse { get; set; }

    /// <summary>Limit of the command in bytes per second, of all files together.</summary>
    [Parameter, ValidateRange(1L, long.MaxValue)]
    public long? RateLimit { get; set; }

    /// <summary>Copies a source that changes during the copy as it comes.</summary>
    [Parameter]
    public SwitchParameter AllowChanging { get; set; }

    /// <summary>An existing destination is an error.</summary>
    [Parameter]
    public SwitchParameter NoClobber { get; set; }

    /// <summary>Replaces a destination that is read-only, and lets wildcards match names that begin with a dot.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>The files; wildcards are expanded.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = PathSet, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards, LiteralItems]
    public string[] Path { get => [.. _paths.Select(path => path.Text)]; set => _paths = Array.ConvertAll(value, PathArgument.Parse); }

    /// <summary>The files, with every character literal.</summary>
    [Parameter(Mandatory = true, ParameterSetName = LiteralPathSet, ValueFromPipelineByPropertyName = true), ValidateNotNullOrEmpty]
    [Alias("PSPath", "LP")]
    [ArgumentCompleter(typeof(LiteralPathCompleter))]
    public string[] LiteralPath { get => Path; set => _paths = Array.ConvertAll(value, text => new PathArgument(text, IsLiteral: true)); }

    /// <summary>Files and folders as Get-Item and Get-ChildItem emit them.</summary>
    [Parameter(Mandatory = true, ParameterSetName = InputObjectSet, ValueFromPipeline = true), ValidateNotNullOrEmpty]
    public FileSystemInfo[] InputObject { get; set; } = [];

    /// <summary>Flags for splice(2): Move, NonBlock, More, Gift.</summary>
    [Parameter, ValidateNotNull]
    [ArgumentCompleter(typeof(FlagsCompleter))]
    public EnumValue<SpliceFlags>[] Flags { get; set; } = [];

    /// <summary>The capacity in bytes to request where splice(2) needs a pipe of its own; 1 MiB by default. The kernel
    /// rounds it up, and unprivileged users get at most /proc/sys/fs/pipe-max-size.</summary>
    [Parameter, ValidateRange(1, int.MaxValue)]
    public int? PipeSize { get; set; }

    /// <summary>True if the record can have several sources: more than one is named, or there is a wildcard.</summary>
    private protected bool NamesSeveral => _paths.Length + InputObject.Length > 1
        || Array.Exists(_paths, path => !path.IsLiteral && WildcardPattern.ContainsWildcardCharacters(path.Text));

    /// <summary>Returns the files of the record.</summary>
    /// <param name="sorts">True to sort those that a wildcard finds in natural order, independent of the culture.</param>
    private protected IEnumerable<(string Path, bool IsFound)> Sources(bool sorts = false)
    {
        foreach (FileSystemInfo item in InputObject)
        {
            yield return (item.FullName, false);
        }

        foreach (PathArgument path in _paths)
        {
            if (path.IsFull)
            {
                yield return (path.Text, false);
                continue;
            }

            IEnumerable<string> found = Paths.Sources(path.Text, path.IsLiteral, findsHidden: Force, out bool isFound);
            foreach (string source in sorts && isFound ? found.Order(NaturalOrder.Instance) : found)
            {
                yield return (source, isFound);
            }
        }
    }

    private protected CopyRequest Request(string source, string destination) =>
        (_request ??= BindRequest()) with { Source = source, Destination = destination };

    /// <summary>Returns the parameters that are the same for all files as a request.</summary>
    private protected virtual CopyRequest BindRequest() => new()
    {
        Source = string.Empty,
        Destination = string.Empty,
        Flush = Flush,
        Reflink = Reflink,
        Sparse = Sparse,
        Flags = Flags.Combine(),
        PipeSize = PipeSize,
        RateLimit = RateLimit is long rate ? new RateLimiter(rate) : null,
        AllowChanging = AllowChanging,
        NoClobber = NoClobber,
        Force = Force,
    };
}
