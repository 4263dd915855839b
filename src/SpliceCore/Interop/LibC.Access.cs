using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    public const int ExecuteAccess = 1; // X_OK
    public const int WriteAccess = 2; // W_OK
    public const int EffectiveAccess = 0x200; // AT_EACCESS

    /// <summary>Whether the process, with its effective ids, may run a file.</summary>
    public static SysResult MayExecute(string path) =>
        SysResult.From(faccessat(CurrentDirectory, path, ExecuteAccess, EffectiveAccess));

    /// <summary>Whether the process, with its effective ids, may write to a name in an open directory. A link is followed.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/access.2.html">faccessat(2)</see></remarks>
    public static unsafe SysResult MayWriteAt(SafeHandle directory, FileName name)
    {
        fixed (byte* path = name)
        {
            return SysResult.From(faccessat_handle(directory, path, WriteAccess, EffectiveAccess));
        }
    }

    [LibraryImport(Library, EntryPoint = "faccessat", SetLastError = true)]
    private static unsafe partial int faccessat_handle(SafeHandle directory, byte* path, int mode, int flags);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int faccessat(int directory, string path, int mode, int flags);
}
