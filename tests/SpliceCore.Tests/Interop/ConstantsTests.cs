using System.Reflection;
using System.Runtime.InteropServices;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Transfer;
using Xunit;

namespace Splice.Tests.Interop;

/// <summary>Every number and every structure that is shared with the kernel, against the C headers.</summary>
public class ConstantsTests
{
    private static readonly Dictionary<string, string> OpenFlagNames = new()
    {
        [nameof(OpenFlags.ReadOnly)] = "O_RDONLY",
        [nameof(OpenFlags.WriteOnly)] = "O_WRONLY",
        [nameof(OpenFlags.ReadWrite)] = "O_RDWR",
        [nameof(OpenFlags.AccessMode)] = "O_ACCMODE & ~O_PATH", // musl counts O_PATH in
        [nameof(OpenFlags.Create)] = "O_CREAT",
        [nameof(OpenFlags.Exclusive)] = "O_EXCL",
        [nameof(OpenFlags.NoControllingTerminal)] = "O_NOCTTY",
        [nameof(OpenFlags.Append)] = "O_APPEND",
        [nameof(OpenFlags.NonBlock)] = "O_NONBLOCK",
        [nameof(OpenFlags.CloseOnExec)] = "O_CLOEXEC",
        [nameof(OpenFlags.PathOnly)] = "O_PATH",
        [nameof(OpenFlags.Directory)] = "O_DIRECTORY",
        [nameof(OpenFlags.NoFollow)] = "O_NOFOLLOW",
        [nameof(OpenFlags.Direct)] = "O_DIRECT",
        [nameof(OpenFlags.TemporaryFile)] = "O_TMPFILE",
    };

    private static readonly Dictionary<string, string> SystemCallNames = new()
    {
        [nameof(SystemCallNumber.CopyFileRange)] = "__NR_copy_file_range",
        [nameof(SystemCallNumber.GetDirectoryEntries)] = "__NR_getdents64",
        [nameof(SystemCallNumber.PidFdOpen)] = "__NR_pidfd_open",
        [nameof(SystemCallNumber.Statx)] = "__NR_statx",
        [nameof(SystemCallNumber.RenameAt2)] = "__NR_renameat2",
    };

    [Theory]
    [InlineData(Architecture.X64)]
    [InlineData(Architecture.Arm64)]
    public void Open_flags_and_call_numbers_are_the_headers(Architecture architecture)
    {
        var check = new HeaderCheck();
        AddFields(check, typeof(OpenFlags), OpenFlagNames, architecture);
        AddFields(check, typeof(SystemCallNumber), SystemCallNames, architecture);
        AssertAgreed(check, architecture);
    }

    [Theory]
    [InlineData(Architecture.X64)]
    [InlineData(Architecture.Arm64)]
    public void Error_numbers_are_the_headers(Architecture architecture)
    {
        var check = new HeaderCheck();
        foreach (Errno errno in Enum.GetValues<Errno>().Where(errno => errno != Errno.None))
        {
            check.Equal($"{errno}", (long)errno);
        }

        AssertAgreed(check, architecture);
    }

