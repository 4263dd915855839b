using System.Globalization;
using Xunit;

namespace Splice.Tests.Transfer.Faults;

/// <summary>Limits of the process (setrlimit(2)), set when it is up.</summary>
public sealed class ResourceLimitTests(FaultLedger created, MountedFileSystems fileSystems, ITestOutputHelper output)
{
    /// <summary>A user of whom there is no other process, so that nobody else's pipes get small.</summary>
    private const string PipeHolder = "65533";

    /// <summary>Becomes that user, fills his share of pipes (pipe-user-pages-soft), and then the process that is wanted.</summary>
    private const string HoldPipes = """
        import fcntl, os, sys
        user = int(sys.argv[1])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
        try:
            while True:
                fcntl.fcntl(os.pipe2(0)[1], fcntl.F_SETPIPE_SZ, 1 << 20)
        except PermissionError:
            os.execvp(sys.argv[2], sys.argv[2:])
        """;

    public static TheoryData<TransferMethod> Moving =>
        [TransferMethod.CopyFileRange, TransferMethod.SendFile, TransferMethod.Splice, TransferMethod.ReadWrite];

    [Theory]
    [MemberData(nameof(Moving))]
    public void A_file_size_limit_is_an_error_and_no_end_of_the_process(TransferMethod method)
    {
        Command.Require("prlimit");
        using FaultedCopy copy = FaultedCopy.OfPlainFile();
        using HostedCopy host = HostedCopy.StartAndHold(copy.Request with { Method = method });
        Command.Check("prlimit", "--pid", host.Id, "--fsize=1000000");

        HostAnswer answer = host.Finish();

        Assert.Equal(1, answer.ExitCode);
        Assert.Equal($"{TransferErrorId.FileSizeLimit}", answer.Error);
        Assert.Equal(1_000_000, answer.BytesCopied);
        copy.Judge(created, answer);
    }

    [Fact]
    public void A_sparse_file_past_the_limit_is_an_error_too()
    {
        Command.Require("prlimit");
        using FaultedCopy copy = FaultedCopy.OfSparseFile();
        using HostedCopy host = HostedCopy.StartAndHold(copy.Request);
        Command.Check("prlimit", "--pid", host.Id, "--fsize=1000000");

        HostAnswer answer = host.Finish();

        Assert.Equal($"{TransferErrorId.FileSizeLimit}", answer.Error);
        copy.Judge(created, answer);
    }

    [Theory]
    [InlineData(TransferMethod.Auto)]
    [InlineData(TransferMethod.Splice)]
    public void Few_descriptors_are_an_error_or_enough(TransferMethod method)
    {
        string[] ends = [.. WithFewDescriptors(() => FaultedCopy.OfPlainFile(), method).Select(answer => answer.Error ?? "copied")];

        Assert.Equal("copied", ends[^1]);
        Assert.Contains($"{TransferErrorId.ResourceExhausted}", ends);
    }

    [Fact]
    public void Without_descriptors_for_a_pipe_another_method_serves()
    {
        Assert.SkipUnless(OperatingSystem.IsOSPlatformVersionAtLeast("linux", 6, 6), "needs Linux 6.6");
        HostAnswer[] copied =
        [
            .. WithFewDescriptors(
                () => FaultedCopy.OfPlainFile(fileSystems.NewFolder(FileSystem.XfsWithoutReflink)), TransferMethod.Auto)
            .Where(answer => answer.Succeeded),
        ];

        Assert.Equal($"{TransferMethod.CopyFileRange}", copied[0].Method);
        Assert.StartsWith($"{TransferMethod.Splice}: EMFILE, ", copied[0].Attempts[^1], StringComparison.Ordinal);
        Assert.Equal($"{TransferMethod.Splice}", copied[^1].Method);
    }

