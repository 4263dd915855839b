using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Copying;

/// <summary>A new file that an interrupted copy leaves, under a name of its own beside the destination. It only grows from front to
/// back, so its size is how far the copy has come: the kernel raises the size after the bytes are there, also if the process is
/// killed.</summary>
internal sealed class PartialFile : ITargetFile
{
    private const int Tries = 100;
    private const uint WritableByOthers = 0x12; // 0022
    private const int BlockSize = 4096; // a page, and what most file systems write as a whole

    private readonly DestinationEntry _place;
    private readonly FileName _name;
    private readonly Descriptor? _source;
    private readonly string _sourceName;
    private bool _isLocked;
    private bool _isSettled;

    private PartialFile(DestinationEntry place, FileName name, Descriptor? source, string sourceName, SafeFileHandle handle)
    {
        _place = place;
        _name = name;
        _source = source;
        _sourceName = sourceName;
        Handle = handle;
    }

    public SafeFileHandle Handle { get; }

    /// <summary>Number of bytes that an earlier copy has left and that are the source's.</summary>
    public long ResumeOffset { get; private set; }

    /// <summary>Opens what an earlier copy has left, or creates it.</summary>
    /// <exception cref="TransferException">Another copy is running, or the file cannot be created.</exception>
    public static PartialFile Open(DestinationEntry place, Descriptor source, TransferSpec spec, CancellationToken cancellation) =>
        Open(place, PartialName.Of(place.Name, source, spec), source, source.Name, spec.Offset!.Value, spec.Length!.Value, cancellation);

    /// <summary>Opens what an earlier transfer from a host has left, or creates it. The caller verifies it.</summary>
    public static PartialFile Open(DestinationEntry place, FileName name, string sourceName, long length) =>
        Open(place, name, source: null, sourceName, start: 0, length, CancellationToken.None);

    /// <summary>Gives the file its name atomically.</summary>
    public void Commit(bool replace)
    {
        if (!PartialFiles.Has(_place.Folder, _name, Handle))
        {
            throw new TransferException(TransferErrorId.WriteFailed,
                $"The partial file '{_name}' beside '{_place.Path}' was removed or replaced. '{_place.Path}' was not {(_place.Existing is null ? "created" : "changed")}.",
                "Run the command again.",
                Errno.ESTALE, _place.Path);
        }

        SysResult result = StagedFile.Rename(_place, _name, replace);
        if (!result.Ok)
        {
            throw _place.NameFailure(result.Errno);
        }

        _isSettled = true;
    }

    /// <summary>Sets the mode that a file created now has: what the umask and the folder's default access list leave of one.</summary>
    public SysResult SetCreateMode(DestinationEntry place, uint mode, CancellationToken cancellation)
    {
        using var model = StagedFile.Create(place, mode, cancellation);
        SysResult looked = FileStatus.TryGet(model.Handle, out FileStatus? status);
        return looked.Ok ? LibC.ChangeMode(Handle, status!.Permissions) : looked;
    }

