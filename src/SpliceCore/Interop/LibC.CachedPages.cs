using System.Buffers;
using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    public const int ReadableMemory = 1; // PROT_READ
    public const int SharedMapping = 1; // MAP_SHARED

    private const long LargestMapping = 1L << 30;

    /// <summary>Returns how many pages of a range of a file are in the cache.</summary>
    /// <param name="file">The file, open for reading.</param>
    /// <param name="offset">A multiple of the page's size.</param>
    /// <param name="length">The range's length in bytes.</param>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/mincore.2.html">mincore(2)</see></remarks>
    public static SysResult CountCachedPages(SafeHandle file, long offset, long length)
    {
        long pages = 0;
        for (long at = 0; at < length; at += LargestMapping)
        {
            SysResult counted = CountInMapping(file, offset + at, (nuint)Math.Min(length - at, LargestMapping));
            if (!counted.Ok)
            {
                return counted;
            }

            pages += counted.Value;
        }

        return new SysResult(pages, Errno.None);
    }

    private static unsafe SysResult CountInMapping(SafeHandle file, long offset, nuint length)
    {
        SysResult mapped = SysResult.From(mmap(null, length, ReadableMemory, SharedMapping, file, offset));
        if (!mapped.Ok)
        {
            return mapped;
        }

        int count = (int)((length + (nuint)Environment.SystemPageSize - 1) / (nuint)Environment.SystemPageSize);
        byte[] pages = ArrayPool<byte>.Shared.Rent(count);
        try
        {
            fixed (byte* first = pages)
            {
                SysResult result = SysResult.From(mincore((void*)mapped.Value, length, first));
                return result.Ok ? new SysResult(CountCached(pages.AsSpan(0, count)), Errno.None) : result;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(pages);
            SysResult.From(munmap((void*)mapped.Value, length));
        }
    }

    private static int CountCached(ReadOnlySpan<byte> pages)
    {
        int cached = 0;
        foreach (byte page in pages)
        {
            cached += page & 1; // the other bits mean nothing
        }

        return cached;
    }

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial nint mmap(void* address, nuint length, int protection, int flags, SafeHandle fd, long offset);

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial int mincore(void* address, nuint length, byte* pages);

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial int munmap(void* address, nuint length);
}
