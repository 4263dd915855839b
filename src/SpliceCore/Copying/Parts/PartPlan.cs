using Splice.Errors;

namespace Splice.Copying.Parts;

/// <summary>Where a file is cut.</summary>
internal static class PartPlan
{
    /// <summary>So many files are open at once, since all get their names together.</summary>
    public const int MostParts = 100_000;

    /// <summary>The parts, in order: each begins where the one before it ends. An empty file has one.</summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="size">The file's size in bytes.</param>
    /// <param name="blockSize">The size of the blocks that can be shared.</param>
    /// <exception cref="TransferException">There would be too many, or more than the file has bytes.</exception>
    public static IReadOnlyList<Range> Cut(SplitRequest request, long size, long blockSize)
    {
        string source = request.Copy.Source;
        if (request.PartSize is null == request.PartCount is null || request.PartSize < 1 || request.PartCount < 1)
        {
            throw new TransferException(TransferErrorId.ConflictingOptions,
                $"Neither the size nor the number of the parts of '{source}' is given, or both are.",
                "Specify either -PartSize or -PartCount, at least 1.", target: source);
        }

        long count = request.PartCount ?? Math.Max(1, (size / request.PartSize!.Value) + (size % request.PartSize.Value == 0 ? 0 : 1));
        if (count > MostParts)
        {
            throw new TransferException(TransferErrorId.TooManyParts,
                $"'{source}' would be cut into {count} parts, and {MostParts} is the most.",
                "Choose larger ones.", target: source);
        }

        if (request.PartCount > Math.Max(1, size))
        {
            throw new TransferException(TransferErrorId.TooManyParts,
                $"'{source}' has {ByteText.Of(size)}, which is not enough for {count} parts.",
                "Choose fewer.", target: source);
        }

        long unit = request.PartSize ?? (size / blockSize >= count ? blockSize : 1);
        long units = (size / unit) + (size % unit == 0 ? 0 : 1);
        var parts = new Range[count];
        long start = 0;
        for (long i = 0; i < count; i++)
        {
            // Of units that do not come out even, the first parts get one more each.
            long share = request.PartSize.HasValue ? 1 : (units / count) + (i < units % count ? 1 : 0);
            long length = Math.Min(share * unit, size - start);
            parts[i] = new Range(start, length);
            start += length;
        }

        return parts;
    }

    /// <summary>A part.</summary>
    /// <param name="Start">Bytes from the file's start.</param>
    /// <param name="Length">Bytes.</param>
    internal readonly record struct Range(long Start, long Length);
}
