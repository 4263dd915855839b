using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;

namespace Splice.Copying.Trees;

/// <summary>An empty file beside a tree that is being copied with -Resume to a name that was not there. By it the same
/// command knows the next time that the folder there is the copy, and no folder to copy into.</summary>
internal static class TreeMark
{
    private const uint PrivateMode = 0x180; // 0600

    /// <summary>Whether a copy of a source to a name has been begun and not ended.</summary>
    /// <param name="folder">The folder of the copy.</param>
    /// <param name="name">The copy's name in it.</param>
    /// <param name="source">The source.</param>
    public static bool IsThere(SafeFileHandle folder, FileName name, FileStatus source) =>
        FileStatus.TryGet(folder, PartialName.OfFolder(name, source), followLink: false, out FileStatus? mark).Ok
        && mark!.Kind == DescriptorKind.Regular && mark.UserId == LibC.EffectiveUserId;

    /// <summary>Says that a copy begins.</summary>
    public static void Make(Place place, FileStatus source)
    {
        SysResult made = LibC.OpenAt(
            place.Folder, PartialName.OfFolder(place.Name, source),
            OpenFlags.WriteOnly | OpenFlags.Create | OpenFlags.Exclusive, PrivateMode, out SafeFileHandle mark);
        mark.Dispose();
        if (!made.Ok && made.Errno != Errno.EEXIST)
        {
            throw Failures.OpenDestination(place.Path, made.Errno);
        }
    }

    /// <summary>Says that it is complete.</summary>
    public static void Remove(Place place, FileStatus source) =>
        LibC.UnlinkAt(place.Folder, PartialName.OfFolder(place.Name, source));
}
