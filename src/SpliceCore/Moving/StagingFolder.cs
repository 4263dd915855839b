using System.Globalization;
using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Copying.Trees;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Moving;

/// <summary>A private folder beside a destination, in which a copy is built until it gets its name. It is locked (flock(2)): one that
/// is not was left by a process that was killed, has nothing but copies in it, and is removed by the next move.</summary>
internal sealed class StagingFolder : IDisposable
{
    private const string Prefix = ".splice-";
    private const string Suffix = ".move";
    private const int Tries = 100;
    private const int Flags = LibC.O_RDONLY | LibC.O_NONBLOCK;

    private readonly DestinationEntry _place;
    private readonly FileName _name;

    private StagingFolder(DestinationEntry place, FileName name, SafeFileHandle handle) => (_place, _name, Handle) = (place, name, handle);

    public SafeFileHandle Handle { get; }

    public string Path => TreeDirectory.Join(FolderOf(_place), _name);

    public static StagingFolder Create(DestinationEntry place)
    {
        for (int i = 0; ; i++)
        {
            FileName name = string.Create(CultureInfo.InvariantCulture, $"{Prefix}{Random.Shared.NextInt64():x16}{Suffix}");
            SysResult result = LibC.MakeDirectoryAt(place.Folder, name, LibC.S_IRWXU);
            if (!result.Ok && result.Errno != Errno.EEXIST)
            {
                throw FileFailures.OpenDestination(place.Path, result.Errno);
            }

            SysResult opened = Open(place.Folder, name, out SafeFileHandle handle);
            if (result.Ok && opened.Ok && LibC.Lock(handle).Errno != Errno.EAGAIN && HasName(place.Folder, name, handle))
            {
                return new StagingFolder(place, name, handle);
            }

            // Another move took it for one that was left, before it was locked.
            handle.Dispose();
            if (i == Tries)
            {
                throw FileFailures.OpenDestination(place.Path, opened.Ok ? Errno.EAGAIN : opened.Errno);
            }
        }
    }

    /// <summary>Removes what killed processes of this user have left beside a destination.</summary>
    public static void RemoveLeft(DestinationEntry place, CancellationToken cancellation)
    {
        // Without read permission they stay.
        DirectoryReader.ReadNames(place.Folder, out List<FileName> names);
        foreach (FileName name in names.Where(TemporaryNames.IsStagingFolder))
        {
            SysResult opened = Open(place.Folder, name, out SafeFileHandle handle);
            using (handle)
            {
                bool isLeft = opened.Ok
                    && FileStatus.TryGet(handle, out FileStatus? status).Ok && status!.UserId == LibC.EffectiveUserId
                    && LibC.Lock(handle).Ok && HasName(place.Folder, name, handle);
                if (isLeft)
                {
                    Remove(place, name, cancellation);
                    LibC.Unlock(handle);
                }
            }
        }
    }

    /// <summary>Removes it with what is left in it.</summary>
    public void Dispose()
    {
        Remove(_place, _name, CancellationToken.None);
        LibC.Unlock(Handle);
        Handle.Dispose();
    }

    private static void Remove(DestinationEntry place, FileName name, CancellationToken cancellation)
    {
        try
        {
            // What cannot be removed now is found by the next move.
            new TreeRemover(removes: null, failed: static _ => { }, cancellation).Remove(place.Folder, name, FolderOf(place));
        }
        catch (TransferException)
        {
        }
    }

    private static string FolderOf(DestinationEntry place) => System.IO.Path.GetDirectoryName(place.Path) ?? "/";

    private static SysResult Open(SafeFileHandle folder, FileName name, out SafeFileHandle handle) =>
        LibC.OpenAt(folder, name, Flags | LibC.O_DIRECTORY | LibC.O_NOFOLLOW, 0, out handle);

    private static bool HasName(SafeFileHandle folder, FileName name, SafeFileHandle handle) =>
        FileStatus.TryGet(handle, out FileStatus? open).Ok
        && FileStatus.TryGet(folder, name, followLink: false, out FileStatus? named).Ok && named!.Inode == open!.Inode;
}
