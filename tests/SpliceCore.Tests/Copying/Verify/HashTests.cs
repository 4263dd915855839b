using System.Security.Cryptography;
using Xunit;

namespace Splice.Tests.Copying.Verify;

/// <summary>The hash in the result is that of the bytes that were copied, as sha256sum(1) and its kin have it.</summary>
public sealed class HashTests(MountedFileSystems fileSystems)
{
    private const int MiB = 1 << 20;
    private const int Size = 5_000_001;

    public static TheoryData<FileSystem, TransferMethod> Ways => new(
        from type in new[] { FileSystem.Xfs, FileSystem.Btrfs, FileSystem.Ext4, FileSystem.Tmpfs, FileSystem.Vfat }
        from method in new[] { TransferMethod.Auto, TransferMethod.Splice, TransferMethod.ReadWrite }
        select (type, method));

    [Theory]
    [MemberData(nameof(Ways))]
    public void It_is_the_hash_of_the_bytes_copied(FileSystem type, TransferMethod method)
    {
        using Workspace folder = fileSystems.NewFolder(type);
        Files.WriteSparse(folder["source"], Size, (100_000, 300_000), (2 * MiB, 1_000_001), (4 * MiB, 70_001));
        byte[] source = File.ReadAllBytes(folder["source"]);
        folder.WriteRandom("copy", 6 * MiB, seed: 2);
        CopyRequest request = Request(folder) with { Method = method };

        foreach (CopyRequest each in new[]
        {
            request with { Destination = folder["new"] },
            request,
            request with { InPlace = true },
            request with { Append = true, Method = TransferMethod.Auto },
            request with { Offset = 99_999, Count = 4_000_000, DestinationOffset = 12_345 },
            request with { Offset = 99_999, Count = 4_000_000, DestinationOffset = 99_999 },
            request with { Sparse = SparseMode.Always, Method = TransferMethod.Auto },
            request with { Verify = true },
            request with { Count = 0 },
        })
        {
            TransferResult result = FileCopy.Copy(each, TransferMonitor.None);
            Assert.Equal(Hash(source.AsSpan((int)(each.Offset ?? 0), (int)(each.Count ?? Size))), result.Hash);
            Assert.Equal(FileHashAlgorithm.SHA256, result.Algorithm);
        }
    }

