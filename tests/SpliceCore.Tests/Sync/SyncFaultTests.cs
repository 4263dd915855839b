using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace Splice.Tests.Sync;

/// <summary>Synchronizations that are killed, and whose system calls fail.</summary>
public sealed class SyncFaultTests(ITestOutputHelper output)
{
    private static readonly int Kills = FullRun.Rounds(everyday: 4, full: 50);

    [Fact]
    public void Killed_at_any_moment_each_file_is_old_or_new_and_the_next_run_completes_it()
    {
        var random = new Random(FullRun.Seed(output));
        using SyncFolders folders = MakeOldAndNew(files: 200);
        SyncRequest request = folders.Mirror with { MaximumRemoval = long.MaxValue };
        TimeSpan duration = Measure(folders, request);
        int inTheMiddle = 0;
        for (int round = 0; round < Kills; round++)
        {
            folders.Shell("rm -rf d; cp -a old d");
            using (var host = new TreeHostProcess())
            {
                host.Begin(request);
                Thread.Sleep(duration * random.NextDouble());
                host.Kill();
            }

            int replaced = Judge(folders);
            bool isWhole = !Directory.Exists(folders["d/extra1"]);
            inTheMiddle += replaced > 0 && !isWhole ? 1 : 0;
            SyncFolders.Complete(request);
            TreeListing.Of(folders["s"], sync: false).AssertSame(TreeListing.Of(folders["d"], sync: false), TreeAspects.Copied & ~TreeAspects.Allocation);
        }

        output.WriteLine($"{Kills} kills, {inTheMiddle} of them between the first file and the last removal");
    }

    [Theory]
    [InlineData("unlinkat", "EIO")]
    [InlineData("unlinkat", "EPERM")]
    [InlineData("openat", "EIO")]
    [InlineData("openat", "EMFILE")]
    [InlineData("statx", "EIO")]
    [InlineData("getdents64", "EIO")]
    [InlineData("utimensat", "EIO")]
    [InlineData("flock", "EBADF")]
    public void Whichever_call_fails_nothing_is_half_and_what_stays_has_its_error(string call, string errno)
    {
        Command.RequireRoot();
        using SyncFolders folders = MakeOldAndNew(files: 30);
        using TreeHostProcess host = TreeHostProcess.Shared();
        int descriptors = host.State().Descriptors;
        SyncRequest request = folders.Mirror with { MaximumRemoval = long.MaxValue };
        request = request with { Tree = request.Tree with { ThrottleLimit = 1 } };
        int injected = 0;
        foreach (string when in FullRun.IsRequested ? ["1", "2", "3", "5", "8", "13", "21", "34", "1+"] : new[] { "1", "3", "9", "1+" })
        {
            folders.Shell("rm -rf d; cp -a old d");
            using var fault = new AttachedFault(host, new Fault(call, $"error={errno}", when));
            TreeAnswer answer = host.Sync(request);
            injected += fault.Detach();
            string where = string.Create(CultureInfo.InvariantCulture, $"{call} {errno} {when}\n{answer}");

            Judge(folders);
            string[] left = [.. Directory.GetFileSystemEntries(folders["d"], "extra*")];
            Assert.True(left.Length == 0 || answer.Error is not null || answer.RemovalSkipped || answer.Errors.Length > 0, where);
            Assert.True(answer.Error is not null || answer.Failed == answer.Errors.Length, where);
            SyncFolders.Complete(request);
            TreeListing.Of(folders["s"], sync: false).AssertSame(TreeListing.Of(folders["d"], sync: false), TreeAspects.Copied & ~TreeAspects.Allocation);
        }

        Assert.True(injected > 0, "nothing was injected");
        host.AssertNoneLeftOpen(descriptors);
    }

    [Fact]
    public void A_folder_of_the_destination_that_cannot_be_listed_is_an_error_and_keeps_what_is_in_it()
    {
        Command.RequireRoot();
        using var folders = new SyncFolders();
        folders.Shell("mkdir -p s/a s/b/c d/a d/b/c; touch s/f d/extra1 d/a/extra2 d/b/extra3 d/b/c/extra4");
        TreeAnswer answer = SyncWith(folders, "-P", folders["d/b"], "-e", "trace=getdents64", "-e", "inject=getdents64:error=EIO");

        TreeAnswerError error = Assert.Single(answer.Errors);
        Assert.Equal(("ReadFailed", "EIO", folders["d/b"]), (error.Id, error.Errno, error.Target));
        Assert.Equal((1, 2, false), (answer.Failed, answer.Removed, answer.RemovalSkipped));
        Assert.Equal("a b b/c b/c/extra4 b/extra3 f", folders.Paths("d"));
    }

