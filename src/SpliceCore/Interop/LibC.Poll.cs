using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Splice.Interop;

internal static partial class LibC
{
    /// <summary>Waits until one of the descriptors is ready, or for <paramref name="timeout"/> milliseconds
    /// (-1: without end).</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/poll.2.html">poll(2)</see></remarks>
    public static unsafe SysResult Poll(Span<PollDescriptor> descriptors, int timeout)
    {
        fixed (PollDescriptor* first = descriptors)
        {
            return SysResult.From(poll(first, (nuint)descriptors.Length, timeout));
        }
    }

    /// <summary>struct pollfd</summary>
    internal struct PollDescriptor
    {
        public int Descriptor;
        public PollEvents Events;
        public PollEvents Returned;
    }

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial int poll(PollDescriptor* fds, nuint count, int timeout);

    /// <summary>A counter that poll(2) can wait for, closed on exec and never blocking.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/eventfd.2.html">eventfd(2)</see></remarks>
    public static SysResult EventFd(out SafeFileHandle handle)
    {
        SysResult result = SysResult.From(eventfd(0, OpenFlags.CloseOnExec | OpenFlags.NonBlock));
        handle = new SafeFileHandle((nint)result.Value, ownsHandle: true);
        return result;
    }

    [LibraryImport(Library, SetLastError = true)]
    private static partial int eventfd(uint value, int flags);
}

/// <summary>The events of poll(2).</summary>
[Flags]
internal enum PollEvents : short
{
    None = 0,
    In = 0x1,
    Out = 0x4,
    Error = 0x8,
    HangUp = 0x10,
    Invalid = 0x20,
}