    [Theory]
    [InlineData(Architecture.X64)]
    [InlineData(Architecture.Arm64)]
    public void Requests_flags_and_modes_are_the_headers(Architecture architecture)
    {
        var check = new HeaderCheck();
        check.Equal("FICLONE", LibC.CloneRequest);
        check.Equal("FICLONERANGE", LibC.CloneRangeRequest);
        check.Equal("BLKGETSIZE64", LibC.BlockDeviceSizeRequest);
        check.Equal("FIONREAD", LibC.BytesAvailableRequest);
        check.Equal("F_GETFD", LibC.GetDescriptorFlagsCommand);
        check.Equal("FD_CLOEXEC", LibC.CloseOnExecFlag);
        check.Equal("F_GETFL", LibC.GetStatusFlagsCommand);
        check.Equal("F_SETFL", LibC.SetStatusFlagsCommand);
        check.Equal("F_GETPIPE_SZ", LibC.GetPipeSizeCommand);
        check.Equal("F_DUPFD_CLOEXEC", LibC.DuplicateCommand);
        check.Equal("F_SETPIPE_SZ", LibC.SetPipeSizeCommand);
        check.Equal("EFD_CLOEXEC", OpenFlags.CloseOnExec);
        check.Equal("EFD_NONBLOCK", OpenFlags.NonBlock);
        check.Equal("AT_FDCWD", LibC.CurrentDirectory);
        check.Equal("AT_SYMLINK_NOFOLLOW", LibC.SymlinkNoFollow);
        check.Equal("AT_SYMLINK_FOLLOW", LibC.SymlinkFollow);
        check.Equal("AT_EMPTY_PATH", LibC.EmptyPath);
        check.Equal("AT_REMOVEDIR", LibC.RemoveDirectory);
        check.Equal("AT_EACCESS", LibC.EffectiveAccess);
        check.Equal("W_OK", LibC.WriteAccess);
        check.Equal("X_OK", LibC.ExecuteAccess);
        check.Equal("RENAME_NOREPLACE", LibC.NoReplace);
        check.Equal("STATX_BASIC_STATS", LibC.BasicStats);
        check.Equal("STATX_DIOALIGN", LibC.DirectAlignment);
        check.Equal("PROT_READ", LibC.ReadableMemory);
        check.Equal("MAP_SHARED", LibC.SharedMapping);
        check.Equal("STATX_ATTR_MOUNT_ROOT", (long)LibC.AttributeMountRoot);
        check.Equal("SEEK_SET", (int)SeekOrigin.Begin);
        check.Equal("SEEK_CUR", (int)SeekOrigin.Current);
        check.Equal("SEEK_DATA", LibC.SeekDataOrigin);
        check.Equal("SEEK_HOLE", LibC.SeekHoleOrigin);
        check.Equal("FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE", LibC.KeepSizeAndPunchHole);
        check.Equal("EXT4_SUPER_MAGIC", (long)FileSystemType.Ext);
        check.Equal("XFS_SUPER_MAGIC", (long)FileSystemType.Xfs);
        check.Equal("BTRFS_SUPER_MAGIC", (long)FileSystemType.Btrfs);
        check.Equal("TMPFS_MAGIC", (long)FileSystemType.Tmpfs);
        check.Equal("BINFMTFS_MAGIC", (long)FileSystemType.BinaryFormats);
        check.Equal("BPF_FS_MAGIC", (long)FileSystemType.Bpf);
        check.Equal("CGROUP_SUPER_MAGIC", (long)FileSystemType.Cgroup);
        check.Equal("CGROUP2_SUPER_MAGIC", (long)FileSystemType.Cgroup2);
        check.Equal("DEBUGFS_MAGIC", (long)FileSystemType.Debugfs);
        check.Equal("EFIVARFS_MAGIC", (long)FileSystemType.Efivarfs);
        check.Equal("PROC_SUPER_MAGIC", (long)FileSystemType.Proc);
        check.Equal("PSTOREFS_MAGIC", (long)FileSystemType.Pstore);
        check.Equal("RDTGROUP_SUPER_MAGIC", (long)FileSystemType.ResourceControl);
        check.Equal("SECURITYFS_MAGIC", (long)FileSystemType.Security);
        check.Equal("SELINUX_MAGIC", (long)FileSystemType.Selinux);
        check.Equal("SMACK_MAGIC", (long)FileSystemType.Smack);
        check.Equal("SYSFS_MAGIC", (long)FileSystemType.Sysfs);
        check.Equal("TRACEFS_MAGIC", (long)FileSystemType.Tracefs);
        check.Equal("XENFS_SUPER_MAGIC", (long)FileSystemType.Xen);
        check.Equal("LOCK_EX | LOCK_NB", LibC.LockAloneWithoutWaiting);
        check.Equal("LOCK_UN", LibC.GiveLockUp);
        check.Equal("F_OFD_SETLK", LibC.SetOpenFileLockCommand);
        check.Equal("F_WRLCK", LibC.WriteLock);
        check.Equal("F_UNLCK", LibC.Unlocked);
        check.Equal("F_SETSIG", LibC.SetSignalCommand);
        check.Equal("F_SETLEASE", LibC.SetLeaseCommand);
        check.Equal("SIGURG", LibC.UrgentSignal);
        check.Equal("sizeof(struct flock)", System.Runtime.InteropServices.Marshal.SizeOf<LibC.FileLock>());
        check.Equal("offsetof(struct flock, l_start)", (int)Marshal.OffsetOf<LibC.FileLock>(nameof(LibC.FileLock.Start)));
        check.Equal("POSIX_FADV_SEQUENTIAL", LibC.Sequential);
        check.Equal("POSIX_FADV_DONTNEED", LibC.DoNotNeed);
        check.Equal("SIGXFSZ", FileSizeSignal.FileSizeExceeded);
        check.Equal("SIGHUP", LibC.HangUpSignal);
        check.Equal("SIGKILL", LibC.KillSignal);
        check.Equal("SIGPIPE", LibC.BrokenPipeSignal);
        check.Equal("SIGTERM", LibC.TerminateSignal);
        check.Equal("SIGCONT", LibC.ContinueSignal);
        check.Equal("WNOHANG", LibC.WaitNoHang);
        check.Equal("CLOCK_THREAD_CPUTIME_ID", LibC.ThreadTimeClock);
        check.Equal("POSIX_SPAWN_SETSIGDEF", LibC.SpawnDefaultSignals);
        check.Equal("POSIX_SPAWN_SETSIGMASK", LibC.SpawnSignalMask);
        check.Equal("ICRNL", LibC.CarriageReturnToNewLine);
        check.Equal("IXON", LibC.OutputFlowControl);
        check.Equal("ISIG", LibC.TerminalSignals);
        check.Equal("ICANON", LibC.CanonicalInput);
        check.Equal("ECHO", LibC.Echo);
        check.Equal("IEXTEN", LibC.ExtendedInput);
        check.Equal("S_IFMT", FileStatus.TypeMask);
        check.Equal("SHUT_WR", LibC.ShutDownWriting);
        check.Equal("MFD_CLOEXEC", LibC.MemoryFileCloseOnExec);
        check.Equal("IPPROTO_TCP", LibC.TcpLevel);
        check.Equal("TCP_INFO", LibC.TcpInfoOption);
        check.Equal("offsetof(struct tcp_info, tcpi_segs_out)", LibC.TcpSegmentsOutOffset);
        check.Equal("offsetof(struct tcp_info, tcpi_segs_in) + sizeof(((struct tcp_info *)0)->tcpi_segs_in)", LibC.TcpInfoSize);
        AddEnum(check, new Dictionary<SpliceFlags, string>
        {
            [SpliceFlags.None] = "0",
            [SpliceFlags.Move] = "SPLICE_F_MOVE",
            [SpliceFlags.NonBlock] = "SPLICE_F_NONBLOCK",
            [SpliceFlags.More] = "SPLICE_F_MORE",
            [SpliceFlags.Gift] = "SPLICE_F_GIFT",
        });
        AddEnum(check, new Dictionary<PollEvents, string>
        {
            [PollEvents.None] = "0",
            [PollEvents.In] = "POLLIN",
            [PollEvents.Out] = "POLLOUT",
            [PollEvents.Error] = "POLLERR",
            [PollEvents.HangUp] = "POLLHUP",
            [PollEvents.Invalid] = "POLLNVAL",
        });
        AddEnum(check, new Dictionary<DescriptorKind, string>
        {
            [DescriptorKind.Other] = "0",
            [DescriptorKind.Fifo] = "S_IFIFO",
            [DescriptorKind.Character] = "S_IFCHR",
            [DescriptorKind.Directory] = "S_IFDIR",
            [DescriptorKind.Block] = "S_IFBLK",
            [DescriptorKind.Regular] = "S_IFREG",
            [DescriptorKind.SymbolicLink] = "S_IFLNK",
            [DescriptorKind.Socket] = "S_IFSOCK",
        });
        AssertAgreed(check, architecture);
    }

