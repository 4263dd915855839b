using System.Runtime.InteropServices;

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
}
