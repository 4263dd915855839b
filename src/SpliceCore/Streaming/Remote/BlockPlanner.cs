using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Splice.Copying;
using Splice.Descriptors;

namespace Splice.Streaming.Remote;

/// <summary>Finds the blocks of a file that hosts with an older version of it need. They compute the SHA-256 of their blocks, while this
/// side computes its own.</summary>
/// <param name="write">Sends bytes to hosts.</param>
/// <param name="waitFor">Waits until each of some hosts has answered.</param>
internal sealed class BlockPlanner(
    SendRequest request, Descriptor source, Action<IReadOnlyList<HostUpload>, ReadOnlyMemory<byte>> write,
    Action<IReadOnlyList<HostUpload>, Func<HostUpload, bool>> waitFor, CancellationToken cancellation)
{
    // Bounds what is kept for each host to 16 MiB.
    private const int MaxBlocks = 1 << 19;

    // Without Python, each block takes processes on the host.
    private const int MaxBlocksOfShell = 1 << 10;
    private const int SmallestBlock = 4 << 10;
    private const int SmallestBlockOfShell = 1 << 20;
    private const int LargestBlock = 1 << 30;
    private const string Python = "python3";

    private readonly Dictionary<int, BlockSums> _own = []; // by the length of a block

    /// <summary>The SHA-256 of the file; null if no host gets blocks.</summary>
    public Task<string>? Digest { get; private set; }

    /// <summary>Decides which hosts get blocks, and which ones.</summary>
    /// <param name="old">Returns the file that a host has.</param>
    public void Compare(IReadOnlyList<HostUpload> uploads, Func<HostUpload, OldFile> old)
    {
        List<HostBlocks> hosts = [];
        foreach (HostUpload upload in uploads)
        {
            OldFile file = old(upload);
            upload.WholeReason = file.Status is null ? "the host has no old file"
                : Math.Min(source.Size, file.Status.Size) < Tuning.DeltaAbove ? "a file is smaller than 1 MiB"
                : file.Tool.Length == 0 ? "the host cannot read and compare blocks"
                : null;
            if (upload.WholeReason is null)
            {
                hosts.Add(new HostBlocks(upload, BlockSize(file), file.Status!.Size));
            }
        }

        if (request.Delta == DeltaMode.Auto)
        {
            Read(hosts, host => Math.Max(1, Tuning.DeltaSample / host.BlockSize));
            RemoveDifferent(hosts);
        }

        if (hosts.Count == 0)
        {
            return;
        }

        Digest = Task.Run(() => ContentDigest.Compute(source.Handle, source.Size, Fail, cancellation), CancellationToken.None);
        Read(hosts, host => host.Count);
        RemoveDifferent(hosts);
        hosts.ForEach(host => host.Upload.Blocks = host.Find(_own[host.BlockSize], source.Size));
    }

    /// <summary>Removes the hosts that have failed, and those for which the whole file is sent.</summary>
    private void RemoveDifferent(List<HostBlocks> hosts)
    {
        hosts.RemoveAll(host => !host.IsComplete);
        foreach (HostBlocks host in hosts.Where(host => request.Delta == DeltaMode.Auto && host.DifferMostly(_own[host.BlockSize], source.Size)))
        {
            host.Upload.WholeReason = "most of it differs";
        }

        hosts.RemoveAll(host => host.Upload.WholeReason is not null);
    }

    /// <summary>Reads the sums of blocks up to a number.</summary>
    private void Read(List<HostBlocks> hosts, Func<HostBlocks, long> upTo)
    {
        foreach (HostBlocks host in hosts)
        {
            write([host.Upload], host.Request(upTo(host)));
        }

        foreach (HostBlocks host in hosts)
        {
            if (!_own.TryGetValue(host.BlockSize, out BlockSums? own))
            {
                _own.Add(host.BlockSize, own = new BlockSums(source, host.BlockSize, Fail, cancellation));
            }

            own.Extend(host.Requested == host.Count ? long.MaxValue : host.Requested);
        }

        Dictionary<HostUpload, HostBlocks> byUpload = hosts.ToDictionary(host => host.Upload);
        waitFor([.. byUpload.Keys], upload => byUpload[upload].TryRead());
    }

    private TransferException Fail(Errno errno) => FileFailures.OpenSource(request.Source, errno);

    private int BlockSize(OldFile file)
    {
        (int most, int unit) = file.Tool == Python ? (MaxBlocks, SmallestBlock) : (MaxBlocksOfShell, SmallestBlockOfShell);
        return (int)Math.Min(RoundUp(Math.Max(request.BlockSize, (source.Size / most) + 1), unit), LargestBlock);
    }

    private static long RoundUp(long size, int unit) => (size + unit - 1) / unit * unit;
}

/// <summary>The blocks of a file that a host gets.</summary>
/// <param name="Key">The same for hosts that get the same blocks.</param>
/// <param name="Data">The ranges that are sent.</param>
/// <param name="Zeros">The ranges of zeros, which are not.</param>
internal sealed record BlockList(string Key, IReadOnlyList<(long Start, long Length)> Data, IReadOnlyList<(long Start, long Length)> Zeros)
{
    private const int HeaderLength = 42; // as blocks.sh reads it

