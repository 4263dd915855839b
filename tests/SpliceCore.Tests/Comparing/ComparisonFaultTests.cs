using System.Globalization;
using Xunit;

namespace Splice.Tests.Comparing;

/// <summary>Every system call of a comparison fails: equal trees are never reported to differ without an error, and trees that differ
/// never to be equal.</summary>
public sealed class ComparisonFaultTests(MountedFileSystems fileSystems)
{
    public static TheoryData<string> Calls => ["openat", "statx", "getdents64", "pread64", "lseek", "ioctl", "fstatfs", "listxattr", "getxattr", "readlinkat"];

    [Theory]
    [MemberData(nameof(Calls))]
    public void No_failed_call_makes_two_trees_equal_that_differ(string call)
    {
        Command.RequireRoot();
        Command.Require("cp");
        using Workspace folder = fileSystems.NewFolder(FileSystem.Xfs);
        Make(folder, "one");
        Command.Check("cp", "-a", folder["one"], folder["same"]);
        Command.Check("cp", "-a", folder["one"], folder["other"]);
        byte[] content = File.ReadAllBytes(folder["one/a/large"]);
        content[^1] ^= 1;
        folder.Write("other/a/large", content);
        using TreeHostProcess host = TreeHostProcess.Shared();
        int descriptors = host.State().Descriptors;
        int injected = 0;
        foreach (string when in FullRun.IsRequested ? ["1", "2", "4", "9", "20", "1+"] : new[] { "1", "4", "1+" })
        {
            foreach (string errno in FullRun.IsRequested ? ["EIO", "EACCES"] : new[] { "EIO" })
            {
                foreach (string difference in new[] { "same", "other" })
                {
                    var request = new ComparisonRequest
                    {
                        ReferencePath = folder["one"],
                        DifferencePath = folder[difference],
                        Recurse = true,
                        ThrottleLimit = 1,
                        Properties = ComparedProperties.Content | ComparedProperties.Mode | ComparedProperties.Xattr | ComparedProperties.Acl,
                    };
                    using var fault = new AttachedFault(host, new Fault(call, $"error={errno}", when));
                    ComparisonAnswer answer = host.Compare(request);
                    int faults = fault.Detach();
                    injected += faults;
                    string where = $"{call} {errno} {when} {difference}: {answer.IsEqual} {string.Join(' ', answer.Differences)} {string.Join(' ', answer.Errors.Select(error => error.Message))}";
                    Assert.False(answer.IsEqual && difference == "other", where);
                    Assert.True(answer.IsEqual || answer.Errors.Length > 0 || difference == "other", where);
                    Assert.True(difference == "same" ? answer.Differences.Length == 0 : answer.Differences is [] or ["<> a/large"], where);
                    host.AssertNoneLeftOpen(descriptors);
                }
            }
        }

        Assert.True(injected > 0, "nothing was injected");
    }

    [Fact]
    public void A_read_error_in_the_middle_names_the_file_and_the_byte()
    {
        using var folder = new Workspace();
        byte[] content = Workspace.RandomBytes(3_000_000);
        folder.Write("one", content);
        folder.Write("other", content);
        using TreeHostProcess host = TreeHostProcess.Shared();
        using var fault = new AttachedFault(
            host.Id, ["strace", "-f", "-P", folder["other"], "-e", "trace=pread64", "-e", "inject=pread64:error=EIO:when=4+"]);

        ComparisonAnswer answer = host.Compare(new ComparisonRequest { ReferencePath = folder["one"], DifferencePath = folder["other"] });

        Assert.True(fault.Detach() > 0);
        Assert.False(answer.IsEqual);
        Assert.Empty(answer.Differences);
        TreeAnswerError error = Assert.Single(answer.Errors);
        Assert.Equal(("ReadFailed", "EIO", folder["other"]), (error.Id, error.Errno, error.Target));
        Assert.Contains(" after ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_error_at_the_end_of_a_generated_file_is_not_a_difference()
    {
        const string Generated = "/proc/version";
        using var folder = new Workspace();
        var request = new ComparisonRequest { ReferencePath = Generated, DifferencePath = folder.Write("copy", File.ReadAllBytes(Generated)) };
        using TreeHostProcess host = TreeHostProcess.Shared();
        int injected = 1;
        int failed = 0;
        for (int number = 1; injected > 0; number++)
        {
            string when = string.Create(CultureInfo.InvariantCulture, $"inject=pread64:error=EIO:when={number}");
            using var fault = new AttachedFault(host.Id, ["strace", "-f", "-P", Generated, "-e", "trace=pread64", "-e", when]);
            ComparisonAnswer answer = host.Compare(request);
            injected = fault.Detach();
            failed += answer.Errors.Length;

            // The first read only finds out that its size is not known.
            Assert.Equal(number == 1 || injected == 0, answer.IsEqual);
            Assert.Equal(answer.IsEqual ? ["== version"] : [], answer.Differences);
            Assert.Equal(
                Enumerable.Repeat(("ReadFailed", "EIO", Generated), answer.IsEqual ? 0 : 1),
                answer.Errors.Select(error => (error.Id, error.Errno, error.Target)));
        }

        Assert.InRange(failed, 2, 20);
    }

    [Fact]
    public void A_file_that_cannot_be_looked_at_is_not_kept_open()
    {
        using var folder = new Workspace();
        var request = new ComparisonRequest { ReferencePath = folder.Write("one", [1]), DifferencePath = folder.Write("other", [1]) };
        using TreeHostProcess host = TreeHostProcess.Shared();
        int descriptors = host.State().Descriptors;
        int injected = 1;
        for (int number = 1; injected > 0; number++)
        {
            using var fault = new AttachedFault(host, new Fault("statx", "error=EIO", string.Create(CultureInfo.InvariantCulture, $"{number}")));
            ComparisonAnswer answer = host.Compare(request);
            injected = fault.Detach();

            Assert.True(answer.IsEqual || answer.Errors.Length > 0);
            host.AssertNoneLeftOpen(descriptors);
        }
    }

    private static void Make(Workspace folder, string root)
    {
        Directory.CreateDirectory(folder[$"{root}/a/deep"]);
        Directory.CreateDirectory(folder[$"{root}/b"]);
        foreach (string name in new[] { "a/deep/file", "a/file", "b/one", "b/two", "z" })
        {
            folder.WriteRandom($"{root}/{name}", 20_000);
        }

        folder.WriteRandom($"{root}/a/large", 700_000);
        Files.WriteSparse(folder[$"{root}/sparse"], 900_000, (300_000, 1000));
        File.CreateSymbolicLink(folder[$"{root}/link"], "target");
        Posix.MakeFifo(folder[$"{root}/fifo"]);
        Command.Check("setfattr", "-n", "user.mark", "-v", "x", folder[$"{root}/z"]);
    }
}
