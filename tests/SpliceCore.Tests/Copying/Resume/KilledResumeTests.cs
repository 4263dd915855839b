using System.Diagnostics;
using Microsoft.Win32.SafeHandles;
using Splice.Interop;
using Xunit;

namespace Splice.Tests.Copying.Resume;

/// <summary>Copies that are killed at random moments and go on. SPLICE_TEST_SEED repeats a run as far as the machine does,
/// SPLICE_TEST_ROUNDS makes a longer one.</summary>
public sealed class KilledResumeTests(MountedFileSystems fileSystems, ITestOutputHelper output)
{
    private const int MiB = 1 << 20;
    private const int Size = (24 * MiB) + 12_345;
    private const int OldSize = 5000;
    private const int LongestWait = 60; // milliseconds

    /// <summary>Of each copy.</summary>
    private static readonly int Kills = FullRun.Rounds(everyday: 3, full: 7);

    private static readonly int MostRounds = 200 + (20 * Kills);

    public static TheoryData<FileSystem, TransferMethod, bool> Copies => new(FullRun.Cases(
        from type in new[] { FileSystem.Tmpfs, FileSystem.Ext4, FileSystem.XfsWithoutReflink, FileSystem.Btrfs }
        from method in new[] { TransferMethod.CopyFileRange, TransferMethod.SendFile, TransferMethod.Splice, TransferMethod.ReadWrite }
        from isSparse in new[] { false, true }
        select (type, method, isSparse)));

    [Theory]
    [MemberData(nameof(Copies))]
    public void What_has_arrived_is_not_moved_again(FileSystem type, TransferMethod method, bool isSparse)
    {
        var random = new Random(FullRun.Seed(output));
        using Workspace folder = fileSystems.NewFolder(type);
        if (type == FileSystem.Btrfs)
        {
            // Files that differ in this share no blocks: copy_file_range(2) has to move bytes.
            Command.Require("chattr");
            folder.Write("source", []);
            Command.Check("chattr", "+C", folder["source"]);
        }

        int data = WriteSource(folder["source"], isSparse, random);
        folder.WriteRandom("copy", OldSize, seed: 2);
        var request = new CopyRequest { Source = folder["source"], Destination = folder["copy"], Resume = true, Method = method };
        using var hosts = new HeldCopies(request);
        int killed = 0;
        int inTheMiddle = 0;
        long arrived = 0;
        for (int round = 0; killed < Kills || inTheMiddle == 0; round++)
        {
            Assert.True(round < MostRounds, $"{killed} of {round} copies were killed, {inTheMiddle} of them in the middle of the bytes");
            HostedCopy host = hosts.Next();
            using var partial = new PartialSize(folder);
            HostAnswer? answer = host.ReleaseAndKill(Moment(partial, arrived, random));
            if (answer is not null || new FileInfo(folder["copy"]).Length == Size)
            {
                Assert.True(answer?.Succeeded ?? true, answer?.Message);
                AssertCopied(folder, data);
                folder.WriteRandom("copy", OldSize, seed: 2);
                arrived = 0;
                continue;
            }

            killed++;
            Assert.Equal(Workspace.RandomBytes(OldSize, seed: 2), File.ReadAllBytes(folder["copy"]));
            Assert.InRange(folder.Names.Length, 2, 3);
            long now = partial.Read();
            Assert.InRange(now, arrived, Size);
            inTheMiddle += now > arrived && now < Size ? 1 : 0;
            arrived = now;
        }

        TransferResult result = FileCopy.Copy(request, TransferMonitor.None);
        Assert.Equal(arrived > 0 ? arrived : null, result.ResumedAt);
        Assert.Equal(Size - arrived, result.BytesCopied);
        AssertCopied(folder, data);
        output.WriteLine($"{killed} kills, {inTheMiddle} of them in the middle of the bytes");
    }

    /// <summary>When to kill: mostly when some bytes have arrived, sometimes at a time, be it before the first or after the
    /// last.</summary>
    private static Func<bool> Moment(PartialSize partial, long arrived, Random random)
    {
        if (random.Next(4) > 0)
        {
            long enough = arrived + random.NextInt64(1, Math.Max(2, (Size - arrived) / 3));
            return () => partial.Read() >= enough;
        }

        TimeSpan wait = TimeSpan.FromMilliseconds(random.NextDouble() * LongestWait);
        long started = Stopwatch.GetTimestamp();
        return () => Stopwatch.GetElapsedTime(started) >= wait;
    }

    private static void AssertCopied(Workspace folder, int data)
    {
        Assert.Equal(["copy", "source"], folder.Names);
        Files.AssertSameBytes(folder["source"], folder["copy"]);
        Assert.Equal(Files.Metadata(folder["source"]), Files.Metadata(folder["copy"]));
        if (data < Size)
        {
            Assert.InRange(Files.Allocated(folder["copy"]), 0, data + MiB);
        }
    }

    /// <returns>How much of it is data.</returns>
    private static int WriteSource(string path, bool isSparse, Random random)
    {
        if (!isSparse)
        {
            File.WriteAllBytes(path, Workspace.RandomBytes(Size, random.Next()));
            return Size;
        }

        // About half of it in holes, and a hole at its end. A file that grew by this would have blocks in its holes on XFS.
        using FileStream file = File.Create(path);
        file.SetLength(Size);
        int data = 0;
        for (int at = random.Next(2 * MiB); at < Size - (4 * MiB); at += random.Next(2 * MiB))
        {
            byte[] bytes = Workspace.RandomBytes(random.Next(1, 2 * MiB), random.Next());
            file.Position = at;
            file.Write(bytes);
            at += bytes.Length;
            data += bytes.Length;
        }

        return data;
    }

    /// <summary>How far a copy has come, told in a microsecond.</summary>
    private sealed class PartialSize(Workspace folder) : IDisposable
    {
        private SafeFileHandle? _file;

        /// <returns>The file's size; 0 as long as there is none.</returns>
        public long Read()
        {
            if (_file is null)
            {
                string? path = Directory.EnumerateFiles(folder.Folder, "copy.*.splice-partial").SingleOrDefault();
                _file = path is null || !LibC.Open(path, LibC.O_RDONLY, out SafeFileHandle file).Ok ? null : file;
            }

            return _file is null ? 0 : RandomAccess.GetLength(_file);
        }

        public void Dispose() => _file?.Dispose();
    }

    /// <summary>Processes that are held until they are wanted. The next one starts while one is under way.</summary>
    private sealed class HeldCopies(CopyRequest request) : IDisposable
    {
        private Task<HostedCopy> _next = Start(request);
        private HostedCopy? _current;

        public HostedCopy Next()
        {
            _current?.Dispose();
            _current = _next.GetAwaiter().GetResult();
            _next = Start(request);
            return _current;
        }

        public void Dispose()
        {
            _current?.Dispose();
            _next.GetAwaiter().GetResult().Dispose();
        }

        private static Task<HostedCopy> Start(CopyRequest request) => Task.Run(() => HostedCopy.StartAndHold(request, rehearses: false));
    }
}
