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

    /// <summary>The bytes that a user without privilege may still write to the file system behind a descriptor; the greatest
    /// number where it does not tell (ramfs, some of FUSE).</summary>
    public static unsafe SysResult FreeSpace(SafeHandle handle)
    {
        StatFsBuffer buffer;
        SysResult result = SysResult.From(fstatfs(handle, &buffer));
        if (!result.Ok)
        {
            return result;
        }

        UInt128 free = (UInt128)buffer.AvailableBlocks * (ulong)buffer.FragmentSize;
        bool tells = buffer.Blocks > 0 && free <= long.MaxValue;
        return new SysResult(tells ? (long)free : long.MaxValue, Errno.None);
    }

    /// <summary>struct statfs of 64-bit Linux, as far as it is read here; its size leaves room for all libcs.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 256)]
    internal struct StatFsBuffer
    {
        public long Type;
        public long BlockSize;
        public ulong Blocks;
        public ulong FreeBlocks;
        public ulong AvailableBlocks;
        public ulong Files;
        public ulong FreeFiles;
        public ulong FileSystemId;
        public long LongestName;
        public long FragmentSize;
    }

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial int fstatfs(SafeHandle fd, StatFsBuffer* buffer);
}
