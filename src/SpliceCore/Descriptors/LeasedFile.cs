using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Splice.Interop;

namespace Splice.Descriptors;

/// <summary>Opens files on which another process may hold a lease (fcntl(2), F_SETLEASE), as Samba and NFS servers do: an open that
/// does not block returns EWOULDBLOCK until the holder has released it.</summary>
internal static class LeasedFile
{
    // The kernel's default, after which it breaks the lease.
    private static readonly TimeSpan UsualBreakTime = TimeSpan.FromSeconds(45);
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(5);

    private delegate SysResult OpenCall(out SafeFileHandle handle);

    /// <summary>Opens a path, with O_NONBLOCK, and waits until a lease is released.</summary>
    public static SysResult Open(string path, int flags, CancellationToken cancellation, out SafeFileHandle handle)
    {
        SysResult result = LibC.Open(path, flags, out handle);
        return result.Errno == Errno.EAGAIN ? OpenAgain(path, flags, cancellation, out handle) : result;
    }

    /// <summary>Opens a name in an open directory, with O_NONBLOCK, and waits until a lease is released.</summary>
    public static SysResult OpenAt(SafeHandle folder, FileName name, int flags, CancellationToken cancellation, out SafeFileHandle handle)
    {
        SysResult result = LibC.OpenAt(folder, name, flags, 0, out handle);
        return result.Errno == Errno.EAGAIN ? OpenAtAgain(folder, name, flags, cancellation, out handle) : result;
    }

    private static SysResult OpenAgain(string path, int flags, CancellationToken cancellation, out SafeFileHandle handle) =>
        Retry((out SafeFileHandle file) => LibC.Open(path, flags, out file), cancellation, out handle);

    private static SysResult OpenAtAgain(SafeHandle folder, FileName name, int flags, CancellationToken cancellation, out SafeFileHandle handle) =>
        Retry((out SafeFileHandle file) => LibC.OpenAt(folder, name, flags, 0, out file), cancellation, out handle);

    private static SysResult Retry(OpenCall open, CancellationToken cancellation, out SafeFileHandle handle)
    {
        var deadline = new Deadline(BreakTime() + Margin);
        while (true)
        {
            cancellation.WaitHandle.WaitOne(Tuning.LeasePollInterval);
            cancellation.ThrowIfCancellationRequested();
            SysResult result = open(out handle);
            if (result.Errno != Errno.EAGAIN || deadline.IsOver)
            {
                return result;
            }

            handle.Dispose();
        }
    }

    /// <summary>The time after which the kernel breaks a lease.</summary>
    private static TimeSpan BreakTime() =>
        ProcFile.ReadNumber("/proc/sys/fs/lease-break-time") is long seconds ? TimeSpan.FromSeconds(seconds) : UsualBreakTime;
}
