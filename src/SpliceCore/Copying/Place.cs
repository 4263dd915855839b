using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;

namespace Splice.Copying;

/// <summary>Where a new item will be: a name in an open folder, which nobody can exchange for another meanwhile.</summary>
/// <param name="Folder">The folder; it stays its owner's.</param>
/// <param name="Name">The name in it.</param>
/// <param name="Existing">What has the name now; null where nothing has.</param>
/// <param name="Label">What says its path; the text is made only where somebody wants to read it.</param>
/// <param name="MayReplace">Whether what has the name may be replaced.</param>
internal sealed record Place(SafeFileHandle Folder, FileName Name, FileStatus? Existing, object Label, bool MayReplace)
{
    public string Path => Label.ToString()!;

    /// <summary>Whether the new item replaces what has the name. Only what was looked at is replaced: what takes a free name
    /// meanwhile stays.</summary>
    public bool Replaces => MayReplace && Existing is not null;

    /// <summary>Whether the user named this very place. Then a device or FIFO in it is written into. In a tree it is replaced,
    /// and the names in a folder are flushed together.</summary>
    public bool IsNamedByUser { get; init; }

    /// <summary>Whether the name is a link to an open file (/dev/stdout), and <see cref="Existing"/> what it leads to. No other
    /// link is followed: whoever made the place has done that.</summary>
    public bool IsLink { get; init; }

    /// <summary>What modes new files get in the folder; null where nobody remembers it.</summary>
    public GrantedMode? Modes { get; init; }

    /// <summary>Why a new item could not take the name.</summary>
    public TransferException NameFailure(Errno errno) => errno == Errno.EEXIST && MayReplace && Existing is null
        ? new TransferException(TransferErrorId.DestinationExists,
            $"'{Path}' did not exist when the command began, and another process has created it since. It was not replaced.",
            "Start again to replace it, or choose another name.",
            errno, Path)
        : Failures.NameDestination(Path, errno);
}
