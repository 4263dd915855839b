using System.Management.Automation;
using Splice.Completion;

namespace Splice.Commands;

/// <summary>Base class of the cmdlets that take files and folders of the file system to a destination.</summary>
public abstract class ItemCommand : TransferCommand
{
    private protected const string PathSet = "Path";
    private protected const string LiteralPathSet = "LiteralPath";
    private protected const string InputObjectSet = "InputObject";

    private PathArgument[] _paths = [];
    private readonly List<CopyTarget> _created = [];
    private (string? Destination, bool ForSeveral, CopyTarget? Target) _last;

    /// <summary>Limit of the command in bytes per second, of all files together.</summary>
    [Parameter, ValidateRange(1L, long.MaxValue)]
    public long? RateLimit { get; set; }

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
    public virtual string[] Path { get => [.. _paths.Select(path => path.Text)]; set => _paths = Array.ConvertAll(value, PathArgument.Parse); }

    /// <summary>The files, with every character literal.</summary>
    [Parameter(Mandatory = true, ParameterSetName = LiteralPathSet, ValueFromPipelineByPropertyName = true), ValidateNotNullOrEmpty]
    [Alias("PSPath", "LP")]
    [ArgumentCompleter(typeof(LiteralPathCompleter))]
    public virtual string[] LiteralPath { get => Path; set => _paths = Array.ConvertAll(value, text => new PathArgument(text, IsLiteral: true)); }

    /// <summary>Files and folders as Get-Item and Get-ChildItem emit them.</summary>
    [Parameter(Mandatory = true, ParameterSetName = InputObjectSet, ValueFromPipeline = true), ValidateNotNullOrEmpty]
    public virtual FileSystemInfo[] InputObject { get; set; } = [];

    /// <inheritdoc />
    public override void Dispose()
    {
        _created.ForEach(target => target.RemoveIfEmpty());
        base.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>True if the record can have several sources: more than one is named, or there is a wildcard.</summary>
    private protected bool NamesSeveral => _paths.Length + InputObject.Length > 1
        || Array.Exists(_paths, path => !path.IsLiteral && WildcardPattern.ContainsWildcardCharacters(path.Text));

    /// <summary>Files and folders may follow each other here, and PowerShell shows a table of one view only.</summary>
    private protected override string? ViewOf(object result) => NamesSeveral || MyInvocation.ExpectingInput ? null : base.ViewOf(result);

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

    /// <summary>Returns the destination of a record; null after an error. Most records of a pipeline have the same one.</summary>
    private protected CopyTarget? FindTarget(string destination, bool forSeveral)
    {
        if ((_last.Destination, _last.ForSeveral) != (destination, forSeveral))
        {
            _last = (destination, forSeveral, Paths.Single(destination) is { } path ? new CopyTarget(path, forSeveral) : null);
        }

        return _last.Target;
    }

    /// <summary>Creates the folder for the sources if it is missing.</summary>
    /// <returns>False after an error.</returns>
    private protected bool TryMake(CopyTarget target)
    {
        try
        {
            if (target.IsMissing)
            {
                target.Make();
                _created.Add(target);
            }

            return true;
        }
        catch (TransferException exception)
        {
            Report(exception);
            return false;
        }
    }
}
