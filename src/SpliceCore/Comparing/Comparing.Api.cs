using Splice.Transfer;

namespace Splice;

/// <summary>Properties that a comparison compares. The types are always compared, and the other properties only where they are
/// equal.</summary>
[Flags]
public enum ComparedProperties
{
    /// <summary>The names and types of the entries.</summary>
    Type = 0,

    /// <summary>Content of files and block devices, targets of symbolic links, numbers of devices in trees.</summary>
    Content = 1,

    /// <summary>Size of files, and of block devices outside of trees.</summary>
    Size = 2,

    /// <summary>Permission bits, with set-user-ID, set-group-ID and the sticky bit.</summary>
    Mode = 4,

    /// <summary>User and group.</summary>
    Ownership = 8,

    /// <summary>Time of the last modification, to the nanosecond.</summary>
    Timestamps = 16,

    /// <summary>Extended attributes (xattr(7)), file capabilities included.</summary>
    Xattr = 32,

    /// <summary>POSIX access control lists (acl(5)), a folder's default list included.</summary>
    Acl = 64,

    /// <summary>The hard links within a tree: the names of each file.</summary>
    HardLink = 128,

    /// <summary>All of these.</summary>
    All = Content | Size | Mode | Ownership | Timestamps | Xattr | Acl | HardLink,
}

/// <summary>A comparison of two files, or of two folders with all that is in them.</summary>
public sealed record ComparisonRequest
{
    /// <summary>The first file, block device or folder. A symbolic link is followed.</summary>
    public required string ReferencePath { get; init; }

    /// <summary>The second one; for a file also the folder that has a file of the same name.</summary>
    public required string DifferencePath { get; init; }

    /// <summary>True to compare folders.</summary>
    public bool Recurse { get; init; }

    /// <summary>Selects the entries of folders; null for all. If it includes only some, folders outside of these are not compared
    /// themselves.</summary>
    public PathFilter? Filter { get; init; }

    /// <summary>True if the including patterns of the filter do not apply, as all that is in the folders is included.</summary>
    public bool IncludesAll { get; init; }

    /// <summary>The properties to compare.</summary>
    public ComparedProperties Properties { get; init; } = ComparedProperties.Content;

    /// <summary>True to read holes and blocks that both files share on the disk.</summary>
    public bool ReadAll { get; init; }

    /// <summary>True to report entries of trees that are equal, too.</summary>
    public bool IncludeEqual { get; init; }

    /// <summary>True to stop at the first difference or error, without looking for the first byte that differs.</summary>
    public bool StopAtDifference { get; init; }

    /// <summary>Number of files, or of ranges of two files, that are compared at once; 0 for
    /// <see cref="TreeRequest.DefaultThrottleLimit"/>.</summary>
    public int ThrottleLimit { get; init; }

    /// <summary>Limits the bytes per second that are read of each side; null for unlimited.</summary>
    public RateLimiter? RateLimit { get; init; }

    /// <summary>True if folders are compared wherever they are.</summary>
    internal bool ComparesFolders => Filter?.HasIncludes != true || IncludesAll;

    internal int Threads => ThrottleLimit > 0 ? ThrottleLimit : TreeRequest.DefaultThrottleLimit;
}

/// <summary>Callbacks and cancellation of a comparison. All are called on the thread that started it, and may be null.</summary>
/// <param name="Compared">Receives the result of two files; in trees, those of entries that differ, or of all.</param>
/// <param name="Failed">Receives the error of each entry that could not be compared.</param>
/// <param name="Progress">Receives the progress of two files a few times a second.</param>
/// <param name="TreeProgress">Receives the progress of two trees a few times a second.</param>
/// <param name="Cancellation">Stops the comparison.</param>
public sealed record ComparisonMonitor(
    Action<ComparisonResult>? Compared = null,
    Action<TransferException>? Failed = null,
    Action<TransferProgress>? Progress = null,
    Action<TreeProgress>? TreeProgress = null,
    CancellationToken Cancellation = default);

