namespace Splice.Descriptors;

/// <summary>The sizes and times that decide how fast a transfer is, each with what was measured, and when.</summary>
/// <remarks>Ratios are times, on Linux 6.18, x64, 2 CPUs. <c>benchmarks</c> measures them again.</remarks>
internal static class Tuning
{
    private const int KiB = 1 << 10;
    private const int MiB = 1 << 20;

    // The choice of the method

    /// <summary>Up to this size, read(2) and write(2) take less time than a copy_file_range(2) that passes pages through a pipe of
    /// the kernel's: 0.87 on ext4 for extents of 100 KB, 0.93 on tmpfs for 100,000 files of 8 KiB (2026-11-23).</summary>
    public const long ReadWriteUpTo = 128 * KiB;

    /// <summary>As <see cref="ReadWriteUpTo"/>, where write(2) fills large folios. Beyond, splice(2) through a pipe of our own saves
    /// a copy of memory: 0.9 of read and write for 1 MiB, 0.8 (ext4) and 0.7 (XFS) from 16 MiB on (2026-11-23). Not for
    /// shifted pages: 1.15 (ext4) and 1.12 (XFS) of read and write for 512 MiB (2026-11-30).</summary>
    public const long ReadWriteUpToInFolios = 256 * KiB;

    /// <summary>Beyond this size, large folios may cost more than they save: 4 GiB from the page cache took more than twice the time
    /// of copy_file_range(2) on a virtual machine whose memory was with its host (2026-11-23).</summary>
    public const long SpliceUpTo = 1L << 30;

    /// <summary>The default capacity of a pipe (pipe(7)), and what sendfile(2) and copy_file_range(2) pass at a time. A user whose
    /// pipes hold too much gets one of two pages.</summary>
    public const int SmallestPipe = 64 * KiB;

    /// <summary>From this capacity on, a pipe is filled from a pipe of our own: for 1 MiB, 0.5 of sendfile(2)'s time if the reader
    /// discards the bytes, 0.9 if it looks at them, with half of the CPU time. Below, the calls are so many that it is slower
    /// (2026-11-24).</summary>
    public const int LargePipe = 256 * KiB;

    // Buffers and pipes

    /// <summary>Fits into a CPU's own cache, and is many pages for file systems with large folios, but not 512 KiB: a folio of that
    /// size comes from large blocks of free memory, which a virtual machine may have given back to its host (free page reporting).
    /// With those, 1 GiB took twice the time of copy_file_range(2), and 0.83 with this size (2026-11-23).</summary>
    public const int BufferSize = 448 * KiB;

    /// <summary>The capacity of our own pipes: the most that a user gets without privilege (pipe-max-size).</summary>
    public const int PipeSize = MiB;

    /// <summary>The capacity of a pipe between two commands: larger than the default means fewer context switches; beyond this,
    /// nothing is gained, and the pipes of a user have 64 MiB together, pipe(7) (2026-11-23).</summary>
    public const int CommandPipeSize = 256 * KiB;

    /// <summary>The bytes of one write(2) with O_APPEND, which those of another process never split.</summary>
    public const int AppendedAtOnce = 32 * MiB;

    public const int LargestRead = MiB;

    /// <summary>The buffer of getdents64(2): some 2,000 short names.</summary>
    public const int DirectoryBufferSize = 64 * KiB;

    // Copies

    /// <summary>Beyond this size, POSIX_FADV_SEQUENTIAL is worth its call (2026-11-23).</summary>
    public const long ReadAheadAbove = 4 * MiB;

    /// <summary>Up to this size, a copy takes less time than creating a file that can be resumed (2026-11-22).</summary>
    public const long ResumableAbove = MiB;

    /// <summary>The bytes before the end of an interrupted copy that are compared with the source.</summary>
    public const int ComparedBeforeResume = MiB;

    /// <summary>The files in a queue that are worth waking a worker for.</summary>
    public const int FilesPerWakeUp = 32;

    /// <summary>Up to this size, the content of a file is written back without a thread that waits for it.</summary>
    public const long WrittenBackAtOnce = MiB;

    /// <summary>The reports of a tree that wait for the pipeline; then the workers wait.</summary>
    public const int TreeReports = 1000;

    /// <summary>The directories of a tree that stay open without being in use.</summary>
    public const int IdleDirectories = 64;

    /// <summary>Beyond this size, a hole is looked for in a file that has all its blocks.</summary>
    public const long SeekHoleAbove = 64 * KiB;

    /// <summary>From this size on, an update may write only the blocks that differ.</summary>
    public const long DeltaAbove = MiB;

    /// <summary>The bytes after which it is decided whether comparing is worth it.</summary>
    public const long DeltaSample = 64 * MiB;

    /// <summary>The bytes that are written without comparing them after a sample of which most differed.</summary>
    public const long DeltaUncompared = 512L * MiB;

    // Comparisons

    /// <summary>The bytes of one read of two files that are compared: both fit into a CPU's own cache.</summary>
    public const int ComparedRead = 256 * KiB;

    /// <summary>The bytes that a thread compares at a time.</summary>
    public const long ComparedRange = 8 * MiB;

