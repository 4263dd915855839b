using System.Globalization;
using Xunit;

namespace Splice.Tests.Copying.Trees;

/// <summary>Every system call of a tree's copy fails: the first of its thread, a later one, all.
/// With SPLICE_TEST_ROUNDS set all errors are tried, otherwise two for each call.</summary>
public sealed class TreeFaultTests(FaultLedger created, ITestOutputHelper output)
{
    private static readonly string[] When = FullRun.IsRequested ? ["1", "2", "5", "12", "1+"] : ["1", "5", "1+"];

    private static readonly Errno[] All = [Errno.ENOSPC, Errno.EIO, Errno.EPERM, Errno.EINTR, Errno.EDQUOT, Errno.ENOMEM];

    /// <summary>The runtime ends a process that gets no thread for its compiler, at that time or later.</summary>
    private static readonly string[] WithoutCompilerThread = ["env", "DOTNET_TieredCompilation=0"];

    private static readonly bool TriesAll = Environment.GetEnvironmentVariable("SPLICE_TEST_ROUNDS") is not null;

    public static TheoryData<string, TransferMethod> Calls => new(
        new (string, TransferMethod)[]
        {
            ("openat", TransferMethod.Auto), ("statx", TransferMethod.Auto), ("mkdirat", TransferMethod.Auto), ("getdents64", TransferMethod.Auto),
            ("ioctl", TransferMethod.Auto), ("copy_file_range", TransferMethod.CopyFileRange), ("sendfile", TransferMethod.SendFile),
            ("splice", TransferMethod.Splice), ("pread64", TransferMethod.ReadWrite), ("pwrite64", TransferMethod.ReadWrite),
            ("ftruncate", TransferMethod.Auto), ("lseek", TransferMethod.Auto), ("fchmod", TransferMethod.Auto), ("chmod", TransferMethod.Auto),
            ("fchown", TransferMethod.Auto), ("fchownat", TransferMethod.Auto), ("utimensat", TransferMethod.Auto),
            ("fsetxattr", TransferMethod.Auto), ("getxattr", TransferMethod.Auto), ("listxattr", TransferMethod.Auto),
            ("fremovexattr", TransferMethod.Auto), ("linkat", TransferMethod.Auto), ("symlinkat", TransferMethod.Auto),
            ("mknodat", TransferMethod.Auto), ("renameat", TransferMethod.Auto), ("unlinkat", TransferMethod.Auto),
            ("readlinkat", TransferMethod.Auto), ("?faccessat,?faccessat2", TransferMethod.Auto), ("?pipe2,?pipe", TransferMethod.Splice),
        });

    [Theory]
    [MemberData(nameof(Calls))]
    public void Each_entry_is_old_or_new_and_what_failed_is_told(string call, TransferMethod method)
    {
        Command.RequireRoot();
        using var tree = new FaultedTree(Folder());
        using TreeHostProcess host = Host(call);
        int descriptors = host.State().Descriptors;
        Errno[] errnos = TriesAll ? All : [All[call.Length % All.Length], Errno.EIO];
        int injected = 0;
        int tried = 0;
        IEnumerable<(Errno, string, bool)> matrix =
            from errno in errnos.Concat(call is "openat" or "?pipe2,?pipe" ? [Errno.EMFILE] : []).Distinct()
            from when in When
            from overOld in new[] { false, true }
            where errno != Errno.EINTR || when != "1+" // all interrupted for ever is no error but a wait
            select (errno, when, overOld);
        foreach ((Errno errno, string when, bool overOld) in TriesAll ? matrix : FullRun.Cases(matrix))
        {
            injected += Run(tree, host, new Fault(call, $"error={errno}", when), method, overOld, threads: 1);
            tried++;
            host.AssertNoneLeftOpen(descriptors);
        }

        output.WriteLine($"{tried} copies, {injected} calls failed; {created}");
        Assert.True(injected > 0, "nothing was injected");
    }