    [Theory]
    [InlineData(Architecture.X64)]
    [InlineData(Architecture.Arm64)]
    public void Structures_are_the_headers(Architecture architecture)
    {
        var check = new HeaderCheck();
        AddStructure<LibC.StatxBuffer>(check, "struct statx",
            "stx_mask", "stx_blksize", "stx_attributes", "stx_nlink", "stx_uid", "stx_gid", "stx_mode", null,
            "stx_ino", "stx_size", "stx_blocks", "stx_attributes_mask", "stx_atime", "stx_btime", "stx_ctime", "stx_mtime",
            "stx_rdev_major", "stx_rdev_minor", "stx_dev_major", "stx_dev_minor", "stx_mnt_id", "stx_dio_mem_align",
            "stx_dio_offset_align");
        AddStructure<LibC.StatxTimestamp>(check, "struct statx_timestamp", "tv_sec", "tv_nsec", null);
        AddStructure<LibC.CloneRange>(check, "struct file_clone_range", "src_fd", "src_offset", "src_length", "dest_offset");
        AddStructure<LibC.PollDescriptor>(check, "struct pollfd", "fd", "events", "revents");
        AddStructure<LibC.TimeSpecification>(check, "struct timespec", "tv_sec", "tv_nsec");
        AddFieldsOf<LibC.StatFsBuffer>(check, "struct statfs",
            "f_type", "f_bsize", "f_blocks", "f_bfree", "f_bavail", "f_files", "f_ffree", "f_fsid", "f_namelen", "f_frsize");
        AddFieldsOf<LibC.TerminalMode>(check, "struct termios", "c_iflag", "c_oflag", "c_cflag", "c_lflag");
        check.Equal($"sizeof(struct termios) <= {Marshal.SizeOf<LibC.TerminalMode>()}", 1);
        check.Equal("offsetof(struct rusage, ru_stime)", Marshal.OffsetOf<LibC.ResourceUsage>(nameof(LibC.ResourceUsage.SystemSeconds)));
        check.Equal("offsetof(struct rusage, ru_maxrss)", Marshal.OffsetOf<LibC.ResourceUsage>(nameof(LibC.ResourceUsage.PeakResident)));
        check.Equal($"sizeof(struct rusage) <= {Marshal.SizeOf<LibC.ResourceUsage>()}", 1);
        check.Equal($"sizeof(posix_spawn_file_actions_t) <= {LibC.SpawnActionsSize}", 1);
        check.Equal($"sizeof(posix_spawnattr_t) <= {LibC.SpawnAttributesSize}", 1);
        check.Equal("sizeof(sigset_t)", LibC.SignalSetSize);
        check.Equal($"sizeof(struct statfs) <= {Marshal.SizeOf<LibC.StatFsBuffer>()}", 1);
        AssertAgreed(check, architecture);
    }

