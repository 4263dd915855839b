using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    /// <summary>Maps user memory into a pipe. The pages must not change until the reader has them.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/vmsplice.2.html">vmsplice(2)</see></remarks>
    public static unsafe SysResult VmSplice(SafeHandle pipe, ReadOnlySpan<byte> memory, SpliceFlags flags)
    {
        fixed (byte* start = memory)
        {
            var vector = new IoVector { Base = start, Length = (nuint)memory.Length };
            return SysResult.From(vmsplice(pipe, &vector, 1, (uint)flags));
        }
    }

    /// <summary>struct iovec</summary>
    internal unsafe struct IoVector
    {
        public byte* Base;
        public nuint Length;
    }

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial nint vmsplice(SafeHandle fd, IoVector* iov, nuint count, uint flags);
}
