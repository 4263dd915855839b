using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Copying;

/// <summary>An existing regular file that a copy is added to. One copy at a time adds to it: they lock it. Other processes need
/// not, and the kernel writes behind what they add (O_APPEND).</summary>
internal sealed class AppendedFile : ITargetFile
{
    private const int LeaseTries = 10;

    private static readonly TimeSpan LockPollInterval = TimeSpan.FromMilliseconds(10);

    private AppendedFile(SafeFileHandle handle, string path, long oldSize)
    {
        Handle = handle;
        OldSize = oldSize;
        Position = new AppendPosition(handle, path);
    }

    public SafeFileHandle Handle { get; }

    /// <summary>Where the file ended before the copy.</summary>
    public long OldSize { get; }

    /// <summary>Where the copy is in it.</summary>
    public AppendPosition Position { get; }

    /// <summary>Where the copy begins, or would.</summary>
    public long Start => Position.Start ?? OldSize;

    /// <summary>Opens a file, and waits for copies that add to it already.</summary>
    /// <param name="place">Where it is.</param>
    /// <param name="access">O_WRONLY, or O_RDWR where it will be read as well.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="TransferException">It cannot be written.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    public static AppendedFile Open(Place place, int access, CancellationToken cancellation)
    {
        bool waits = false;
        while (true)
        {
            SafeFileHandle handle = OpenDestination.InPlace(place, access | OpenFlags.Append, cancellation);

            // A file system without locks: what is written there is not lost all the same.
            if (LibC.LockForWriting(handle).Errno is not (Errno.EAGAIN or Errno.EACCES))
            {
                return Of(handle, place);
            }

            // Not kept open meanwhile: whoever has the lock could not cut it back.
            handle.Dispose();
            if (!waits)
            {
                TransferJournal.Current?.Note($"{place.Path}: is locked by another process that adds to it, and is waited for");
                waits = true;
            }

            cancellation.WaitHandle.WaitOne(LockPollInterval);
            cancellation.ThrowIfCancellationRequested();
        }
    }

    /// <summary>True if a copy failed because another process created its missing destination. A source that can be read again
    /// can still be appended to it.</summary>
    public static bool HasAppeared(CopyRequest request, TransferException exception) =>
        request is { Append: true, NoClobber: false }
        && exception is { Id: TransferErrorId.DestinationExists, Errno: Errno.EEXIST, Partial: TransferResult { Offset: not null } };

    /// <summary>It has its name.</summary>
    public void Commit(bool replace)
    {
    }

    /// <summary>Cuts off what was added, where it is certain that no other process has added anything behind it.</summary>
    public string? Abandon(long? good)
    {
        if (Position.Start is not long start)
        {
            return null;
        }

        SysResult alone = TakeAlone();
        try
        {
            FileStatus? now = null;
            SysResult result = alone.Ok ? FileStatus.TryGet(Handle, out now) : alone;
            bool isLast = Position.IsContiguous && now?.Size == Position.End;
            result = isLast ? LibC.Truncate(Handle, start) : result;
            string what = $"from byte {start} on it has an unfinished part.";
            return (alone.Ok, isLast, result.Ok) switch
            {
                (true, true, true) => null,
                (false, _, _) => $"It was not cut back, since another process may have it open ({ErrnoText.Describe(alone.Errno)}): {what}",
                (_, false, true) => $"It was not cut back, since another process has written to it: {what}",
                _ => $"It could not be cut back ({ErrnoText.Describe(result.Errno)}): {what}",
            };
        }
        finally
        {
            LibC.ReleaseLease(Handle);
        }
    }

    public void Dispose() => Handle.Dispose();

    /// <summary>Takes a file that is locked now: another copy may have added to it before.</summary>
    private static AppendedFile Of(SafeFileHandle handle, Place place)
    {
        SysResult result = FileStatus.TryGet(handle, out FileStatus? status);
        if (result.Ok)
        {
            return new AppendedFile(handle, place.Path, status!.Size);
        }

        handle.Dispose();
        throw FileFailures.OpenDestination(place.Path, result.Errno);
    }

    /// <summary>Without it, a line that another process adds between the look at the size and the cut would be cut off as well.
    /// One that opens the file only to add a line is gone in a moment.</summary>
    private SysResult TakeAlone()
    {
        SysResult leased = LibC.LeaseForWriting(Handle);
        for (int i = 0; i < LeaseTries && leased.Errno == Errno.EAGAIN; i++)
        {
            Thread.Sleep(LockPollInterval);
            leased = LibC.LeaseForWriting(Handle);
        }

        return leased;
    }
}
