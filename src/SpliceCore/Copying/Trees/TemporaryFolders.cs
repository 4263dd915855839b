using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Copying.Trees;

/// <summary>Private folders that are locked (flock(2)) until they are complete: one that is not was left by a process that was
/// killed.</summary>
internal static class TemporaryFolders
{
    private const int Tries = 100;

    private static readonly int Flags = LibC.O_RDONLY | LibC.O_NONBLOCK | LibC.O_DIRECTORY | LibC.O_NOFOLLOW;

    /// <summary>Creates a locked folder, with a name of its own.</summary>
    public static SysResult Create(SafeFileHandle parent, Func<FileName> newName, out FileName name, out SafeFileHandle handle)
    {
        for (int i = 0; ; i++)
        {
            name = newName();
            SysResult result = LibC.MakeDirectoryAt(parent, name, LibC.S_IRWXU);
            if (!result.Ok && result.Errno != Errno.EEXIST)
            {
                handle = new SafeFileHandle();
                return result;
            }

            // Some network file systems lock none.
            SysResult opened = LibC.OpenAt(parent, name, Flags, 0, out handle);
            if (result.Ok && opened.Ok && LibC.Lock(handle).Errno != Errno.EAGAIN && PartialFiles.Has(parent, name, handle))
            {
                return opened;
            }

            // Another process took it for one that was left, before it was locked; with other errors the next one cannot be opened either.
            handle.Dispose();
            if (i == Tries || (result.Ok && !opened.Ok && opened.Errno != Errno.ENOENT))
            {
                _ = result.Ok ? LibC.RemoveDirectoryAt(parent, name) : default;
                return opened.Ok ? new SysResult(-1, Errno.EAGAIN) : opened;
            }
        }
    }

    /// <summary>Removes the folders of this user that killed processes have left.</summary>
    /// <param name="parentPath">The path of the parent, for messages.</param>
    /// <param name="isOurs">Returns true for the name of one.</param>
    /// <param name="removing">Called with the name of each before it is removed.</param>
    public static void RemoveLeft(
        SafeFileHandle parent, string parentPath, Func<FileName, bool> isOurs, CancellationToken cancellation, Action<FileName>? removing = null)
    {
        // Without read permission they stay.
        DirectoryReader.ReadNames(parent, out List<FileName> names);
        foreach (FileName name in names.Where(isOurs))
        {
            SysResult opened = LibC.OpenAt(parent, name, Flags, 0, out SafeFileHandle handle);
            using (handle)
            {
                bool isLeft = opened.Ok
                    && FileStatus.TryGet(handle, out FileStatus? status).Ok && status!.UserId == LibC.EffectiveUserId
                    && LibC.Lock(handle).Ok && PartialFiles.Has(parent, name, handle);
                if (isLeft)
                {
                    removing?.Invoke(name);
                    Remove(parent, parentPath, name, cancellation);
                    LibC.Unlock(handle);
                }
            }
        }
    }

    /// <summary>Removes a folder with what is left in it.</summary>
    public static void Remove(SafeFileHandle parent, string parentPath, FileName name, CancellationToken cancellation)
    {
        try
        {
            // What cannot be removed now is found the next time.
            new TreeRemover(removes: null, failed: static _ => { }, cancellation).Remove(parent, name, parentPath);
        }
        catch (TransferException)
        {
        }
    }
}
