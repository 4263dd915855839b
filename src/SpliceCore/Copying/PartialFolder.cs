using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Copying;

/// <summary>The unfinished copies in a folder.</summary>
internal static class PartialFolder
{
    private static readonly FileName ThisFolder = ".";

    /// <summary>Whether a name still means an open file.</summary>
    public static bool Has(SafeHandle folder, FileName name, SafeFileHandle file)
    {
        SysResult opened = LibC.OpenAt(folder, name, OpenFlags.PathOnly | OpenFlags.NoFollow, 0, out SafeFileHandle named);
        using (named)
        {
            return opened.Ok
                && FileStatus.TryGet(named, out FileStatus? there).Ok
                && FileStatus.TryGet(file, out FileStatus? here).Ok
                && there!.Identity == here!.Identity;
        }
    }

    /// <summary>Removes what copies to a place have left whose source was another, or has changed since.</summary>
    /// <param name="place">The place.</param>
    /// <param name="name">The one that is to stay.</param>
    public static void RemoveOthers(Place place, FileName name)
    {
        SysResult opened = LibC.OpenAt(
            place.Folder, ThisFolder, OpenFlags.ReadOnly | OpenFlags.Directory, 0, out SafeFileHandle folder);
        using (folder)
        {
            // A folder that may not be read is left as it is.
            foreach (FileName other in opened.Ok ? FolderNames.Of(folder) : [])
            {
                if (PartialName.IsFor(other, place.Name) && !other.Bytes.SequenceEqual(name.Bytes))
                {
                    RemoveUnused(folder, other);
                }
            }
        }
    }

    private static void RemoveUnused(SafeFileHandle folder, FileName name)
    {
        SysResult opened = LibC.OpenAt(
            folder, name, OpenFlags.ReadOnly | OpenFlags.NoFollow | OpenFlags.NonBlock | OpenFlags.NoControllingTerminal, 0,
            out SafeFileHandle file);
        using (file)
        {
            bool isOurs = opened.Ok
                && FileStatus.TryGet(file, out FileStatus? status).Ok
                && status!.Kind == DescriptorKind.Regular
                && status.UserId == LibC.EffectiveUserId;
            if (isOurs && LibC.Lock(file).Ok && Has(folder, name, file))
            {
                LibC.UnlinkAt(folder, name);
            }
        }
    }
}
