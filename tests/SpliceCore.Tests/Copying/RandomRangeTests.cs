using Xunit;

namespace Splice.Tests.Copying;

/// <summary>Ranges at random against an oracle in memory. SPLICE_TEST_SEED repeats a run, SPLICE_TEST_ROUNDS makes a
/// longer one:
/// <c>SPLICE_TEST_ROUNDS=20000 dotnet test -c Release --project tests/SpliceCore.Tests --filter-class "*RandomRangeTests"</c></summary>
public sealed class RandomRangeTests(MountedFileSystems fileSystems, ITestOutputHelper output)
{
    private const int MostBytes = 300_000;

    private static readonly int Rounds = FullRun.Rounds(everyday: 100, full: 300);

    [Theory]
    [InlineData(FileSystem.Xfs)]
    [InlineData(FileSystem.Btrfs)]
    [InlineData(FileSystem.Ext4)]
    [InlineData(FileSystem.Vfat)]
    [InlineData(FileSystem.Tmpfs)]
    [InlineData(FileSystem.Ramfs)]
    [InlineData(FileSystem.Overlay)]
    public void Every_range_ends_as_the_oracle_says(FileSystem type)
    {
        int seed = FullRun.Seed(output);
        using Workspace folder = fileSystems.NewFolder(type);
        var random = new Random(seed);
        int refused = 0;
        for (int round = 0; round < Rounds; round++)
        {
            refused += RunOne(folder, random, $"seed {seed}, round {round}: ") ? 0 : 1;
        }

        output.WriteLine($"{Rounds} ranges, {refused} of them refused as reflinks");
        Assert.True(refused < Rounds / 2);
    }

    /// <returns>Whether the copy was made.</returns>
    private static bool RunOne(Workspace folder, Random random, string where)
    {
        byte[] source = WriteRandomHoles(folder["source"], random);
        byte[] old = random.Next(4) == 0 ? [] : WriteRandomHoles(folder["copy"], random);
        if (old.Length == 0)
        {
            File.Delete(folder["copy"]);
        }

        int offset = Offset(random, source.Length);
        int count = Offset(random, source.Length - offset);
        int destinationOffset = Offset(random, MostBytes);
        bool withOffset = random.Next(4) > 0;
        bool withCount = random.Next(3) > 0;
        bool withDestinationOffset = random.Next(3) > 0;
        var request = new CopyRequest
        {
            Source = folder["source"],
            Destination = folder["copy"],
            Offset = withOffset ? offset : null,
            Count = withCount ? count : null,
            DestinationOffset = withDestinationOffset ? destinationOffset : null,
            InPlace = random.Next(2) == 0,
            Method = (TransferMethod)random.Next((int)TransferMethod.ReadWrite + 1),
            PipeSize = random.Next(2) == 0 ? 1 << random.Next(12, 20) : null,
        };

        int from = withOffset ? offset : 0;
        byte[] range = source[from..(withCount ? from + count : source.Length)];
        byte[] expected = range;
        if (withDestinationOffset)
        {
            // An empty range writes nothing, and a file does not grow by it; a new file is made at its offset.
            bool grows = range.Length > 0;
            expected = new byte[grows ? Math.Max(old.Length, destinationOffset + range.Length) : old.Length];
            old.CopyTo(expected, 0);
            range.CopyTo(expected, grows ? destinationOffset : 0);
        }

        string names = string.Join('/', folder.Names);
        string what = where + request;
        try
        {
            TransferResult result = FileCopy.Copy(request, TransferMonitor.None);
            Assert.True(result.BytesCopied == range.Length, $"{what}: {result.BytesCopied} bytes copied of {range.Length}");
            Assert.True(File.ReadAllBytes(folder["copy"]).AsSpan().SequenceEqual(expected), $"{what}: the bytes differ");
            Assert.True(string.Join('/', folder.Names) == "copy/source", $"{what}: {string.Join('/', folder.Names)}");
            return true;
        }
        catch (TransferException error) when (request.Method == TransferMethod.Reflink)
        {
            Assert.True(error.Id == TransferErrorId.MethodNotPossible, $"{what}: {error.Message}");
            Assert.True(string.Join('/', folder.Names) == names, $"{what}: {string.Join('/', folder.Names)}");
            Assert.True(
                old.Length == 0 || File.ReadAllBytes(folder["copy"]).AsSpan().SequenceEqual(old), $"{what}: the old file changed");
            return false;
        }
        catch (TransferException error)
        {
            Assert.Fail($"{what}: {error.Message}");
            throw;
        }
    }

    /// <summary>A number up to a limit, often on a block's edge, at the limit, or 0.</summary>
    private static int Offset(Random random, int limit) => random.Next(4) switch
    {
        0 => random.Next(2) * limit,
        1 => random.Next((limit / 4096) + 1) * 4096,
        _ => random.Next(limit + 1),
    };

    private static byte[] WriteRandomHoles(string path, Random random)
    {
        File.Delete(path);
        using FileStream file = File.Create(path);
        byte[] content = new byte[random.Next(1, MostBytes)];
        file.SetLength(content.Length);
        for (int position = random.Next(60_000); position < content.Length; position += random.Next(100_000))
        {
            int length = Math.Min(random.Next(1, 60_000), content.Length - position);
            random.NextBytes(content.AsSpan(position, length));
            file.Position = position;
            file.Write(content, position, length);
            position += length;
        }

        return content;
    }
}
