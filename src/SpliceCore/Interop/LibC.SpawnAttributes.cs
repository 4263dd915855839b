using System.Runtime.InteropServices;

namespace Splice.Interop;

internal static partial class LibC
{
    public const short SpawnDefaultSignals = 4; // POSIX_SPAWN_SETSIGDEF
    public const short SpawnSignalMask = 8; // POSIX_SPAWN_SETSIGMASK

    /// <summary>Bytes for a posix_spawnattr_t: 336 in glibc and musl, and ample room for others.</summary>
    public const int SpawnAttributesSize = 1024;

    /// <summary>Bytes for a sigset_t: signal n is bit n - 1.</summary>
    public const int SignalSetSize = 128;

    /// <summary>Makes the attributes of a new process: which signals get their default action, and which are blocked.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man3/posix_spawn.3.html">posix_spawn(3)</see></remarks>
    public static unsafe SysResult InitializeSpawnAttributes(byte* attributes, byte* defaultSignals, byte* blockedSignals)
    {
        int errno = posix_spawnattr_init(attributes);
        errno = errno == 0 ? posix_spawnattr_setflags(attributes, SpawnDefaultSignals | SpawnSignalMask) : errno;
        errno = errno == 0 ? posix_spawnattr_setsigdefault(attributes, defaultSignals) : errno;
        errno = errno == 0 ? posix_spawnattr_setsigmask(attributes, blockedSignals) : errno;
        return SysResult.FromErrno(errno, call: nameof(posix_spawnattr_init));
    }

    /// <summary>Frees what the attributes hold.</summary>
    public static unsafe void DestroySpawnAttributes(byte* attributes) => _ = posix_spawnattr_destroy(attributes);

    [LibraryImport(Library)]
    private static unsafe partial int posix_spawnattr_init(byte* attributes);

    [LibraryImport(Library)]
    private static unsafe partial int posix_spawnattr_setflags(byte* attributes, short flags);

    [LibraryImport(Library)]
    private static unsafe partial int posix_spawnattr_setsigdefault(byte* attributes, byte* signals);

    [LibraryImport(Library)]
    private static unsafe partial int posix_spawnattr_setsigmask(byte* attributes, byte* signals);

    [LibraryImport(Library)]
    private static unsafe partial int posix_spawnattr_destroy(byte* attributes);
}
