using System.Management.Automation;
using Splice.Binding;

namespace Splice.Commands;

/// <summary>Copies files, ranges of files and devices inside the kernel.</summary>
[Cmdlet(VerbsCommon.Copy, "ItemZeroCopy", SupportsShouldProcess = true, DefaultParameterSetName = PathSet)]
[OutputType(typeof(TransferResult))]
public sealed class CopyItemZeroCopyCommand : TransferCommand
{
    private const string PathSet = "Path";
    private const string LiteralPathSet = "LiteralPath";

    private readonly HashSet<string> _written = new(StringComparer.Ordinal);
    private PathResolver? _resolver;
    private string[] _paths = [];

    /// <summary>The files to copy; wildcards are expanded.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = PathSet, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string[] Path
    {
        get => _paths;
        set => _paths = value;
    }

    /// <summary>The files to copy, every character meant as it stands.</summary>
    [Parameter(Mandatory = true, ParameterSetName = LiteralPathSet, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [Alias("PSPath", "LP")]
    public string[] LiteralPath
    {
        get => _paths;
        set => _paths = value;
    }

    /// <summary>The file to make or replace, or the folder that takes the sources' names.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string Destination { get; set; } = string.Empty;

    /// <summary>The first byte to copy, in bytes from the source's start.</summary>
    [Parameter]
    public long? Offset { get; set; }

    /// <summary>How many bytes to copy.</summary>
    [Parameter]
    public long? Count { get; set; }

    /// <summary>Where in the destination to write, in bytes from its start; the rest of it stays as it is.</summary>
    [Parameter]
    public long? DestinationOffset { get; set; }

    /// <summary>How to move the bytes.</summary>
    [Parameter]
    public TransferMethod Method { get; set; }

    /// <summary>An existing destination is an error.</summary>
    [Parameter]
    public SwitchParameter NoClobber { get; set; }

    /// <summary>Replaces a destination that is read-only.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc />
    protected override void ProcessRecord()
    {
        _resolver ??= new PathResolver(this);
        if (_resolver.Single(Destination) is not { } destination)
        {
            return;
        }

        foreach (string path in _paths)
        {
            foreach (string source in _resolver.Sources(path, ParameterSetName == LiteralPathSet))
            {
                Copy(source, destination);
            }
        }
    }

    private void Copy(string source, string destination)
    {
        if (!ShouldProcess($"Item: {source} Destination: {destination}", "Copy File"))
        {
            return;
        }

        var request = new CopyRequest
        {
            Source = source,
            Destination = destination,
            Offset = Offset,
            Count = Count,
            DestinationOffset = DestinationOffset,
            Method = Method,
            Flags = Flags,
            PipeSize = PipeSize,
            NoClobber = NoClobber,
            Force = Force,
            Written = _written,
        };
        if (Try($"Copying {source}", monitor => FileCopy.Copy(request, monitor)) is { } result)
        {
            _written.Add(result.Destination);
            Emit(result);
        }
    }
}
