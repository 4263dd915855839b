using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Splice.Copying;
using Splice.Descriptors;

namespace Splice.Streaming.Remote;

/// <summary>Finds the blocks of a file that hosts with an older version of it need. They compute the hash of each block, while this
/// side computes its own.</summary>
/// <param name="write">Sends bytes to hosts.</param>
/// <param name="waitFor">Waits until each of some hosts has answered.</param>
internal sealed class BlockPlanner(
    SendRequest request, Descriptor source, Action<IReadOnlyList<HostUpload>, ReadOnlyMemory<byte>> write,
    Action<IReadOnlyList<HostUpload>, Func<HostUpload, bool>> waitFor, CancellationToken cancellation)
{
    private readonly Dictionary<HostBlocks, BlockSums> _own = []; // by length and hash of a block
    private readonly Dictionary<BlockSums, Task> _tasks = [];
    private readonly string _key = HostBlocks.NewKey();
    private readonly Dictionary<HostUpload, PrintedSums> _answers = [];

    /// <summary>Decides which hosts get blocks.</summary>
    /// <param name="old">Returns the file that a host has.</param>
    public void Choose(IReadOnlyList<HostUpload> uploads, Func<HostUpload, OldFile> old)
    {
        foreach (HostUpload upload in uploads)
        {
            OldFile file = old(upload);
            upload.WholeReason = file.Status is null ? "the host has no old file" : HostBlocks.FindObstacle(source.Size, file.Status.Size, file.Tool);
            upload.Blocks = upload.WholeReason is null ? HostBlocks.For(request, source.Size, (file.Tool, _key), upTo: file.Status!.Size) : null;
        }

        List<HostUpload> takers = [.. uploads.Where(upload => upload.Blocks is not null)];
        if (request.Delta == DeltaMode.Auto)
        {
            Sample(takers);
        }

        foreach (BlockSums own in takers.Where(upload => upload.Blocks is not null).Select(upload => Own(upload.Blocks!)).Distinct())
        {
            _tasks.Add(own, Task.Run(() => own.Compute(0, own.Count), CancellationToken.None));
        }
    }

    /// <summary>Finds the ranges that each host gets.</summary>
    public void Find(IReadOnlyList<HostUpload> uploads)
    {
        Read(uploads, upload => upload.Blocks!.Count);
        foreach (HostUpload upload in Complete(uploads))
        {
            BlockSums own = Own(upload.Blocks!);
            _tasks[own].GetAwaiter().GetResult();
            upload.Ranges = BlockRanges.Find(own, _answers[upload], source.Size);
        }
    }

    /// <summary>Compares the list of hashes of each new file with that of the source.</summary>
    public void Verify(IReadOnlyList<HostUpload> uploads)
    {
        Dictionary<HostUpload, string> sums = [];
        waitFor(uploads, upload => sums.ContainsKey(upload) || (upload.TryReadAnswer(HostScript.Sum) is string sum && sums.TryAdd(upload, sum)));
        foreach ((HostUpload upload, string sum) in sums)
        {
            bool hasChanged = sum.EndsWith(HostScript.AllBlocks, StringComparison.Ordinal);
            if (sum != Own(upload.Blocks!).Digest + (hasChanged ? HostScript.AllBlocks : string.Empty))
            {
                upload.Session!.Fail(hasChanged
                    ? RemoteFailure.DestinationChanged(upload.Path, upload.Host.Text)
                    : RemoteFailure.DifferentBlocks($"'{upload.Path}' on '{upload.Host.Text}'", $"'{request.Source}'", upload.Host.Text));
            }
        }
    }

    /// <summary>Compares the first blocks. Hosts of which most of them differ get the whole file.</summary>
    private void Sample(List<HostUpload> uploads)
    {
        foreach (HostUpload upload in uploads)
        {
            write([upload], upload.Blocks!.SampleRequest);
        }

        foreach (HostUpload upload in uploads)
        {
            Own(upload.Blocks!).Compute(0, upload.Blocks!.SampleCount);
        }

        Read(uploads, upload => upload.Blocks!.SampleCount);
        foreach (HostUpload upload in Complete(uploads))
        {
            if (upload.Blocks!.DifferMostly(Own(upload.Blocks!), _answers[upload], source.Size))
            {
                (upload.Blocks, upload.WholeReason) = (null, HostBlocks.MostlyDifferent);
            }
        }
    }

    private void Read(IReadOnlyList<HostUpload> uploads, Func<HostUpload, long> count)
    {
        foreach (HostUpload upload in uploads)
        {
            _answers[upload] = new PrintedSums(upload.Session!, upload.Blocks!, count(upload));
        }

        waitFor(uploads, upload => _answers[upload].TryRead());
    }

    private IEnumerable<HostUpload> Complete(IReadOnlyList<HostUpload> uploads) => uploads.Where(upload => _answers[upload].IsComplete);

    private BlockSums Own(HostBlocks blocks)
    {
        HostBlocks kind = blocks with { Count = 0 };
        if (!_own.TryGetValue(kind, out BlockSums? own))
        {
            own = new BlockSums(source.Handle, source.Size, blocks, errno => FileFailures.OpenSource(request.Source, errno), cancellation);
            _own.Add(kind, own);
        }

        return own;
    }
}

