using Xunit;

namespace Splice.TestKit.Trees;

/// <summary>Two folders to synchronize, "s" and "d", in a folder of the test's own.</summary>
internal sealed class SyncFolders(Workspace folder) : IDisposable
{
    public SyncFolders()
        : this(new Workspace())
    {
    }

    public string this[string name] => folder[name];

    public string Folder => folder.Folder;

    /// <summary>From s to d, as Sync-ItemZeroCopy does it.</summary>
    public SyncRequest Request => new()
    {
        Tree = new TreeRequest
        {
            Copy = new CopyRequest
            {
                Source = folder["s"],
                Destination = folder["d"],
                Update = UpdateMode.Changed,
                Preserve = PreserveAttributes.Mode | PreserveAttributes.Timestamps | PreserveAttributes.HardLink,
            },
            PerFile = true,
        },
    };

    /// <summary>The same, and what s does not have is removed from d.</summary>
    public SyncRequest Mirror => Request with { RemoveExtra = true };

    /// <summary>Runs commands of a shell in the folder.</summary>
    public string Shell(string commands) => Command.Check("sh", "-c", $"cd '{folder.Folder}' && {commands}");

    /// <summary>The paths of everything in a folder, sorted.</summary>
    public string Paths(string name) => Shell($"cd '{name}' && find . -mindepth 1 | cut -c3- | LC_ALL=C sort | tr '\\n' ' '").Trim();

    /// <summary>Synchronizes, and answers what came of it, also where it was refused.</summary>
    public static SyncOutcome Run(SyncRequest request, Func<TransferResult, bool>? mayRemove = null)
    {
        var outcome = new SyncOutcome();
        try
        {
            outcome.Result = TreeSync.Sync(
                request, new TreeMonitor(outcome.Items.Add, outcome.Errors.Add, outcome.Warnings.Add), mayRemove);
            Assert.Equal(outcome.Result.Failed, outcome.Errors.Count);
        }
        catch (TransferException exception)
        {
            outcome.End = exception;
        }

        return outcome;
    }

    /// <summary>Synchronizes what can be synchronized completely.</summary>
    public static TransferResult Complete(SyncRequest request)
    {
        SyncOutcome outcome = Run(request);
        Assert.True(outcome.End is null && outcome.Errors.Count == 0, outcome.ToString());
        return outcome.Result!;
    }

    public void Dispose() => folder.Dispose();
}

/// <summary>What came of a synchronization.</summary>
internal sealed class SyncOutcome
{
    /// <summary>The sums; null where it was refused.</summary>
    public TransferResult? Result { get; set; }

    /// <summary>What it was refused for.</summary>
    public TransferException? End { get; set; }

    public List<TransferException> Errors { get; } = [];

    public List<string> Warnings { get; } = [];

    /// <summary>The results of the single items.</summary>
    public List<TransferResult> Items { get; } = [];

    /// <summary>The items that were not left as they are, by the last part of their paths.</summary>
    public string Changes(string root) => string.Join(' ', Items
        .Where(item => item.Status != ItemStatus.Unchanged)
        .Select(item => $"{item.Status}:{Path.GetRelativePath(root, item.Destination)}").Order(StringComparer.Ordinal));

    public override string ToString() => string.Join('\n', [$"{End?.Message}", .. Errors.Select(error => error.Message), .. Warnings]);
}
