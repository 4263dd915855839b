using System.Globalization;
using System.Text.RegularExpressions;
using Splice.Errors;

namespace Splice.Copying.Parts;

/// <summary>A file among the parts of another file.</summary>
/// <param name="Path">The path of the file.</param>
/// <param name="Whole">The name of the file that was split.</param>
/// <param name="Pattern">A wildcard that matches the parts, and not this file.</param>
internal sealed record ForeignFile(string Path, string Whole, string Pattern);

/// <summary>Checks files whose names differ in one number only, as those of the parts of one file do: they may not be all parts of one
/// cut, in order.</summary>
internal static partial class PartSeries
{
    /// <summary>Finds a file that is not a part among several parts of one file, or one beside a single part that has the same name and
    /// another extension, such as a list of checksums. The folders may differ.</summary>
    /// <param name="paths">The paths of the files that are joined.</param>
    /// <returns>The first such file; null if there is none, or the names are not the default ones of parts.</returns>
    public static ForeignFile? FindForeign(IReadOnlyList<string> paths)
    {
        ILookup<string, string> series = paths.Where(path => Part().IsMatch(path)).ToLookup(Path.GetFileNameWithoutExtension, StringComparer.Ordinal)!;
        foreach (IGrouping<string, string> parts in series.Where(parts => parts.Any(path => Path.GetExtension(path)[1] == '0')))
        {
            string prefix = $"{parts.Key}.";
            string[] others = [.. paths.Where(path => !parts.Contains(path))];
            bool HasPrefix(string path) => Path.GetFileName(path).StartsWith(prefix, StringComparison.Ordinal);
            if ((Array.Find(others, HasPrefix) ?? (parts.Distinct().Count() > 1 ? others.FirstOrDefault() : null)) is { } other)
            {
                string numbers = HasPrefix(other) && Path.GetFileName(other)[prefix.Length..] is [>= '0' and <= '9', ..]
                    ? string.Concat(Path.GetExtension(parts.First())[1..].Select(_ => "[0-9]"))
                    : "[0-9]*";
                return new ForeignFile(other, parts.Key, $"{WildcardCharacter().Replace(Path.ChangeExtension(parts.First(), null), "`$0")}.{numbers}");
            }
        }

        return null;
    }

    /// <summary>Finds a part that is missing before or between others, or that is in the folder after the last of them. Only the default
    /// names of a split prove that: the dates of logs have gaps, too.</summary>
    /// <param name="paths">The paths of the files that are joined, in order.</param>
    /// <returns>The path of the first missing part; null if none is.</returns>
    public static string? FindMissing(IReadOnlyList<string> paths)
    {
        List<string[]> tokens = [.. paths.Select(path => Number().Split(path))];
        if (paths.Count < 2 || FindNumber(tokens) is not int index || !IsDefaultForm(tokens, index))
        {
            return null;
        }

        List<Int128> numbers = [.. tokens.Select(part => Value(part[index])).Distinct().Order()];
        Int128 first = Int128.Min(1, numbers[0]);
        int gap = numbers.FindIndex(number => number != first++);
        string missing = string.Concat(tokens[0][..index])
            + (gap < 0 ? first : first - 1).ToString(CultureInfo.InvariantCulture).PadLeft(tokens[0][index].Length, '0');
        return gap < 0 && !File.Exists(missing) ? null : missing;
    }

    /// <summary>Checks the files that are joined, in order: their paths, and their sizes if known.</summary>
    /// <returns>A warning; null if there is nothing to report, or the names are not those of parts.</returns>
    public static string? FindFault(IReadOnlyList<(string Path, long? Size)> files)
    {
        List<string> texts = [.. files.Select(file => file.Path)];
        List<string[]> tokens = [.. texts.Select(path => Number().Split(path))];
        if (files.Count < 2 || FindNumber(tokens) is not int index)
        {
            return null;
        }

        string? fault = OrderFault(texts, [.. tokens.Select(token => token[index])]);
        bool isForm = tokens[0][^1].Length == 0 && index == tokens[0].Length - 2;
        bool hasZeros = tokens.Exists(token => token[index].Length > 1 && token[index][0] == '0');
        fault ??= isForm || hasZeros ? SizeFault(files) : null;
        return fault is null ? null : $"The joined files look like parts of one file, but the result may differ from it: {fault}.";
    }

    /// <summary>Returns the index of the only number that differs; it is odd, since numbers are between texts.</summary>
    private static int? FindNumber(List<string[]> tokens)
    {
        string[] first = tokens[0];
        if (tokens.Exists(other => other.Length != first.Length))
        {
            return null;
        }

        List<int> different = [.. Enumerable.Range(0, first.Length).Where(i => tokens.Exists(other => other[i] != first[i]))];
        return different is [int index] && index % 2 == 1 ? index : null;
    }

    /// <summary>True for "name.001", where one of the numbers has a leading zero.</summary>
    private static bool IsDefaultForm(List<string[]> tokens, int index) => tokens[0] is [.., string before, _, ""]
        && index == tokens[0].Length - 2 && before.EndsWith('.')
        && tokens.TrueForAll(part => part[index].Length >= PartNames.FewestDigits) && tokens.Exists(part => part[index][0] == '0');

    private static string? OrderFault(List<string> names, List<string> digits)
    {
        List<Int128> numbers = [.. digits.Select(Value)];
        int last = numbers.Count - 1;
        int wrong = Enumerable.Range(0, last).FirstOrDefault(i => numbers[i + 1] < numbers[i], last);
        if (wrong < last)
        {
            return $"they are not in the order of their numbers, '{names[wrong]}' comes before '{names[wrong + 1]}'";
        }

        wrong = Enumerable.Range(0, last).FirstOrDefault(i => numbers[i + 1] != numbers[i] + 1, last);
        bool beginsLate = numbers[0] > 1 && digits[0][0] == '0';
        return wrong < last && numbers[wrong] == numbers[wrong + 1] ? $"'{names[wrong]}' and '{names[wrong + 1]}' have the same number"
            : wrong < last ? $"a part between '{names[wrong]}' and '{names[wrong + 1]}' is missing"
            : beginsLate ? $"a part before '{names[0]}' is missing"
            : null;
    }

    /// <summary>All parts but the last have the same size, or the first ones have a block more.</summary>
    private static string? SizeFault(IReadOnlyList<(string Path, long? Size)> files)
    {
        int sizes = 1;
        for (int i = 1; i < files.Count; i++)
        {
            if (files[i].Size is not long now || files[i - 1].Size is not long before)
            {
                return null;
            }

            bool isLast = i == files.Count - 1;
            sizes += now == before || isLast ? 0 : 1;
            if (now > before || sizes > 2)
            {
                return $"'{files[i - 1].Path}' has {ByteText.Exact(before)}, and the next part, '{files[i].Path}', has {ByteText.Exact(now)}";
            }
        }

        return null;
    }

    private static Int128 Value(string digits) => Int128.TryParse(digits, out Int128 value) ? value : Int128.MaxValue;

    [GeneratedRegex("([0-9]+)")]
    private static partial Regex Number();

    [GeneratedRegex(@"[^/]\.[0-9]{3,}\z")]
    private static partial Regex Part();

    [GeneratedRegex(@"[*?\[\]`]")]
    private static partial Regex WildcardCharacter();
}
