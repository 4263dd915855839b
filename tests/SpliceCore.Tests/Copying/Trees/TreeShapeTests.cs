using System.Globalization;
using Xunit;

namespace Splice.Tests.Copying.Trees;

/// <summary>Trees that are very deep, very wide, or closed, in processes with little to spend.</summary>
public sealed class TreeShapeTests : IDisposable
{
    private const TreeAspects Aspects = TreeAspects.Copied & ~TreeAspects.Allocation;

    private readonly ITestOutputHelper _output;
    private readonly Workspace _folder = Workspace.InMemory();

    public TreeShapeTests(ITestOutputHelper output) => _output = output;

    public static TheoryData<int> OneAndEight => FullRun.IsRequested ? [1, 8] : [8];

    public static TheoryData<int> OneAndFour => FullRun.IsRequested ? [1, 4] : [4];

    public void Dispose() => _folder.Dispose();

    /// <summary>open, statx, fgetxattr, O_TMPFILE, pread, pwrite, statx, utimensat and linkat: a look more is 100,000 more.</summary>
    [Fact]
    public void A_file_of_a_new_tree_takes_nine_calls()
    {
        const int Files = 500;
        string source = Directory.CreateDirectory(_folder["source"]).FullName;
        for (int i = 0; i < Files; i++)
        {
            _folder.WriteRandom($"source/{i}", 100 + i);
        }

        TransferResult result = TreeCopies.Copy(source, _folder["copy"], PreserveAttributes.Mode | PreserveAttributes.Timestamps, threads: 1);

        Assert.Equal(Files, result.FileCount);
        Assert.Equal(TransferMethod.ReadWrite, result.Method);
        Assert.InRange(result.SystemCalls, 9 * Files, (9 * Files) + 30);
    }

    [Theory]
    [MemberData(nameof(OneAndEight))]
    public void Ten_thousand_levels(int threads)
    {
        DeepTree.Make(_folder["source"]);

        TransferResult result = TreeCopies.Copy(_folder["source"], _folder["copy"], PreserveAttributes.All, threads);

        Assert.Equal(10_001, result.DirectoryCount);
        DeepTree.List(_folder["source"]).AssertSame(DeepTree.List(_folder["copy"]), Aspects);
    }

    [Theory]
    [MemberData(nameof(OneAndFour))]
    public void Ten_thousand_levels_with_few_descriptors(int threads)
    {
        Command.Require("prlimit");
        DeepTree.Make(_folder["source"]);
        using var host = new TreeHostProcess();
        Limit(host, "nofile", FreeDescriptors(host, 30));

        TreeAnswer answer = host.Copy(TreeCopies.Request(_folder["source"], _folder["copy"]) with { ThrottleLimit = threads });

        Assert.True(answer.Succeeded, $"{answer}");
        DeepTree.List(_folder["source"]).AssertSame(DeepTree.List(_folder["copy"]), Aspects);
    }

    /// <summary>Whatever call is the one that gets no more: the folders above give theirs.</summary>
    [Fact]
    public void Files_and_links_on_every_level_with_few_descriptors()
    {
        Command.Require("prlimit");
        string path = _folder["source"];
        for (int level = 0; level < 40; level++)
        {
            Directory.CreateDirectory(path);
            File.WriteAllBytes(Path.Combine(path, "file"), Workspace.RandomBytes(100, seed: level));
            File.CreateSymbolicLink(Path.Combine(path, "link"), "file");
            Command.Check("ln", Path.Combine(path, "file"), Path.Combine(path, "hard"));
            path = Path.Combine(path, "inner");
        }

        using var host = new TreeHostProcess();
        foreach (int free in Enumerable.Range(9, 16).Where(free => FullRun.IsRequested || free % 5 == 4))
        {
            Limit(host, "nofile", FreeDescriptors(host, free));

            TreeAnswer answer = host.Copy(TreeCopies.Request(_folder["source"], _folder["copy"]) with { ThrottleLimit = 1 });

            Assert.True(answer.Succeeded, $"{free} free: {answer}");
            Assert.Empty(answer.Warnings);
            TreeListing.Of(_folder["source"], sync: false).AssertSame(TreeListing.Of(_folder["copy"], sync: false), Aspects);
            Command.Check("rm", "-rf", _folder["copy"]);
        }
    }

    [Fact]
    public void Hardly_any_descriptors_are_an_error_and_nothing_is_lost()
    {
        Command.Require("prlimit");
        using var tree = new FaultedTree(new Workspace());
        using var host = new TreeHostProcess();
        int descriptors = host.State().Descriptors;
        List<string> ends = [];
        for (int free = 0; free <= 9; free++)
        {
            TreeRequest request = tree.Prepare(tree.Request, overOld: free % 2 == 0);
            Limit(host, "nofile", FreeDescriptors(host, free));

            TreeAnswer answer = host.Copy(request);

            Limit(host, "nofile", 1000);
            host.AssertNoneLeftOpen(descriptors);
            tree.Judge(new FaultLedger(), answer, overOld: free % 2 == 0, $"{free} descriptors free");
            Assert.All(answer.Errors, error => Assert.Equal($"{TransferErrorId.ResourceExhausted}", error.Id));
            ends.Add(answer.Error ?? (answer.Failed > 0 ? "failed" : "copied"));
        }

        _output.WriteLine(string.Join(' ', ends));
        Assert.Equal("copied", ends[^1]);
        Assert.Equal($"{TransferErrorId.ResourceExhausted}", ends[0]);
    }

