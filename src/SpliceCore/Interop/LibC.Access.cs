using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    public const int WriteAccess = 2; // W_OK
    public const int EffectiveAccess = 0x200; // AT_EACCESS

    /// <summary>Whether the process, with its effective ids, may write to a path.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/access.2.html">faccessat(2)</see></remarks>
    public static SysResult MayWrite(string path) =>
        SysResult.From(faccessat(CurrentDirectory, path, WriteAccess, EffectiveAccess));

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int faccessat(int directory, string path, int mode, int flags);
}
