using System.Text;
using Splice.Copying;
using Splice.Descriptors;

namespace Splice.Streaming.Remote;

/// <summary>Decides which hosts get a single file, from what each has under the name of the destination.</summary>
internal sealed class SentFilePlan(SendRequest request, Descriptor source, CancellationToken cancellation)
{
    private static readonly ReadOnlyMemory<byte> SumRequest = "sum\n"u8.ToArray();

    private readonly Dictionary<HostUpload, OldFile> _old = [];
    private readonly Dictionary<HostUpload, string> _sums = [];
    private string? _digest;

    /// <summary>Reads what has come of the description of a host's file.</summary>
    /// <returns>True if it is complete.</returns>
    public bool TryReadOld(HostUpload upload)
    {
        while (!_old.ContainsKey(upload) && upload.TryReadAnswer(HostScript.Old) is string answer)
        {
            if (OldFile.TryParse(answer) is { } old)
            {
                _old.Add(upload, old);
            }
        }

        return _old.ContainsKey(upload);
    }

    public bool HasOld(HostUpload upload) => _old.ContainsKey(upload);

    public OldFile OldOf(HostUpload upload) => _old[upload];

    /// <summary>Compares the content of files that are equal otherwise.</summary>
    /// <param name="write">Sends bytes to hosts.</param>
    /// <param name="waitFor">Waits until each of some hosts has answered.</param>
    public void CompareContent(
        IEnumerable<HostUpload> uploads, Action<IReadOnlyList<HostUpload>, ReadOnlyMemory<byte>> write, Action<IReadOnlyList<HostUpload>, Func<HostUpload, bool>> waitFor)
    {
        List<HostUpload> same = [.. uploads.Where(upload => DecideByStatus(upload).NeedsContent)];
        if (same.Count > 0)
        {
            write(same, SumRequest);
            _digest = ContentDigest.Compute(source.Handle, source.Size, errno => FileFailures.OpenSource(request.Source, errno), cancellation);
            waitFor(same, TryReadSum);
        }
    }

    /// <summary>Decides what is done with the file of a host.</summary>
    public EntryDecision Decide(HostUpload upload)
    {
        EntryDecision decision = DecideByStatus(upload);
        if (decision.NeedsContent && _sums.GetValueOrDefault(upload) != _digest)
        {
            return EntryDecision.ContentDiffers;
        }

        return decision.Status == ItemStatus.Unchanged && !request.NoClobber && FindMetadata(_old[upload]) is string reason
            ? EntryDecision.OfMetadata(reason, _old[upload].Status!)
            : decision with { NeedsContent = false };
    }

    /// <summary>Returns the answer for a host.</summary>
    /// <param name="blocks">The blocks that are compared; null to send the whole file.</param>
    public static ReadOnlyMemory<byte> AnswerFor(EntryDecision decision, HostBlocks? blocks = null) =>
        blocks?.DeltaRequest ?? Encoding.ASCII.GetBytes(decision.WritesContent ? "send\n" : decision.IsMetadataOnly ? "set\n" : "keep\n");

    private bool TryReadSum(HostUpload upload)
    {
        if (upload.TryReadAnswer(HostScript.Sum) is string sum)
        {
            _sums[upload] = sum;
        }

        return _sums.ContainsKey(upload);
    }

    private EntryDecision DecideByStatus(HostUpload upload) =>
        EntryDecision.Of(source.Status, _old[upload].Status, request.Update, PrecisionOf(_old[upload]));

    private TimePrecision PrecisionOf(OldFile old) => TimePrecision.Of(source.Handle, old.TimeUnit, TimeSpan.Zero);

    /// <summary>Returns the first difference of the metadata that a host would set, as a reason; null if there is none.</summary>
    private string? FindMetadata(OldFile old)
    {
        // The host gets all bits of the mode, unlike a copy.
        return MetadataDifference.Find(
            source.Status, old.Status!, request.Preserve & ~PreserveAttributes.Mode, PrecisionOf(old), openSource: null, openItem: null, maySetOwner: old.IsRoot)
            ?? (request.Preserve.HasFlag(PreserveAttributes.Mode) && FileSendRun.ModeOf(source) != old.Status!.Permissions ? "mode differs" : null);
    }
}

/// <summary>The file that a host has under the name of the destination.</summary>
/// <param name="Status">Its status; null if there is none.</param>
/// <param name="TimeUnit">The precision of its times, in nanoseconds.</param>
/// <param name="IsRoot">True if the user there is root.</param>
/// <param name="Tool">The tool that computes the sums of its blocks; empty for none.</param>
internal sealed record OldFile(FileStatus? Status, long TimeUnit, bool IsRoot, string Tool)
{
    /// <summary>Parses the tool that computes the sums of blocks and a colon, the type of the file system, the time of birth, the user,
    /// and the status that stat(1) prints; null for other text. Nothing behind the colon stands for no file.</summary>
    public static OldFile? TryParse(string text)
    {
        string[] parts = text.Split(':', count: 2);
        string[] words = parts[^1].Split(' ', count: 4);
        if (words is not [string type, string birth, string user, string status])
        {
            return parts is [_, ""] ? new OldFile(null, 1, IsRoot: false, Tool: string.Empty) : null;
        }

        // Without fractions in the text, the tool has none.
        bool isExact = status.Contains('.', StringComparison.Ordinal);
        return HostStatus.TryParse(status) is { Kind: DescriptorKind.Regular } parsed
            ? new OldFile(parsed, isExact ? HostStatus.TimeUnitOf(type, birth) : TimePrecision.Second, user == "0", parts[0])
            : null;
    }
}
