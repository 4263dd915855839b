using System.Runtime.InteropServices;
using Splice.Transfer;

namespace Splice.Streaming.Remote;

/// <summary>Whole blocks of a file's data, as dd(1) writes them.</summary>
/// <param name="Offset">Where they are, in bytes; a multiple of the block's size.</param>
/// <param name="Count">How many bytes; a multiple of the block's size, which may reach past the file's end.</param>
/// <param name="BlockSize">The size of a block.</param>
internal readonly record struct SparsePiece(long Offset, long Count, int BlockSize)
{
    /// <summary>What all pieces are aligned to.</summary>
    public const int SmallBlock = 4096;

    private const int LargeBlock = 1 << 20;
    private const long MostOfPiece = 256L << 20;

    // Each piece takes a process on the host: below that, a hole costs more than it saves.
    private const long SmallestHole = 64 << 10;

    /// <summary>The pieces of a file's data from an offset on, in order.</summary>
    /// <param name="file">The file; its file offset moves.</param>
    /// <param name="from">Where to begin: a multiple of <see cref="SmallBlock"/>.</param>
    /// <param name="size">The file's size.</param>
    public static IEnumerable<SparsePiece> Walk(SafeHandle file, long from, long size)
    {
        foreach ((long start, long end) in Stretches(file, from, size))
        {
            for (long at = start; at < end;)
            {
                long toLarge = LargeBlock - (at % LargeBlock);
                bool isLarge = toLarge == LargeBlock && end - at >= LargeBlock;
                long count = isLarge ? Math.Min((end - at) / LargeBlock * LargeBlock, MostOfPiece) : Math.Min(end - at, toLarge);
                yield return new SparsePiece(at, count, isLarge ? LargeBlock : SmallBlock);
                at += count;
            }
        }
    }

    /// <summary>The data between holes that are worth it, from and to whole blocks.</summary>
    private static IEnumerable<(long Start, long End)> Stretches(SafeHandle file, long from, long size)
    {
        (long Start, long End)? last = null;
        foreach (Extent extent in Extent.Walk(file, from, size - from))
        {
            if (extent.IsHole)
            {
                continue;
            }

            long start = extent.Offset / SmallBlock * SmallBlock;
            long end = (extent.Offset + extent.Length + SmallBlock - 1) / SmallBlock * SmallBlock;
            if (last is { } before && start - before.End < SmallestHole)
            {
                last = (before.Start, end);
                continue;
            }

            if (last is { } complete)
            {
                yield return complete;
            }

            last = (start, end);
        }

        if (last is { } final)
        {
            yield return final;
        }
    }
}
