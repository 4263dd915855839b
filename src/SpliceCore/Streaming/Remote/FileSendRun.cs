using System.Globalization;
using System.Text;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Streaming.Remote;

/// <summary>Sends a file to several hosts at once.</summary>
internal sealed class FileSendRun : SendRun
{
    // As long as the 64 digits of a SHA-256.
    private const string NoDigest = "----------------------------------------------------------------";

    private readonly Descriptor _source;
    private readonly bool _hasHoles;
    private readonly Action<RemoteHost, TransferResult>? _planned;

    /// <param name="planned">Called in a dry run with what would be done with the file of each host.</param>
    public FileSendRun(
        SendRequest request, Descriptor source, Queue<RemoteHost> hosts, TransferMonitor monitor, Action<RemoteHost, TransferResult>? planned)
        : base(request, hosts, host => new HostUpload(host, request, source.Size), monitor)
    {
        _source = source;
        _planned = planned;
        _hasHoles = source.Status.Size - source.Status.AllocatedBytes >= Tuning.RemoteBlockSize;
    }

    private protected override byte[] Script(RemoteHost host)
    {
        LibC.StatxTimestamp time = _source.Status.ModificationTime;
        string name = Path.GetFileName(Request.Source);
        string exact = Exact(time);
        string size = _source.Size.ToString(CultureInfo.InvariantCulture);
        return HostScript.LineOf(
            "send-file.sh", Request, Request.DestinationOf(host), name, size,
            Convert.ToString(ModeOf(_source), toBase: 8),
            exact, time.Seconds.ToString(CultureInfo.InvariantCulture), StagedFile.TemporaryName().ToString(),
            Request.Resume ? PartialName.SuffixOf(Encoding.UTF8.GetBytes(string.Join('\n', size, exact, Exact(_source.Status.ChangeTime), name))) : string.Empty,
            Request.Preserve.HasFlag(PreserveAttributes.Ownership)
                ? string.Create(CultureInfo.InvariantCulture, $"{_source.Status.UserId}:{_source.Status.GroupId}")
                : string.Empty,
            _hasHoles ? "sparse" : string.Empty);
    }

    /// <summary>Returns the permission bits that a host sets.</summary>
    public static uint ModeOf(Descriptor source) => AccessControlList.WithoutList(source.Handle, source.Status.Permissions) & ModeBits.All;

    private protected override void Send(IReadOnlyList<HostUpload> uploads)
    {
        BlockPlanner? blocks = null;
        if (Request.Update != UpdateMode.Always || UsesBlocks)
        {
            blocks = new BlockPlanner(Request, _source, (hosts, bytes) => Write(hosts, bytes), WaitFor, Monitor.Cancellation);
            uploads = Plan(uploads, blocks);
        }

        foreach (HostUpload upload in LosesAttributes() ? uploads : [])
        {
            upload.Warn($"'{upload.Host.Text}' did not receive extended attributes and access control lists of '{Request.Source}': only those of folders are sent.");
        }

        if (uploads.Count == 0)
        {
            return;
        }

        List<HostUpload> whole = [.. uploads.Where(upload => upload.Blocks is null)];
        List<HostUpload> parts = [.. uploads.Except(whole)];
        using ContentDigest? digest = whole.Exists(upload => Request.Verify || upload.Start > 0) ? new ContentDigest(Monitor.Cancellation) : null;
        try
        {
            SendBlocks(parts, blocks);
            if (whole.Count > 0)
            {
                SendContent(whole, digest);
            }
        }
        catch (TransferException exception) when (exception.Id != TransferErrorId.Cancelled)
        {
            foreach (HostUpload upload in uploads.Where(upload => upload.IsReceiving))
            {
                upload.Session!.Fail(exception);
            }
        }

        foreach (HostUpload upload in uploads.Where(upload => upload.IsReceiving).ToList())
        {
            if (!Request.AllowChanging && Change(upload.Host) is { } change)
            {
                upload.Session!.Fail(change);
            }
        }

        blocks?.Verify([.. parts.Where(upload => upload is { IsReceiving: true, Ranges: not null })]);
        End(parts, () => NoDigest);
        End(whole, () => digest?.Complete() ?? NoDigest);

        foreach (HostUpload upload in uploads)
        {
            upload.EndContent();
        }
    }

