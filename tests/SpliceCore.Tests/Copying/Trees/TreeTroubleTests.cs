using System.Globalization;
using Xunit;

namespace Splice.Tests.Copying.Trees;

/// <summary>Trees that go where there is no room, no permission or no time.</summary>
public sealed class TreeTroubleTests(MountedFileSystems fileSystems, ITestOutputHelper output) : IDisposable
{
    private const int MiB = 1 << 20;
    private static readonly int Kills = FullRun.Count(everyday: 2, full: 30);

    private readonly Workspace _folder = Workspace.InMemory();

    public void Dispose()
    {
        Command.Run("chattr", "-R", "-i", "-a", _folder.Folder);
        _folder.Dispose();
    }

    [Theory]
    [InlineData("tmpfs", 1)]
    [InlineData("tmpfs", 4)]
    [InlineData("ext4", 1)]
    [InlineData("ext4", 4)]
    public void A_full_disk_has_whole_files_only_and_each_missing_one_is_told(string type, int threads)
    {
        using Mount mount = type == "tmpfs"
            ? Mount.Memory(type, "size=4m")
            : Mount.Image(type, 6 * MiB, "-q", "-O", "^has_journal", "-m", "0");
        MakeSource(files: 60, size: 200_000);
        string copy = Path.Combine(mount.Folder, "copy");
        TreeRequest request = TreeCopies.Request(_folder["source"], copy) with { ThrottleLimit = threads };

        (TransferResult result, List<TransferException> errors) = TreeCopies.CopyWithErrors(request);

        Assert.NotEmpty(errors);
        Assert.All(errors, error => Assert.Equal(TransferErrorId.DiskFull, error.Id));
        int whole = AssertWhole(copy, isLitterAllowed: false);
        Assert.Equal(60, whole + result.Failed);
        output.WriteLine($"{whole} files found room, {result.Failed} did not");
    }

    [Fact]
    public void What_is_read_only_stays_as_it_is()
    {
        using Mount mount = Mount.Memory("tmpfs", "size=8m");
        MakeSource(files: 5, size: 1000);
        Command.Check("cp", "-a", _folder["source"], mount.Folder);
        File.WriteAllText(Path.Combine(mount.Folder, "source/file1"), "old");
        Command.Check("mount", "-o", "remount,ro", mount.Folder);

        (TransferResult result, List<TransferException> errors) = TreeCopies.CopyWithErrors(TreeCopies.Request(_folder["source"], mount.Folder));
        TransferException whole = Assert.Throws<TransferException>(
            () => TreeCopies.CopyWithErrors(TreeCopies.Request(_folder["source"], Path.Combine(mount.Folder, "new"))));

        Assert.Equal(5, result.Failed);
        Assert.All(errors.Append(whole), error => Assert.Equal((TransferErrorId.PermissionDenied, Errno.EROFS), (error.Id, error.Errno)));
        Assert.Equal("old", File.ReadAllText(Path.Combine(mount.Folder, "source/file1")));
    }

    [Theory]
    [InlineData("+i", false)]
    [InlineData("+i", true)]
    [InlineData("+a", false)]
    [InlineData("+a", true)]
    public void What_may_not_change_does_not_and_the_rest_is_copied(string attribute, bool force)
    {
        Command.Require("chattr");
        using Workspace folder = fileSystems.NewFolder(FileSystem.Ext4);
        foreach (string name in new[] { "source", "copy" })
        {
            Directory.CreateDirectory(folder[$"{name}/closed"]);
            foreach (string file in new[] { "kept", "free", "closed/one" })
            {
                folder.WriteRandom($"{name}/{file}", 1000, seed: name.Length);
            }
        }

        Command.Check("chattr", attribute, folder["copy/kept"], folder["copy/closed"]);
        try
        {
            TreeRequest request = TreeCopies.Request(folder["source/."], folder["copy"]);
            (TransferResult result, List<TransferException> errors) = TreeCopies.CopyWithErrors(request with { Copy = request.Copy with { Force = force } });

            Assert.Equal(2, result.Failed);
            Assert.All(errors, error => Assert.Equal(TransferErrorId.PermissionDenied, error.Id));
            Assert.Equal(Workspace.RandomBytes(1000, seed: 4), File.ReadAllBytes(folder["copy/kept"]));
            Assert.Equal(Workspace.RandomBytes(1000, seed: 4), File.ReadAllBytes(folder["copy/closed/one"]));
            Assert.Equal(Workspace.RandomBytes(1000, seed: 6), File.ReadAllBytes(folder["copy/free"]));
            Assert.DoesNotContain(
                Directory.GetFileSystemEntries(folder["copy"], "*", SearchOption.AllDirectories),
                path => path.Contains(".splice-", StringComparison.Ordinal) && attribute == "+i");
        }
        finally
        {
            Command.Run("chattr", "-R", "-i", "-a", folder["copy"]);
        }
    }

