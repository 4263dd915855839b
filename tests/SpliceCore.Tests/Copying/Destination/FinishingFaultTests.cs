using Xunit;

namespace Splice.Tests.Copying.Destination;

/// <summary>Errors of the calls around the bytes: opening, looking, owner, mode, times, and the name.</summary>
public sealed class FinishingFaultTests(FaultLedger created, ITestOutputHelper output)
{
    private const string Rename = "?renameat,?renameat2";

    private static readonly Errno[] All = FullRun.IsRequested
        ? [Errno.ENOSYS, Errno.EPERM, Errno.EINVAL, Errno.EOPNOTSUPP, Errno.EXDEV, Errno.ENOSPC, Errno.EIO, Errno.EDQUOT, Errno.ENOMEM]
        : [Errno.ENOSYS, Errno.EPERM, Errno.EXDEV, Errno.EIO];

    public static TheoryData<string, Errno> Metadata => new(FullRun.Cases(
        from call in new[] { "fchmod", "fchown", "utimensat" }
        from errno in All
        select (call, errno)));

    public static TheoryData<string, string, Errno> Naming => new(FullRun.Cases(
        from place in new[] { ("linkat", "1"), (Rename, "1") }
        from errno in All
        select (place.Item1, place.Item2, errno)));

    [Theory]
    [MemberData(nameof(Metadata))]
    public void What_cannot_be_kept_of_the_metadata_is_a_warning(string call, Errno errno)
    {
        Command.RequireRoot();
        using FaultedCopy copy = FaultedCopy.OfPlainFile();
        Command.Check("chown", "1234:5678", copy.Request.Destination);

        HostAnswer answer = copy.Run(created, new Fault(call, $"error={errno}"));

        Assert.True(answer.Succeeded, answer.Message);
        Assert.Contains($"{errno}", Assert.Single(answer.Warnings), StringComparison.Ordinal);
        output.WriteLine($"{created}");
    }

    [Fact]
    public void The_owner_is_kept_also_where_the_new_files_cannot_be_looked_up()
    {
        Command.RequireRoot();
        using FaultedCopy copy = FaultedCopy.OfPlainFile();
        Command.Check("chown", "1234:5678", copy.Request.Destination);

        // After the source, the destination, and the source once more.
        HostAnswer answer = copy.Run(created, Fault.NoReflink, new Fault("statx", "error=EIO", "4"));

        Assert.True(answer.Succeeded, answer.Message);
        Assert.Equal("1234:5678", Files.Metadata(copy.Request.Destination, "%u:%g"));
    }

    [Theory]
    [MemberData(nameof(Naming))]
    public void A_name_that_cannot_be_given_leaves_the_old_file(string call, string when, Errno errno)
    {
        using FaultedCopy copy = FaultedCopy.OfPlainFile();

        HostAnswer answer = copy.Run(created, new Fault(call, $"error={errno}", when));

        if (call == "linkat" && errno is Errno.ENOSYS or Errno.EPERM or Errno.EINVAL or Errno.EOPNOTSUPP or Errno.EXDEV)
        {
            // Not the name is refused, but to name what has none: it is made again under a temporary name.
            Assert.True(answer.Succeeded, answer.Message);
            return;
        }

        Assert.Equal($"{errno}", answer.Errno);
        Assert.Equal($"{ExpectedId(errno)}", answer.Error);
        output.WriteLine($"{created}");
    }

    [Theory]
    [InlineData("ENOSPC")]
    [InlineData("EIO")]
    [InlineData("EDQUOT")]
    public void A_new_name_that_cannot_be_given_leaves_nothing(string errno)
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", 1000);
        using var logs = new Workspace();

        HostAnswer answer = HostedCopy.Run(
            new CopyRequest { Source = folder["source"], Destination = folder["copy"] },
            "strace", "-f", "-qq", "-o", logs["trace"], "-e", $"inject=linkat:error={errno}:when=1");

