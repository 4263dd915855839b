using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Win32.SafeHandles;
using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;

namespace Splice.Copying.Parts;

/// <summary>Names of the parts of one file, and other names in a folder that look like those of parts.</summary>
internal sealed class PartNames
{
    /// <summary>Number of digits of the parts' numbers by default.</summary>
    public const int FewestDigits = 3;

    private const int LongestName = 255; // bytes, NAME_MAX
    private const int MostInMessage = 5;

    private readonly string _format;
    private readonly string _file;
    private readonly string[] _names;

    private PartNames(string format, string file, string[] names)
    {
        _format = format;
        _file = file;
        _names = names;
    }

    public IReadOnlyList<string> All => _names;

    /// <exception cref="TransferException">The format gives invalid names, or the same for several parts.</exception>
    public static PartNames Of(SplitRequest request, int count)
    {
        string file = Path.GetFileName(request.Copy.Source);
        int digits = Math.Max(FewestDigits, count.ToString(CultureInfo.InvariantCulture).Length);
        string format = request.NameFormat ?? $"{{0}}.{{1:D{digits}}}";
        string[] names = new string[count];
        try
        {
            for (int i = 0; i < count; i++)
            {
                names[i] = string.Format(CultureInfo.InvariantCulture, format, file, i + 1);
            }
        }
        catch (FormatException exception)
        {
            throw NotNames(format, exception.Message);
        }

        string? wrong = Array.Find(names, name => !IsName(name));
        return wrong is not null ? throw NotNames(format, $"'{wrong}' is not a file name")
            : names.Distinct(StringComparer.Ordinal).Count() < count ? throw NotNames(format, "two parts would have the same name")
            : new PartNames(format, file, names);
    }

    /// <summary>Finds the parts of earlier splits that the new ones do not replace, and that a join of all names of this form would
    /// include. They have the numbers that follow, or numbers with more or fewer digits.</summary>
    /// <param name="isSource">True if a name is that of the file itself.</param>
    /// <param name="others">Other names that look like those of parts, with numbers that do not follow.</param>
    public IReadOnlyList<string> FindStale(SafeFileHandle folder, string path, Func<string, bool> isSource, out IReadOnlyList<string> others)
    {
        var pattern = new Regex(Pattern(), RegexOptions.CultureInvariant);
        var own = new HashSet<string>(_names, StringComparer.Ordinal);
        List<(long Number, string Name)> found = [];
        foreach (string name in Names(folder, path).Where(name => !own.Contains(name)))
        {
            if (pattern.Match(name) is { Success: true } match && long.TryParse(match.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out long number)
                && !isSource(name))
            {
                found.Add((number, name));
            }
        }

        var numbers = found.Select(part => part.Number).ToHashSet();
        long first = numbers.Contains(1) ? 1 : _names.Length + 1;
        long end = first;
        while (numbers.Contains(end))
        {
            end++;
        }

        others = [.. found.Where(part => part.Number < first || part.Number >= end).Select(part => part.Name).Order(NaturalOrder.Instance)];
        return [.. found.Where(part => part.Number >= first && part.Number < end).Select(part => part.Name).Order(NaturalOrder.Instance)];
    }

    public IEnumerable<string> Warnings(IReadOnlyList<string> others)
    {
        if (!_names.SequenceEqual(_names.Order(StringComparer.Ordinal)))
        {
            yield return $"The names of the parts, '{_names[0]}' to '{_names[^1]}', do not sort in the order of the parts: wildcards of shells return them in another order. Use a fixed number of digits in -NameFormat ('{{1:D3}}').";
        }

        if (others.Count > 0)
        {
            yield return $"The folder has {(others.Count == 1 ? "a file with a name" : "files with names")} like those of the parts, which a wildcard also matches: {Listed(others)}.";
        }
    }

    /// <summary>Returns the first names for a message, and the number of the others.</summary>
    public static string Listed(IReadOnlyList<string> names)
    {
        string first = string.Join(", ", names.Take(MostInMessage).Select(name => $"'{name}'"));
        return names.Count > MostInMessage ? $"{first} and {names.Count - MostInMessage} more" : first;
    }

    /// <summary>Returns a regular expression for the names of the file's parts, with any number of digits.</summary>
    private string Pattern()
    {
        string[] pieces = string.Format(CultureInfo.InvariantCulture, _format, _file, new Placeholder()).Split('\0');
        var pattern = new StringBuilder("^").Append(Regex.Escape(pieces[0]));
        for (int i = 1; i < pieces.Length; i++)
        {
            pattern.Append(i == 1 ? "([0-9]+)" : "\\1").Append(Regex.Escape(pieces[i]));
        }

        return pattern.Append('$').ToString();
    }

    private static IEnumerable<string> Names(SafeFileHandle folder, string path)
    {
        SysResult read = DirectoryReader.ReadNames(folder, out List<FileName> names);

        // A user who may write to a folder and not read it does not learn its entries.
        return read.Ok || read.Errno == Errno.EACCES ? names.Select(name => name.ToString()) : throw FileFailures.OpenFolder(path, read.Errno);
    }

    private static bool IsName(string name) => name is not ("" or "." or "..")
        && name.IndexOfAny(['/', '\0']) < 0 && Encoding.UTF8.GetByteCount(name) <= LongestName;

    private static TransferException NotNames(string format, string why) => new(TransferErrorId.InvalidNameFormat,
        $"The format '{format}' does not result in names of parts: {why}.",
        "Use a format such as '{0}.{1:D3}', where {0} is the name of the file and {1} the number of the part.",
        target: format);

    /// <summary>Replaces the number of a part, whatever its format.</summary>
    private sealed class Placeholder : IFormattable
    {
        public string ToString(string? format, IFormatProvider? formatProvider) => "\0";
    }
}

/// <summary>Offsets at which a file is cut.</summary>
internal static class PartPlan
{
    /// <summary>Limit of the files that are open at once, since all get their names together.</summary>
    public const int MostParts = 100_000;

    /// <summary>Returns consecutive parts. An empty file has one.</summary>
    /// <exception cref="TransferException">There would be too many, or more than the file has bytes.</exception>
    public static IReadOnlyList<Range> Cut(SplitRequest request, long size, long blockSize)
    {
        string source = request.Copy.Source;
        long count = request.PartCount ?? Math.Max(1, (size / request.PartSize!.Value) + (size % request.PartSize.Value == 0 ? 0 : 1));
        if (count > MostParts)
        {
            throw new TransferException(TransferErrorId.TooManyParts,
                $"'{source}' would be split into {count} parts; the limit is {MostParts}.",
                "Specify a larger -PartSize, or a smaller -PartCount.", target: source);
        }

        if (request.PartCount > Math.Max(1, size))
        {
            throw new TransferException(TransferErrorId.TooManyParts,
                $"'{source}' has {ByteText.Of(size)}, which is not enough for {count} parts.",
                "Specify a smaller -PartCount.", target: source);
        }

        long unit = request.PartSize ?? (size / blockSize >= count ? blockSize : 1);
        long units = (size / unit) + (size % unit == 0 ? 0 : 1);
        var parts = new Range[count];
        long start = 0;
        for (long i = 0; i < count; i++)
        {
            // If the units cannot be distributed evenly, the first parts get one more each.
            long share = request.PartSize.HasValue ? 1 : (units / count) + (i < units % count ? 1 : 0);
            long length = Math.Min(share * unit, size - start);
            parts[i] = new Range(start, length);
            start += length;
        }

        return parts;
    }

    internal readonly record struct Range(long Start, long Length);
}
