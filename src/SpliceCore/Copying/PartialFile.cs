using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Copying;

/// <summary>A new file that survives an interruption, under a name of its own beside its place. It grows from front to back
/// only, so its size is how far the copy has come: the kernel raises the size after the bytes are there, also of a process
/// that is killed.</summary>
internal sealed class PartialFile : ITargetFile
{
    /// <summary>Up to here, in bytes, a copy is done sooner than a file for its interruption is made.</summary>
    public const long NotWorthIt = 1 << 20;

    private const int Tries = 100;
    private const uint PrivateMode = 0x180; // 0600
    private const uint WritableByOthers = 0x12; // 0022
    private const int BlockSize = 4096; // a page, and what most file systems write as a whole
    private const int ReadAtLeast = 1 << 20; // bytes

    private readonly Place _place;
    private readonly FileName _name;
    private readonly Descriptor? _source;
    private readonly string _sourceName;
    private bool _isTaken;
    private bool _isSettled;

    private PartialFile(Place place, FileName name, Descriptor? source, string sourceName, SafeFileHandle handle)
    {
        _place = place;
        _name = name;
        _source = source;
        _sourceName = sourceName;
        Handle = handle;
    }

    public SafeFileHandle Handle { get; }

    /// <summary>The bytes that an earlier copy has left, and that are the source's.</summary>
    public long Kept { get; private set; }

