using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Streaming.Remote;

/// <summary>Sends a file to some hosts at once.</summary>
internal sealed class FileSendRun : SendRun
{
    // As long as the 64 digits of a SHA-256.
    private const string NoDigest = "----------------------------------------------------------------";

    private readonly Descriptor _source;
    private readonly bool _hasHoles;

    public FileSendRun(SendRequest request, Descriptor source, Queue<RemoteHost> hosts, TransferMonitor monitor)
        : base(request, hosts, host => new Delivery(host, request, source.Size), monitor)
    {
        _source = source;
        _hasHoles = source.Status.Size - source.Status.AllocatedBytes >= SparsePiece.SmallBlock;
    }

    private protected override string Script()
    {
        LibC.StatxTimestamp time = _source.Status.ModificationTime;
        string name = Path.GetFileName(Request.Source);
        string exact = Exact(time);
        string size = _source.Size.ToString(CultureInfo.InvariantCulture);
        return HostScript.Command(
            "send-file.sh", Request, Request.Destination, name, size,
            Convert.ToString(AccessControlList.WithoutList(_source.Handle, _source.Status.Permissions) & 0x1FF, toBase: 8),
            exact, time.Seconds.ToString(CultureInfo.InvariantCulture), StagedFile.TemporaryName().ToString(),
            Request.Resume ? PartialName.SuffixOf(Encoding.UTF8.GetBytes(string.Join('\n', size, exact, Exact(_source.Status.ChangeTime), name))) : string.Empty,
            Request.Preserve.HasFlag(PreserveAttributes.Ownership)
                ? string.Create(CultureInfo.InvariantCulture, $"{_source.Status.UserId}:{_source.Status.GroupId}")
                : string.Empty,
            _hasHoles ? "sparse" : string.Empty);
    }

    private protected override void Send(IReadOnlyList<Delivery> deliveries)
    {
        if (LosesAttributes())
        {
            foreach (Delivery delivery in deliveries)
            {
                delivery.Warn($"'{delivery.Host.Text}' was given no extended attributes and access control lists of '{Request.Source}': only those of folders are sent.");
            }
        }

        foreach (IGrouping<(long From, bool IsSparse), Delivery> group in deliveries
            .GroupBy(delivery => (delivery.From!.Value, delivery.IsSparse)))
        {
            Send([.. group], group.Key.From, group.Key.IsSparse);
        }
    }

    /// <summary>Sends to hosts that want the same bytes.</summary>
    private void Send(IReadOnlyList<Delivery> group, long from, bool isSparse)
    {
        using ContentDigest? digest = Request.Verify || from > 0 ? new ContentDigest(Monitor.Cancellation) : null;
        digest?.AddFile(_source.Handle, from);
        if (isSparse)
        {
            SendData(group, from, digest);
        }
        else
        {
            for (long at = from; at < _source.Size && group.Any(delivery => delivery.IsReceiving); at += LongestStretch)
            {
                Move(group, at, Math.Min(LongestStretch, _source.Size - at), digest);
            }
        }

        foreach (Delivery delivery in group.Where(delivery => delivery.IsReceiving).ToList())
        {
            if (Change(delivery.Host) is { } change)
            {
                delivery.Session!.Fail(change);
            }
        }

        if (group.Any(delivery => delivery.IsReceiving))
        {
            string word = isSparse ? "end" : "splice";
            Write(group, Encoding.ASCII.GetBytes($"{word}:{digest?.Complete() ?? NoDigest}\n"));
        }

        foreach (Delivery delivery in group)
        {
            delivery.EndSending();
        }
    }

    /// <summary>Sends the data without the holes: before each piece a line for dd(1).</summary>
    private void SendData(IReadOnlyList<Delivery> group, long from, ContentDigest? digest)
    {
        long at = from;
        foreach (SparsePiece piece in SparsePiece.Walk(_source.Handle, from, _source.Size))
        {
            if (!group.Any(delivery => delivery.IsReceiving))
            {
                return;
            }

            AddHole(group, at, piece.Offset, digest);
            string line = string.Create(CultureInfo.InvariantCulture,
                $"{piece.BlockSize} {piece.Offset / piece.BlockSize} {piece.Count / piece.BlockSize}\n");
            Write(group, Encoding.ASCII.GetBytes(line));
            long data = Math.Min(piece.Count, _source.Size - piece.Offset);
            Move(group, piece.Offset, data, digest);
            if (data < piece.Count)
            {
                Write(group, new byte[piece.Count - data]);
            }

            at = piece.Offset + data;
        }

        AddHole(group, at, _source.Size, digest);
    }

