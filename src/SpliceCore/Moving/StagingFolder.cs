using System.Globalization;
using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Copying.Trees;
using Splice.Interop;

namespace Splice.Moving;

/// <summary>A private folder beside a destination, in which a copy is built until it gets its name. It is locked (flock(2)): one that
/// is not was left by a process that was killed, has nothing but copies in it, and is removed by the next move.</summary>
internal sealed class StagingFolder : IDisposable
{
    private const string Prefix = ".splice-";
    private const string Suffix = ".move";

    private readonly DestinationEntry _place;
    private readonly FileName _name;

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

    /// <summary>Removes it with what is left in it.</summary>
    public void Dispose()
    {
        TemporaryFolders.Remove(_place.Folder, FolderOf(_place), _name, CancellationToken.None);
        LibC.Unlock(Handle);
        Handle.Dispose();
    }

    private static string FolderOf(DestinationEntry place) => System.IO.Path.GetDirectoryName(place.Path) ?? "/";
}