    /// <summary>From this size on, the extents of two files are looked at before they are read: four calls.</summary>
    public const long SharedBlocksFrom = 128 * KiB;

    /// <summary>The entries of trees that are compared ahead of the one whose result is reported next.</summary>
    public const int ComparedAhead = 1000;

    // Hosts

    /// <summary>Up to this size, a file of a tree passes through memory, and shares a write(2) with others.</summary>
    public const int TarFileInMemory = 64 * KiB;

    public const long TarBytesPending = MiB;

    public const int DigestBufferSize = 256 * KiB;

    /// <summary>So many bytes are hashed at once behind a copy, while the processor's cache has them.</summary>
    public const long HashedAtOnce = MiB;

    /// <summary>A partial file is resumed at a multiple of it, and holes are looked for only if there can be one of this size.</summary>
    public const int RemoteBlockSize = 4 * KiB;

    /// <summary>Between two chunks, failed hosts are skipped.</summary>
    public const long RemoteChunk = 256L * MiB;

    /// <summary>Each span of data takes a process on the host: a smaller hole costs more than it saves.</summary>
    public const long SmallestRemoteHole = 64 * KiB;

    /// <summary>A larger hole is not sent, however fast the line is.</summary>
    public const long LargestSentHole = MiB;

    /// <summary>The bytes in which the rate of a line is measured: more than the pipes and ssh hold.</summary>
    public const long RemoteRateWindow = 4 * MiB;

    /// <summary>SO_SNDBUF of the socket to each ssh, which the kernel doubles, and limits to net.core.wmem_max.</summary>
    public const int SshSendBuffer = 512 * KiB;

    /// <summary>The bytes after which blocks of zeros of a received file become holes.</summary>
    public const long SparseChunk = 64 * MiB;

    // Steps: a step ends well below a second, so that Ctrl+C and progress never wait

    public const long FirstStep = 64 * MiB;
    public const long SmallestStep = MiB;
    public const long LargestStep = 128 * MiB;

    /// <summary>A reflink moves no bytes, so its step may be large: a multiple of every block size.</summary>
    public const long LargestReflink = 16L << 30;

    /// <summary>Steps per second under a rate limit.</summary>
    public const int LimitedStepsPerSecond = 10;

    /// <summary>A slower step halves the next one.</summary>
    public static readonly TimeSpan SlowStep = TimeSpan.FromMilliseconds(250);

    /// <summary>A faster step, if it was full, doubles the next one.</summary>
    public static readonly TimeSpan FastStep = TimeSpan.FromMilliseconds(50);

    // Waiting

    /// <summary>Longer than a tick of the kernel's clock, which files get their times from.</summary>
    public static readonly TimeSpan ClockTick = TimeSpan.FromMilliseconds(20);

    /// <summary>The first wait for a command in milliseconds: short, so that short commands are measured as well.</summary>
    public const int FirstCommandPoll = 2;

    /// <summary>The longest wait for a command in milliseconds.</summary>
    public const int LongestCommandPoll = 200;

    /// <summary>The longest wait for a command without a pidfd in milliseconds.</summary>
    public const int LongestBlindCommandPoll = 20;

    /// <summary>Between two tries to open a file under a lease.</summary>
    public static readonly TimeSpan LeasePollInterval = TimeSpan.FromMilliseconds(5);

    public static readonly TimeSpan LockPollInterval = TimeSpan.FromMilliseconds(10);

    /// <summary>Between two tries to open a FIFO without a reader.</summary>
    public static readonly TimeSpan FifoPollInterval = TimeSpan.FromMilliseconds(20);

    /// <summary>Between two tries to drop pages from the cache.</summary>
    public static readonly TimeSpan CacheDropInterval = TimeSpan.FromMilliseconds(20);

    public static readonly TimeSpan QueuePollInterval = TimeSpan.FromMilliseconds(1);

    public static readonly TimeSpan SessionPollInterval = TimeSpan.FromMilliseconds(20);

    /// <summary>Between SIGTERM and SIGKILL.</summary>
    public static readonly TimeSpan KillAfter = TimeSpan.FromSeconds(1);

    /// <summary>Beyond this size, the holes of a sparse file are counted for the total of its progress.</summary>
    public const long CountHolesAbove = 16 * MiB;

    /// <summary>So many extents are counted, in some 10 ms.</summary>
    public const int CountedExtents = 10_000;

    /// <summary>A tree is counted, for the total of its progress, when its copy has taken so long.</summary>
    public static readonly TimeSpan CountAfter = TimeSpan.FromSeconds(1);

    /// <summary>After the last answer of a host, the others of a group are not waited for any longer.</summary>
    public static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(2);

    /// <summary>The longest time to connect where ssh does not prompt, in seconds.</summary>
    public const int ConnectTimeout = 30;

    /// <summary>So long the others wait for a destination before its rate counts.</summary>
    public static readonly TimeSpan RateFloorWindow = TimeSpan.FromSeconds(5);

    /// <summary>Between two reports of progress.</summary>
    public static readonly TimeSpan ReportInterval = TimeSpan.FromMilliseconds(200);
}