    [Fact]
    public void A_folder_of_the_destination_that_cannot_be_opened_is_one_error_and_keeps_what_is_in_it()
    {
        Command.RequireRoot();
        using var folders = new SyncFolders();
        folders.Shell("mkdir -p s/a s/b d/a d/b; touch d/extra1 d/a/extra2 d/b/extra3");
        // In each thread the source's folder is opened first, then the destination's: once to plan the removals, once to copy.
        TreeAnswer answer = SyncWith(folders, "-P", "b", "-e", "trace=openat", "-e", "inject=openat:error=EIO:when=2");

        TreeAnswerError error = Assert.Single(answer.Errors);
        Assert.Equal(("EIO", folders["d/b"]), (error.Errno, error.Target));
        Assert.Equal((1, 0, true), (answer.Failed, answer.Removed, answer.RemovalSkipped));
        Assert.Equal("a a/extra2 b b/extra3 extra1", folders.Paths("d"));
    }

    [Fact]
    public void A_folder_of_the_source_that_vanishes_while_it_is_listed_is_a_warning_only()
    {
        Command.RequireRoot();
        using var folders = new SyncFolders();
        folders.Shell("mkdir -p s/a s/b d/a d/b; touch s/f d/extra1 d/a/extra2 d/b/extra3");
        TreeAnswer answer = SyncWith(folders, "-P", folders["s/b"], "-e", "trace=getdents64", "-e", "inject=getdents64:error=ENOENT");

        Assert.Empty(answer.Errors);
        Assert.Contains("vanished", Assert.Single(answer.Warnings), StringComparison.Ordinal);
        Assert.Equal((0, 1, 2, false), (answer.Failed, answer.Vanished, answer.Removed, answer.RemovalSkipped));
        Assert.Equal("a b b/extra3 f", folders.Paths("d"));
    }

    [Fact]
    public void A_folder_of_the_source_that_cannot_be_listed_is_named_so_and_nothing_is_removed()
    {
        Command.RequireRoot();
        using var folders = new SyncFolders();
        folders.Shell("mkdir -p s/a s/b d/a d/b; touch s/f d/extra1");
        TreeAnswer answer = SyncWith(folders, "-P", folders["s/b"], "-e", "trace=getdents64", "-e", "inject=getdents64:error=EIO");

        TreeAnswerError error = Assert.Single(answer.Errors);
        Assert.Contains($"'{folders["s/b"]}' cannot be listed", error.Message, StringComparison.Ordinal);
        Assert.True(answer.RemovalSkipped);
        Assert.Equal("a b extra1 f", folders.Paths("d"));
    }

    [Fact]
    public void A_folder_that_cannot_be_given_back_its_name_is_named()
    {
        Command.RequireRoot();
        using var folders = new SyncFolders();
        folders.Shell("mkdir -p s d/x; echo 1 >s/x; touch d/x/y");
        using var host = new TreeHostProcess();

        // The folder is moved aside, the file does not get its name, and then the folder is to get it back.
        using var attached = new AttachedFault(host.Id, [
            "strace", "-f", "-e", "trace=linkat,renameat2", "-e", "inject=linkat:error=EIO", "-e", "inject=renameat2:error=EIO:when=2+"]);
        TreeAnswer answer = host.Sync(folders.Mirror);

        Assert.True(attached.Detach() > 0, "nothing was injected");
        string left = Assert.Single(Directory.GetDirectories(folders["d"]));
        Assert.True(File.Exists(Path.Combine(left, "y")));
        Assert.Equal(2, answer.Failed);
        Assert.All(answer.Errors, error => Assert.Equal(folders["d/x"], error.Target));
        Assert.Contains(answer.Errors, error => error.Message.Contains($"it is '{Path.GetFileName(left)}'", StringComparison.Ordinal));
    }

    [Fact]
    public void A_replaced_folder_that_changes_under_its_temporary_name_is_named()
    {
        Command.RequireRoot();
        using var folders = new SyncFolders();
        folders.Shell("mkdir -p s d/x; echo 1 >s/x; echo old >d/x/notes");
        using TreeHostProcess host = TreeHostProcess.Shared();
        using var attached = new AttachedFault(host, new Fault("renameat2", "delay_exit=1000000", "1"));

        host.Begin(folders.Mirror);
        Wait.Until(() => !Directory.Exists(folders["d/x"]), "nothing is moved aside", () => host.EndReport);
        string aside = Assert.Single(Directory.GetDirectories(folders["d"]));
        File.AppendAllText(Path.Combine(aside, "notes"), "edit");
        TreeAnswer answer = host.Finish();

        TreeAnswerError error = Assert.Single(answer.Errors);
        Assert.Equal(("DestinationChanged", folders["d/x"]), (error.Id, error.Target));
        Assert.Contains($"it is '{Path.GetFileName(aside)}'", error.Message, StringComparison.Ordinal);
        Assert.Equal("old\nedit", File.ReadAllText(Path.Combine(aside, "notes")));
        Assert.Equal("1", folders.Shell("cat d/x"));
    }

