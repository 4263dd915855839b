using System.Buffers;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Security.Cryptography;
using System.Text;
using Splice.Interop;

namespace Splice.Streaming.Remote;

/// <summary>The hash of each block of a file, as blocks.sh prints them.</summary>
/// <param name="count">Number of blocks.</param>
internal abstract class SumList(HostBlocks blocks, long count)
{
    private readonly byte[] _digits = new byte[count * blocks.SumLength];

    /// <summary>The sum of a block of zeros.</summary>
    protected readonly byte[] OfZeros = SumOfZeros(blocks);

    public int BlockSize => blocks.Size;

    /// <summary>Returns the hash of its blocks.</summary>
    protected BlockHash NewHash() => new(blocks);

    /// <summary>Number of blocks.</summary>
    public long Count => count;

    /// <summary>The sum of a block; empty behind the last one.</summary>
    public ReadOnlySpan<byte> this[long block] => block < count ? Digits(block, 1) : [];

    /// <summary>True if a block has only zeros.</summary>
    public bool IsZero(long block) => this[block].SequenceEqual(OfZeros);

    /// <summary>The SHA-256 of the list of all sums, in digits.</summary>
    public string Digest => ContentDigest.Compute(_digits);

    protected Span<byte> Digits(long block, long count) => _digits.AsSpan((int)(block * blocks.SumLength), (int)(count * blocks.SumLength));

    private static byte[] SumOfZeros(HostBlocks blocks)
    {
        using var hash = new BlockHash(blocks);
        byte[] zeros = new byte[Math.Min(blocks.Size, HostBlocks.LargestGmacBlock)];
        for (int left = blocks.Size; left > 0; left -= zeros.Length)
        {
            hash.Append(zeros.AsSpan(0, Math.Min(left, zeros.Length)));
        }

        return hash.Complete();
    }
}

/// <summary>The hash of a block: SHA-256, or AES-GMAC with a key for this transfer, which takes a quarter of the time. See blocks.sh.</summary>
internal sealed class BlockHash(HostBlocks blocks) : IDisposable
{
    private const int TagLength = 16;

    private readonly AesGcm? _gmac = blocks.Key.Length > 0 ? new AesGcm(Convert.FromHexString(blocks.Key), TagLength) : null;
    private readonly IncrementalHash _sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] _tag = new byte[TagLength];

    /// <summary>True if this processor has instructions for AES-GMAC.</summary>
    public static bool HasFastGmac => AesGcm.IsSupported && (Pclmulqdq.IsSupported || System.Runtime.Intrinsics.Arm.Aes.IsSupported);

    /// <summary>Adds bytes: for AES-GMAC, the whole block.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (_gmac is null)
        {
            _sha256.AppendData(bytes);
        }
        else
        {
            _gmac.Encrypt(stackalloc byte[12], [], [], _tag, bytes);
        }
    }

    /// <summary>Returns the digits, and begins again.</summary>
    public byte[] Complete() =>
        Encoding.ASCII.GetBytes(Convert.ToHexString(_gmac is null ? _sha256.GetHashAndReset() : _tag).ToLowerInvariant());

    public void Dispose()
    {
        _gmac?.Dispose();
        _sha256.Dispose();
    }
}