    /// <summary>Finds out which hosts need the content. The others are done.</summary>
    private List<HostUpload> Plan(IReadOnlyList<HostUpload> uploads, BlockPlanner blocks)
    {
        var plan = new SentFilePlan(Request, _source, Monitor.Cancellation);
        WaitFor(uploads, plan.TryReadOld);
        List<HostUpload> live = [.. uploads.Where(plan.HasOld)];
        try
        {
            plan.CompareContent(live, (hosts, bytes) => Write(hosts, bytes), WaitFor);
            live.ForEach(upload => Decide(plan, upload));
            if (UsesBlocks)
            {
                blocks.Choose(live.FindAll(IsTaker), plan.OldOf);
            }
        }
        catch (TransferException exception) when (exception.Id != TransferErrorId.Cancelled)
        {
            live.ForEach(upload => upload.Session!.Fail(exception));
        }

        List<HostUpload> takers = live.FindAll(IsTaker);
        uploads.Except(takers).ToList().ForEach(upload => upload.EndSending());
        takers.ForEach(upload => Write([upload], SentFilePlan.AnswerFor(upload.Decision!.Value, upload.Blocks)));
        WaitFor(takers, upload => upload.TryBegin());
        takers.FindAll(upload => !HasExpectedForm(upload)).ForEach(upload => upload.EndSending());
        return takers.FindAll(upload => upload.IsReceiving);

        static bool HasExpectedForm(HostUpload upload) =>
            upload.Form != HostScript.Plan && (upload.Form == HostScript.Delta) == (upload.Blocks is not null);
    }

    private void Decide(SentFilePlan plan, HostUpload upload)
    {
        EntryDecision decision = plan.Decide(upload);
        upload.Decision = decision;
        upload.FileCount = decision.Status == ItemStatus.Skipped ? 0 : 1;
        if (!IsTaker(upload))
        {
            Write([upload], SentFilePlan.AnswerFor(decision));
        }

        if (Request.IsDryRun)
        {
            _planned?.Invoke(upload.Host, decision.Describe(Request.Source, upload.Path, _source.Size));
        }
    }

    private bool UsesBlocks => Request.Delta != DeltaMode.Never && !Request.IsDryRun;

    private bool IsTaker(HostUpload upload) => !Request.IsDryRun && upload.Decision?.WritesContent == true;

    private void End(IReadOnlyList<HostUpload> uploads, Func<string> digest)
    {
        if (uploads.Any(upload => upload.IsReceiving))
        {
            Write(uploads, Encoding.ASCII.GetBytes($"end:{digest()}\n"));
        }
    }

    /// <summary>Sends the blocks that differ; hosts that get the same ones get them together.</summary>
    private void SendBlocks(IReadOnlyList<HostUpload> uploads, BlockPlanner? blocks)
    {
        blocks?.Find(uploads);
        foreach (IGrouping<string, HostUpload> group in uploads.Where(upload => upload.Ranges is not null).GroupBy(upload => upload.Ranges!.Key))
        {
            List<HostUpload> hosts = [.. group];
            BlockRanges ranges = hosts[0].Ranges!;
            foreach ((long start, long length) in ranges.Data)
            {
                Write(hosts, BlockRanges.LineOf(start, length));
                Move(hosts, start, length, digest: null);
            }

            foreach ((long start, long length) in ranges.Zeros)
            {
                Write(hosts, BlockRanges.LineOf(start, -length));
                hosts.ForEach(upload => upload.BytesInHoles += length);
            }

            Write(hosts, BlockRanges.LineOf(0, 0));
        }
    }