/// <summary>The blocks of an old file that are compared.</summary>
/// <param name="Size">The length of a block in bytes.</param>
/// <param name="Count">Number of blocks.</param>
/// <param name="Key">The key for AES-GMAC in hexadecimal digits; empty for SHA-256.</param>
internal sealed record HostBlocks(int Size, long Count, string Key)
{
    /// <summary>The largest block that is hashed by AES-GMAC, in bytes.</summary>
    public const int LargestGmacBlock = 1 << 20;

    public const string MostlyDifferent = "most of it differs";

    // Bounds what is kept of each file to 16 MiB.
    private const int MaxBlocks = 1 << 18;

    // Without Python, each block takes processes on the host.
    private const int MaxBlocksOfShell = 1 << 10;
    private const int SmallestBlock = 4 << 10;
    private const int SmallestBlockOfShell = 1 << 20;
    private const int LargestBlock = 1 << 30;
    private const int KeyLength = 16;
    private const string Gmac = "gmac";
    private const string Sha256Sum = "sha256sum";

    /// <summary>The line that requests the sums of all blocks, and begins the transfer of ranges.</summary>
    public ReadOnlyMemory<byte> DeltaRequest =>
        Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{HostScript.Delta} {Size} {Count} {Key}\n"));

    /// <summary>Number of hexadecimal digits of a sum.</summary>
    public int SumLength => Key.Length > 0 ? 32 : 64;

    /// <summary>Number of blocks that are compared first, to decide whether comparing the others is worth it.</summary>
    public long SampleCount => Math.Min(Count, Math.Max(1, Tuning.DeltaSample / Size));

    /// <summary>The line that requests their sums.</summary>
    public ReadOnlyMemory<byte> SampleRequest =>
        Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"blocks {Size} 0 {SampleCount} {Key}\n"));

    /// <summary>Returns the reason why blocks of a file are not compared; null if they are.</summary>
    /// <param name="tool">The tool of the host that computes sums; empty for none.</param>
    public static string? FindObstacle(long newerSize, long olderSize, string tool) =>
        Math.Min(newerSize, olderSize) < Tuning.DeltaAbove ? "a file is smaller than 1 MiB"
            : Math.Max(newerSize, olderSize) / LargestBlock >= MaxBlocks ? "a file is larger than 256 TiB"
            : tool.Length == 0 ? "the host cannot read and compare blocks"
            : null;

    /// <summary>Returns a random key.</summary>
    public static string NewKey() => Convert.ToHexString(RandomNumberGenerator.GetBytes(KeyLength)).ToLowerInvariant();

    /// <param name="length">The length of the newer version in bytes.</param>
    /// <param name="hash">The tool of the host, and the key if it computes AES-GMAC.</param>
    /// <param name="upTo">The host sums its file to this offset.</param>
    public static HostBlocks For(RemoteRequest request, long length, (string Tool, string Key) hash, long upTo)
    {
        (int most, int unit) = hash.Tool == Sha256Sum ? (MaxBlocksOfShell, SmallestBlockOfShell) : (MaxBlocks, SmallestBlock);
        long size = Math.Min(RoundUp(Math.Max(request.BlockSize, (length / most) + 1), unit), LargestBlock);
        bool isKeyed = hash.Tool == Gmac && size <= LargestGmacBlock && BlockHash.HasFastGmac;
        return new HostBlocks((int)size, (Math.Min(length, upTo) + size - 1) / size, isKeyed ? hash.Key : string.Empty);
    }

    /// <summary>True if more than half of the bytes of a sample differ, without zeros, which are not sent.</summary>
    /// <param name="length">The length of the newer version in bytes.</param>
    public bool DifferMostly(SumList newer, SumList older, long length) =>
        BlockRanges.Find(newer, older, length, SampleCount).Data.Sum(range => range.Length) > Math.Min(length, SampleCount * Size) / 2;

    private static long RoundUp(long size, int unit) => (size + unit - 1) / unit * unit;
}