    [Fact]
    public void A_file_size_limit_stops_the_large_files_only()
    {
        Command.Require("prlimit");
        MakeSource(files: 6, size: 1000);
        _folder.WriteRandom("source/large", 300_000);
        using var host = new TreeHostProcess();
        Command.Check("prlimit", "--pid", host.Id, "--fsize=100000");

        TreeAnswer answer = host.Copy(TreeCopies.Request(_folder["source"], _folder["copy"]));

        TreeAnswerError error = Assert.Single(answer.Errors);
        Assert.Equal(($"{TransferErrorId.FileSizeLimit}", _folder["copy/large"]), (error.Id, error.Target));
        Assert.Equal(6, AssertWhole(_folder["copy"], isLitterAllowed: false));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_killed_copy_leaves_whole_files(bool overOld)
    {
        MakeSource(files: 400, size: 20_000);
        var random = new Random(1);
        int copied = 0;
        int litter = 0;
        int kills = 0;

        // Repeated until a kill interrupts a copy: on a busy machine, a copy can end before its progress is seen.
        for (int i = 0; i < Kills || (copied == i * 400 && i < 10 * Kills); i++)
        {
            kills++;
            if (overOld)
            {
                Command.Check("cp", "-r", _folder["source"], _folder["copy"]);
                Command.Check("find", _folder["copy"], "-type", "f", "-exec", "truncate", "-s", "10", "{}", "+");
            }

            using (var host = new TreeHostProcess())
            {
                host.Begin(TreeCopies.Request(_folder[overOld ? "source/." : "source"], _folder["copy"]) with { ThrottleLimit = 1 + (i % 4) });
                int enough = random.Next(350);
                SpinWait.SpinUntil(() => Count() > enough, TimeSpan.FromSeconds(5));
                host.Kill();
            }

            copied += AssertWhole(_folder["copy"], isLitterAllowed: overOld, oldSize: 10);
            litter += Directory.GetFiles(_folder["copy"], ".splice-*").Length;
            Directory.Delete(_folder["copy"], recursive: true);
        }

        // linkat(2) replaces nothing: a new file has a hidden name until rename(2) puts it in the old one's place.
        output.WriteLine($"{kills} copies killed, {copied} files were complete, {litter} hidden names left");
        Assert.InRange(copied, 1, (kills * 400) - 1);

        int Count() => Directory.Exists(_folder["copy"])
            ? new DirectoryInfo(_folder["copy"]).EnumerateFiles("file*").Count(file => !overOld || file.Length != 10)
            : 0;
    }

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    public void A_cancelled_copy_leaves_whole_files_and_nothing_open(int threads)
    {
        MakeSource(files: 300, size: 20_000);
        for (int enough = 0; enough < 100; enough += 7)
        {
            using var cancellation = new CancellationTokenSource();
            int files = 0;
            TreeRequest request = TreeCopies.Request(_folder["source"], _folder["copy"]) with { ThrottleLimit = threads, PerFile = true };
            var monitor = new TreeMonitor(
                FileCopied: _ =>
                {
                    if (files++ == enough)
                    {
                        cancellation.Cancel();
                    }
                },
                Cancellation: cancellation.Token);

            TransferException error = Assert.Throws<TransferException>(() => TreeCopy.Copy(request, monitor));

            Assert.Equal(TransferErrorId.Cancelled, error.Id);
            Assert.Equal(error.PartialTransfer().FileCount, AssertWhole(_folder["copy"], isLitterAllowed: false));
            Assert.DoesNotContain(Directory.GetFiles("/proc/self/fd").Select(fd => new FileInfo(fd).LinkTarget), IsInCopy);
            Directory.Delete(_folder["copy"], recursive: true);
        }

        bool IsInCopy(string? target) =>
            target?.StartsWith(_folder["copy"], StringComparison.Ordinal) == true && !target.EndsWith("(deleted)", StringComparison.Ordinal);
    }

    [Fact]
    public void Whoever_listens_may_throw_and_all_is_closed()
    {
        MakeSource(files: 300, size: 100);
        TreeRequest request = TreeCopies.Request(_folder["source"], _folder["copy"]) with { PerFile = true, ThrottleLimit = 4 };

        Assert.Throws<InvalidOperationException>(
            () => TreeCopy.Copy(request, new TreeMonitor(FileCopied: _ => throw new InvalidOperationException("enough"))));
        File.Delete(_folder["copy/file7"]);
        Directory.CreateDirectory(_folder["copy/file7/inner"]);
        var faulty = new CollectingSync { Fault = new FormatException("a fault of what receives it") };
        Assert.Throws<FormatException>(() => TreeCopy.Copy(request with { Sync = faulty }, TreeMonitor.None));

        AssertWhole(_folder["copy"], isLitterAllowed: false);
    }

    [Fact]
    public void Names_that_a_folder_takes_for_one_are_two_sources()
    {
        using Mount mount = FoldingMount();
        MakeSource(files: 1, size: 10);
        for (int i = 0; i < 20; i++)
        {
            _folder.WriteRandom($"source/name{i}", 1000, seed: i);
            _folder.WriteRandom($"source/NAME{i}", 2000, seed: i);
        }

        string copy = Path.Combine(mount.Folder, "folding");
        TreeRequest request = TreeCopies.Request(_folder["source/."], copy) with { ThrottleLimit = 8 };
        (_, List<TransferException> errors) = TreeCopies.CopyWithErrors(request with { Copy = request.Copy with { CreatedFiles = new CreatedFiles() } });

        Assert.Equal(20, errors.Count);
        Assert.All(errors, error => Assert.Equal(TransferErrorId.DestinationExists, error.Id));
    }

    private static Mount FoldingMount()
    {
        Assert.SkipUnless(File.Exists("/sys/fs/ext4/features/casefold"), "the kernel's ext4 does not fold case");
        Command.Require("chattr");
        Mount mount = Mount.Image("ext4", 64 * MiB, "-q", "-O", "casefold");
        string folder = Directory.CreateDirectory(Path.Combine(mount.Folder, "folding")).FullName;
        Command.Check("chattr", "+F", folder);
        return mount;
    }

    private void MakeSource(int files, int size)
    {
        Directory.CreateDirectory(_folder["source"]);
        for (int i = 0; i < files; i++)
        {
            _folder.WriteRandom(string.Create(CultureInfo.InvariantCulture, $"source/file{i}"), size, seed: i);
        }
    }

    /// <returns>How many files are there that are like their sources; the others are old ones.</returns>
    private int AssertWhole(string copy, bool isLitterAllowed, long oldSize = -1)
    {
        int whole = 0;
        foreach (FileInfo file in new DirectoryInfo(copy).EnumerateFiles("*", SearchOption.AllDirectories))
        {
            if (file.Name.StartsWith(".splice-", StringComparison.Ordinal))
            {
                Assert.True(isLitterAllowed, file.FullName);
            }
            else if (file.Length != oldSize)
            {
                Assert.True(
                    File.ReadAllBytes(file.FullName).AsSpan().SequenceEqual(File.ReadAllBytes(_folder[$"source/{file.Name}"])), file.FullName);
                whole++;
            }
        }

        return whole;
    }
}
