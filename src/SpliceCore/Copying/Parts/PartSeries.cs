using System.Text.RegularExpressions;
using Splice.Errors;

namespace Splice.Copying.Parts;

/// <summary>Files whose names differ in one number only, as those of the parts of one file do: whether they can be all parts of one
/// cut, in order.</summary>
internal static partial class PartSeries
{
    /// <summary>Finds what is wrong with the files, if they are such parts.</summary>
    /// <param name="files">The files that are joined, in order: their paths, and their sizes where they are known.</param>
    /// <returns>A sentence for the user; null where nothing is wrong, or the names say nothing.</returns>
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
        return fault is null ? null : $"The files that were joined look like parts of one file, and the result may not be that file: {fault}.";
    }

    /// <summary>Where the one number is that the names differ in: at an odd place, between texts.</summary>
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
            : wrong < last ? $"what is between '{names[wrong]}' and '{names[wrong + 1]}' is missing"
            : beginsLate ? $"what is before '{names[0]}' is missing"
            : null;
    }

    /// <summary>All parts but the last have one size, or the first ones have a block more than the others.</summary>
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
                return $"'{files[i - 1].Path}' has {ByteText.Of(before)}, and '{files[i].Path}', behind it, has {now}";
            }
        }

        return null;
    }

    private static Int128 Value(string digits) => Int128.TryParse(digits, out Int128 value) ? value : Int128.MaxValue;

    [GeneratedRegex("([0-9]+)")]
    private static partial Regex Number();
}