        Assert.Equal(errno, answer.Errno);
        Assert.Equal(["source"], folder.Names);
    }

    [Theory]
    [InlineData(Errno.ENOSPC)]
    [InlineData(Errno.EIO)]
    public void A_hidden_name_that_cannot_be_renamed_goes(Errno errno)
    {
        using FaultedCopy copy = FaultedCopy.OfPlainFile();
        copy.On = [copy.Folder];

        HostAnswer answer = copy.Run(created, Fault.NoUnnamedFiles, new Fault(Rename, $"error={errno}"));

        Assert.Equal($"{ExpectedId(errno)}", answer.Error);
    }

    [Theory]
    [InlineData("")]
    [InlineData(",renameat2:error=EINVAL")] // NFS
    [InlineData(",renameat2:error=ENOSYS")]
    [InlineData(",renameat2:error=EINVAL,linkat:error=EPERM")] // neither flags nor hard links
    public void Without_unnamed_files_a_new_name_is_given_without_clobbering(string rename)
    {
        using var folder = new Workspace();
        using var logs = new Workspace();
        folder.WriteRandom("source", 1000);
        string[] injections = ["openat:error=EOPNOTSUPP:when=2", .. rename.Split(',', StringSplitOptions.RemoveEmptyEntries)];

        HostAnswer answer = HostedCopy.Run(
            new CopyRequest { Source = folder["source"], Destination = folder["copy"], NoClobber = true },
            [
                "strace", "-f", "-qq", "-o", logs["trace"], "-P", folder.Folder, "-e", "trace=openat,renameat2,linkat",
                .. injections.SelectMany(injection => new[] { "-e", $"inject={injection}" }),
            ]);

        Assert.True(answer.Succeeded, answer.Message);
        Assert.Equal(injections.Length, File.ReadLines(logs["trace"]).Count(line => line.EndsWith("(INJECTED)", StringComparison.Ordinal)));
        Assert.Equal(["copy", "source"], folder.Names);
        Files.AssertSameBytes(folder["source"], folder["copy"]);
    }

    [Theory]
    [InlineData("ENOSPC", TransferErrorId.DiskFull)]
    [InlineData("EDQUOT", TransferErrorId.DiskFull)]
    [InlineData("EFBIG", TransferErrorId.FileSizeLimit)]
    [InlineData("EIO", TransferErrorId.WriteFailed)]
    [InlineData("ENOMEM", TransferErrorId.ResourceExhausted)]
    [InlineData("EPERM", TransferErrorId.PermissionDenied)]
    public void A_size_that_cannot_be_set_leaves_the_old_file(string errno, TransferErrorId id)
    {
        using FaultedCopy copy = FaultedCopy.OfSparseFile();

        HostAnswer answer = copy.Run(created, Fault.NoReflink, new Fault("ftruncate", $"error={errno}", "1"));

        Assert.Equal($"{id}", answer.Error);
    }

    [Theory]
    [InlineData("source", "1", "EACCES", TransferErrorId.PermissionDenied)]
    [InlineData("source", "1", "EIO", TransferErrorId.ReadFailed)]
    [InlineData("source", "1", "EMFILE", TransferErrorId.ResourceExhausted)]
    [InlineData("source", "1", "ENOMEM", TransferErrorId.ResourceExhausted)]
    [InlineData("source", "1", "ENXIO", TransferErrorId.ReadFailed)]
    [InlineData("", "1", "EACCES", TransferErrorId.PermissionDenied)]
    [InlineData("", "1", "EMFILE", TransferErrorId.ResourceExhausted)]
    [InlineData("", "1", "EIO", TransferErrorId.WriteFailed)]
    [InlineData("", "2", "EROFS", TransferErrorId.PermissionDenied)]
    [InlineData("", "2", "ENOSPC", TransferErrorId.DiskFull)]
    [InlineData("", "2", "EDQUOT", TransferErrorId.DiskFull)]
    [InlineData("", "2", "ENFILE", TransferErrorId.ResourceExhausted)]
    [InlineData("", "2", "ENOMEM", TransferErrorId.ResourceExhausted)]
    [InlineData("", "2", "EIO", TransferErrorId.WriteFailed)]
    [InlineData("", "2+", "EOPNOTSUPP", TransferErrorId.WriteFailed)]
    public void What_cannot_be_opened_leaves_the_old_file(string name, string when, string errno, TransferErrorId id)
    {
        using FaultedCopy copy = FaultedCopy.OfPlainFile();
        copy.On = [Path.TrimEndingDirectorySeparator(Path.Combine(copy.Folder, name))];

        HostAnswer answer = copy.Run(created, new Fault("openat", $"error={errno}", when));

        Assert.Equal($"{id}", answer.Error);
        Assert.Equal(errno, answer.Errno);
        output.WriteLine($"{created}");
    }

    [Theory]
    [InlineData("source", "EIO")]
    [InlineData("source", "ENOSYS")]
    [InlineData("", "EIO")]
    [InlineData("", "EACCES")]
    [InlineData("", "ENOMEM")]
    public void What_cannot_be_looked_at_leaves_the_old_file(string name, string errno)
    {
        using FaultedCopy copy = FaultedCopy.OfPlainFile();
        // The destination is looked at from its folder.
        copy.On = [Path.TrimEndingDirectorySeparator(Path.Combine(copy.Folder, name))];

        HostAnswer answer = copy.Run(created, new Fault("statx", $"error={errno}"));

        Assert.Equal(errno, answer.Errno);
    }

    [Fact]
    public void A_source_of_which_it_is_not_known_whether_it_changed_leaves_the_old_file()
    {
        using FaultedCopy copy = FaultedCopy.OfPlainFile();
        copy.On = [copy.Request.Source];

        HostAnswer answer = copy.Run(created, new Fault("statx", "error=EIO", "2"));

        Assert.Equal(($"{TransferErrorId.ReadFailed}", "EIO"), (answer.Error, answer.Errno));
    }

    [Fact]
    public void An_error_behind_the_last_byte_is_not_another_byte()
    {
        using FaultedCopy copy = FaultedCopy.OfPlainFile();
        copy.Request = copy.Request with { Method = TransferMethod.CopyFileRange };
        copy.On = [copy.Request.Source];

        // Only files of a file system that is not known to be local are read behind their ends.
        HostAnswer answer = copy.Run(created, new Fault("fstatfs", "error=ENOSYS"), new Fault("pread64", "error=EIO", "1"));

        Assert.True(answer.Succeeded, answer.Message);
    }

    [Theory]
    [InlineData("ENOSYS")]
    [InlineData("EIO")]
    public void Without_a_block_size_there_is_no_reflink_and_a_copy_all_the_same(string errno)
    {
        using FaultedCopy copy = FaultedCopy.OfPlainFile();
        copy.Request = copy.Request with { Count = 5000 };

        HostAnswer answer = copy.Run(created, new Fault("fstatfs", $"error={errno}"));

        Assert.True(answer.Succeeded, answer.Message);
        Assert.Equal($"{TransferMethod.CopyFileRange}", answer.Method);
    }

    [Theory]
    [InlineData("EOPNOTSUPP")]
    [InlineData("ENOSYS")]
    [InlineData("EPERM")]
    [InlineData("EINVAL")]
    [InlineData("EIO")]
    [InlineData("EINTR")]
    public void Where_no_hole_can_be_punched_zeros_are_written(string errno)
    {
        using var folder = new Workspace();
        using var logs = new Workspace();
        Files.WriteSparse(folder["source"], 1 << 20, (200_000, 100_000));
        byte[] expected = Workspace.RandomBytes(2 << 20, seed: 2);
        folder.Write("copy", expected);
        File.ReadAllBytes(folder["source"]).CopyTo(expected, 500_000);

        HostAnswer answer = HostedCopy.Run(
            new CopyRequest { Source = folder["source"], Destination = folder["copy"], DestinationOffset = 500_000 },
            "strace", "-f", "-qq", "-o", logs["trace"], "-e", $"inject=fallocate:error={errno}");

        Assert.True(answer.Succeeded, answer.Message);
        Assert.Equal(0, answer.BytesInHoles);
        Assert.Equal(expected, File.ReadAllBytes(folder["copy"]));
    }

    private static TransferErrorId ExpectedId(Errno errno) => errno switch
    {
        Errno.ENOSPC or Errno.EDQUOT => TransferErrorId.DiskFull,
        Errno.EPERM => TransferErrorId.PermissionDenied,
        Errno.EINVAL => TransferErrorId.InvalidPath,
        Errno.ENOMEM => TransferErrorId.ResourceExhausted,
        _ => TransferErrorId.WriteFailed,
    };
}
