using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Copying;

/// <summary>An existing regular file that a copy is appended to. Copies lock it, so that one at a time appends; other processes
/// need not, and the kernel writes behind what they append (O_APPEND).</summary>
internal sealed class AppendedFile : ITargetFile
{
    private const int LeaseTries = 10;

    private AppendedFile(SafeFileHandle handle, string path, long oldSize)
    {
        Handle = handle;
        OldSize = oldSize;
        Position = new AppendPosition(handle, path);
    }

    public SafeFileHandle Handle { get; }

    public long OldSize { get; }

    public AppendPosition Position { get; }

    public long Start => Position.Start ?? OldSize;

    /// <summary>Opens a file, and waits until no other copy appends to it.</summary>
    public static AppendedFile Open(DestinationEntry place, int access, CancellationToken cancellation)
    {
        bool waits = false;
        while (true)
        {
            SafeFileHandle handle = ExistingFile.Open(place, access | LibC.O_APPEND, cancellation).Handle;

            // On a file system without locks nothing is lost either.
            if (LibC.LockForWriting(handle).Errno is not (Errno.EAGAIN or Errno.EACCES))
            {
                return OfLocked(handle, place);
            }

            // While it is open here, the other copy could not cut it back.
            handle.Dispose();
            if (!waits)
            {
                TransferTrace.Current?.Note($"{place.Path}: waits for another process that has locked it to append");
                waits = true;
            }

            cancellation.WaitHandle.WaitOne(Tuning.LockPollInterval);
            cancellation.ThrowIfCancellationRequested();
        }
    }

    /// <summary>True if a copy failed because another process created its missing destination. A source that can be read again
    /// can still be appended to it.</summary>
    public static bool HasAppeared(CopyRequest request, TransferException exception) =>
        request is { Append: true, NoClobber: false }
        && exception is { Id: TransferErrorId.DestinationExists, Errno: Errno.EEXIST, Partial: TransferResult { Offset: not null } };

    /// <summary>Truncates what was appended, if no other process can have appended after it.</summary>
    public string? Abandon(long? good)
    {
        if (Position.Start is not long start)
        {
            return null;
        }

        SysResult alone = TakeLease();
        try
        {
            FileStatus? now = null;
            SysResult result = alone.Ok ? FileStatus.TryGet(Handle, out now) : alone;
            bool isLast = Position.IsContiguous && now?.Size == Position.End;
            result = isLast ? LibC.Truncate(Handle, start) : result;
            string what = $"from byte {start} on, it contains an incomplete copy.";
            return (alone.Ok, isLast, result.Ok) switch
            {
                (true, true, true) => null,
                (false, _, _) => $"It was not truncated, since another process may have it open ({ErrnoText.Describe(alone.Errno)}): {what}",
                (_, false, true) => $"It was not truncated, since another process has written to it: {what}",
                _ => $"It could not be truncated ({ErrnoText.Describe(result.Errno)}): {what}",
            };
        }
        finally
        {
            LibC.ReleaseLease(Handle);
        }
    }

    public void Dispose() => Handle.Dispose();

    private static AppendedFile OfLocked(SafeFileHandle handle, DestinationEntry place)
    {
        SysResult result = FileStatus.TryGet(handle, out FileStatus? status);
        if (result.Ok)
        {
            return new AppendedFile(handle, place.Path, status!.Size);
        }

        handle.Dispose();
        throw FileFailures.OpenDestination(place.Path, result.Errno);
    }

    /// <summary>Without a lease, a line that another process appends between fstat(2) and ftruncate(2) would be lost. A process that
    /// opens the file only to append a line closes it soon.</summary>
    private SysResult TakeLease()
    {
        SysResult leased = LibC.LeaseForWriting(Handle);
        for (int i = 0; i < LeaseTries && leased.Errno == Errno.EAGAIN; i++)
        {
            Thread.Sleep(Tuning.LockPollInterval);
            leased = LibC.LeaseForWriting(Handle);
        }

        return leased;
    }
}

/// <summary>An existing file, device or FIFO that is written in place.</summary>
internal sealed class ExistingFile(SafeFileHandle handle) : ITargetFile
{
    public SafeFileHandle Handle => handle;

    /// <summary>Opens an existing destination; waits for the first reader of a FIFO.</summary>
    /// <exception cref="TransferException">It cannot be opened, or is not the one that was examined.</exception>
    public static ExistingFile Open(DestinationEntry place, int access, CancellationToken cancellation)
    {
        int flags = access | LibC.O_NONBLOCK | LibC.O_NOCTTY
            | (place.IsReplaceable ? LibC.O_NOFOLLOW : 0);
        while (true)
        {
            SysResult result = LeasedFile.OpenAt(place.Folder, place.Name, flags, cancellation, out SafeFileHandle handle);
            if (result.Ok)
            {
                return Checked(place, handle);
            }

            // ENXIO: a FIFO without a reader (fifo(7)). No event reports one.
            if (result.Errno != Errno.ENXIO || place.Existing?.Kind != DescriptorKind.Fifo)
            {
                TransferException failure = result.Errno == Errno.ELOOP && place.IsReplaceable
                    ? Trees.TreeErrors.Moved(place.Path)
                    : FileFailures.OpenDestination(place.Path, result.Errno);
                throw (access & LibC.O_ACCMODE) == LibC.O_RDWR && result.Errno == Errno.EACCES
                    ? failure.Adding("-Verify and -HashAlgorithm also read it.")
                    : failure;
            }

            cancellation.WaitHandle.WaitOne(Tuning.FifoPollInterval);
            cancellation.ThrowIfCancellationRequested();
        }
    }

    public void Dispose() => handle.Dispose();

    private static ExistingFile Checked(DestinationEntry place, SafeFileHandle handle)
    {
        SysResult looked = FileStatus.TryGet(handle, out FileStatus? opened);
        if (looked.Ok && opened!.Inode == place.Existing?.Inode)
        {
            return new ExistingFile(handle);
        }

        handle.Dispose();
        throw looked.Ok ? Trees.TreeErrors.Moved(place.Path) : FileFailures.OpenDestination(place.Path, looked.Errno);
    }
}