    [Fact]
    public void An_entry_that_cannot_be_spelled_in_either_way_is_named()
    {
        Command.RequireRoot();
        using var mount = Mount.Image("vfat", 4 << 20);
        using var folders = new SyncFolders();
        folders.Shell($"mkdir s; echo 1 >s/Readme; echo 1 >'{mount.Folder}/README'");
        SyncRequest request = folders.Mirror;
        request = request with
        {
            Tree = request.Tree with { Copy = request.Tree.Copy with { Destination = mount.Folder, Preserve = PreserveAttributes.None, Update = UpdateMode.Size } },
        };
        using TreeHostProcess host = TreeHostProcess.Shared();
        using var attached = new AttachedFault(host.Id, ["strace", "-f", "-e", "trace=renameat2", "-e", "inject=renameat2:error=EIO:when=2+"]);

        TreeAnswer answer = host.Sync(request);

        Assert.Equal(2, attached.Detach());
        string left = Path.GetFileName(Assert.Single(Directory.GetFiles(mount.Folder)));
        Assert.StartsWith(".splice-", left, StringComparison.Ordinal);
        Assert.Contains($"it is '{left}'", Assert.Single(answer.Errors).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_is_opened_up_has_its_mode_again_when_the_removal_is_stopped()
    {
        Command.RequireRoot();
        using var folders = new SyncFolders();
        folders.Shell("mkdir -p s/closed d/closed; touch d/closed/extra; touch -d @1000000000 s/closed d/closed; chmod 555 s/closed d/closed; chmod 755 .; chown -R 65534:65534 .");
        using TreeHostProcess host = TreeHostProcess.Shared(TestHost.PlainUser);

        TreeAnswer answer = host.SyncUntilRemoval(folders.Mirror);

        Assert.Equal("Cancelled", answer.Error);
        Assert.True(File.Exists(folders["d/closed/extra"]));
        Assert.Equal("555", Files.Metadata(folders["d/closed"], "%a"));
    }

    private static TreeAnswer SyncWith(SyncFolders folders, params string[] fault)
    {
        using TreeHostProcess host = TreeHostProcess.Shared();
        using var attached = new AttachedFault(host.Id, ["strace", "-f", .. fault]);
        TreeAnswer answer = host.Sync(folders.Mirror);
        Assert.True(attached.Detach() > 0, "nothing was injected");
        return answer;
    }

    /// <summary>How long a run takes.</summary>
    private static TimeSpan Measure(SyncFolders folders, SyncRequest request)
    {
        folders.Shell("cp -a old d");
        using var host = new TreeHostProcess();
        long started = Stopwatch.GetTimestamp();
        Assert.True(host.Sync(request).Succeeded);
        return Stopwatch.GetElapsedTime(started);
    }

    /// <summary>Every file of the destination is that of before or the source's.</summary>
    /// <returns>How many are the source's.</returns>
    private static int Judge(SyncFolders folders)
    {
        int replaced = 0;
        foreach (string path in Directory.EnumerateFiles(folders["d"], "*", SearchOption.AllDirectories)
            .Where(path => !Path.GetFileName(path).StartsWith(".splice-", StringComparison.Ordinal)))
        {
            string name = Path.GetRelativePath(folders["d"], path);
            byte[] content = File.ReadAllBytes(path);
            bool isNew = HasContent(folders["s"], name, content);
            Assert.True(isNew || HasContent(folders["old"], name, content), $"{name} is neither the old file nor the new one");
            replaced += isNew ? 1 : 0;
        }

        return replaced;
    }

    private static bool HasContent(string folder, string name, byte[] content) =>
        File.Exists(Path.Combine(folder, name)) && File.ReadAllBytes(Path.Combine(folder, name)).AsSpan().SequenceEqual(content);

    private static SyncFolders MakeOldAndNew(int files)
    {
        var workspace = new Workspace();
        var folders = new SyncFolders(workspace);
        for (int i = 0; i < files; i++)
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"{i % 7}/file{i}");
            Directory.CreateDirectory(folders[$"s/{i % 7}"]);
            Directory.CreateDirectory(folders[$"old/{i % 7}"]);
            workspace.WriteRandom($"s/{name}", 20_000 + (i * 100), seed: i + 1);
            workspace.WriteRandom($"old/{name}", 15_000 + (i * 100), seed: i + 1000);
        }

        foreach (string name in new[] { "extra1/a/b", "extra2" })
        {
            Directory.CreateDirectory(folders[$"old/{name}"]);
            for (int i = 0; i < 20; i++)
            {
                workspace.WriteRandom($"old/{name}/{i}", 100, seed: i);
            }
        }

        return folders;
    }
}
