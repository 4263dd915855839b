namespace Splice;

/// <summary>Files to put one behind the other.</summary>
public sealed record JoinRequest
{
    /// <summary>The files, in order: absolute paths.</summary>
    public required IReadOnlyList<string> Sources { get; init; }

    /// <summary>The file to make, and how each of the others is copied into it. Its source does not count: the files are named
    /// in <see cref="Sources"/>. Nor do ranges, and what a copy keeps of its source.</summary>
    public required CopyRequest Copy { get; init; }
}
