using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    /// <summary>The block size of the file system behind a descriptor, in bytes: what reflinks align to.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/statfs.2.html">fstatfs(2)</see></remarks>
    public static unsafe SysResult FileSystemBlockSize(SafeHandle handle)
    {
        StatFsBuffer buffer;
        SysResult result = SysResult.From(fstatfs(handle, &buffer));
        return result.Ok ? new SysResult(buffer.BlockSize, Errno.None) : result;
    }

    /// <summary>The kind of file system behind a descriptor: one of the magic numbers of linux/magic.h.</summary>
    public static unsafe SysResult FileSystemType(SafeHandle handle)
    {
        StatFsBuffer buffer;
        SysResult result = SysResult.From(fstatfs(handle, &buffer));
        return result.Ok ? new SysResult(buffer.Type, Errno.None) : result;
    }

    /// <summary>struct statfs of 64-bit Linux, as far as it is read here; its size leaves room for all libcs.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 256)]
    internal struct StatFsBuffer
    {
        public long Type;
        public long BlockSize;
    }

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial int fstatfs(SafeHandle fd, StatFsBuffer* buffer);
}
