using Xunit;

namespace Splice.Tests.Comparing;

/// <summary>Comparisons as the tests make them.</summary>
internal static class Comparisons
{
    /// <summary>Compares two files.</summary>
    public static ComparisonResult OfFiles(string reference, string difference, Func<ComparisonRequest, ComparisonRequest>? change = null)
    {
        List<ComparisonResult> results = [];
        var request = new ComparisonRequest { ReferencePath = reference, DifferencePath = difference };
        ComparisonSummary summary = ItemComparison.Compare(change?.Invoke(request) ?? request, new ComparisonMonitor(results.Add));
        ComparisonResult result = Assert.Single(results);
        Assert.Equal(summary.Equal, result.Equal);
        return result;
    }

    /// <summary>Compares two trees: each difference as its side, its path and its properties.</summary>
    public static List<string> OfTrees(
        string reference, string difference, ComparedProperties properties = ComparedProperties.Content, List<TransferException>? errors = null, bool includeEqual = false,
        PathFilter? filter = null)
    {
        List<string> differences = [];
        var request = new ComparisonRequest
        {
            ReferencePath = reference,
            DifferencePath = difference,
            Recurse = true,
            Properties = properties,
            IncludeEqual = includeEqual,
            Filter = filter,
        };
        List<TransferException> failed = errors ?? [];
        ComparisonSummary summary = ItemComparison.Compare(request, new ComparisonMonitor(
            result => differences.Add($"{result.SideIndicator} {result.Path}{(result.Property.Count > 0 ? " " : "")}{string.Join(',', result.Property)}"), failed.Add));
        Assert.Equal(failed.Count, summary.Failed);
        Assert.Equal(differences.Count(difference => !difference.StartsWith("==", StringComparison.Ordinal)), summary.Differences);
        Assert.True(errors is not null || failed.Count == 0, string.Join('\n', failed.Select(error => error.Message)));
        return differences;
    }

    /// <summary>Offset of the first byte that differs, as cmp(1) has it; null if there is none.</summary>
    public static long? ByCmp(string reference, string difference)
    {
        Command.Require("cmp");
        Command.Output compared = Command.Run("cmp", "--verbose", "--bytes=9223372036854775807", reference, difference);
        if (compared.ExitCode == 0)
        {
            return null;
        }

        string first = compared.Text.Split('\n')[0].Trim();
        return first.Length > 0
            ? long.Parse(first.Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture) - 1
            : Math.Min(new FileInfo(reference).Length, new FileInfo(difference).Length);
    }
}