    [Fact]
    public void A_wrong_value_would_be_found()
    {
        var check = new HeaderCheck();
        check.Equal("O_CREAT", OpenFlags.Create + 1);
        string? complaints = check.Complaints(RuntimeInformation.ProcessArchitecture);
        Assert.SkipWhen(complaints is null, "There is no C compiler.");
        Assert.Contains("static assertion failed: \"O_CREAT\"", complaints, StringComparison.Ordinal);
    }

    private static void AddFields(HeaderCheck check, Type type, Dictionary<string, string> names, Architecture architecture)
    {
        foreach (FieldInfo field in type.GetFields(BindingFlags.Public | BindingFlags.Static))
        {
            object value = field.GetValue(null)!;
            check.Equal(names[field.Name], value is ArchitectureValue differing ? differing.For(architecture) : (int)value);
        }
    }

    private static void AddEnum<T>(HeaderCheck check, Dictionary<T, string> names)
        where T : struct, Enum
    {
        foreach (T value in Enum.GetValues<T>())
        {
            check.Equal(names[value], Convert.ToInt64(value, provider: null));
        }
    }

    private static void AddStructure<T>(HeaderCheck check, string structure, params string?[] members)
    {
        check.Equal($"sizeof({structure})", Marshal.SizeOf<T>());
        AddFieldsOf<T>(check, structure, members);
    }

    /// <summary>Fields and members pair up in the order of their declaration; null for a reserved one, whose name each
    /// libc chooses for itself.</summary>
    private static void AddFieldsOf<T>(HeaderCheck check, string structure, params string?[] members)
    {
        FieldInfo[] fields = typeof(T).GetFields(BindingFlags.Public | BindingFlags.Instance);
        foreach ((FieldInfo field, string? member) in fields.Zip(members).Where(pair => pair.Second is not null))
        {
            check.Equal($"offsetof({structure}, {member})", Marshal.OffsetOf<T>(field.Name));
            check.Equal($"sizeof((({structure} *)0)->{member})", SizeOf(field.FieldType));
        }

        Assert.Equal(fields.Length, members.Length);
    }

    private static int SizeOf(Type type) => type.IsPointer
        ? IntPtr.Size
        : Marshal.SizeOf(type.IsEnum ? Enum.GetUnderlyingType(type) : type);

    private static void AssertAgreed(HeaderCheck check, Architecture architecture)
    {
        string? complaints = check.Complaints(architecture);
        Assert.SkipWhen(complaints is null, $"There is no C compiler for {architecture}.");
        Assert.True(complaints!.Length == 0, complaints);
    }
}