    /// <summary>Opens what an earlier copy has left, or makes it.</summary>
    /// <param name="place">Where the file will be. The folder must stay open for as long as this.</param>
    /// <param name="source">What is copied.</param>
    /// <param name="spec">Which bytes, and how.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="TransferException">Another copy is under way, or the file cannot be made.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static PartialFile Open(Place place, Descriptor source, TransferSpec spec, CancellationToken cancellation) => Open(
        place, PartialName.Of(place.Name, source, spec), source, source.Name, spec.Offset!.Value, spec.Length!.Value, cancellation);

    /// <summary>The same for content that the caller verifies.</summary>
    /// <param name="place">The destination.</param>
    /// <param name="name">The name of the partial file.</param>
    /// <param name="sourceName">The source, for messages.</param>
    /// <param name="length">The length of the content in bytes.</param>
    public static PartialFile Open(Place place, FileName name, string sourceName, long length) =>
        Open(place, name, source: null, sourceName, start: 0, length, CancellationToken.None);

    private static PartialFile Open(
        Place place, FileName name, Descriptor? source, string sourceName, long start, long length, CancellationToken cancellation)
    {
        for (int i = 0; i < Tries; i++)
        {
            if (TryOpen(place, name, out SafeFileHandle handle, out bool isNew))
            {
                var partial = new PartialFile(place, name, source, sourceName, handle);
                try
                {
                    if (partial.TryTake(isNew, length))
                    {
                        partial.Weigh(start, cancellation);
                        TransferJournal.Current?.Note(
                            $"{place.Path}: is built as '{name}' beside it, from byte {partial.Kept} on: {(partial.Kept > 0 ? "the others are there" : "nothing of it was there")}");
                        return partial;
                    }
                }
                catch
                {
                    partial.Dispose();
                    throw;
                }

                handle.Dispose();
            }
        }

        throw InTheWay(place, name, Errno.EEXIST);
    }

    /// <summary>Gives the file its name, in one step.</summary>
    public void Commit(bool replace)
    {
        if (!PartialFolder.Has(_place.Folder, _name, Handle))
        {
            throw new TransferException(TransferErrorId.WriteFailed,
                $"'{_name}' beside '{_place.Path}' was removed, or another file has the name now. '{_place.Path}' was not touched.",
                "Copy again.",
                Errno.ESTALE, _place.Path);
        }

        SysResult result = StagedFile.Rename(_place, _name, replace);
        if (!result.Ok)
        {
            throw _place.NameFailure(result.Errno);
        }

        _isSettled = true;
    }

    /// <summary>Keeps what is good, if there is anything.</summary>
    public string? Abandon(long? good)
    {
        if (!_isTaken || _isSettled)
        {
            return null;
        }

        _isSettled = true;
        if (good is long end)
        {
            LibC.Truncate(Handle, end);
        }

        long size = FileStatus.TryGet(Handle, out FileStatus? status).Ok ? status!.Size : 0;
        if (size > 0 && !SourceHasChanged())
        {
            TakeBack(status!);
            return $"What has arrived is kept as '{_name}' in the same folder: with -Resume the same command goes on at byte {size}.";
        }

        if (PartialFolder.Has(_place.Folder, _name, Handle))
        {
            LibC.UnlinkAt(_place.Folder, _name);
        }

        return null;
    }

    public void Dispose()
    {
        if (!Handle.IsClosed)
        {
            Abandon(good: null);
            LibC.Unlock(Handle);
        }

        Handle.Dispose();
    }

    private static bool TryOpen(Place place, FileName name, out SafeFileHandle handle, out bool isNew)
    {
        const int Flags = OpenFlags.ReadWrite | OpenFlags.NonBlock | OpenFlags.NoControllingTerminal;
        SysResult result = LibC.OpenAt(place.Folder, name, Flags | OpenFlags.NoFollow, 0, out handle);
        isNew = result.Errno == Errno.ENOENT;
        if (isNew)
        {
            PartialFolder.RemoveOthers(place, name);
            result = LibC.OpenAt(
                place.Folder, name, Flags | OpenFlags.NoFollow | OpenFlags.Create | OpenFlags.Exclusive, PrivateMode, out handle);
        }

        if (result.Ok)
        {
            return true;
        }

        handle.Dispose();
        if (result.Errno is Errno.ELOOP or Errno.EACCES or Errno.ENXIO or Errno.EISDIR && !isNew)
        {
            // A link, a socket, somebody else's: nothing that was made here.
            Remove(place, name);
        }
        else if (result.Errno != Errno.EEXIST)
        {
            throw FileFailures.OpenDestination(place.Path, result.Errno);
        }

        return false;
    }

    /// <summary>True if this is the one with the name, and for nobody else to use or to change. Another one is removed.</summary>
    private bool TryTake(bool isNew, long length)
    {
        SysResult locked = LibC.Lock(Handle);
        if (locked.Errno == Errno.EAGAIN)
        {
            // Somebody looks whether a new one may be removed: the next try tells.
            return isNew ? false : throw new TransferException(TransferErrorId.DestinationBusy,
                $"Another copy of '{_sourceName}' to '{_place.Path}' is under way: it has '{_name}' locked.",
                "Wait until it has ended.",
                Errno.EAGAIN, _place.Path);
        }

        if (!PartialFolder.Has(_place.Folder, _name, Handle) || !FileStatus.TryGet(Handle, out FileStatus? status).Ok)
        {
            return false;
        }

        bool isOurs = status is { Kind: DescriptorKind.Regular, LinkCount: 1 }
            && status.UserId == LibC.EffectiveUserId
            && (status.Permissions & WritableByOthers) == 0
            && status.Size <= length;
        if (!isOurs)
        {
            Remove(_place, _name);
            return false;
        }

        // A block that has only begun may be on the device without its end: it is written again, as a whole.
        Kept = status!.Size == length ? length : status.Size - (status.Size % BlockSize);
        _isTaken = true;
        return true;
    }

    /// <summary>With attributes of its source, nobody would go on with it.</summary>
    private void TakeBack(FileStatus status)
    {
        if (status.UserId != LibC.EffectiveUserId)
        {
            LibC.ChangeOwner(Handle, LibC.EffectiveUserId, status.GroupId);
        }

        if (status.Permissions != PrivateMode)
        {
            LibC.ChangeMode(Handle, PrivateMode);
        }
    }

    /// <summary>Keeps what can be shown to be on the device and to be the source's.</summary>
    private void Weigh(long start, CancellationToken cancellation)
    {
        if (Kept > 0 && _source is not null)
        {
            Kept = CountSame(_source, start, cancellation);
        }

        SysResult cut = LibC.Truncate(Handle, Kept);
        if (!cut.Ok)
        {
            throw FileFailures.OpenDestination(_place.Path, cut.Errno);
        }
    }

    private long CountSame(Descriptor source, long start, CancellationToken cancellation)
    {
        bool isProvable = start % BlockSize == 0
            && FileStatus.TryGet(Handle, out FileStatus? status).Ok
            && DataProof.IsByExtents(status!, FileSystemTypes.Of(Handle), DataProof.FindBootTime(), status!.ModificationTime);
        try
        {
            long same = Kept;
            if (isProvable)
            {
                using var holes = new Comparison(source, Handle, _place.Path, cancellation) { TrustsData = true };
                same = holes.Run(start, 0, Kept);
            }

            // The last block may have been written before it was full.
            long before = isProvable ? Math.Max(0, same - ReadAtLeast) : 0;
            using var bytes = new Comparison(source, Handle, _place.Path, cancellation);
            return before + bytes.Run(start + before, before, same - before);
        }
        catch (TransferException exception) when (exception.DifferenceOffset is long unreadable)
        {
            return unreadable;
        }
    }

    /// <summary>Then the name is another as well, and nobody would go on with this.</summary>
    private bool SourceHasChanged() => _source is not null && FileStatus.TryGet(_source.Handle, out FileStatus? now).Ok
        && !(now!.HasContentOf(_source.Status) && now.ChangeTime.CompareTo(_source.Status.ChangeTime) == 0);

    private static void Remove(Place place, FileName name)
    {
        SysResult removed = LibC.UnlinkAt(place.Folder, name);
        if (!removed.Ok && removed.Errno != Errno.ENOENT)
        {
            throw InTheWay(place, name, removed.Errno);
        }
    }

    private static TransferException InTheWay(Place place, FileName name, Errno errno) => new(TransferErrorId.PermissionDenied,
        $"'{name}' is in the way beside '{place.Path}': -Resume needs the name, did not make what has it, and cannot remove it ({ErrnoText.Describe(errno)}).",
        "Remove it, or leave -Resume out.",
        errno, place.Path);
}

