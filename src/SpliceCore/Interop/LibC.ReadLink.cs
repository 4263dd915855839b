using System.Runtime.InteropServices;
using System.Text;

namespace Splice.Interop;

internal static partial class LibC
{
    private const int LongestPath = 4096; // PATH_MAX

    /// <summary>What a symbolic link says, to the letter. EINVAL: the path is no link.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/readlink.2.html">readlink(2)</see></remarks>
    public static unsafe SysResult ReadLink(string path, out string? target)
    {
        byte* buffer = stackalloc byte[LongestPath];
        SysResult result = SysResult.From(readlink(path, buffer, LongestPath));
        target = result.Ok ? Encoding.UTF8.GetString(buffer, (int)result.Value) : null;
        return result;
    }

    /// <summary>What an open symbolic link (O_PATH, O_NOFOLLOW) says. ENOENT: it is no link.</summary>
    public static unsafe SysResult ReadLink(SafeHandle link, out FileName target)
    {
        byte empty = 0;
        byte* buffer = stackalloc byte[LongestPath];
        SysResult result = SysResult.From(readlinkat(link, &empty, buffer, LongestPath));
        target = new FileName(new ReadOnlySpan<byte>(buffer, (int)Math.Max(result.Value, 0)));
        return result;
    }

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial nint readlink(string path, byte* buffer, nuint size);

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial nint readlinkat(SafeHandle directory, byte* path, byte* buffer, nuint size);
}
