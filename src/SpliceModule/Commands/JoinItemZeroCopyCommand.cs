using System.Management.Automation;
using Splice.Completion;

namespace Splice.Commands;

/// <summary>Concatenates files, and shares their blocks where possible.</summary>
[Cmdlet(VerbsCommon.Join, "ItemZeroCopy", SupportsShouldProcess = true, DefaultParameterSetName = PathSet)]
[OutputType(typeof(TransferResult))]
public sealed class JoinItemZeroCopyCommand : FileCommand
{
    private readonly List<string> _sources = [];
    private bool _isIncomplete;

    /// <summary>The file to create or replace.</summary>
    [Parameter(Mandatory = true, Position = 1), ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(LiteralPathCompleter))]
    public string Destination { get; set; } = string.Empty;

    /// <inheritdoc />
    protected override void ProcessRecord() => _sources.AddRange(Sources(sorts: true).Select(item => item.Path));

    /// <inheritdoc />
    protected override void EndProcessing()
    {
        // Without one of its parts it would be another file.
        _sources.ForEach(source => ReportIfMissing(source));
        if (_isIncomplete || _sources.Count == 0 || Paths.Single(Destination) is not { } destination)
        {
            return;
        }

        var request = new JoinRequest { Sources = _sources, Copy = Request(_sources[0], destination) };
        if (ShouldJoin(request))
        {
            Emit(Try($"Joining files to {destination}", monitor => FileJoin.Join(request, monitor)));
        }
    }

    private bool ShouldJoin(JoinRequest request)
    {
        try
        {
            if (Messages.DescribesChanges)
            {
                FileJoin.Check(request);
            }
        }
        catch (TransferException exception)
        {
            Report(exception);
            return false;
        }

        (string path, string action) = DescribeChange(_sources[0], request.Copy.Destination, "Join Files", "Replace File");
        return ShouldProcess($"Items: {string.Join(", ", _sources)} Destination: {path}", action);
    }

    private protected override void Report(ErrorRecord error)
    {
        _isIncomplete = true;
        WriteError(error);
    }
}
