using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Splice.Interop;

internal static partial class LibC
{
    // spawn.h, sys/wait.h, sys/resource.h, time.h
    public const short POSIX_SPAWN_SETSIGDEF = 4, POSIX_SPAWN_SETSIGMASK = 8, POSIX_SPAWN_SETSID = 128;
    public const int WNOHANG = 1, PRIO_PROCESS = 0, CLOCK_THREAD_CPUTIME_ID = 3;

    // signal.h
    public const int SIGHUP = 1, SIGKILL = 9, SIGPIPE = 13, SIGTERM = 15, SIGCONT = 18, SIGURG = 23;

    // posix_spawn_file_actions_t has 80 bytes in glibc and musl, posix_spawnattr_t 336: ample room for others. In sigset_t, signal n is
    // bit n - 1.
    public const int SpawnActionsSize = 1024, SpawnAttributesSize = 1024, SignalSetSize = 128;

    /// <summary>Starts a program, and returns its process id, or the error of the child before its exec. Arguments and environment are C
    /// strings and a null.</summary>
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

    /// <summary>Makes an empty list of the file actions of a new process.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man3/posix_spawn_file_actions_init.3.html">posix_spawn_file_actions_init(3)</see></remarks>
    public static unsafe SysResult InitializeSpawnActions(byte* actions) => SysResult.FromErrno(posix_spawn_file_actions_init(actions));

    public static unsafe SysResult AddSpawnDuplicate(byte* actions, int descriptor, int number) =>
        SysResult.FromErrno(posix_spawn_file_actions_adddup2(actions, descriptor, number));

    public static unsafe SysResult AddSpawnClose(byte* actions, int descriptor) =>
        SysResult.FromErrno(posix_spawn_file_actions_addclose(actions, descriptor));

    /// <summary>Adds a change of the working directory. ENOSYS: not in this libc (glibc before 2.29).</summary>
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

    /// <summary>Makes the attributes of a new process: the signals with their default action, and the blocked ones.</summary>
    /// <param name="flags">Further POSIX_SPAWN_* flags.</param>
    public static unsafe SysResult InitializeSpawnAttributes(byte* attributes, byte* defaultSignals, byte* blockedSignals, short flags)
    {
        int errno = posix_spawnattr_init(attributes);
        errno = errno == 0 ? posix_spawnattr_setflags(attributes, (short)(flags | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK)) : errno;
        errno = errno == 0 ? posix_spawnattr_setsigdefault(attributes, defaultSignals) : errno;
        errno = errno == 0 ? posix_spawnattr_setsigmask(attributes, blockedSignals) : errno;
        return SysResult.FromErrno(errno, call: nameof(posix_spawnattr_init));
    }

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

    /// <summary>Reaps a child that has ended, and returns its id. 0: still running (WNOHANG). ECHILD: already reaped, or SIGCHLD is
    /// ignored.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/wait4.2.html">wait4(2)</see></remarks>
    public static SysResult Wait(int process, int options, out int status, out ResourceUsage usage)
    {
        SysResult result;
        do
        {
            result = SysResult.From(wait4(process, out status, options, out usage));
        }
        while (result.Errno == Errno.EINTR);

        return result;
    }

    [LibraryImport(Library, SetLastError = true)]
    private static partial int wait4(int process, out int status, int options, out ResourceUsage usage);

    /// <summary>struct rusage of 64-bit Linux; the peak is in KiB.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 256)]
    internal struct ResourceUsage
    {
        public long UserSeconds, UserMicroseconds, SystemSeconds, SystemMicroseconds, PeakResident;
    }

    /// <summary>Opens a descriptor that is readable for poll(2) once the process has ended, closed on exec. ENOSYS: Linux before 5.3.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/pidfd_open.2.html">pidfd_open(2)</see></remarks>
    public static SysResult PidFdOpen(int process, out SafeFileHandle handle) =>
        Own(SysResult.From(pidfd_open(SystemCallNumber.pidfd_open, process, 0)), out handle);

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    private static partial nint pidfd_open(nint number, nint process, nint flags);

    /// <summary>Sends a signal. EPERM: the process is another user's by now (sudo).</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/kill.2.html">kill(2)</see></remarks>
    public static SysResult Kill(int process, int signal) => SysResult.From(kill(process, signal));

    [LibraryImport(Library, SetLastError = true)]
    private static partial int kill(int process, int signal);

    /// <summary>Returns the CPU time of the calling thread, user and system, in nanoseconds. getrusage(2) reports it only up to the
    /// timer's last tick.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/clock_gettime.2.html">clock_gettime(2)</see></remarks>
    public static SysResult ThreadTime() =>
        SysResult.From(clock_gettime(CLOCK_THREAD_CPUTIME_ID, out TimeSpecification time)).With((time.Seconds * 1_000_000_000) + time.Nanoseconds);

    [LibraryImport(Library, SetLastError = true)]
    private static partial int clock_gettime(int clock, out TimeSpecification time);

    /// <summary>Sets the lowest priority for the calling thread: PRIO_PROCESS is a thread on Linux.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/setpriority.2.html">setpriority(2)</see></remarks>
    public static SysResult SetIdlePriority() => SysResult.From(setpriority(PRIO_PROCESS, 0, 19));

    [LibraryImport(Library, SetLastError = true)]
    private static partial int setpriority(int which, uint who, int priority);

    /// <summary>Owner of the files that the process makes.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/getuid.2.html">geteuid(2)</see></remarks>
    public static uint EffectiveUserId => geteuid();

    [LibraryImport(Library)]
    private static partial uint geteuid();
}
