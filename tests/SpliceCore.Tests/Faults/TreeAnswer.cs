namespace Splice.Tests.Faults;

/// <summary>What the copy of a tree in a process of its own answered.</summary>
internal sealed record TreeAnswer
{
    public long FileCount { get; init; }

    public long DirectoryCount { get; init; }

    public long Failed { get; init; }

    /// <summary>One for each entry that was not copied.</summary>
    public TreeAnswerError[] Errors { get; init; } = [];

    public string[] Warnings { get; init; } = [];

    /// <summary>What ended the whole copy; null where nothing did.</summary>
    public string? Error { get; init; }

    public string? Errno { get; init; }

    public string? Message { get; init; }

    /// <summary>How many descriptors are open that were not before.</summary>
    public int DescriptorsLeft { get; init; }

    /// <summary>The process's threads after the copy.</summary>
    public int Threads { get; init; }

    /// <summary>The most memory that the process has had (VmHWM), in KiB.</summary>
    public long PeakKilobytes { get; init; }

    public bool Succeeded => Error is null && Failed == 0;

    public override string ToString() => string.Join('\n', [
        $"{Error} {Errno} {Message} {Failed} failed", .. Errors.Select(error => $"{error.Id} {error.Errno} {error.Message}"), .. Warnings]);
}

/// <summary>An entry that was not copied.</summary>
internal sealed record TreeAnswerError(string Id, string Errno, string Target, string Message);
