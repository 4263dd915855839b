using System.Management.Automation;
using Splice.Completion;

namespace Splice.Commands;

/// <summary>Base class of the cmdlets that create files from files.</summary>
public abstract class FileCommand : ItemCommand
{
    private CopyRequest? _request;

    /// <summary>Waits until the new files are on the disk.</summary>
    [Parameter]
    public SwitchParameter Flush { get; set; }

    /// <summary>Selects if a new file may, must or must not share blocks with its source.</summary>
    [Parameter]
    public ReflinkMode Reflink { get; set; }

    /// <summary>Selects how holes and blocks of zeros are written.</summary>
    [Parameter]
    public SparseMode Sparse { get; set; }

    /// <summary>Copies a source that changes during the copy, up to its size at the start.</summary>
    [Parameter]
    public SwitchParameter AllowChanging { get; set; }

    /// <summary>Flags for splice(2): Move, NonBlock, More, Gift.</summary>
    [Parameter, ValidateNotNull]
    [ArgumentCompleter(typeof(FlagsCompleter))]
    public EnumValue<SpliceFlags>[] Flags { get; set; } = [];

    /// <summary>The capacity in bytes to request where splice(2) needs a pipe of its own; 1 MiB by default. The kernel
    /// rounds it up, and unprivileged users get at most /proc/sys/fs/pipe-max-size.</summary>
    [Parameter, ValidateRange(1, int.MaxValue)]
    public int? PipeSize { get; set; }

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
