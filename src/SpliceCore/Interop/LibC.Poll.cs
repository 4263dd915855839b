using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Splice.Interop;

internal static partial class LibC
{
    /// <summary>Waits until one of the descriptors is ready, or for <paramref name="timeout"/> milliseconds (-1: unlimited).</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/poll.2.html">poll(2)</see></remarks>
    public static unsafe SysResult Poll(Span<PollDescriptor> descriptors, int timeout)
    {
        fixed (PollDescriptor* first = descriptors)
        {
            return SysResult.From(poll(first, (nuint)descriptors.Length, timeout));
        }
    }

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial int poll(PollDescriptor* fds, nuint count, int timeout);

    /// <summary>struct pollfd</summary>
    internal struct PollDescriptor
    {
        public int Descriptor;
        public PollEvents Events, Returned;
    }

    /// <summary>Makes a counter that poll(2) can wait for, closed on exec and non-blocking.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/eventfd.2.html">eventfd(2)</see></remarks>
    public static SysResult EventFd(out SafeFileHandle handle) =>
        Own(SysResult.From(eventfd(0, O_CLOEXEC | O_NONBLOCK)), out handle);

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