    [Fact]
    public void A_link_that_cannot_be_finished_does_not_stay()
    {
        using var folder = new Workspace();
        File.CreateSymbolicLink(folder["link"], "target");
        using TreeHostProcess host = TreeHostProcess.Shared();
        using var attached = new AttachedFault(host.Id, ["strace", "-f", "-P", "new", "-e", "trace=openat", "-e", "inject=openat:error=EIO"]);

        TreeAnswer answer = host.Copy(TreeCopies.Request(folder["link"], folder["new"]));

        Assert.True(attached.Detach() > 0, "nothing was injected");
        Assert.Equal("EIO", answer.Errno);
        Assert.Equal(["link"], folder.Names);
    }

    [Fact]
    public void A_file_that_is_opened_when_others_were_closed_is_not_a_retry()
    {
        using Workspace folder = Workspace.InMemory();
        Directory.CreateDirectory(folder["source"]);
        folder.WriteRandom("source/opened", 1000);
        using TreeHostProcess host = TreeHostProcess.Shared();
        using var attached = new AttachedFault(
            host.Id, ["strace", "-f", "-P", "opened", "-e", "trace=openat", "-e", "inject=openat:error=EMFILE:when=1"]);
        TreeRequest request = TreeCopies.Request(folder["source"], folder["copy"]);

        TreeAnswer answer = host.Copy(request with { Copy = request.Copy with { RetryCount = 2, RetryInterval = TimeSpan.FromMilliseconds(1) } });

        Assert.Equal(1, attached.Detach());
        Assert.True(answer.Succeeded, answer.ToString());
        Assert.Equal(0, answer.Retries);
    }

    [Theory]
    [InlineData("openat")]
    [InlineData("linkat")]
    [InlineData("pwrite64")]
    [InlineData("mkdirat")]
    public void Also_with_several_threads(string call)
    {
        Command.RequireRoot();
        using var tree = new FaultedTree(Folder());
        using TreeHostProcess host = Host(call);
        int descriptors = host.State().Descriptors;
        for (int when = 1; when <= 6; when++)
        {
            string every = string.Create(CultureInfo.InvariantCulture, $"{when}+{when}");
            Run(tree, host, new Fault(call, "error=EIO", every), TransferMethod.Auto, overOld: when % 2 == 0, threads: 4);
            host.AssertNoneLeftOpen(descriptors);
        }
    }

    [Theory]
    [InlineData("3", true)]
    [InlineData("2+", true)]
    [InlineData("1+", false)]
    public void Fewer_threads_than_asked_for(string when, bool isEnough)
    {
        using var tree = new FaultedTree(Folder());
        using var host = new TreeHostProcess(WithoutCompilerThread);
        int descriptors = host.State().Descriptors;
        using var attached = new AttachedFault(host, new Fault("?clone3,clone", "error=EAGAIN", when));

        TreeAnswer answer = host.Copy(tree.Prepare(tree.Request with { ThrottleLimit = 8 }, overOld: true));

        Assert.True(attached.Detach() > 0, "no thread was refused");
        tree.Judge(created, answer, overOld: true, when);
        Assert.Equal(isEnough ? null : $"{TransferErrorId.ResourceExhausted}", answer.Error);
        Assert.Equal(isEnough, answer.Succeeded);
        host.AssertNoneLeftOpen(descriptors);
        Assert.True(host.Copy(tree.Prepare(tree.Request with { ThrottleLimit = 8 }, overOld: true)).Succeeded);
    }

    /// <summary>In memory, where that has users' attributes (since Linux 6.6): a journal would take most of the time.</summary>
    private static Workspace Folder() => Environment.OSVersion.Version >= new Version(6, 6) ? Workspace.InMemory() : new Workspace();

    /// <summary>A refusal to give a name is remembered in the process.</summary>
    private static TreeHostProcess Host(string call) =>
        call == "linkat" ? new TreeHostProcess(WithoutCompilerThread) : TreeHostProcess.Shared(WithoutCompilerThread);

    private int Run(FaultedTree tree, TreeHostProcess host, Fault fault, TransferMethod method, bool overOld, int threads)
    {
        TreeRequest request = tree.Prepare(tree.Request with { ThrottleLimit = threads }, overOld);
        request = request with { Copy = request.Copy with { Method = method } };
        using var attached = new AttachedFault(host, fault);
        TreeAnswer answer = host.Copy(request);
        int injected = attached.Detach();
        tree.Judge(created, answer, overOld, $"{fault.Calls} {fault.What} {fault.When}, over the old tree: {overOld}");
        return injected;
    }
}
