using System.Globalization;
using Xunit;

namespace Splice.Tests.Moving;

/// <summary>Every system call of a move across file systems fails once. Everyday some of the calls of each name, in the full run
/// all.</summary>
public sealed class FaultedMoveTests(ITestOutputHelper output)
{
    private static readonly int[] Everyday = [1, 3, 6];

    public static TheoryData<string> Calls =>
    [
        "renameat2", "openat", "statx", "mkdirat", "getdents64", "fsync", "sync_file_range", "syncfs", "linkat", "unlinkat", "flock", "?faccessat,?faccessat2",
        "readlinkat", "readlink", "symlinkat", "mknodat", "?chmod,?fchmodat", "fchmod", "fchown", "fchownat", "utimensat", "fstatfs",
        "fgetxattr,getxattr", "flistxattr,listxattr", "fremovexattr", "lseek", "fadvise64", "pread64", "pwrite64",
        "copy_file_range,sendfile,splice", "ftruncate",
    ];

    [Theory]
    [MemberData(nameof(Calls))]
    public void Source_or_destination_is_whole(string calls)
    {
        Command.RequireRoot();
        using var tree = new MovedTree(MovedTree.MakeSmall);
        using TreeHostProcess host = calls == "linkat" ? new TreeHostProcess() : TreeHostProcess.Shared();
        int descriptors = host.State().Descriptors;
        int runs = 0;
        int failed = 0;
        foreach (Errno errno in FullRun.IsRequested ? [Errno.EIO, Errno.ENOSPC, Errno.EPERM] : new[] { Errno.EIO })
        {
            int injected = 1;
            for (int number = 1; injected > 0; number++)
            {
                if (!FullRun.IsRequested && !Everyday.Contains(number))
                {
                    if (number > Everyday[^1])
                    {
                        break;
                    }

                    continue;
                }

                tree.Reset();
                TreeAnswer answer;
                using (var attached = new AttachedFault(host, new Fault(calls, $"error={errno}", number.ToString(CultureInfo.InvariantCulture))))
                {
                    answer = host.Move(tree.Request);
                    injected = attached.Detach();
                }

                tree.Judge(answer, $"{calls} {errno} {number}");
                host.AssertNoneLeftOpen(descriptors);
                runs++;
                failed += answer.Succeeded ? 0 : 1;
            }
        }

        output.WriteLine($"{runs} moves, {failed} with errors");
    }

    [Theory]
    [InlineData("utimensat", Errno.EIO, false)]
    [InlineData("utimensat", Errno.EPERM, true)]
    [InlineData("fsetxattr", Errno.ENOSPC, false)]
    [InlineData("fsetxattr", Errno.EOPNOTSUPP, true)]
    public void Metadata_lost_by_an_error_keep_the_source(string call, Errno errno, bool isMoved)
    {
        Command.RequireRoot();
        using var tree = new MovedTree(folder =>
        {
            MovedTree.MakeSmall(folder);
            Command.Require("setfattr");
            Command.Check("setfattr", "-n", "user.mark", "-v", "1", folder["model/file"]);
        });
        tree.Reset();
        using TreeHostProcess host = TreeHostProcess.Shared();
        using var attached = new AttachedFault(host, new Fault(call, $"error={errno}", "1"));

        TreeAnswer answer = host.Move(tree.Request);

        Assert.True(attached.Detach() > 0, "nothing was injected");
        Assert.Equal(isMoved ? null : "WriteFailed", answer.Error);
        Assert.Equal(isMoved, answer.Warnings.Length > 0);
        Assert.Equal(isMoved, tree.IsInPlace);
        tree.Judge(answer, call);
    }

    [Theory]
    [InlineData("sync_file_range", Errno.EIO, "WriteFailed")]
    [InlineData("sync_file_range", Errno.ENOSPC, "DiskFull")]
    [InlineData("syncfs", Errno.EIO, "WriteFailed")]
    [InlineData("syncfs", Errno.EDQUOT, "DiskFull")]
    public void A_tree_that_the_disk_does_not_take_is_not_moved(string call, Errno errno, string error)
    {
        Command.RequireRoot();
        using var tree = new MovedTree(MovedTree.MakeSmall);
        tree.Reset();
        using TreeHostProcess host = TreeHostProcess.Shared();
        using var attached = new AttachedFault(host, new Fault(call, $"error={errno}", "1"));

        TreeAnswer answer = host.Move(tree.Request);

        Assert.True(attached.Detach() > 0, "nothing was injected");
        Assert.Equal(error, answer.Error);
        Assert.False(tree.IsInPlace);
        tree.Judge(answer, call);
    }

    [Fact]
    public void Without_descriptors_at_most_one_folder_is_left()
    {
        Command.RequireRoot();
        using var tree = new MovedTree(MovedTree.MakeSmall);
        using TreeHostProcess host = TreeHostProcess.Shared();
        for (int first = 1; first <= 12; first++)
        {
            tree.Reset();
            using var attached = new AttachedFault(host, new Fault("openat", "error=EMFILE", string.Create(CultureInfo.InvariantCulture, $"{first}+")));
            TreeAnswer answer = host.Move(tree.Request);

            Assert.True(attached.Detach() > 0, "nothing was injected");
            Assert.NotNull(answer.Error);
            Assert.InRange(tree.Left, 0, 1);
            tree.Judge(answer, string.Create(CultureInfo.InvariantCulture, $"{first}"));
        }
    }

    [Fact]
    public void A_kill_leaves_the_source_or_the_destination_whole()
    {
        var random = new Random(FullRun.Seed(output));
        using var tree = new MovedTree(folder =>
        {
            MovedTree.MakeSmall(folder);
            for (int i = 0; i < 30; i++)
            {
                Directory.CreateDirectory(folder[$"model/many{i}"]);
                for (int j = 0; j < 10; j++)
                {
                    folder.WriteRandom($"model/many{i}/{j}", 3000, seed: j);
                }
            }
        });
        int moved = 0;
        int left = 0;
        for (int round = 0; round < FullRun.Rounds(everyday: 4, full: 50); round++)
        {
            tree.Reset();
            using var host = new TreeHostProcess();
            host.Begin(tree.Request with { ThrottleLimit = 2 });
            if (round % 2 == 0)
            {
                // While it copies.
                Wait.Until(() => tree.IsBegun, "nothing is copied", () => host.EndReport);
                Thread.Sleep(random.Next(0, 300));
            }
            else
            {
                // While it removes.
                Wait.Until(() => tree.IsInPlace, "nothing is moved", () => host.EndReport);
                Thread.SpinWait(random.Next(0, 1_000_000));
            }

            host.Kill();

            tree.Judge(answer: null, $"round {round}");
            moved += tree.IsInPlace ? 1 : 0;
            left += tree.IsInPlace ? 0 : 1;
            if (!tree.IsInPlace)
            {
                // The next move removes what is left.
                ItemMove.Move(tree.Request, TreeMonitor.None);
                tree.Judge(new TreeAnswer(), $"round {round}, again");
                Assert.Equal(["tree"], Directory.GetFileSystemEntries(Path.GetDirectoryName(tree.Request.Destination)!).Select(Path.GetFileName));
            }
        }

        output.WriteLine($"{moved} were in place, {left} were not");
    }
}