    [Theory]
    [InlineData("EPERM")]
    [InlineData("ENFILE")]
    public void Where_pipes_are_forbidden_another_method_serves(string errno)
    {
        Assert.SkipUnless(OperatingSystem.IsOSPlatformVersionAtLeast("linux", 6, 6), "needs Linux 6.6");
        using FaultedCopy copy = FaultedCopy.OfPlainFile(fileSystems.NewFolder(FileSystem.XfsWithoutReflink));
        using HostedCopy host = HostedCopy.StartAndHold(copy.Request, rehearses: false);
        using var attached = new AttachedFault(host.Id, new Fault("pipe2", $"error={errno}"));

        HostAnswer answer = host.Finish();

        Assert.Equal($"{TransferMethod.CopyFileRange}", answer.Method);
        Assert.StartsWith($"{TransferMethod.Splice}: {errno}, ", answer.Attempts[^1], StringComparison.Ordinal);
        copy.Judge(created, answer);
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData(4096, false)]
    [InlineData(1 << 20, true)]
    public void A_small_pipe_that_was_asked_for_serves_only_where_splice_was(int? size, bool splices)
    {
        Assert.SkipUnless(OperatingSystem.IsOSPlatformVersionAtLeast("linux", 6, 6), "needs Linux 6.6");
        using FaultedCopy copy = FaultedCopy.OfPlainFile(fileSystems.NewFolder(FileSystem.XfsWithoutReflink));

        HostAnswer answer = HostedCopy.Run(copy.Request with { PipeSize = size });

        Assert.Equal($"{(splices ? TransferMethod.Splice : TransferMethod.CopyFileRange)}", answer.Method);
        copy.Judge(created, answer);
    }

    [Theory]
    [InlineData(TransferMethod.Auto, TransferMethod.CopyFileRange)]
    [InlineData(TransferMethod.Splice, TransferMethod.Splice)]
    public void A_user_whose_pipes_hold_too_much_gets_another_method(TransferMethod wanted, TransferMethod served)
    {
        Assert.SkipUnless(OperatingSystem.IsOSPlatformVersionAtLeast("linux", 6, 6), "needs Linux 6.6");
        Command.RequireRoot();
        using FaultedCopy copy = FaultedCopy.OfPlainFile(fileSystems.NewFolder(FileSystem.XfsWithoutReflink));
        Command.Check("chown", "-R", PipeHolder, copy.Folder);

        HostAnswer answer = HostedCopy.Run(copy.Request with { Method = wanted }, "python3", "-c", HoldPipes, PipeHolder);

        copy.Judge(created, answer);
        Assert.Equal(($"{served}", FaultedCopy.PlainSize), (answer.Method, answer.BytesCopied));
        Assert.Equal(
            wanted != served, answer.Attempts.Any(attempt => attempt.StartsWith($"{TransferMethod.Splice}: ENFILE, ", StringComparison.Ordinal)));
    }

    /// <summary>The ends of copies that may open no descriptor beyond those that there are, one, two and so on.</summary>
    private List<HostAnswer> WithFewDescriptors(Func<FaultedCopy> prepare, TransferMethod method)
    {
        Command.Require("prlimit");
        List<HostAnswer> answers = [];
        for (int free = 0; free <= 6; free++)
        {
            using FaultedCopy copy = prepare();
            using HostedCopy host = HostedCopy.StartAndHold(copy.Request with { Method = method });
            HashSet<int> used = [.. Directory.GetFiles($"/proc/{host.Id}/fd")
                .Select(path => int.Parse(Path.GetFileName(path), CultureInfo.InvariantCulture))];
            int limit = Enumerable.Range(0, int.MaxValue).Where(descriptor => !used.Contains(descriptor)).ElementAt(free);
            Command.Check("prlimit", "--pid", host.Id, string.Create(CultureInfo.InvariantCulture, $"--nofile={limit}"));

            HostAnswer answer = host.Finish();

            output.WriteLine($"{free} descriptors free: {answer.Error ?? "copied"}");
            Assert.True(answer.Succeeded || answer.Error == $"{TransferErrorId.ResourceExhausted}", answer.Message);
            copy.Judge(created, answer);
            answers.Add(answer);
        }

        return answers;
    }
}
