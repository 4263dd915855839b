using System.Globalization;

namespace Splice.TestKit.Trees;

/// <summary>In what two entries of one name differ.</summary>
internal static class EntryComparison
{
    private const int MostShown = 120; // characters: of a value

    /// <summary>The differences, each with what was expected and what is there.</summary>
    public static IEnumerable<string> Differences(TreeEntry expected, TreeEntry actual, TreeAspects aspects)
    {
        if (expected.Type != actual.Type)
        {
            return [Difference("type", FileTypes.Name(expected.Type), FileTypes.Name(actual.Type))];
        }

        bool isLink = expected.Type == FileTypes.SymbolicLink;
        bool inNanoseconds = Has(TreeAspects.Nanoseconds);
        var differences = new List<string>();
        Compare("size", expected.Size, actual.Size);
        Compare("target", expected.Target, actual.Target);
        Compare("device", expected.Device, actual.Device);
        Compare("content", expected.Hash, actual.Hash);
        if (Has(TreeAspects.Mode))
        {
            Compare("mode", Octal(expected.Mode), Octal(actual.Mode));
        }

        if (Has(TreeAspects.Owner))
        {
            Compare("owner", (expected.UserId, expected.GroupId), (actual.UserId, actual.GroupId));
        }

        if (Has(TreeAspects.ModificationTime))
        {
            CompareTimes("modified", expected.ModificationTime, actual.ModificationTime);
        }

        if (Has(TreeAspects.AccessTime) && !isLink)
        {
            CompareTimes("read", expected.AccessTime, actual.AccessTime);
        }

        if (Has(TreeAspects.Identity))
        {
            CompareTimes("changed", expected.ChangeTime, actual.ChangeTime);
            Compare("inode", expected.Identity, actual.Identity);
        }

        if (Has(TreeAspects.HardLinks))
        {
            Compare("hard links", string.Join(' ', expected.Links), string.Join(' ', actual.Links));
        }

        if (Has(TreeAspects.Allocation) && expected.Type == FileTypes.Regular
            && actual.Allocated > expected.Allocated + TreeListing.AllocationSlack)
        {
            differences.Add(Difference("blocks", $"at most {expected.Allocated} bytes", $"{actual.Allocated}"));
        }

        foreach (ByteString name in expected.Attributes.Keys.Union(actual.Attributes.Keys).Where(IsCompared))
        {
            Compare($"attribute {name}", Value(expected, name), Value(actual, name));
        }

        return differences;

        bool Has(TreeAspects aspect) => aspects.HasFlag(aspect);

        void Compare<T>(string what, T expectedValue, T actualValue)
        {
            if (!EqualityComparer<T>.Default.Equals(expectedValue, actualValue))
            {
                differences.Add(Difference(what, $"{expectedValue}", $"{actualValue}"));
            }
        }

        void CompareTimes(string what, FileTime expectedTime, FileTime actualTime)
        {
            if (expectedTime.Seconds != actualTime.Seconds || (inNanoseconds && expectedTime != actualTime))
            {
                differences.Add(Difference(what, $"{expectedTime}", $"{actualTime}"));
            }
        }

        bool IsCompared(ByteString attribute) => Has(
            attribute == AccessList.Access || attribute == AccessList.Default ? TreeAspects.AccessLists
            : isLink ? TreeAspects.LinkAttributes
            : TreeAspects.Attributes);
    }

    private static string Difference(string what, string expected, string actual) =>
        $"{what}: expected {Shown(expected)}, found {Shown(actual)}";

    private static string Shown(string value) =>
        value.Length == 0 ? "none" : value.Length <= MostShown ? value : value[..MostShown] + "...";

    private static string Octal(uint mode) => Convert.ToString(mode, 8).PadLeft(4, '0');

    private static string Value(TreeEntry entry, ByteString attribute)
    {
        if (!entry.Attributes.TryGetValue(attribute, out byte[]? value))
        {
            return string.Empty;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{value.Length} bytes {Convert.ToHexString(value)}");
    }
}