    /// <summary>The line before a range: a negative length stands for zeros, and 0 for the end of the others.</summary>
    public static byte[] Header(long start, long length) =>
        Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{start,20} {length,20}\n")[..HeaderLength]);
}

/// <summary>The sums of the blocks of a local file, as blocks.sh prints them.</summary>
internal sealed class BlockSums(Descriptor source, int blockSize, Func<Errno, TransferException> fail, CancellationToken cancellation)
{
    /// <summary>The bytes of a sum: digits of a SHA-256.</summary>
    public const int Length = 32;

    private readonly byte[] _sums = new byte[(source.Size + blockSize - 1) / blockSize * Length];
    private readonly byte[] _ofZeros = SumOfZeros(blockSize);
    private long _known;

    /// <summary>Number of blocks of the whole file.</summary>
    public long Count => _sums.Length / Length;

    public ReadOnlySpan<byte> this[long block] => _sums.AsSpan((int)block * Length, Length);

    public bool IsZero(long block) => this[block].SequenceEqual(_ofZeros);

    /// <summary>Computes the sums up to a number of blocks.</summary>
    public void Extend(long count)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (; _known < Math.Min(count, Count); _known++)
        {
            long start = _known * blockSize;
            FileHash.Add(hash, source.Handle, start, Math.Min(blockSize, source.Size - start), fail, cancellation);
            Digits(hash).CopyTo(_sums, (int)_known * Length);
        }
    }

    private static byte[] SumOfZeros(long count)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] zeros = new byte[4096];
        for (; count > 0; count -= zeros.Length)
        {
            hash.AppendData(zeros, 0, (int)Math.Min(count, zeros.Length));
        }

        return Digits(hash);
    }

    private static byte[] Digits(IncrementalHash hash) =>
        Encoding.ASCII.GetBytes(Convert.ToHexString(hash.GetHashAndReset().AsSpan(0, Length / 2)).ToLowerInvariant());
}

/// <summary>The sums of the blocks of a file on a host.</summary>
/// <param name="size">The size of that file in bytes, as the host reports it.</param>
internal sealed class HostBlocks(HostUpload upload, int blockSize, long size)
{
    private readonly byte[] _sums = new byte[(Math.Min(size, upload.Length) + blockSize - 1) / blockSize * BlockSums.Length];
    private int _read;
    private bool _hasHead;

    public HostUpload Upload => upload;

    public int BlockSize => blockSize;

    /// <summary>Number of blocks that can be compared.</summary>
    public long Count => _sums.Length / BlockSums.Length;

    /// <summary>Number of blocks requested so far.</summary>
    public long Requested { get; private set; }

    /// <summary>True if all sums that were requested have come.</summary>
    public bool IsComplete => _read == Requested * BlockSums.Length;

    /// <summary>Returns the line that requests the sums up to a number of blocks.</summary>
    public byte[] Request(long upTo)
    {
        long first = Requested;
        Requested = Math.Min(upTo, Count);
        _hasHead = false;
        return Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"blocks {blockSize} {first} {Requested - first}\n"));
    }

    /// <summary>Reads what has come.</summary>
    /// <returns>True if all sums have come.</returns>
    public bool TryRead()
    {
        _hasHead = _hasHead || upload.TryReadAnswer(HostScript.Blocks) is not null;
        int end = (int)Requested * BlockSums.Length;
        for (int count; _hasHead && _read < end && (count = upload.Session!.TryRead(_sums.AsSpan(_read..end))) > 0; _read += count)
        {
        }

        return _hasHead && IsComplete;
    }

    /// <summary>True if more than half of the bytes of the blocks that were compared differ.</summary>
    /// <param name="length">The length of the local file in bytes.</param>
    public bool DifferMostly(BlockSums own, long length)
    {
        long compared = Requested == Count ? own.Count : Requested;
        long different = 0;
        for (long block = 0; block < compared; block++)
        {
            different += IsSame(own, block) || own.IsZero(block) ? 0 : Math.Min(blockSize, length - (block * blockSize));
        }

        return different > Math.Min(length, compared * blockSize) / 2;
    }

    /// <summary>Returns the blocks that differ.</summary>
    /// <param name="length">The length of the local file in bytes.</param>
    public BlockList Find(BlockSums own, long length)
    {
        List<(long Start, long Length)> data = [];
        List<(long Start, long Length)> zeros = [];
        for (long block = 0; block < own.Count; block++)
        {
            if (!IsSame(own, block))
            {
                Add(own.IsZero(block) ? zeros : data, block * blockSize, Math.Min(blockSize, length - (block * blockSize)));
            }
        }

        return new BlockList(string.Create(CultureInfo.InvariantCulture, $"{blockSize} {ContentDigest.Compute(_sums)}"), data, zeros);
    }

    private static void Add(List<(long Start, long Length)> ranges, long start, long length)
    {
        if (ranges.Count > 0 && ranges[^1].Start + ranges[^1].Length == start)
        {
            (start, length) = (ranges[^1].Start, ranges[^1].Length + length);
            ranges.RemoveAt(ranges.Count - 1);
        }

        ranges.Add((start, length));
    }

    private bool IsSame(BlockSums own, long block) =>
        block < Requested && _sums.AsSpan((int)block * BlockSums.Length, BlockSums.Length).SequenceEqual(own[block]);
}