    /// <summary>Reads the source once from the smallest offset on. Each host joins at its own.</summary>
    private void SendContent(IReadOnlyList<HostUpload> uploads, ContentDigest? digest)
    {
        long[] starts = [.. uploads.Select(upload => upload.Start!.Value).Append(_source.Size).Distinct().Order()];
        digest?.AddFile(_source.Handle, 0, starts[0]);
        var smallestHole = new HoleThreshold(TimeProvider.System);
        foreach ((long start, long end) in starts.Zip(starts.Skip(1)))
        {
            long at = SendRange([.. uploads.Where(upload => upload.Start <= start)], start, end, digest, smallestHole);
            if (!uploads.Any(upload => upload.IsReceiving))
            {
                return;
            }

            // The hosts before have failed.
            digest?.AddFile(_source.Handle, at, end - at);
        }
    }

    /// <summary>Sends a part of the file: all its bytes, or the data without the larger holes, with a line for dd(1) before each
    /// span.</summary>
    /// <returns>The end offset, or an earlier one if no host takes more.</returns>
    private long SendRange(IReadOnlyList<HostUpload> group, long start, long end, ContentDigest? digest, HoleThreshold smallestHole)
    {
        List<HostUpload> sparse = [.. group.Where(upload => upload.IsSparse)];
        long at = start;
        bool canSendHoles = sparse.TrueForAll(upload => upload.SkipsZeros);
        foreach (DataSpan span in sparse.Count > 0
            ? DataSpan.Walk(_source.Handle, start, end, () => canSendHoles ? smallestHole.Value : Tuning.SmallestRemoteHole)
            : [new DataSpan(start, end, end - start)])
        {
            at = SendHole(group, at, span.Start, digest);
            Write(sparse, Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{span.Start} {span.Length}\n")));
            at = Move(group, at, span.Length, digest);
            if (at < span.End)
            {
                return at;
            }

            smallestHole.Add(span);
        }

        return SendHole(group, at, end, digest);
    }

    /// <summary>Sends a hole to the hosts that take all bytes.</summary>
    private long SendHole(IReadOnlyList<HostUpload> group, long start, long end, ContentDigest? digest)
    {
        foreach (HostUpload upload in group.Where(upload => upload is { IsReceiving: true, IsSparse: true }))
        {
            upload.BytesInHoles += end - start;
        }

        long at = Move([.. group.Where(upload => !upload.IsSparse)], start, end - start, digest);
        digest?.AddZeros(end - at);
        return end;
    }

    private static string Exact(LibC.StatxTimestamp time) => time.ToSeconds().ToString("F9", CultureInfo.InvariantCulture);

    /// <returns>The end offset, or an earlier one if no host takes more.</returns>
    private long Move(IReadOnlyList<HostUpload> group, long offset, long count, ContentDigest? digest)
    {
        long end = offset + count;
        while (offset < end && group.Any(upload => upload.IsReceiving))
        {
            long chunk = Math.Min(Tuning.RemoteChunk, end - offset);
            Move(group, TransferEndpoint.OfHandle(_source.Handle, Request.Source), offset, chunk, digest, (offset, _source.Size));
            offset += chunk;
        }

        return offset;
    }

    private bool LosesAttributes() =>
        (Request.Preserve & (PreserveAttributes.Xattr | PreserveAttributes.Acl)) != PreserveAttributes.None
        && LibC.ListAttributes(_source.Handle, out List<FileName> names).Ok
        && names.Exists(name => ExtendedAttributes.IsWanted(name, Request.Preserve));

    /// <summary>The error if the file changed during the transfer; null if not.</summary>
    private TransferException? Change(RemoteHost host)
    {
        if (!FileStatus.TryGet(_source.Handle, out FileStatus? now).Ok || !now!.HasSameSizeAndMTime(_source.Status))
        {
            return RemoteFailure.SourceChanged(Request.Source, host.Text);
        }

        return EndCheck.IsLongerThanItsSize(_source) ? EndCheck.LongerThanItsSize(_source) : null;
    }
}
