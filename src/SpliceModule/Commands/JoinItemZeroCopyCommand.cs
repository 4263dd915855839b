using System.Management.Automation;
using Splice.Completion;

namespace Splice.Commands;

/// <summary>Puts files one behind the other, and shares their blocks where it can.</summary>
[Cmdlet(VerbsCommon.Join, "ItemZeroCopy", SupportsShouldProcess = true, DefaultParameterSetName = PathSet)]
[OutputType(typeof(TransferResult))]
public sealed class JoinItemZeroCopyCommand : FileOptionsCommand
{
    private readonly List<string> _sources = [];
    private bool _isIncomplete;

    /// <summary>The file to make or replace.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(LiteralPathCompleter))]
    public string Destination { get; set; } = string.Empty;

    /// <inheritdoc />
    protected override void BeginProcessing() => Begin(findsHidden: Force, Report);

    /// <inheritdoc />
    protected override void ProcessRecord() => _sources.AddRange(Sources(sorts: true).Select(item => item.Path));

    /// <inheritdoc />
    protected override void EndProcessing()
    {
        // With a part missing it would not be the file that is wanted.
        _sources.ForEach(source => IsMissing(source));
        if (_isIncomplete || _sources.Count == 0 || Resolver.Single(Destination) is not { } destination || !ShouldJoin(destination))
        {
            return;
        }

        var request = new JoinRequest
        {
            Sources = _sources,
            Copy = Request(_sources[0], destination),
        };
        if (Try($"Joining files to {destination}", monitor => FileJoin.Join(request, monitor)) is { } result)
        {
            Emit(result);
        }
    }

    private bool ShouldJoin(string destination)
    {
        (string path, string action) = Changes.Of(_sources[0], destination, "Join Files", "Replace File");
        return ShouldProcess($"Items: {string.Join(", ", _sources)} Destination: {path}", action);
    }

    private void Report(ErrorRecord error)
    {
        _isIncomplete = true;
        WriteError(error);
    }
}
