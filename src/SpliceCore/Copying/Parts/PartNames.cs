using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Win32.SafeHandles;
using Splice.Errors;
using Splice.Interop;

namespace Splice.Copying.Parts;

/// <summary>The names of the parts of one file, and which other names in a folder are those of parts as well.</summary>
internal sealed class PartNames
{
    private const int FewestDigits = 3;
    private const int LongestName = 255; // bytes, NAME_MAX
    private const int MostInMessage = 5;
    private const int BufferSize = 32 * 1024;

    private static readonly FileName ThisFolder = ".";

    private readonly string _format;
    private readonly string _file;
    private readonly string[] _names;

    private PartNames(string format, string file, string[] names)
    {
        _format = format;
        _file = file;
        _names = names;
    }

    /// <summary>The names, in order.</summary>
    public IReadOnlyList<string> All => _names;

    /// <summary>Makes them.</summary>
    /// <param name="request">The file, and the format.</param>
    /// <param name="count">The number of parts.</param>
    /// <exception cref="TransferException">They are not names of files, or not all different.</exception>
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
        return wrong is not null ? throw NotNames(format, $"'{wrong}' is not a name of a file")
            : names.Distinct(StringComparer.Ordinal).Count() < count ? throw NotNames(format, "two parts would have the same name")
            : new PartNames(format, file, names);
    }

    /// <summary>Finds the parts of earlier cuts that the new ones do not replace: whoever joins all names of this form would join
    /// them as well. They have the numbers that follow, or numbers with more or fewer digits.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="path">Its path.</param>
    /// <param name="isSource">Whether a name is that of the file itself.</param>
    /// <param name="others">Other names that look like those of parts, but whose numbers do not follow.</param>
    /// <exception cref="TransferException">The folder cannot be read.</exception>
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

    /// <summary>What the user should know of the names.</summary>
    /// <param name="others">Other names in the folder that look like those of parts.</param>
    public IEnumerable<string> Warnings(IReadOnlyList<string> others)
    {
        if (!_names.SequenceEqual(_names.Order(StringComparer.Ordinal)))
        {
            yield return $"The names of the parts, '{_names[0]}' to '{_names[^1]}', do not sort in the order of the parts: a wildcard of a shell mixes them up. Use a number of digits in -NameFormat ('{{1:D3}}').";
        }

        if (others.Count > 0)
        {
            yield return $"There {(others.Count == 1 ? "is a file" : "are files")} with {(others.Count == 1 ? "a name" : "names")} like those of the parts, which a wildcard finds with them: {Listed(others)}.";
        }
    }

    /// <summary>Names for a message: the first ones, and how many more there are.</summary>
    public static string Listed(IReadOnlyList<string> names)
    {
        string first = string.Join(", ", names.Take(MostInMessage).Select(name => $"'{name}'"));
        return names.Count > MostInMessage ? $"{first} and {names.Count - MostInMessage} more" : first;
    }

    /// <summary>A regular expression for the names of the file's parts, with any number of digits.</summary>
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

    private static List<string> Names(SafeFileHandle folder, string path)
    {
        List<string> names = [];
        SysResult read = LibC.OpenAt(folder, ThisFolder, OpenFlags.ReadOnly | OpenFlags.Directory, 0, out SafeFileHandle readable);
        using (readable)
        {
            byte[] buffer = new byte[BufferSize];
            while (read.Ok && (read = LibC.GetDirectoryEntries(readable, buffer)) is { Ok: true, Value: > 0 })
            {
                var listing = new DirectoryListing(buffer.AsMemory(0, (int)read.Value));
                while (listing.TryTake(out FileName name, out _))
                {
                    names.Add(name.ToString());
                }
            }
        }

        // Who may write to a folder and not read it is not told what is in it.
        return read.Ok || read.Errno == Errno.EACCES ? names : throw Failures.OpenFolder(path, read.Errno);
    }

    private static bool IsName(string name) => name is not ("" or "." or "..")
        && name.IndexOfAny(['/', '\0']) < 0 && Encoding.UTF8.GetByteCount(name) <= LongestName;

    private static TransferException NotNames(string format, string why) => new(TransferErrorId.InvalidNameFormat,
        $"The format '{format}' gives no names for the parts: {why}.",
        "Give one like '{0}.{1:D3}', where {0} is the file's name and {1} the part's number.",
        target: format);

    /// <summary>Stands for the number of a part, whatever its format.</summary>
    private sealed class Placeholder : IFormattable
    {
        public string ToString(string? format, IFormatProvider? formatProvider) => "\0";
    }
}
