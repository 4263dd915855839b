using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Copying;

/// <summary>Where a new item will be: a name in an open folder, which nobody can exchange for another meanwhile.</summary>
/// <param name="Folder">The folder; it stays its owner's.</param>
/// <param name="Name">The name in it.</param>
/// <param name="Existing">What has the name now; null where nothing has.</param>
/// <param name="Label">What says its path; the text is made only where somebody wants to read it.</param>
/// <param name="MayReplace">Whether what has the name, or gets it meanwhile, may be replaced.</param>
internal sealed record Place(SafeFileHandle Folder, FileName Name, FileStatus? Existing, object Label, bool MayReplace)
{
    public string Path => Label.ToString()!;

    /// <summary>Whether the user named this very place. Then a device or FIFO in it is written into, and a link to an open
    /// file (/dev/stdout) followed. In a tree it is replaced, no link is followed, and the names in a folder are flushed
    /// together.</summary>
    public bool IsNamedByUser { get; init; }

    /// <summary>What modes new files get in the folder; null where nobody remembers it.</summary>
    public GrantedMode? Modes { get; init; }
}
