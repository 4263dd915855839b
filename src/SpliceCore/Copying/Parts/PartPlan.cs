using System.Globalization;
using System.Text;

namespace Splice.Copying.Parts;

/// <summary>Where a file is cut, and what its parts are called.</summary>
internal static class PartPlan
{
    /// <summary>So many files are open at once, since all get their names together.</summary>
    public const int MostParts = 100_000;

    private const int FewestDigits = 3;
    private const int LongestName = 255; // bytes, NAME_MAX

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
                $"Into what '{source}' is to be cut is not said, or twice.",
                "Give -PartSize or -PartCount, one of them and at least 1.", target: source);
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
                $"'{source}' has {size} bytes, which is not enough for {count} parts.",
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

    /// <summary>The parts' names, in order.</summary>
    /// <exception cref="TransferException">They are no names of files, or not all different.</exception>
    public static IReadOnlyList<string> Name(SplitRequest request, int count)
    {
        string source = request.Copy.Source;
        int digits = Math.Max(FewestDigits, count.ToString(CultureInfo.InvariantCulture).Length);
        string format = request.NameFormat ?? $"{{0}}.{{1:D{digits}}}";
        string[] names = new string[count];
        try
        {
            for (int i = 0; i < count; i++)
            {
                names[i] = string.Format(CultureInfo.InvariantCulture, format, Path.GetFileName(source), i + 1);
            }
        }
        catch (FormatException exception)
        {
            throw NotNames(format, exception.Message);
        }

        string? wrong = Array.Find(names, name => !IsName(name));
        return wrong is not null ? throw NotNames(format, $"'{wrong}' is no name of a file")
            : names.Distinct(StringComparer.Ordinal).Count() < count ? throw NotNames(format, "two parts would have the same name")
            : names;
    }

    private static bool IsName(string name) => name is not ("" or "." or "..")
        && name.IndexOfAny(['/', '\0']) < 0 && Encoding.UTF8.GetByteCount(name) <= LongestName;

    private static TransferException NotNames(string format, string why) => new(TransferErrorId.InvalidNameFormat,
        $"The format '{format}' gives no names for the parts: {why}.",
        "Give one like '{0}.{1:D3}', where {0} is the file's name and {1} the part's number.",
        target: format);

    /// <summary>A part.</summary>
    /// <param name="Start">Bytes from the file's start.</param>
    /// <param name="Length">Bytes.</param>
    internal readonly record struct Range(long Start, long Length);
}