    [Fact]
    public void A_wider_folder_takes_no_more_memory()
    {
        int count = FullRun.Count(everyday: 4_000, full: 50_000);
        WideFolder.Make(_folder["small"], count);
        WideFolder.Make(_folder["wide"], 4 * count);
        long small = Peak("small");
        long wide = Peak("wide");

        _output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{small} KiB for {count} files, {wide} KiB for {4 * count}: {(wide - small) * 1024 / (3.0 * count):f1} bytes a file"));
        // The collector lets garbage lie up to a size, here 4 MiB, which the smaller folder has reached already.
        Assert.InRange(wide - small, long.MinValue, 12 * 1024);

        long Peak(string name)
        {
            using var host = new TreeHostProcess("env", "DOTNET_GCgen0size=0x400000");
            TreeAnswer answer = host.Copy(TreeCopies.Request(_folder[name], _folder[name + "-copy"]));
            Assert.True(answer.Succeeded, $"{answer}");
            Assert.Equal(Directory.GetFiles(_folder[name]).Length, answer.FileCount);
            Assert.Equal(answer.FileCount, Directory.GetFiles(_folder[name + "-copy"]).Length);
            return host.State().PeakKilobytes;
        }
    }

    [Theory]
    [InlineData(PreserveAttributes.All)]
    [InlineData(PreserveAttributes.None)]
    public void Root_copies_folders_that_are_closed_to_all(PreserveAttributes preserve)
    {
        Command.RequireRoot();
        MakeClosed(_folder.Folder);

        TreeCopies.Copy(_folder["source"], _folder["copy"], preserve);

        TreeListing.Of(_folder["source"]).AssertSame(
            TreeListing.Of(_folder["copy"]), preserve == PreserveAttributes.All ? Aspects : TreeAspects.Mode);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void A_plain_user_gets_an_error_for_each_closed_folder_and_the_rest(int threads)
    {
        Command.RequireRoot();
        MakeClosed(_folder.Folder);
        Command.Check("chown", "-R", "65534:65534", _folder.Folder);
        Command.Check("chown", "root:root", _folder["source/0000"], _folder["source/0500/closed"]);
        using var host = new TreeHostProcess(TestHost.PlainUser);

        TreeAnswer answer = host.Copy(
            TreeCopies.Request(_folder["source"], _folder["copy"], PreserveAttributes.Mode) with { ThrottleLimit = threads });

        Assert.Equal(
            [_folder["source/0000"], _folder["source/0400/file"], _folder["source/0500/closed"]],
            answer.Errors.Select(error => error.Target).Order(StringComparer.Ordinal));
        Assert.All(answer.Errors, error => Assert.Equal($"{TransferErrorId.PermissionDenied}", error.Id));
        Assert.Equal(3, answer.Failed);
        var copy = TreeListing.Of(_folder["copy"]);
        foreach (string path in new[] { "0500/file", "0700/file", "file" })
        {
            Assert.Equal(TreeListing.Of(_folder["source"]).Entries[path].Hash, copy.Entries[path].Hash);
        }

        Assert.Equal(0x140u, copy.Entries["0500"].Mode);
        Assert.DoesNotContain("0000", copy.Entries.Keys);
    }

    private static void MakeClosed(string root)
    {
        foreach (string mode in new[] { "0700", "0500", "0400", "0000" })
        {
            string folder = Directory.CreateDirectory(Path.Combine(root, "source", mode)).FullName;
            File.WriteAllBytes(Path.Combine(folder, "file"), Workspace.RandomBytes(1000, seed: mode[1]));
        }

        File.WriteAllBytes(Path.Combine(root, "source/0500/closed"), [1]);
        File.WriteAllBytes(Path.Combine(root, "source/file"), [2]);
        Command.Check("chmod", "0000", Path.Combine(root, "source/0500/closed"));
        foreach (string mode in new[] { "0700", "0500", "0400", "0000" })
        {
            Command.Check("chmod", mode, Path.Combine(root, "source", mode));
        }
    }

    private static void Limit(TreeHostProcess host, string what, int limit) =>
        Command.Check("prlimit", "--pid", host.Id, string.Create(CultureInfo.InvariantCulture, $"--{what}={limit}:4096"));

    /// <summary>The limit under which a process can open so many more.</summary>
    private static int FreeDescriptors(TreeHostProcess host, int free)
    {
        HashSet<int> used = [.. Directory.GetFiles($"/proc/{host.Id}/fd")
            .Select(path => int.Parse(Path.GetFileName(path), CultureInfo.InvariantCulture))];
        return Enumerable.Range(0, int.MaxValue).Where(descriptor => !used.Contains(descriptor)).ElementAt(free);
    }
}
