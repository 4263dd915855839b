using System.Management.Automation;

namespace Splice.Commands;

/// <summary>Base class of the cmdlets that send and receive files and folders.</summary>
public abstract class RemoteCommand : HostCommand
{
    private protected const string PathSet = "Path";
    private protected const string LiteralPathSet = "LiteralPath";

    /// <summary>Selects the single files of which only the blocks that differ are transferred.</summary>
    [Parameter]
    public DeltaMode Delta { get; set; } = DeltaMode.Never;

    /// <summary>Smallest size of a block in bytes.</summary>
    [Parameter, ValidateRange(4096, 1 << 30)]
    public int BlockSize { get; set; } = 64 << 10;

    /// <summary>Existing files that are replaced: all, or only those that are not up to date.</summary>
    [Parameter]
    public UpdateMode Update { get; set; }

    /// <summary>Number of hosts at once.</summary>
    [Parameter, ValidateRange(1, int.MaxValue)]
    public int ThrottleLimit { get; set; } = RemoteRequest.DefaultThrottleLimit;

    /// <summary>Resumes an interrupted transfer, and keeps partial files.</summary>
    [Parameter]
    public SwitchParameter Resume { get; set; }

    /// <summary>Transfers a folder with its content.</summary>
    [Parameter]
    public SwitchParameter Recurse { get; set; }

    /// <summary>An existing file is an error.</summary>
    [Parameter]
    public SwitchParameter NoClobber { get; set; }

    private protected override string? ViewOf(object result) =>
        (Resume || Update != UpdateMode.Always) && result is RemoteTransferResult { DirectoryCount: > 0 } ? FolderView : base.ViewOf(result);

    private protected override bool IsPreview => Messages.IsWhatIf && Update != UpdateMode.Always;

    private protected override string? DescribeStop(string activity, TransferException? stop) =>
        !Resume ? null : Recurse ? $"{activity} was stopped. {Continue}"
            : $"{activity} was stopped. {Continue} To give up, remove '*.splice-partial' at the destination.";

    /// <inheritdoc />
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        if (Specifies(nameof(BlockSize)) && Delta == DeltaMode.Never)
        {
            Refuse(nameof(BlockSize), "-BlockSize has no effect without -Delta.", "Add -Delta Auto, or omit -BlockSize.");
        }

        ThrowIfAlone(nameof(RemoveExtra), nameof(Recurse));
        ThrowIfAlone(nameof(RemoveExtra), nameof(Update), $" {UpdateMode.Changed}");
        ThrowIfAlone(nameof(RemoveExcluded), nameof(RemoveExtra));
        ThrowIfAlone(nameof(MaximumRemoval), nameof(RemoveExtra));
        ThrowIfAlone(nameof(AllowEmptySource), nameof(RemoveExtra));
        if (RemoveExtra && Update == UpdateMode.Always)
        {
            Refuse(nameof(RemoveExtra), "-RemoveExtra compares the folders, and -Update Always does not.", $"Use -Update {UpdateMode.Changed}.");
        }
    }

    /// <summary>True if -Include and -Exclude select a path.</summary>
    /// <param name="isFolder">True if it is a folder that is transferred with its content.</param>
    private protected bool IsWanted(string name, bool isFolder) => Filter.IsWanted(name, isFolder, isFound: false);

    /// <summary>Returns the valid hosts that ShouldProcess confirms; all of them for a preview.</summary>
    private protected IReadOnlyList<RemoteHost> ConfirmHosts(Func<RemoteHost, string> target, string action)
    {
        action += NoClobber ? string.Empty : action.EndsWith("File", StringComparison.Ordinal) ? " (replaces it if it exists)" : " (replaces existing files)";
        return [.. Hosts.Where(host => ShouldProcess(target(host), action) || IsPreview)];
    }

    /// <summary>Returns a request with the parameters of this class and its base.</summary>
    private protected T Complete<T>(T request)
        where T : RemoteRequest => (T)(Complete(request, ThrottleLimit) with
        {
            Resume = Resume,
            NoClobber = NoClobber,
            Recurse = Recurse,
            Update = Update,
            IncludesAll = name => Filter.IsIncluded(name, isFolder: true),
            Delta = Delta,
            BlockSize = BlockSize,
        });
}