    /// <summary>Keeps the good bytes, if there are any.</summary>
    public string? Abandon(long? good)
    {
        if (!_isLocked || _isSettled)
        {
            return null;
        }

        _isSettled = true;
        bool isGood = good is not long end || LibC.Truncate(Handle, end).Ok;
        long size = FileStatus.TryGet(Handle, out FileStatus? status).Ok ? status!.Size : 0;
        if (size > 0 && isGood && !SourceHasChanged())
        {
            ResetOwnerAndMode(status!);
            // As the progress, without holes. Some file systems do not report allocated bytes.
            long data = status!.AllocatedBytes == 0 ? size : Math.Min(size, status.AllocatedBytes);
            return $"{ByteText.Of(data)} {(data == 1 ? "is" : "are")} kept in a partial file. Run the same command again to continue. To give up, remove '{Path.Join(Path.GetDirectoryName(_place.Path), _name.ToString())}'.";
        }

        if (PartialFiles.Has(_place.Folder, _name, Handle))
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

    private static PartialFile Open(
        DestinationEntry place, FileName name, Descriptor? source, string sourceName, long start, long length, CancellationToken cancellation)
    {
        for (int i = 0; i < Tries; i++)
        {
            if (TryOpen(place, name, out SafeFileHandle handle, out bool isNew))
            {
                var partial = new PartialFile(place, name, source, sourceName, handle);
                try
                {
                    if (partial.TryLock(isNew, length))
                    {
                        partial.VerifyPrefix(start, cancellation);
                        TransferTrace.Current?.Note(
                            $"{place.Path}: is written as the partial file '{name}' beside it, from byte {partial.ResumeOffset} on");
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

    private static bool TryOpen(DestinationEntry place, FileName name, out SafeFileHandle handle, out bool isNew)
    {
        int flags = LibC.O_RDWR | LibC.O_NONBLOCK | LibC.O_NOCTTY | LibC.O_NOFOLLOW;
        SysResult result = LibC.OpenAt(place.Folder, name, flags, 0, out handle);
        isNew = result.Errno == Errno.ENOENT;
        if (isNew)
        {
            PartialFiles.RemoveOthers(place, name);
            result = LibC.OpenAt(place.Folder, name, flags | LibC.O_CREAT | LibC.O_EXCL, ModeBits.Private, out handle);
        }

        if (result.Ok)
        {
            return true;
        }

        handle.Dispose();
        if (result.Errno is Errno.ELOOP or Errno.EACCES or Errno.ENXIO or Errno.EISDIR && !isNew)
        {
            // A link, a socket, another user's file: not one that was created here.
            Remove(place, name);
        }
        else if (result.Errno != Errno.EEXIST)
        {
            throw FileFailures.OpenDestination(place.Path, result.Errno);
        }

        return false;
    }

    /// <summary>True if the file is locked now, has the name, and no other process can use or change it. Any other one is removed.</summary>
    private bool TryLock(bool isNew, long length)
    {
        SysResult locked = LibC.Lock(Handle);
        if (locked.Errno == Errno.EAGAIN)
        {
            // A new one is locked while another process checks whether it may be removed: retry.
            return isNew ? false : throw new TransferException(TransferErrorId.DestinationBusy,
                $"Another copy of '{_sourceName}' to '{_place.Path}' is running: it has locked '{_name}'.",
                "Wait until it has ended.",
                Errno.EAGAIN, _place.Path);
        }

        if (!PartialFiles.Has(_place.Folder, _name, Handle) || !FileStatus.TryGet(Handle, out FileStatus? status).Ok)
        {
            return false;
        }

        bool isOurs = status is { Kind: DescriptorKind.Regular, LinkCount: 1 } && status.Size <= length
            && (isNew || IsPrivate(status) || IsAsCreated(status));
        if (!isOurs)
        {
            Remove(_place, _name);
            return false;
        }

        // The last block may be on the device without its end: it is written again, as a whole.
        ResumeOffset = status!.Size == length ? length : status.Size - (status.Size % BlockSize);
        _isLocked = true;
        return true;
    }

    private static bool IsPrivate(FileStatus file) => file.UserId == LibC.EffectiveUserId && (file.Permissions & WritableByOthers) == 0;

    /// <summary>True if a file gets this owner and mode when it is created: FAT, exFAT, CIFS and NFS (root_squash) choose them.</summary>
    private bool IsAsCreated(FileStatus file)
    {
        using var model = StagedFile.Create(_place, ModeBits.Private, CancellationToken.None);
        return FileStatus.TryGet(model.Handle, out FileStatus? created).Ok && created!.UserId == file.UserId && created.Permissions == file.Permissions;
    }

    /// <summary>A file with its source's owner and mode could not be resumed.</summary>
    private void ResetOwnerAndMode(FileStatus status)
    {
        if (status.UserId != LibC.EffectiveUserId)
        {
            LibC.ChangeOwner(Handle, LibC.EffectiveUserId, status.GroupId);
        }

        if (status.Permissions != ModeBits.Private)
        {
            LibC.ChangeMode(Handle, ModeBits.Private);
        }
    }

    /// <summary>Keeps the bytes that are proved to be on the device and to be the source's.</summary>
    private void VerifyPrefix(long start, CancellationToken cancellation)
    {
        if (ResumeOffset > 0 && _source is not null)
        {
            ResumeOffset = CountSame(_source, start, cancellation);
        }

        SysResult cut = LibC.Truncate(Handle, ResumeOffset);
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
            long same = ResumeOffset;
            if (isProvable)
            {
                using var holes = new Comparison(source, Handle, _place.Path, cancellation) { TrustsData = true };
                same = holes.Run(start, 0, ResumeOffset);
            }

            // The last block may have been written before it was full.
            long before = isProvable ? Math.Max(0, same - Tuning.ComparedBeforeResume) : 0;
            using var bytes = new Comparison(source, Handle, _place.Path, cancellation);
            return before + bytes.Run(start + before, before, same - before);
        }
        catch (TransferException exception) when (exception.DifferenceOffset is long unreadable)
        {
            return unreadable;
        }
    }

    /// <summary>Then its partial file has another name, and this one will never be resumed.</summary>
    private bool SourceHasChanged() => _source is not null && FileStatus.TryGet(_source.Handle, out FileStatus? now).Ok
        && !(now!.HasSameSizeAndMTime(_source.Status) && now.ChangeTime.CompareTo(_source.Status.ChangeTime) == 0);

    private static void Remove(DestinationEntry place, FileName name)
    {
        SysResult removed = LibC.UnlinkAt(place.Folder, name);
        if (!removed.Ok && removed.Errno != Errno.ENOENT)
        {
            throw InTheWay(place, name, removed.Errno);
        }
    }

    private static TransferException InTheWay(DestinationEntry place, FileName name, Errno errno) => new(TransferErrorId.PermissionDenied,
        $"'{name}' beside '{place.Path}' is not a partial file of -Resume, which needs this name, and cannot be removed ({ErrnoText.Describe(errno)}).",
        "Remove it, or omit -Resume.",
        errno, place.Path);
}

/// <summary>Proofs that a file still has the data that an earlier copy wrote. A device can be lost and come back without a reboot (USB,
/// iSCSI, a loop device), so the boot time alone proves nothing.</summary>
internal static class DataProof
{
    private const int Tolerance = 2; // seconds: the kernel counts back from a clock that is being adjusted

    /// <summary>True if lost data would be holes, so that the file's extents prove the rest.</summary>
    public static bool IsByExtents(FileStatus file, FileSystemType fileSystem, long? bootTime, LibC.StatxTimestamp written) =>
        IsSince(bootTime, written) && (fileSystem.ShowsLostDataAsHoles() || !file.IsOnBlockDevice);

    /// <summary>Reads the boot time, in seconds since 1970; null if unknown.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man5/proc_stat.5.html">proc_stat(5)</see></remarks>
    public static long? FindBootTime() => ProcFile.ReadNumber("/proc/stat", "btime");

    private static bool IsSince(long? bootTime, LibC.StatxTimestamp time) =>
        bootTime is long boot && time.Seconds > boot + Tolerance && time.Seconds <= DateTimeOffset.UtcNow.ToUnixTimeSeconds() + Tolerance;
}