    [Fact]
    public void A_result_has_none_that_was_not_requested()
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", 1000);
        TransferResult result = FileCopy.Copy(Request(folder) with { HashAlgorithm = null }, TransferMonitor.None);
        Assert.Null(result.Hash);
        Assert.Null(result.Algorithm);
    }

    [Theory]
    [InlineData(FileHashAlgorithm.MD5, "md5sum")]
    [InlineData(FileHashAlgorithm.SHA1, "sha1sum")]
    [InlineData(FileHashAlgorithm.SHA256, "sha256sum")]
    [InlineData(FileHashAlgorithm.SHA384, "sha384sum")]
    [InlineData(FileHashAlgorithm.SHA512, "sha512sum")]
    public void Each_algorithm_is_that_of_the_system(FileHashAlgorithm algorithm, string tool)
    {
        using var folder = new Workspace();
        folder.WriteRandom("source", 300_000);
        TransferResult result = FileCopy.Copy(Request(folder) with { HashAlgorithm = algorithm }, TransferMonitor.None);
        Assert.Equal(Command.Check(tool, folder["source"]).Split(' ')[0].ToUpperInvariant(), result.Hash);
        Assert.Equal(algorithm, result.Algorithm);
    }

    [Fact]
    public void A_resumed_copy_has_the_hash_of_the_whole_file()
    {
        using var folder = new Workspace();
        byte[] source = File.ReadAllBytes(folder.WriteRandom("source", 20 * MiB));
        CopyRequest request = Request(folder) with { Resume = true, Method = TransferMethod.ReadWrite };
        InterruptedCopy.Stop(request, after: 7 * MiB);

        TransferResult result = FileCopy.Copy(request, TransferMonitor.None);

        Assert.True(result.ResumedAt >= 4 * MiB);
        Assert.Equal(Hash(source), result.Hash);
    }

    [Fact]
    public void The_bytes_are_hashed_soon_after_they_have_arrived()
    {
        using var folder = new Workspace();
        byte[] source = File.ReadAllBytes(folder.WriteRandom("source", 8 * MiB));
        folder.WriteRandom("copy", 8 * MiB, seed: 2);
        bool isChanged = false;
        var monitor = new TransferMonitor(progress =>
        {
            if (progress.BytesCopied >= 6 * MiB && !isChanged)
            {
                using FileStream copy = File.OpenWrite(folder["copy"]);
                copy.WriteByte((byte)~source[0]);
                isChanged = true;
            }
        });

        TransferResult result = FileCopy.Copy(Request(folder) with { InPlace = true, Method = TransferMethod.ReadWrite }, monitor);

        Assert.True(isChanged);
        Assert.Equal(Hash(source), result.Hash);
    }

    [Fact]
    public async Task Of_a_pipe_the_destination_is_hashed_and_for_a_device_the_source()
    {
        using var folder = new Workspace();
        byte[] source = File.ReadAllBytes(folder.WriteRandom("source", 300_000));
        Command.Check("mkfifo", folder["pipe"]);
        var writer = Task.Run(() => File.WriteAllBytes(folder["pipe"], source), TestContext.Current.CancellationToken);

        Assert.Equal(Hash(source), FileCopy.Copy(Request(folder) with { Source = folder["pipe"] }, TransferMonitor.None).Hash);
        await writer;
        TransferResult result = FileCopy.Copy(Request(folder) with { Offset = 1000, Destination = "/dev/null" }, TransferMonitor.None);
        Assert.Equal(Hash(source.AsSpan(1000)), result.Hash);
    }

    [Fact]
    public void Between_pipes_it_is_an_error()
    {
        using var folder = new Workspace();
        folder.WriteRandom("copy", 1000);
        Command.Check("mkfifo", folder["pipe"]);
        using var both = new FileStream(folder["pipe"], FileMode.Open, FileAccess.ReadWrite);
        both.WriteByte(1);
        both.Flush();

        TransferException error = Assert.Throws<TransferException>(() => FileCopy.Copy(
            Request(folder) with { Source = folder["pipe"], Destination = "/dev/null" }, TransferMonitor.None));

        Assert.Equal(TransferErrorId.NotSeekable, error.Id);
        Assert.Contains("-HashAlgorithm", error.RecommendedAction, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_needs_a_result_for_each_file()
    {
        using var folder = new Workspace();
        Directory.CreateDirectory(folder["tree/sub"]);
        byte[] one = File.ReadAllBytes(folder.WriteRandom("tree/one", 1000));
        byte[] two = File.ReadAllBytes(folder.WriteRandom("tree/sub/two", 300_000));
        var request = new TreeRequest { Copy = Request(folder) with { Source = folder["tree"] } };

        TransferException error = Assert.Throws<TransferException>(() => TreeCopy.Copy(request, TreeMonitor.None));
        Assert.Equal(TransferErrorId.ConflictingOptions, error.Id);
        Assert.False(Directory.Exists(folder["copy"]));

        Dictionary<string, string?> hashes = [];
        TreeCopy.Copy(request with { PerFile = true }, new TreeMonitor(file => hashes.Add(file.Name!, file.Hash)));
        Assert.Equal(new() { ["one"] = Hash(one), ["two"] = Hash(two) }, hashes);
    }

    [Fact]
    public void A_file_that_is_up_to_date_has_the_hash_of_the_destination()
    {
        using var folder = new Workspace();
        byte[] content = File.ReadAllBytes(folder.WriteRandom("source", 300_000));
        FileCopy.Copy(Request(folder), TransferMonitor.None);

        TransferResult result = FileCopy.Copy(Request(folder) with { Update = UpdateMode.Changed }, TransferMonitor.None);

        Assert.Equal((ItemStatus.Unchanged, Hash(content), FileHashAlgorithm.SHA256), (result.Status, result.Hash, result.Algorithm));
        File.SetLastWriteTimeUtc(folder["copy"], DateTime.UtcNow.AddDays(1));
        Assert.Null(FileCopy.Copy(Request(folder) with { Update = UpdateMode.Newer }, TransferMonitor.None).Hash);
    }

    [Fact]
    public void A_folder_has_the_hash_of_each_file_also_of_those_that_are_not_written()
    {
        using var folder = new Workspace();
        Directory.CreateDirectory(folder["tree/sub"]);
        byte[] one = File.ReadAllBytes(folder.WriteRandom("tree/one", 300_000));
        byte[] two = File.ReadAllBytes(folder.WriteRandom("tree/sub/two", 1000));
        Command.Check("ln", folder["tree/one"], folder["tree/sub/same"]);
        var request = new TreeRequest
        {
            Copy = Request(folder) with
            {
                Source = folder["tree"],
                Destination = folder["copies"],
                Update = UpdateMode.Changed,
                Preserve = PreserveAttributes.Mode | PreserveAttributes.Timestamps | PreserveAttributes.HardLink,
            },
            PerFile = true,
        };
        Directory.CreateDirectory(folder["copies"]);
        Dictionary<string, string?> expected = new() { ["one"] = Hash(one), ["same"] = Hash(one), ["two"] = Hash(two) };

        Assert.Equal(expected, Hashes(request, ItemStatus.Copied));
        Assert.Equal(expected, Hashes(request, ItemStatus.Unchanged));

        // Only metadata are set.
        File.SetUnixFileMode(folder["copies/tree/sub/two"], UnixFileMode.UserRead);
        Assert.Equal(expected, Hashes(request));
        Assert.Equal(expected, Hashes(request with { Copy = request.Copy with { Resume = true, Update = UpdateMode.Always } }));
    }

    private static Dictionary<string, string?> Hashes(TreeRequest request, ItemStatus? status = null)
    {
        Dictionary<string, string?> hashes = [];
        TreeCopy.Copy(request, new TreeMonitor(
            file =>
            {
                Assert.Equal(status ?? file.Status, file.Status);
                Assert.Equal(FileHashAlgorithm.SHA256, file.Algorithm);
                hashes.Add(file.Name!, file.Hash);
            },
            error => Assert.Fail(error.Message)));
        return hashes;
    }

    private static string Hash(ReadOnlySpan<byte> bytes) => Convert.ToHexString(SHA256.HashData(bytes));

    private static CopyRequest Request(Workspace folder) => new()
    {
        Source = folder["source"],
        Destination = folder["copy"],
        HashAlgorithm = FileHashAlgorithm.SHA256,
    };
}
