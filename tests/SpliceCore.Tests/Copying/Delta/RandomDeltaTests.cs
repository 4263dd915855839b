using Microsoft.Win32.SafeHandles;
using Splice.Interop;
using Splice.Transfer;
using Xunit;

namespace Splice.Tests.Copying.Delta;

/// <summary>Random changes of a file, and its old copy updated block by block: afterwards it has the source's bytes, and the pages that
/// were written are those that differ.</summary>
public sealed class RandomDeltaTests(MountedFileSystems fileSystems, ITestOutputHelper output)
{
    private const int MiB = 1 << 20;
    private const int PageSize = 4096;
    private const int MostEdits = 8;
    private const int LongestEdit = 200_000;

    public static TheoryData<FileSystem, bool> Places =>
    [
        (FileSystem.Xfs, false), (FileSystem.Btrfs, false),
        (FileSystem.Xfs, true), (FileSystem.Btrfs, true), (FileSystem.Ext4, true), (FileSystem.Tmpfs, true),
    ];

    [Theory]
    [MemberData(nameof(Places))]
    public void Only_pages_that_differ_are_written(FileSystem type, bool inPlace)
    {
        var random = new Random(FullRun.Seed(output));
        using Workspace folder = fileSystems.NewFolder(type);
        for (int round = 0; round < FullRun.Rounds(everyday: 8, full: 100); round++)
        {
            folder.WriteRandom("copy", random.Next(MiB, 4 * MiB), seed: random.Next());
            Command.Check("cp", "--reflink=never", folder["copy"], folder["source"]);
            string edits = Edit(folder["source"], random);
            byte[] old = File.ReadAllBytes(folder["copy"]);
            int blockSize = new[] { PageSize, 64 << 10, 10_000, MiB }[random.Next(4)];

            // Before anything reads the source: reserved blocks that were read count as data (XFS).
            Extent[] data = Data(folder["source"]);
            TransferResult result = FileCopy.Copy(
                new CopyRequest
                {
                    Source = folder["source"],
                    Destination = folder["copy"],
                    Delta = DeltaMode.Always,
                    BlockSize = blockSize,
                    InPlace = inPlace,
                },
                TransferMonitor.None);

            output.WriteLine($"{round}: blocks of {blockSize}, {edits}{result.BytesMoved} moved");
            Files.AssertSameBytes(folder["source"], folder["copy"]);
            (long pages, long padded, long blocks) = Different(data, File.ReadAllBytes(folder["source"]), old, blockSize);
            Assert.InRange(result.BytesMoved, inPlace ? padded : pages, blockSize == PageSize ? pages : blocks);
            Assert.Equal(result.BytesCopied, new FileInfo(folder["source"]).Length);
            Assert.Equal(inPlace, result.BytesReflinked == 0);
            Assert.Equal(["copy", "source"], folder.Names);
        }
    }

    private static string Edit(string path, Random random)
    {
        string edits = string.Empty;
        using FileStream file = File.Open(path, FileMode.Open, FileAccess.ReadWrite);
        for (int i = random.Next(MostEdits); i >= 0; i--)
        {
            long offset = random.NextInt64(file.Length);
            int length = random.Next(1, LongestEdit);
            string edit = new[] { "write", "write", "punch", "punch", "extend", "grow", "cut", "zeros" }[random.Next(8)];
            edits += $"{edit} {offset} {length}, ";
            switch (edit)
            {
                case "write":
                    file.Position = offset;
                    file.Write(Workspace.RandomBytes(length, random.Next()));
                    break;
                case "punch":
                    LibC.PunchHole(file.SafeFileHandle, offset, length);
                    break;
                case "extend":
                    file.Position = file.Length;
                    file.Write(Workspace.RandomBytes(length, random.Next()));
                    break;
                case "grow":
                    file.SetLength(file.Length + length);
                    break;
                case "cut":
                    file.SetLength(Math.Max(MiB, file.Length - length));
                    break;
                default:
                    file.Position = offset;
                    file.Write(new byte[length]);
                    break;
            }

            file.Flush();
        }

        return edits;
    }

    /// <summary>The bytes of the pages that differ and are no holes, of those that differ if the old file is made longer first, and the
    /// most bytes that they take in whole blocks.</summary>
    private static (long Pages, long Padded, long Blocks) Different(Extent[] data, byte[] bytes, byte[] old, int blockSize)
    {
        long pages = 0;
        long blocks = 0;
        long padded = 0;
        foreach (Extent extent in data)
        {
            long end = extent.Offset + extent.Length;
            for (long page = extent.Offset; page < end; page += PageSize)
            {
                int length = (int)Math.Min(PageSize, end - page);
                ReadOnlySpan<byte> there = old.AsSpan((int)Math.Min(page, old.Length)..(int)Math.Min(page + length, old.Length));
                bool isSame = there.SequenceEqual(bytes.AsSpan((int)page, length));
                pages += isSame ? 0 : length;
                padded += bytes.AsSpan((int)page, length).StartsWith(there) && !bytes.AsSpan((int)page + there.Length, length - there.Length).ContainsAnyExcept((byte)0) ? 0 : length;
                blocks += isSame ? 0 : blockSize + PageSize;
            }
        }

        return (pages, padded, blocks);
    }

    private static Extent[] Data(string path)
    {
        using SafeFileHandle file = File.OpenHandle(path);
        return [.. Extent.Walk(file, 0, RandomAccess.GetLength(file)).Where(extent => !extent.IsHole)];
    }
}