/// <summary>The sums of the blocks of a local file.</summary>
/// <param name="size">The size of the file in bytes.</param>
/// <param name="fail">Returns the error for an errno.</param>
internal sealed class BlockSums(SafeHandle file, long size, HostBlocks blocks, Func<Errno, TransferException> fail, CancellationToken cancellation)
    : SumList(blocks, (size + blocks.Size - 1) / blocks.Size)
{
    private const int Threads = 2;

    /// <summary>Computes the sums of some blocks.</summary>
    /// <param name="end">The first block behind them. Blocks behind the end of the file are skipped.</param>
    /// <exception cref="TransferException">The file cannot be read.</exception>
    public void Compute(long first, long end)
    {
        long next = first - 1;
        end = Math.Min(end, Count);
        Task.WhenAll(Enumerable.Range(0, Math.Min(Threads, Environment.ProcessorCount)).Select(_ => Task.Run(ComputeNext, CancellationToken.None)))
            .GetAwaiter().GetResult();

        void ComputeNext()
        {
            byte[] buffer = ArrayPool<byte>.Shared.Rent(HostBlocks.LargestGmacBlock);
            using BlockHash hash = NewHash();
            for (long block; (block = Interlocked.Increment(ref next)) < end;)
            {
                Compute(block, hash, buffer);
            }

            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Computes the sum of a block.</summary>
    private void Compute(long block, BlockHash hash, byte[] buffer)
    {
        long start = block * BlockSize;
        long length = Math.Min(BlockSize, size - start);
        for (long at = 0; at < length; at += HostBlocks.LargestGmacBlock)
        {
            Span<byte> bytes = buffer.AsSpan(0, (int)Math.Min(HostBlocks.LargestGmacBlock, length - at));
            Read(bytes, start + at);
            if (bytes.Length == BlockSize && !bytes.ContainsAnyExcept((byte)0))
            {
                OfZeros.CopyTo(Digits(block, 1));
                return;
            }

            hash.Append(bytes);
        }

        hash.Complete().CopyTo(Digits(block, 1));
    }

    private void Read(Span<byte> bytes, long offset)
    {
        while (!bytes.IsEmpty)
        {
            cancellation.ThrowIfCancellationRequested();
            SysResult read = LibC.Read(file, bytes, offset);
            if (read.Errno == Errno.EINTR)
            {
                continue;
            }

            if (!read.Ok || read.Value == 0)
            {
                throw fail(read.Errno);
            }

            bytes = bytes[(int)read.Value..];
            offset += read.Value;
        }
    }
}

/// <summary>The sums of blocks that a host prints: a line, and the digits without a separator.</summary>
internal sealed class PrintedSums(SshSession session, HostBlocks blocks, long count) : SumList(blocks, count)
{
    private bool _hasLine;
    private long _read;

    /// <summary>True if all sums have come.</summary>
    public bool IsComplete => _hasLine && _read == Digits(0, Count).Length;

    /// <summary>Reads what has come.</summary>
    /// <returns>True if that is all.</returns>
    public bool TryRead()
    {
        _hasLine = _hasLine || session.TryReadAnswer(HostScript.Blocks) is not null;
        Span<byte> digits = Digits(0, Count);
        for (int read; _hasLine && _read < digits.Length && (read = session.TryRead(digits[(int)_read..])) > 0; _read += read)
        {
        }

        return IsComplete;
    }
}

/// <summary>The ranges of a file that differ from an older version.</summary>
/// <param name="Data">The ranges with data.</param>
/// <param name="Zeros">The ranges of zeros.</param>
internal sealed record BlockRanges(IReadOnlyList<(long Start, long Length)> Data, IReadOnlyList<(long Start, long Length)> Zeros)
{
    private const int LineLength = 42; // as blocks.sh reads it

    /// <summary>Number of bytes in all ranges.</summary>
    public long Length => All.Sum(range => range.Length);

    /// <summary>The same for equal ranges.</summary>
    public string Key { get; } = string.Join(' ', Data.Concat(Zeros));

    /// <summary>All ranges, first those with data.</summary>
    public IEnumerable<(long Start, long Length)> All => Data.Concat(Zeros);

    /// <summary>The line for a range: a negative length stands for zeros, and 0 for the end of the ranges.</summary>
    public static byte[] LineOf(long start, long length) =>
        Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{start,20} {length,20}\n")[..LineLength]);

    /// <summary>Finds the ranges of blocks that differ.</summary>
    /// <param name="length">The length of the newer version in bytes.</param>
    /// <param name="count">Number of blocks to compare.</param>
    public static BlockRanges Find(SumList newer, SumList older, long length, long count = long.MaxValue)
    {
        List<(long Start, long Length)> data = [];
        List<(long Start, long Length)> zeros = [];
        for (long block = 0; block < Math.Min(count, newer.Count); block++)
        {
            if (!newer[block].SequenceEqual(older[block]))
            {
                long start = block * newer.BlockSize;
                Add(newer.IsZero(block) ? zeros : data, start, Math.Min(newer.BlockSize, length - start));
            }
        }

        return new BlockRanges(data, zeros);
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
}
