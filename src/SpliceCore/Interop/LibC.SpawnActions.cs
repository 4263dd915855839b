using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    /// <summary>Bytes for a posix_spawn_file_actions_t: 80 in glibc and musl, and ample room for others.</summary>
    public const int SpawnActionsSize = 1024;

    /// <summary>Makes an empty list of what a new process does before its program runs.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man3/posix_spawn_file_actions_init.3.html">posix_spawn_file_actions_init(3)</see></remarks>
    public static unsafe SysResult InitializeSpawnActions(byte* actions) => SysResult.FromErrno(posix_spawn_file_actions_init(actions));

    /// <summary>The process gets a descriptor under another number.</summary>
    public static unsafe SysResult AddSpawnDuplicate(byte* actions, int descriptor, int number) =>
        SysResult.FromErrno(posix_spawn_file_actions_adddup2(actions, descriptor, number));

    /// <summary>The process closes a descriptor.</summary>
    public static unsafe SysResult AddSpawnClose(byte* actions, int descriptor) =>
        SysResult.FromErrno(posix_spawn_file_actions_addclose(actions, descriptor));

    /// <summary>The process goes to a folder. ENOSYS: this libc cannot do that (glibc before 2.29).</summary>
    public static unsafe SysResult AddSpawnFolder(byte* actions, byte* path)
    {
        try
        {
            return SysResult.FromErrno(posix_spawn_file_actions_addchdir_np(actions, path));
        }
        catch (EntryPointNotFoundException)
        {
            return new SysResult(-1, Errno.ENOSYS);
        }
    }

    /// <summary>Frees what the list holds.</summary>
    public static unsafe void DestroySpawnActions(byte* actions) => _ = posix_spawn_file_actions_destroy(actions);

    [LibraryImport(Library)]
    private static unsafe partial int posix_spawn_file_actions_init(byte* actions);

    [LibraryImport(Library)]
    private static unsafe partial int posix_spawn_file_actions_adddup2(byte* actions, int descriptor, int number);

    [LibraryImport(Library)]
    private static unsafe partial int posix_spawn_file_actions_addclose(byte* actions, int descriptor);

    [LibraryImport(Library)]
    private static unsafe partial int posix_spawn_file_actions_addchdir_np(byte* actions, byte* path);

    [LibraryImport(Library)]
    private static unsafe partial int posix_spawn_file_actions_destroy(byte* actions);
}
