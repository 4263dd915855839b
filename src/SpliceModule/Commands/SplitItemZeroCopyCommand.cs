using System.Management.Automation;
using Splice.Completion;

namespace Splice.Commands;

/// <summary>Splits files into parts that share their blocks where possible.</summary>
[Cmdlet(VerbsCommon.Split, "ItemZeroCopy", SupportsShouldProcess = true, DefaultParameterSetName = PathSizeSet)]
[OutputType(typeof(TransferResult))]
public sealed class SplitItemZeroCopyCommand : FileCommand
{
    private const string PathSizeSet = "PathSize";
    private const string PathCountSet = "PathCount";
    private const string LiteralPathSizeSet = "LiteralPathSize";
    private const string LiteralPathCountSet = "LiteralPathCount";
    private const string InputObjectSizeSet = "InputObjectSize";
    private const string InputObjectCountSet = "InputObjectCount";

    /// <inheritdoc />
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = PathSizeSet, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = PathCountSet, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty, SupportsWildcards, LiteralItems]
    public override string[] Path { get => base.Path; set => base.Path = value; }

    /// <inheritdoc />
    [Parameter(Mandatory = true, ParameterSetName = LiteralPathSizeSet, ValueFromPipelineByPropertyName = true)]
    [Parameter(Mandatory = true, ParameterSetName = LiteralPathCountSet, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty, Alias("PSPath", "LP"), ArgumentCompleter(typeof(LiteralPathCompleter))]
    public override string[] LiteralPath { get => base.LiteralPath; set => base.LiteralPath = value; }

    /// <inheritdoc />
    /// <remarks>-Path takes the file objects of the pipeline, and is not ambiguous with -PartCount.</remarks>
    [Parameter(Mandatory = true, ParameterSetName = InputObjectSizeSet)]
    [Parameter(Mandatory = true, ParameterSetName = InputObjectCountSet)]
    [ValidateNotNullOrEmpty]
    public override FileSystemInfo[] InputObject { get => base.InputObject; set => base.InputObject = value; }

    /// <summary>The folder for the parts; by default the current one.</summary>
    [Parameter(Position = 1), ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(LiteralPathCompleter))]
    public string Destination { get; set; } = ".";

    /// <summary>The size of all parts but the last, in bytes.</summary>
    [Parameter(Mandatory = true, ParameterSetName = PathSizeSet)]
    [Parameter(Mandatory = true, ParameterSetName = LiteralPathSizeSet)]
    [Parameter(Mandatory = true, ParameterSetName = InputObjectSizeSet)]
    [ValidateRange(1L, long.MaxValue)]
    public long? PartSize { get; set; }

    /// <summary>Number of parts, of about the same size.</summary>
    [Parameter(Mandatory = true, ParameterSetName = PathCountSet)]
    [Parameter(Mandatory = true, ParameterSetName = LiteralPathCountSet)]
    [Parameter(Mandatory = true, ParameterSetName = InputObjectCountSet)]
    [ValidateRange(1, int.MaxValue)]
    public int? PartCount { get; set; }

    /// <summary>The parts' names: {0} is the file's name, {1} the part's number from 1 on.</summary>
    [Parameter, ValidateNotNullOrEmpty]
    public string? NameFormat { get; set; }

    /// <inheritdoc />
    protected override void ProcessRecord()
    {
        string action = NoClobber ? "Split File"
            : Force ? "Split File, Replace Existing Parts, and Remove Parts of an Earlier Split"
            : "Split File, and Replace Existing Parts";
        foreach ((string source, _) in Sources())
        {
            if (FindTarget(Destination, forSeveral: false) is { } folder && !ReportIfMissing(source, always: folder.IsMissing)
                && ShouldProcess($"Item: {source} Destination: {folder.Path}", action) && TryMake(folder))
            {
                Split(source, folder.Path);
            }
        }
    }

    private protected override CopyRequest BindRequest() => base.BindRequest() with { CreatedFiles = new CreatedFiles() };

    private void Split(string source, string folder)
    {
        var request = new SplitRequest
        {
            Copy = Request(source, folder),
            PartSize = PartSize,
            PartCount = PartCount,
            NameFormat = NameFormat,
        };
        foreach (TransferResult part in Try($"Splitting {source}", monitor => FileSplit.Split(request, monitor)) ?? [])
        {
            Emit(part);
        }
    }
}