    private static void AddHole(IReadOnlyList<Delivery> group, long start, long end, ContentDigest? digest)
    {
        digest?.AddZeros(end - start);
        foreach (Delivery delivery in group.Where(delivery => delivery.IsReceiving))
        {
            delivery.BytesInHoles += end - start;
        }
    }

    private static string Exact(LibC.StatxTimestamp time) =>
        string.Create(CultureInfo.InvariantCulture, $"{time.Seconds}.{time.Nanoseconds:D9}");

    private void Move(IReadOnlyList<Delivery> group, long offset, long count, ContentDigest? digest) =>
        Move(group, StreamEnd.OfHandle(_source.Handle, Request.Source), offset, count, digest, (offset, _source.Size));

    private bool LosesAttributes() =>
        (Request.Preserve & (PreserveAttributes.Xattr | PreserveAttributes.Acl)) != PreserveAttributes.None
        && LibC.ListAttributes(_source.Handle, out List<FileName> names).Ok
        && names.Exists(name => ExtendedAttributes.IsWanted(name, Request.Preserve));

    /// <summary>Why what was sent is not the file; null where it is.</summary>
    private TransferException? Change(RemoteHost host)
    {
        if (!FileStatus.TryGet(_source.Handle, out FileStatus? now).Ok || !now!.HasContentOf(_source.Status))
        {
            return RemoteFailure.SourceChanged(Request.Source, host.Text);
        }

        return EndCheck.IsLongerThanItsSize(_source) ? EndCheck.LongerThanItsSize(_source) : null;
    }
}

/// <summary>Whole blocks of a file's data, as dd(1) writes them.</summary>
/// <param name="Offset">Where they are, in bytes; a multiple of the block's size.</param>
/// <param name="Count">How many bytes; a multiple of the block's size, which may reach past the file's end.</param>
/// <param name="BlockSize">The size of a block.</param>
internal readonly record struct SparsePiece(long Offset, long Count, int BlockSize)
{
    /// <summary>What all pieces are aligned to.</summary>
    public const int SmallBlock = 4096;

    private const int LargeBlock = 1 << 20;
    private const long MostOfPiece = 256L << 20;

    // Each piece takes a process on the host: below that, a hole costs more than it saves.
    private const long SmallestHole = 64 << 10;

    /// <summary>The pieces of a file's data from an offset on, in order.</summary>
    /// <param name="file">The file; its file offset moves.</param>
    /// <param name="from">Where to begin: a multiple of <see cref="SmallBlock"/>.</param>
    /// <param name="size">The file's size.</param>
    public static IEnumerable<SparsePiece> Walk(SafeHandle file, long from, long size)
    {
        foreach ((long start, long end) in Stretches(file, from, size))
        {
            for (long at = start; at < end;)
            {
                long toLarge = LargeBlock - (at % LargeBlock);
                bool isLarge = toLarge == LargeBlock && end - at >= LargeBlock;
                long count = isLarge ? Math.Min((end - at) / LargeBlock * LargeBlock, MostOfPiece) : Math.Min(end - at, toLarge);
                yield return new SparsePiece(at, count, isLarge ? LargeBlock : SmallBlock);
                at += count;
            }
        }
    }

    /// <summary>The data between holes that are worth it, from and to whole blocks.</summary>
    private static IEnumerable<(long Start, long End)> Stretches(SafeHandle file, long from, long size)
    {
        (long Start, long End)? last = null;
        foreach (Extent extent in Extent.Walk(file, from, size - from))
        {
            if (extent.IsHole)
            {
                continue;
            }

            long start = extent.Offset / SmallBlock * SmallBlock;
            long end = (extent.Offset + extent.Length + SmallBlock - 1) / SmallBlock * SmallBlock;
            if (last is { } before && start - before.End < SmallestHole)
            {
                last = (before.Start, end);
                continue;
            }

            if (last is { } complete)
            {
                yield return complete;
            }

            last = (start, end);
        }

        if (last is { } final)
        {
            yield return final;
        }
    }
}
