namespace Splice.TestKit.Processes;

/// <summary>What the copy of a tree in a process of its own answered.</summary>
internal sealed record TreeAnswer
{
    public long FileCount { get; init; }

    public long DirectoryCount { get; init; }

    public long Failed { get; init; }

    public long Retries { get; init; }

    public long Updated { get; init; }

    public long Unchanged { get; init; }

    public long Removed { get; init; }

    public long Vanished { get; init; }

    public bool RemovalSkipped { get; init; }

    /// <summary>One for each entry that was not copied.</summary>
    public TreeAnswerError[] Errors { get; init; } = [];

    public string[] Warnings { get; init; } = [];

    /// <summary>What ended the whole copy; null where nothing did.</summary>
    public string? Error { get; init; }

    public string? Errno { get; init; }

    public string? Message { get; init; }

    public bool Succeeded => Error is null && Failed == 0;

    public override string ToString() => string.Join('\n', [
        $"{Error} {Errno} {Message} {Failed} failed", .. Errors.Select(error => $"{error.Id} {error.Errno} {error.Message}"), .. Warnings]);
}

/// <summary>What a process that copies trees has.</summary>
/// <param name="Descriptors">How many are open.</param>
/// <param name="PeakKilobytes">The most memory that it has had (VmHWM), in KiB.</param>
internal sealed record TreeHostState(int Descriptors, long PeakKilobytes);

/// <summary>An entry that was not copied.</summary>
internal sealed record TreeAnswerError(string Id, string Errno, string Target, string Message);

/// <summary>What came of a comparison in a process of its own.</summary>
internal sealed record ComparisonAnswer
{
    public bool IsEqual { get; init; }

    /// <summary>The side and the path of each.</summary>
    public string[] Differences { get; init; } = [];

    public TreeAnswerError[] Errors { get; init; } = [];
}
