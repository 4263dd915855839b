using System.Management.Automation;
using Splice.Completion;
using Splice.Output;

namespace Splice.Commands;

/// <summary>Moves files and folders: renames them, or copies them to another file system and then removes them.</summary>
[Cmdlet(VerbsCommon.Move, "ItemZeroCopy", SupportsShouldProcess = true, DefaultParameterSetName = PathSet)]
[OutputType(typeof(TransferResult))]
public sealed class MoveItemZeroCopyCommand : ItemCommand
{
    private readonly CreatedFiles _created = new();
    private RateLimiter? _rate;
    private bool _hasOneDestination;

    /// <summary>The new name, or the folder to move to; by default the current one.</summary>
    [Parameter(Position = 1, ValueFromPipelineByPropertyName = true), ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(LiteralPathCompleter))]
    public string Destination { get; set; } = ".";

    /// <summary>Compares copies to another file system with their sources before these are removed; on by default.</summary>
    [Parameter]
    public SwitchParameter Verify { get; set; } = true;

    /// <summary>Number of files of a folder copied at once.</summary>
    [Parameter, ValidateRange(1, 1024)]
    public int ThrottleLimit { get; set; } = MoveRequest.DefaultThrottleLimit;

    /// <inheritdoc />
    protected override void BeginProcessing()
    {
        _hasOneDestination = Specifies(nameof(Destination));
        _rate = RateLimit is long rate ? new RateLimiter(rate) : null;
    }

    /// <inheritdoc />
    protected override void ProcessRecord()
    {
        bool forSeveral = NamesSeveral || (MyInvocation.ExpectingInput && _hasOneDestination);
        if (FindTarget(Destination, forSeveral) is not { } target)
        {
            return;
        }

        foreach ((string source, _) in Sources())
        {
            MoveIfWanted(source, target);
        }
    }

    private void MoveIfWanted(string source, CopyTarget target)
    {
        if (ReportIfMissing(source, followLink: false, always: target.IsMissing))
        {
            return;
        }

        if (target.Failure is not null)
        {
            Report(target.Failure);
        }
        else if (!target.IsFirst(source))
        {
            WriteWarning($"'{source}' was specified more than once. It is moved once.");
        }
        else if (HasCurrentLocation(source))
        {
            Report(new TransferException(TransferErrorId.InvalidPath,
                $"'{source}' cannot be moved: the current location is in it.",
                "Leave it first (Set-Location).",
                target: source));
        }
        else if (ShouldMove(source, target) && TryMake(target))
        {
            string activity = $"Moving {source}";
            var progress = new ProgressReporter(this, activity);
            TreeMonitor monitor = Monitor(receive: null, progress);
            Emit(Try(progress, activity, monitor, monitor => ItemMove.Move(Request(source, target.Path), monitor)));
        }
    }

    private bool HasCurrentLocation(string source)
    {
        string folder = source.TrimEnd('/');
        return folder.Length > 0 && $"{SessionState.Path.CurrentFileSystemLocation.ProviderPath}/".StartsWith($"{folder}/", StringComparison.Ordinal);
    }

    private MoveRequest Request(string source, string destination) => new()
    {
        Source = source,
        Destination = destination,
        Replace = Force && !NoClobber,
        Verify = Verify,
        RateLimit = _rate,
        ThrottleLimit = ThrottleLimit,
        CreatedFiles = _created,
    };

    private bool ShouldMove(string source, CopyTarget target)
    {
        string item = Messages.DescribesChanges && LeadsToFolder(source) ? "Move Folder" : "Move File";
        (string path, string action) = (target.Forecast(source), item);
        if (Messages.DescribesChanges && target.IsMissing)
        {
            action = ActionOf(item, ItemMove.NeedsCopy(source, target.Path));
        }
        else if (Messages.DescribesChanges)
        {
            try
            {
                MovePreview preview = ItemMove.Preview(Request(source, target.Path));
                path = preview.Path;
                action = ActionOf(item, preview.Copies) + (preview.Replaces ? ", Replace File" : string.Empty);
            }
            catch (TransferException exception)
            {
                Report(exception);
                return false;
            }
        }

        return ShouldProcess($"Item: {source} Destination: {path}", action);
    }

    private static string ActionOf(string item, bool copies) => copies ? $"{item} to Another File System (Copy and Remove)" : item;
}
