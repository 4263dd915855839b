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

    private readonly DestinationEntry _place;
    private FileName _name;
    private bool _isKept;

    private StagingFolder(DestinationEntry place, FileName name, SafeFileHandle handle) => (_place, _name, Handle) = (place, name, handle);

    public SafeFileHandle Handle { get; }

    public string Path => TreeDirectory.Join(FolderOf(_place), _name);

    public static StagingFolder Create(DestinationEntry place)
    {
        SysResult created = TemporaryFolders.Create(
            place.Folder, () => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{Random.Shared.NextInt64():x16}{Suffix}"),
            out FileName name, out SafeFileHandle handle);
        return created.Ok ? new StagingFolder(place, name, handle) : throw FileFailures.OpenDestination(place.Path, created.Errno);
    }

    /// <summary>Removes what killed processes of this user have left beside a destination.</summary>
    public static void RemoveLeft(DestinationEntry place, CancellationToken cancellation) =>
        TemporaryFolders.RemoveLeft(place.Folder, FolderOf(place), TemporaryNames.IsStagingFolder, cancellation);

    /// <summary>Keeps it with what is in it, under a name that the next move does not remove.</summary>
    public void Keep()
    {
        _isKept = true;
        FileName name = StagedFile.KeptName(_place.Name);
        _name = ExclusiveRename.Run(_place.Folder, _name, name).Ok ? name : _name;
    }

    /// <summary>Removes it with what is left in it, unless it is kept.</summary>
    public void Dispose()
    {
        if (!_isKept)
        {
            TemporaryFolders.Remove(_place.Folder, FolderOf(_place), _name, CancellationToken.None);
        }

        LibC.Unlock(Handle);
        Handle.Dispose();
    }

    private static string FolderOf(DestinationEntry place) => System.IO.Path.GetDirectoryName(place.Path) ?? "/";
}

/// <summary>An item in a staging folder, so that another item, or one that was changed, makes another value.</summary>
/// <param name="Count">Number of entries, with itself.</param>
/// <param name="Sum">Sum over the names and inodes, and over the sizes and times of files.</param>
internal readonly record struct CopyState(FileIdentity Inode, long Count, long Sum)
{
    public static CopyState Of(StagingFolder staging, FileName name, CancellationToken cancellation)
    {
        long sum = 0;
        FileStatus.TryGet(staging.Handle, name, followLink: false, out FileStatus? status);
        var counter = new TreeRemover(Add, failed: static _ => { }, cancellation) { CountsOnly = true };
        try
        {
            counter.Remove(staging.Handle, name, staging.Path);
        }
        catch (TransferException)
        {
            // A folder in it was moved.
            return new CopyState(status?.Inode ?? default, Count: 0, Sum: 0);
        }

        return new CopyState(status?.Inode ?? default, counter.Files + counter.Directories, sum);

        bool Add(RemovalEntry entry)
        {
            (long size, LibC.StatxTimestamp time) = entry.Status.Kind == DescriptorKind.Directory ? default : (entry.Status.Size, entry.Status.ModificationTime);
            sum += HashCode.Combine(entry.Name, entry.Status.Inode, size, time.Seconds, time.Nanoseconds);
            return true;
        }
    }
}
