using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Sync;

namespace Splice.Streaming.Remote.Trees;

/// <summary>Receives a folder from one host as a tar stream: small files through memory, the content of others from the pipe into
/// the file.</summary>
internal sealed class TreeReceiveRun(ReceiveRequest request, RemoteHost host, string path, ReceiveProgress progress, CancellationToken cancellation)
    : ReceiveRun(request, host, path, progress, cancellation)
{
    private const int MaxListsLength = 64 << 20;

    // So many bytes of paths fit on the command line of a tar.
    private const int MaxPartLength = 8 << 10;

    private readonly ChecksumList? _sums = request.Verify ? new ChecksumList() : null;

    private readonly SentTreeReport _report = new(request, host.Text);
    private TarExtractor? _tree;

    private readonly string _token = Convert.ToHexString(RandomNumberGenerator.GetBytes(16));
    private LocalTreePlan? _plan;
    private SafeFileHandle? _planned;
    private LocalRemovals? _removals;
    private TransferException? _obstacle; // what is unknown of the source

    // The format of the stream, the tool that printed the access control lists, and their length.
    private string[]? _head;
    private HostAccessLists _lists = new();

    /// <summary>True if the path on the host is not a folder.</summary>
    public bool IsOther => _head is ["no", ..];

    private protected override bool HasBegun => _head is not null;

    private protected override bool IsTree => true;

    /// <summary>Called in a dry run with what would be done with each file.</summary>
    public Action<RemoteHost, TransferResult>? Planned { get; init; }

    /// <summary>Called before an item is removed with all that is in it, and decides that; null to remove all.</summary>
    public Func<TransferResult, bool>? MayRemove { get; init; }

    public override void Dispose()
    {
        base.Dispose();
        _removals?.Dispose();
        _plan?.Dispose();
        _planned?.Dispose();
        _tree?.Dispose();
    }

    private protected override bool Receive()
    {
        SshSession session = Start(
            "receive-tree.sh", HostScript.Tree, answer => (_head = answer.Split(' ', StringSplitOptions.RemoveEmptyEntries)) is not null, Request.Source, _token);
        if (IsOther)
        {
            return false;
        }

        using (var stream = new SessionStream(session, Request.IdleTimeout, Cancellation))
        {
            Extract(session, stream);
            if (Request.IsDryRun)
            {
                session.Input.Dispose();
                ReadTail(session, stream);
                if (!IsRemovalSkipped)
                {
                    _removals?.Remove();
                }

                return false;
            }

            if (_sums is not null)
            {
                Progress.Phase = TransferPhase.Verifying;
                Answer(session, _sums.ToBytes());
            }

            ReadTail(session, stream);
        }

        _tree!.Commit(removes: !IsRemovalSkipped, isPartial: ItemErrors.Count > 0);
        return _sums is not null && !_report.HasUnverified;
    }

    private protected override void KeepArrived() => _tree?.KeepArrived();

    private FileName? Marker => ExtractionTarget.MarkerOf(Request, Host, Path);

    private bool IsRemovalSkipped => _removals is not null && _obstacle is not null;

    private protected override RemoteTransferResult Result() => RemoteTransferResult.From(Host, Request, Session) with
    {
        Destination = _tree?.Path ?? Path,
        BytesSent = Bytes,
        Length = _plan?.Length ?? Bytes,
        FileCount = _plan?.FileCount ?? _tree?.FileCount ?? 0,
        DirectoryCount = _plan?.DirectoryCount ?? _tree?.DirectoryCount ?? 0,
        Updated = _plan?.Updated ?? 0,
        Unchanged = _plan?.Unchanged ?? 0,
        Skipped = _plan?.Skipped ?? 0,
        Removed = _removals?.Removed ?? 0,
        RemovalSkipped = IsRemovalSkipped,
        FailedCount = ItemErrors.Count,
        Warnings =
        [
            .. _tree?.Warnings ?? [], .. _report.Notes, .. _head is not [_, ..] || IsOther ? [] : _report.FindLosses(_head, _lists),
            .. IsRemovalSkipped ? [RemoteFailure.RemovalSkipped(_tree?.Path ?? Path, _obstacle!)] : Array.Empty<string>(),
        ],
    };

    private HostAccessLists ReadLists(SessionStream stream)
    {
        if (_head is not [_, _, string text] || !int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int length))
        {
            return new HostAccessLists();
        }

        if (length > MaxListsLength)
        {
            throw new TransferException(TransferErrorId.RemoteFailed,
                $"The access control lists of '{Request.Source}' on '{Host.Text}' take more than 64 MiB. Nothing was kept.",
                "Receive its folders one by one.", target: Host.Text);
        }

        // The memory grows with what arrives: the length may be false.
        using var lists = new MemoryStream();
        byte[] chunk = new byte[Tuning.TarFileInMemory];
        for (int count; lists.Length < length; lists.Write(chunk, 0, count))
        {
            count = (int)Math.Min(chunk.Length, length - lists.Length);
            stream.ReadExactly(chunk.AsSpan(0, count));
        }

        lists.Position = 0;
        return HostAccessLists.Parse(lists);
    }

    private void Extract(SshSession session, SessionStream stream)
    {
        try
        {
            _lists = ReadLists(stream);
            if (Request.Update == UpdateMode.Always && Request.Filter is null)
            {
                CreateTree();
                ExtractPart(session, stream, isFirst: true);
            }
            else
            {
                Plan(session);
                CreateTree();
                ExtractPlanned(session, stream);
            }
        }
        catch (InvalidDataException exception)
        {
            throw Unreadable(exception);
        }
        catch (EndOfStreamException exception)
        {
            // ssh reports the reason.
            session.Input.Dispose();
            TransferException ended = Ended(session);
            throw session.ExitCode == 0 ? Unreadable(exception) : ended;
        }
    }

    private void CreateTree()
    {
        if (!Request.IsDryRun)
        {
            _tree = new TarExtractor(Request, Host.Text, Path, Marker, _lists, Cancellation)
            {
                Plan = Request.Update == UpdateMode.Always ? null : _plan,
                Removals = _removals,
            };
        }
    }

    private void ExtractPart(SshSession session, SessionStream stream, bool isFirst)
    {
        var reader = new TarStreamReader(stream, skipsZeros: !isFirst);
        while (reader.Read() is { } entry)
        {
            // Each part has the folder itself, so that none is empty.
            if (isFirst || TarPath.Parse(entry.Path, Host.Text).Count > 0)
            {
                _tree!.Add(entry, file => Fill(session, stream, entry, file));
            }
        }
    }

    /// <summary>Finds out what is to be received.</summary>
    private void Plan(SshSession session)
    {
        var listing = new HostListing(_token, Request.Preserve);
        WaitForAnswer(session, () => listing.TryRead(session));
        if (Request is { RemoveExtra: true, AllowEmptySource: false } && listing.Count < 2)
        {
            throw SyncErrors.EmptySource($"{Host.Text}:{Request.Source}");
        }

        string path = ExtractionTarget.PathOf(Request, Path, Marker, out _);
        bool exists = Request.Update != UpdateMode.Always && LibC.Open(path, LibC.O_RDONLY | LibC.O_DIRECTORY, out _planned).Ok;
        _plan = new LocalTreePlan(
            Request, Host.Text, listing, _lists, exists ? _planned : null,
            !exists || _planned is null ? TimePrecision.Exact : TimePrecision.Of(_planned, _head is ["pax", ..] ? listing.TimeUnit : Math.Max(TimePrecision.Second, listing.TimeUnit), TimeSpan.Zero))
        {
            Report = Planned is null ? null : (item, source, decision) => Planned(
                Host, TreePlan.Describe(item, source, decision, Request.Source.TrimEnd('/'), path)),
        };
        _plan.AddAll(Cancellation);
        HashSet<string> equal = [];
        if (Request.Update == UpdateMode.Content)
        {
            Write(session, _plan.Sums.ToRequest());
            var names = new EqualNames(_plan.Sums);
            WaitForAnswer(session, () => names.TryRead(session));
            equal = names.Names;
        }

        _plan.Complete(equal);
        if (Request.RemoveExtra && _planned is not null)
        {
            PlanRemovals(listing, path);
        }
    }

    private void PlanRemovals(HostListing listing, string path)
    {
        if (listing.IsPartial)
        {
            _obstacle = RemoteFailure.NotListed(Request.Source, Host.Text);
            ItemErrors.Add(_obstacle);
        }

        var monitor = new TreeMonitor(item => Planned?.Invoke(Host, item), Cancellation: Cancellation);
        LibC.OpenAt(_planned!, ".", LibC.O_RDONLY | LibC.O_DIRECTORY, 0, out SafeFileHandle top);
        _removals = new LocalRemovals(Request, Request.Source, path, top, listing, monitor, MayRemove, ItemErrors.Add);
        foreach ((int index, byte[] item) in _plan!.Conflicts)
        {
            try
            {
                _removals.ThrowIfKept(item);
            }
            catch (TransferException exception) when (exception.Id != TransferErrorId.Cancelled)
            {
                _plan.Refuse(index);
                ItemErrors.Add(exception);
            }
        }
    }

    /// <summary>Requests the items of the plan, in as many parts as the tar of the host needs, and extracts them.</summary>
    private void ExtractPlanned(SshSession session, SessionStream stream)
    {
        if (Request.IsDryRun)
        {
            return;
        }

        bool isFirst = true;
        foreach (byte[] part in Parts(isOne: _head is ["pax", ..]))
        {
            Write(session, part);
            ExtractPart(session, stream, isFirst);
            isFirst = false;
        }

        Write(session, Encoding.ASCII.GetBytes("0\n"));
    }

    /// <summary>Joins the paths to request to parts, each after a line with its length.</summary>
    private IEnumerable<byte[]> Parts(bool isOne)
    {
        var part = new MemoryStream();
        foreach (byte[] path in _plan!.Paths())
        {
            if (part.Length == 0 && path is not [(byte)'.'])
            {
                part.Write(".\0"u8);
            }

            part.Write(path);
            part.WriteByte(0);
            if (!isOne && part.Length > MaxPartLength)
            {
                yield return Take();
            }
        }

        if (part.Length > 0)
        {
            yield return Take();
        }

        byte[] Take()
        {
            byte[] bytes = [.. Encoding.ASCII.GetBytes($"{part.Length}\n"), .. part.ToArray()];
            part.SetLength(0);
            return bytes;
        }
    }

    private void Fill(SshSession session, SessionStream stream, TarItem entry, SafeFileHandle file)
    {
        byte[] path = Encoding.Latin1.GetBytes($"/{TarPath.KeyOf(TarPath.Parse(entry.Path, Host.Text))}");
        if (entry.Length > (Request.RateLimit is null ? Tuning.TarFileInMemory : 0))
        {
            using ContentDigest? digest = _sums is null ? null : new ContentDigest(Cancellation);
            Move(session, TransferEndpoint.OfHandle(file, _tree!.Path), entry.Length, digest);
            _sums?.Add(path, digest!.Complete());
            return;
        }

        byte[] bytes = new byte[entry.Length];
        stream.ReadExactly(bytes);
        if (LibC.WriteAll(file, bytes, 0) is { Ok: false } failed)
        {
            throw FileFailures.OpenDestination($"{_tree!.Path}/{TarPath.Text(entry.Path)}", failed.Errno);
        }

        _sums?.Add(path, ContentDigest.Compute(bytes));
        Bytes += entry.Length;
        Progress.Report(Bytes);
    }

    /// <summary>Reads the text behind the stream: zeros that fill the last record, heartbeats, and the confirmation.</summary>
    private void ReadTail(SshSession session, SessionStream stream)
    {
        byte[] buffer = new byte[512];
        List<byte> tail = [];
        int length;
        while (session.Failure is null && (length = stream.Read(buffer)) > 0)
        {
            session.CountText(length);
            tail.AddRange(buffer[..length].Where(one => one != 0));
        }

        session.Touch();
        TransferException ended = Ended(session);
        string[] lines = Encoding.ASCII.GetString([.. tail]).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        List<string> words = [.. lines.Where(line => line != HostScript.Alive)];
        List<string> failed = words.FindAll(line => line.StartsWith(HostScript.Failed, StringComparison.Ordinal));
        if (session.ExitCode != 0 || !words.Skip(failed.Count).SequenceEqual([HostScript.Done]))
        {
            throw ended;
        }

        foreach (TransferException error in failed.Select(line => _report.Add(line[HostScript.Failed.Length..])).OfType<TransferException>())
        {
            _obstacle ??= error;
            ItemErrors.Add(error);
        }
    }

    private TransferException Unreadable(Exception cause) => new(TransferErrorId.RemoteFailed,
        $"The tar of '{Host.Text}' sent a stream that cannot be read. {cause.Message} Nothing was kept.",
        "Omit -Preserve, or check the tar of that host.", target: Host.Text);
}
