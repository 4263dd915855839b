using System.Management.Automation;
using Splice.Binding;

namespace Splice.Commands;

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

    /// <summary>How many bytes the command may move a second, of all files together.</summary>
    [Parameter]
    [ValidateRange(1L, long.MaxValue)]
    public long? RateLimit { get; set; }

    /// <summary>Takes a source that somebody writes to meanwhile as it comes.</summary>
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