/// <summary>What proves that a file still has the data that an earlier copy wrote. A device can go away and come back without a
/// reboot (USB, iSCSI, a loop device), so that the boot proves nothing of it.</summary>
internal static class DataProof
{
    private const int Tolerance = 2; // seconds: the kernel counts back from a clock that is being adjusted

    /// <summary>True if lost data would show as holes, so that the file's extents prove the rest. Otherwise only its bytes do.</summary>
    /// <param name="file">The file.</param>
    /// <param name="fileSystem">Its file system.</param>
    /// <param name="bootTime">When the system was started; null where that is not known.</param>
    /// <param name="written">When the file was written last.</param>
    public static bool IsByExtents(FileStatus file, FileSystemType fileSystem, long? bootTime, LibC.StatxTimestamp written) =>
        IsSince(bootTime, written) && (fileSystem.ShowsLostDataAsHoles() || !file.IsOnBlockDevice);

    /// <summary>Finds when the system was started, in seconds since 1970; null where it does not say it.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man5/proc_stat.5.html">proc_stat(5)</see></remarks>
    public static long? FindBootTime() => ProcFile.ReadNumber("/proc/stat", "btime");

    /// <summary>True if a time is after the start of the system. Where the clock leaves doubts it is not.</summary>
    private static bool IsSince(long? bootTime, LibC.StatxTimestamp time) =>
        bootTime is long boot && time.Seconds > boot + Tolerance && time.Seconds <= DateTimeOffset.UtcNow.ToUnixTimeSeconds() + Tolerance;
}