/// <summary>Sums of a comparison.</summary>
/// <param name="Compared">Number of files and other entries that were compared or found on one side only.</param>
/// <param name="Differences">Number of those that differ.</param>
/// <param name="Failed">Number of those that could not be compared.</param>
public sealed record ComparisonSummary(long Compared, long Differences, long Failed)
{
    /// <summary>True if all is equal, and all could be compared.</summary>
    public bool Equal => Differences == 0 && Failed == 0;
}

/// <summary>Result of the comparison of two files, or of two entries of trees.</summary>
public sealed record ComparisonResult
{
    private readonly TextList<PropertyDifference> _differences = [];

    /// <summary>The path from the top of the trees; for two files the name of the first.</summary>
    public required string Path { get; init; }

    /// <summary>The full path on the reference side; null if it exists on the other side only.</summary>
    public string? ReferencePath { get; init; }

    /// <summary>The full path on the difference side; null if it exists on the other side only.</summary>
    public string? DifferencePath { get; init; }

    /// <summary>Equal (==), only in the first folder (&lt;=), only in the second one (=&gt;), or differing (&lt;&gt;).</summary>
    public string SideIndicator =>
        ReferencePath is null ? "=>" : DifferencePath is null ? "<=" : Differences.Count == 0 ? "==" : "<>";

    /// <summary>True if nothing that was compared differs.</summary>
    public bool Equal => ReferencePath is not null && DifferencePath is not null && Differences.Count == 0;

    /// <summary>The properties that differ, by name; empty if it is equal, or exists on one side only.</summary>
    public IReadOnlyList<string> Property =>
        TextList.From([.. Differences.Select(difference => difference.Property).Distinct(StringComparer.Ordinal)]);

    /// <summary>The differences, with the values of both sides.</summary>
    public IReadOnlyList<PropertyDifference> Differences { get => _differences; init => _differences = TextList.From(value); }

    /// <summary>The differences as text; null if it is equal.</summary>
    public string? Reason => ReferencePath is null ? "only in the second folder"
        : DifferencePath is null ? "only in the first folder"
        : Differences.Count == 0 ? null
        : string.Join("; ", Differences);

    /// <summary>Offset of the first byte that differs; the smaller size if that is all of the other file's start. Null if the content
    /// is equal, was not compared, or is of different sizes in trees.</summary>
    public long? FirstDifference { get; init; }

    /// <summary>For example File, Folder or SymbolicLink; null if it is missing.</summary>
    public string? ReferenceType { get; init; }

    /// <summary>For example File, Folder or SymbolicLink; null if it is missing.</summary>
    public string? DifferenceType { get; init; }

    /// <summary>Size in bytes of a file or block device; null for others.</summary>
    public long? ReferenceLength { get; init; }

    /// <summary>Size in bytes of a file or block device; null for others.</summary>
    public long? DifferenceLength { get; init; }

    /// <summary>The bytes of each file that were read and compared.</summary>
    public long BytesRead { get; init; }

    /// <summary>The bytes that were not read, since both files have them in the same blocks of the disk, or are one file.</summary>
    public long BytesShared { get; init; }

    /// <summary>The bytes that were not read, since they are holes in both files.</summary>
    public long BytesInHoles { get; init; }

    /// <summary>The time that the comparison took.</summary>
    public TimeSpan Elapsed { get; init; }
}

/// <summary>A property that differs.</summary>
/// <param name="Property">Type, or a name of <see cref="ComparedProperties"/>.</param>
/// <param name="Reference">The value on the reference side; null if it is missing.</param>
/// <param name="Difference">The value on the difference side; null if it is missing.</param>
public sealed record PropertyDifference(string Property, string? Reference, string? Difference)
{
    /// <summary>For example "Mode: 0644, 0600".</summary>
    /// <returns>The difference in one line.</returns>
    public override string ToString() => $"{Property}: {Reference ?? "none"}, {Difference ?? "none"}";
}
