using System.Diagnostics;
using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Splice.Interop;
using Splice.Transfer;
using Xunit;

namespace Splice.Tests.Copying.Append;

/// <summary>One file that several processes add to.</summary>
public sealed class AppendedTogetherTests(MountedFileSystems fileSystems)
{
    private const int MiB = 1 << 20;
    private const int Appenders = 4;

    /// <summary>More than one write takes.</summary>
    private const int Large = 40 * MiB;

    private static readonly TimeSpan Time = TimeSpan.FromMilliseconds(FullRun.Count(everyday: 400, full: 10_000));

    [Theory]
    [InlineData(FileSystem.Ext4)]
    [InlineData(FileSystem.Xfs)]
    [InlineData(FileSystem.Btrfs)]
    [InlineData(FileSystem.Tmpfs)]
    public void Nothing_is_lost_of_four_copies_and_a_shell(FileSystem type)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        string log = folder.Write("log", []);
        using Process logger = Process.Start(
            new ProcessStartInfo("sh", ["-c", "i=0; while [ ! -e stop ]; do echo \"logger $i\" >> log; i=$((i+1)); done; echo $i"])
            {
                WorkingDirectory = folder.Folder,
                RedirectStandardOutput = true,
            })!;
        List<TransferException> errors = [];
        long end = Environment.TickCount64 + (long)Time.TotalMilliseconds;
        Worker<int>[] workers = [.. Enumerable.Range(0, Appenders).Select(i => new Worker<int>(() => Append(i)))];
        int[] copied;
        try
        {
            copied = [.. workers.Select(worker => worker.Join())];
        }
        finally
        {
            folder.Write("stop", []);
        }

        int logged = int.Parse(logger.StandardOutput.ReadToEnd(), CultureInfo.InvariantCulture);
        logger.WaitForExit();

        string[] lines = File.ReadAllLines(log);
        Assert.Equal(Enumerable.Range(0, logged).Select(i => $"logger {i}"), lines.Where(line => line.StartsWith("logger ", StringComparison.Ordinal)));
        Assert.Empty(errors);
        Assert.All(copied, count => Assert.True(count > 0));
        for (int i = 0; i < Appenders; i++)
        {
            string[] own = Lines(i);
            string[] found = [.. lines.Where(line => line.StartsWith($"copy {i} ", StringComparison.Ordinal))];
            Assert.Equal(Enumerable.Range(0, copied[i]).SelectMany(_ => own), found);
        }

        Assert.Equal(logged + Enumerable.Range(0, Appenders).Sum(i => copied[i] * Lines(i).Length), lines.Length);

