using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

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

    public const int WaitNoHang = 1; // WNOHANG

    /// <summary>Takes leave of a child that has ended, and learns what it used. 0: it still runs (WNOHANG). ECHILD: somebody
    /// else has done it, or SIGCHLD is ignored.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/wait4.2.html">wait4(2)</see></remarks>
    public static unsafe SysResult Wait(int process, int options, out int status, out ResourceUsage usage)
    {
        fixed (int* statusResult = &status)
        fixed (ResourceUsage* usageResult = &usage)
        {
            SysResult result;
            do
            {
                result = SysResult.From(wait4(process, statusResult, options, usageResult));
            }
            while (result.Errno == Errno.EINTR);

            return result;
        }
    }

    /// <summary>struct rusage, of 64-bit systems.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 256)]
    internal struct ResourceUsage
    {
        public long UserSeconds;
        public long UserMicroseconds;
        public long SystemSeconds;
        public long SystemMicroseconds;

        /// <summary>KiB.</summary>
        public long PeakResident;
    }

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial int wait4(int process, int* status, int options, ResourceUsage* usage);

    /// <summary>A descriptor that poll(2) finds readable once the process has ended, closed on exec. ENOSYS: Linux before
    /// 5.3.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/pidfd_open.2.html">pidfd_open(2)</see></remarks>
    public static SysResult PidFdOpen(int process, out SafeFileHandle handle)
    {
        SysResult result = SysResult.From(pidfd_open(SystemCallNumber.PidFdOpen, process, 0));
        handle = new SafeFileHandle((nint)result.Value, ownsHandle: true);
        return result;
    }

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    private static partial nint pidfd_open(nint number, nint process, nint flags);

    public const int HangUpSignal = 1; // SIGHUP
    public const int KillSignal = 9; // SIGKILL
    public const int BrokenPipeSignal = 13; // SIGPIPE
    public const int TerminateSignal = 15; // SIGTERM
    public const int ContinueSignal = 18; // SIGCONT

    /// <summary>Sends a signal. EPERM: the process has become another user's (sudo).</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/kill.2.html">kill(2)</see></remarks>
    public static SysResult Kill(int process, int signal) => SysResult.From(kill(process, signal));

    [LibraryImport(Library, SetLastError = true)]
    private static partial int kill(int process, int signal);

    /// <summary>Sleeps for less than a second; a signal ends it early.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/nanosleep.2.html">nanosleep(2)</see></remarks>
    public static unsafe void Nanosleep(TimeSpan time)
    {
        TimeSpecification request = new() { Nanoseconds = (long)time.TotalNanoseconds };
        _ = nanosleep(&request, null);
    }

    [LibraryImport(Library)]
    private static unsafe partial int nanosleep(TimeSpecification* request, TimeSpecification* left);

    public const int ThreadTimeClock = 3; // CLOCK_THREAD_CPUTIME_ID

    private const long NanosecondsPerSecond = 1_000_000_000;

    /// <summary>The processor time of the calling thread, user and system, in nanoseconds. getrusage(2) tells the same, but
    /// only up to the timer's last tick.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/clock_gettime.2.html">clock_gettime(2)</see></remarks>
    public static unsafe SysResult ThreadTime()
    {
        TimeSpecification time;
        SysResult result = SysResult.From(clock_gettime(ThreadTimeClock, &time));
        return result.Ok ? new SysResult((time.Seconds * NanosecondsPerSecond) + time.Nanoseconds, Errno.None) : result;
    }

    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial int clock_gettime(int clock, TimeSpecification* time);

    private const int OfProcess = 0; // PRIO_PROCESS: on Linux, of the one thread
    private const int LowestPriority = 19;

    /// <summary>Lets this thread run only where no other wants to.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/setpriority.2.html">setpriority(2)</see></remarks>
    public static SysResult YieldToOthers() => SysResult.From(setpriority(OfProcess, 0, LowestPriority));

    [LibraryImport(Library, SetLastError = true)]
    private static partial int setpriority(int which, uint who, int priority);

    /// <summary>Whose files the process makes.</summary>
    /// <remarks><see href="https://man7.org/linux/man-pages/man2/getuid.2.html">geteuid(2)</see></remarks>
    public static uint EffectiveUserId => geteuid();

    [LibraryImport(Library)]
    private static partial uint geteuid();
}
