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
    [Theory]
    [InlineData(Architecture.X64)]
    [InlineData(Architecture.Arm64)]
    public void Open_flags_and_call_numbers_are_the_headers(Architecture architecture)
    {
        var check = new HeaderCheck();
        AddFields(check, typeof(LibC), field => field, architecture);
        AddFields(check, typeof(SystemCallNumber), field => $"__NR_{field}", architecture);
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
        FieldInfo[] constants = [.. typeof(LibC).GetFields().Where(field => field.IsLiteral && !field.Name.Any(char.IsLower))];
        Assert.True(constants.Length > 60, "the constants under the kernel's names were not found");
        foreach (FieldInfo constant in constants)
        {
            // musl counts O_PATH in.
            string name = constant.Name == nameof(LibC.O_ACCMODE) ? "O_ACCMODE & ~O_PATH" : constant.Name;
            check.Equal(name, Convert.ToInt64(constant.GetRawConstantValue(), provider: null));
        }

        check.Equal("EFD_CLOEXEC", LibC.O_CLOEXEC);
        check.Equal("EFD_NONBLOCK", LibC.O_NONBLOCK);
        check.Equal("SEEK_SET", (int)SeekOrigin.Begin);
        check.Equal("SEEK_CUR", (int)SeekOrigin.Current);
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
        check.Equal("sizeof(struct flock)", System.Runtime.InteropServices.Marshal.SizeOf<LibC.FileLock>());
        check.Equal("offsetof(struct flock, l_start)", (int)Marshal.OffsetOf<LibC.FileLock>(nameof(LibC.FileLock.Start)));
        check.Equal("SIGXFSZ", SigXfsz.SIGXFSZ);
        check.Equal("S_IFMT", FileStatus.TypeMask);
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
        AddFieldsOf<LibC.ExtentMap>(check, "struct fiemap", "fm_start", "fm_length", "fm_flags", "fm_mapped_extents", "fm_extent_count", "fm_reserved");
        check.Equal("sizeof(struct fiemap_extent)", Marshal.SizeOf<LibC.MappedExtent>());
        check.Equal("offsetof(struct fiemap_extent, fe_flags)", Marshal.OffsetOf<LibC.MappedExtent>(nameof(LibC.MappedExtent.Flags)));
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
        check.Equal("O_CREAT", LibC.O_CREAT + 1);
        string? complaints = check.Complaints(RuntimeInformation.ProcessArchitecture);
        Assert.SkipWhen(complaints is null, "There is no C compiler.");
        Assert.Contains("static assertion failed: \"O_CREAT\"", complaints, StringComparison.Ordinal);
    }

    private static void AddFields(HeaderCheck check, Type type, Func<string, string> nameOf, Architecture architecture)
    {
        foreach (FieldInfo field in type.GetFields().Where(field => field.IsInitOnly))
        {
            object value = field.GetValue(null)!;
            check.Equal(nameOf(field.Name), value is ArchitectureValue differing ? differing.For(architecture) : (int)value);
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