        // Returns the number of copies.
        int Append(int i)
        {
            int count = 0;
            string source = folder.Write($"source{i}", Encoding.ASCII.GetBytes(string.Join('\n', Lines(i)) + '\n'));
            do
            {
                try
                {
                    FileCopy.Copy(Request(source, log), TransferMonitor.None);
                    count++;

                    // The device is not to fill up.
                    Thread.Sleep(30);
                }
                catch (TransferException exception)
                {
                    lock (errors)
                    {
                        errors.Add(exception);
                    }
                }
            }
            while (Environment.TickCount64 < end);

            return count;
        }
    }

    [Fact]
    public void Nothing_is_lost_of_four_processes()
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Ext4);
        string log = folder.Write("log", "old"u8.ToArray());
        byte[][] contents = [.. Enumerable.Range(0, Appenders).Select(i => Workspace.RandomBytes(20 * MiB, seed: i))];
        HostedCopy[] copies = [.. contents.Select((content, i) => HostedCopy.StartAndHold(Request(folder.Write($"source{i}", content), log)))];

        HostAnswer[] answers = [.. copies.AsParallel().WithDegreeOfParallelism(Appenders).Select(copy => copy.Finish())];

        Array.ForEach(copies, copy => copy.Dispose());
        Assert.All(answers, answer => Assert.True(answer.Succeeded, answer.Message));
        byte[] all = File.ReadAllBytes(log);
        Assert.Equal(3 + (Appenders * 20 * MiB), all.Length);
        Assert.Equal("old"u8, all.AsSpan(0, 3));
        IEnumerable<string> parts = Enumerable.Range(0, Appenders).Select(i => Convert.ToHexString(all, 3 + (i * 20 * MiB), 32));
        Assert.Equal(contents.Select(content => Convert.ToHexString(content, 0, 32)).Order(StringComparer.Ordinal), parts.Order(StringComparer.Ordinal));
        Assert.All(contents, content => Assert.True(all.AsSpan().IndexOf(content) >= 0));
    }

    [Fact]
    public void A_file_that_is_missing_is_made_once_and_gets_everything()
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Ext4);
        for (int round = 0; round < 20; round++)
        {
            string log = folder[$"log{round}"];
            using var start = new Barrier(Appenders);
            string[] sources = [.. Enumerable.Range(0, Appenders).Select(i => folder.Write($"source{i}", Encoding.ASCII.GetBytes($"copy {i}\n")))];
            Worker<TransferResult>[] copies = [.. sources.Select(source => new Worker<TransferResult>(() =>
            {
                start.SignalAndWait();
                return FileCopy.Copy(Request(source, log), TransferMonitor.None);
            }))];
            Array.ForEach(copies, copy => copy.Join());

            Assert.Equal(["copy 0", "copy 1", "copy 2", "copy 3"], File.ReadAllLines(log).Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public void A_tree_adds_to_files_that_others_make_meanwhile()
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Ext4);
        Directory.CreateDirectory(folder["source"]);
        Directory.CreateDirectory(folder["copy/source"]);
        for (int i = 0; i < 100; i++)
        {
            folder.Write($"source/{i}", "line\n"u8.ToArray());
        }

        Worker<TransferResult>[] copies = [.. Enumerable.Range(0, 2).Select(_ => new Worker<TransferResult>(() => TreeCopy.Copy(
            new TreeRequest { Copy = Request(folder["source"], folder["copy"]), ThrottleLimit = 2 }, TreeMonitor.None)))];
        Array.ForEach(copies, copy => copy.Join());

        Assert.All(Directory.GetFiles(folder["copy/source"]), path => Assert.Equal("line\nline\n", File.ReadAllText(path)));
    }

    [Fact]
    public void A_line_between_two_writes_is_an_error_that_tells_how_far_it_came()
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Ext4);
        string log = folder.Write("log", "old\n"u8.ToArray());
        byte[] content = Workspace.RandomBytes(Large);
        string source = folder.Write("source", content);
        bool isAdded = false;
        var monitor = new TransferMonitor(progress =>
        {
            if (progress.BytesCopied > 0 && !isAdded)
            {
                File.AppendAllText(log, "theirs\n");
                isAdded = true;
            }
        });

        TransferException error = Assert.Throws<TransferException>(() => FileCopy.Copy(Request(source, log), monitor));

        Assert.Equal(TransferErrorId.DestinationChanged, error.Id);
        Assert.Equal(log, error.Target);
        long arrived = error.PartialTransfer().BytesCopied;
        Assert.InRange(arrived, MiB, Large - 1);
        Assert.Equal(4, error.PartialTransfer().DestinationOffset);
        Assert.Contains($"({arrived} bytes) of '{source}' were appended at offset 4", error.Message, StringComparison.Ordinal);
        Assert.Contains("from byte 4 on, it contains an incomplete copy", error.Message, StringComparison.Ordinal);
        Assert.Equal([.. "old\n"u8, .. content[..(int)arrived], .. "theirs\n"u8], File.ReadAllBytes(log));
    }

    [Fact]
    public void What_comes_from_a_FIFO_is_added_as_it_comes()
    {
        using var folder = new Workspace();
        string log = folder.Write("log", "old\n"u8.ToArray());
        Posix.MakeFifo(folder["fifo"]);
        var writer = new Worker<bool>(() =>
        {
            using FileStream fifo = File.OpenWrite(folder["fifo"]);
            fifo.Write("one\n"u8);
            fifo.Flush();
            Assert.True(SpinWait.SpinUntil(() => File.ReadAllText(log) == "old\none\n", TimeSpan.FromSeconds(30)));
            fifo.Write(Workspace.RandomBytes(300_000));
            return true;
        });

        TransferResult result = FileCopy.Copy(Request(folder["fifo"], log), TransferMonitor.None);

        Assert.True(writer.Join());
        Assert.Equal(300_004, result.BytesCopied);
        Assert.Equal(4, result.DestinationOffset);
        Assert.Equal([.. "old\none\n"u8, .. Workspace.RandomBytes(300_000)], File.ReadAllBytes(log));
    }

    [Fact]
    public void A_file_that_another_process_cuts_is_an_error()
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Ext4);
        string log = folder.WriteRandom("log", 5000, seed: 2);
        string source = folder.WriteRandom("source", Large);
        var monitor = new TransferMonitor(progress =>
        {
            if (progress.BytesCopied is > 0 and < Large)
            {
                Command.Check("truncate", "-s", "0", log);
            }
        });

        TransferException error = Assert.Throws<TransferException>(() => FileCopy.Copy(Request(source, log), monitor));

        Assert.Equal(TransferErrorId.DestinationChanged, error.Id);
        Assert.Contains("truncated it", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, new FileInfo(log).Length);
    }

    [Fact]
    public void What_another_process_may_add_to_is_not_cut_back()
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Ext4);
        string log = folder.WriteRandom("log", 5000, seed: 2);
        string source = folder.WriteRandom("source", Large);
        using SafeFileHandle other = Posix.OpenWrite(log, LibC.O_APPEND);
        using var stop = new CancellationTokenSource();
        var monitor = new TransferMonitor(
            progress =>
            {
                if (progress.BytesCopied > 0)
                {
                    stop.Cancel();
                }
            },
            stop.Token);

        TransferException error = Assert.Throws<TransferException>(() => FileCopy.Copy(Request(source, log), monitor));

        Assert.Equal(TransferErrorId.Cancelled, error.Id);
        Assert.Contains("from byte 5000 on, it contains an incomplete copy", error.Message, StringComparison.Ordinal);
        Assert.Equal(5000 + error.PartialTransfer().BytesCopied, new FileInfo(log).Length);
    }

    [Fact]
    public void A_file_that_is_locked_is_waited_for()
    {
        using Workspace folder = fileSystems.NewFolder(FileSystem.Ext4);
        string log = folder.Write("log", "old\n"u8.ToArray());
        string source = folder.Write("source", "new\n"u8.ToArray());
        SafeFileHandle lockedFile = Posix.OpenWrite(log);
        Assert.True(LibC.LockForWriting(lockedFile).Ok);
        var copy = new Worker<TransferResult>(() => FileCopy.Copy(Request(source, log), TransferMonitor.None));
        var stopped = new Worker<TransferResult>(() =>
        {
            using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
            return FileCopy.Copy(Request(source, log), new TransferMonitor(Cancellation: stop.Token));
        });

        Assert.Equal(TransferErrorId.Cancelled, stopped.JoinFailed<TransferException>().Id);
        Assert.Equal("old\n", File.ReadAllText(log));
        lockedFile.Dispose();
        copy.Join();

        Assert.Equal("old\nnew\n", File.ReadAllText(log));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_file_that_may_only_be_added_to_is_added_to(bool verify)
    {
        Command.Require("chattr");
        Command.RequireRoot();
        using Workspace folder = fileSystems.NewFolder(FileSystem.Ext4);
        string log = folder.Write("log", "old\n"u8.ToArray());
        Directory.CreateDirectory(folder["tree"]);
        folder.Write("tree/log", "new\n"u8.ToArray());
        Command.Check("chattr", "+a", log);
        try
        {
            Assert.Equal(4, FileCopy.Copy(Request(folder["tree/log"], log) with { Verify = verify }, TransferMonitor.None).DestinationOffset);
            TransferResult tree = TreeCopy.Copy(
                new TreeRequest { Copy = Request(folder["tree/log"], log) with { Verify = verify } }, TreeMonitor.None);
            Assert.Equal(0, tree.Failed);
        }
        finally
        {
            Command.Check("chattr", "-a", log);
        }

        Assert.Equal("old\nnew\nnew\n", File.ReadAllText(log));
    }

    [Theory]
    [InlineData(FileSystem.Ext4, SparseMode.Auto)]
    [InlineData(FileSystem.Xfs, SparseMode.Auto)]
    [InlineData(FileSystem.Btrfs, SparseMode.Auto)]
    [InlineData(FileSystem.Tmpfs, SparseMode.Auto)]
    [InlineData(FileSystem.Xfs, SparseMode.Always)]
    [InlineData(FileSystem.Ext4, SparseMode.Never)]
    public void Holes_are_holes_behind_the_old_end(FileSystem type, SparseMode sparse)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        string log = folder.WriteRandom("log", 5000, seed: 2);
        Files.WriteSparse(folder["source"], 70 * MiB, (3 * MiB, 100_000), (50 * MiB, 200_000));

        FileCopy.Copy(Request(folder["source"], log) with { Sparse = sparse }, TransferMonitor.None);

        Assert.Equal([.. Workspace.RandomBytes(5000, seed: 2), .. File.ReadAllBytes(folder["source"])], File.ReadAllBytes(log));
        Command.Check("sync", log);
        using SafeFileHandle file = Posix.OpenRead(log);
        long data = Extent.Walk(file, 0, 5000 + (70 * MiB)).Where(extent => !extent.IsHole).Sum(extent => extent.Length);
        Assert.InRange(data, 300_000, sparse == SparseMode.Never ? long.MaxValue : 2 * MiB);
    }

    private static string[] Lines(int appender) =>
        [.. Enumerable.Range(0, 2_000 * (appender + 1)).Select(line => string.Create(CultureInfo.InvariantCulture, $"copy {appender} {line}"))];

    private static CopyRequest Request(string source, string log) => new() { Source = source, Destination = log, Append = true };
}
