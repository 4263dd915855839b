using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    /// <summary>Starts a program. What fails in the child before it runs is the answer here.</summary>
    /// <param name="path">The program, as a C string.</param>
    /// <param name="actions">What happens to its descriptors.</param>
    /// <param name="attributes">What happens to its signals.</param>
    /// <param name="arguments">C strings, then null.</param>
    /// <param name="environment">C strings, then null.</param>
    /// <returns>The process's id.</returns>
    /// <remarks><see href="https://man7.org/linux/man-pages/man3/posix_spawn.3.html">posix_spawn(3)</see></remarks>
    public static unsafe SysResult Spawn(byte* path, byte* actions, byte* attributes, byte** arguments, byte** environment)
    {
        int process = 0;
        int errno = posix_spawn(&process, path, actions, attributes, arguments, environment);
        return SysResult.FromErrno(errno, process, nameof(posix_spawn));
    }

    [LibraryImport(Library)]
    private static unsafe partial int posix_spawn(
        int* process, byte* path, byte* actions, byte* attributes, byte** arguments, byte** environment);
}
