using System.Formats.Tar;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Copying.Trees;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Streaming.Remote.Trees;

/// <summary>Sends a folder to several hosts at once as a tar stream: the headers and small files from memory, the content of others
/// from the page cache. The tree is read once.</summary>
internal sealed class TreeSendRun : SendRun
{
    // The formats that send-tree.sh can choose: pax with and without extended attributes, and the old format of GNU tar, which
    // root extracts in another way.
    public const string FullForm = "pax-attributes";
    public const string GnuForm = "gnu";
    private const string GnuRootForm = "gnu-root";

    private const int FileFlags = LibC.O_RDONLY | LibC.O_NONBLOCK | LibC.O_NOCTTY;

    private readonly SentItems _items;
    private readonly Lazy<TreeTotals>? _totals;
    private readonly Stack<TarItem?> _folders = new();
    private IReadOnlyList<HostUpload> _receiving = [];
    private List<TreeStream> _streams = [];
    private List<TreeStream> _takers = []; // those that get the current item
    private long _toSend;
    private long _pendingContent;
    private long _sent;
    private long _beyondTotals;
    private readonly Action<TransferException> _fail;
    private readonly Action<RemoteHost, TransferResult>? _planned;
    private readonly Func<RemoteHost, TransferResult, bool>? _mayRemove;
    private readonly string _token = Convert.ToHexString(RandomNumberGenerator.GetBytes(16));

    /// <param name="totals">The size of the folder, which is counted while ssh connects; null for an update, which counts it.</param>
    /// <param name="fail">Called with the error of each item that cannot be read.</param>
    /// <param name="planned">Called in a dry run with what would be done with each file.</param>
    /// <param name="mayRemove">Called before an item is removed from a host with all that is in it, and decides that; null to remove all.</param>
    public TreeSendRun(
        SendRequest request, Lazy<TreeTotals>? totals, Queue<RemoteHost> hosts, TransferMonitor monitor, Action<TransferException> fail,
        Action<RemoteHost, TransferResult>? planned, Func<RemoteHost, TransferResult, bool>? mayRemove)
        : base(request, hosts, host => CreateUpload(host, request, totals), monitor)
    {
        _totals = totals;
        _fail = fail;
        _planned = planned;
        _mayRemove = mayRemove;
        _items = new SentItems(request, fail);
    }

    private protected override byte[] Script(RemoteHost host) => HostScript.LineOf(
        "send-tree.sh", Request, Request.DestinationOf(host), Request.Name, StagedFile.TemporaryName().ToString(), _token, MarkerOf(host));

    /// <summary>Returns the name of the marker for a folder with the name of the destination; nothing if it goes into the destination.</summary>
    private string MarkerOf(RemoteHost host)
    {
        string destination = Request.DestinationOf(host);
        return Request.ContentsOnly || destination.EndsWith('/') || !FileStatus.TryGet(Request.Source, followLink: true, out FileStatus? source).Ok
            ? string.Empty
            : PartialName.OfFolder(
                Path.GetFileName(destination),
                string.Create(CultureInfo.InvariantCulture, $"{Environment.MachineName}\n{LibC.EffectiveUserId}\n{source!.Inode.Device}\n{source.Inode.Inode}")).ToString();
    }

    private static HostUpload CreateUpload(RemoteHost host, SendRequest request, Lazy<TreeTotals>? totals)
    {
        var upload = new HostUpload(host, request, length: 0) { FileCount = 0, DirectoryCount = 1 };
        return totals is { IsValueCreated: true } ? SetSize(upload, totals.Value) : upload;
    }

    private protected override void Prepare(IEnumerable<HostUpload> uploads)
    {
        if (_totals is { Value: { } totals })
        {
            _toSend = totals.Bytes;
            uploads.ToList().ForEach(upload => SetSize(upload, totals));
        }
    }

    private protected override void Send(IReadOnlyList<HostUpload> uploads)
    {
        try
        {
            if (Request.Update == UpdateMode.Always)
            {
                _streams =
                [
                    .. uploads.GroupBy(upload => (IsGnu: IsGnu(upload.Form), IsFull: upload.Form == FullForm))
                        .Select(group => new TreeStream(
                            new TarStreamWriter(isPax: !group.Key.IsGnu, hasAttributes: group.Key.IsFull, [.. group]), plan: null, Request.Verify)),
                ];
            }
            else
            {
                uploads = Plan(uploads);
            }

            _receiving = Request.IsDryRun ? [] : uploads;
            SendTree();
            foreach (HostUpload upload in uploads)
            {
                upload.Length += _beyondTotals;
                upload.FailedCount = _items.Failed;
                upload.IsRemovalSkipped = Request.RemoveExtra && _items.Obstacle is not null;
                upload.FileCount -= _items.Missing + (upload.Plan?.Skipped ?? 0);
                _items.Warn(upload);
            }
        }
        catch (TransferException exception) when (exception.Id != TransferErrorId.Cancelled)
        {
            foreach (HostUpload upload in uploads.Where(upload => upload.IsReceiving))
            {
                upload.Session!.Fail(exception);
            }
        }

        foreach (HostUpload upload in uploads)
        {
            if (Request.IsDryRun)
            {
                upload.EndSending();
            }
            else
            {
                upload.EndContent();
            }
        }
    }

    /// <summary>Finds out what each host needs.</summary>
    /// <returns>The hosts that are still there.</returns>
    private List<HostUpload> Plan(IReadOnlyList<HostUpload> uploads)
    {
        var planner = new TreePlanner(Request, _token, Monitor.Cancellation) { Planned = _planned, MayRemove = _mayRemove };
        WaitFor(uploads, planner.TryRead);
        List<HostUpload> live = [.. uploads.Where(planner.HasListing)];
        uploads.Except(live).ToList().ForEach(upload => upload.EndSending());
        if (live.Count == 0)
        {
            return live;
        }

        TreeTotals totals = planner.Plan(live);
        if (Request.Update == UpdateMode.Content)
        {
            live.ForEach(upload => Write([upload], upload.Plan!.Sums.ToRequest()));
            WaitFor(live, planner.TryReadEqual);
        }

        foreach (HostUpload upload in live)
        {
            SetSize(upload, totals);
            planner.Complete(upload);
        }

        _items.Obstacle = planner.Obstacle;
        if (Request is { IsDryRun: true, RemoveExtra: true } && _items.Obstacle is not null)
        {
            _items.Fail(_items.Obstacle);
        }
        else
        {
            live.RemoveAll(upload => !TryConfirm(planner, upload));
        }

        if (!Request.IsDryRun)
        {
            live.ForEach(Decide);
        }

        _streams = live.FindAll(upload => upload.IsReceiving).ConvertAll(upload => new TreeStream(
            new TarStreamWriter(!IsGnu(upload.Form), hasAttributes: upload.Form == FullForm, [upload]), upload.Plan, Request.Verify));
        _toSend = live.Select(upload => upload.Plan!.Bytes).DefaultIfEmpty().Max();
        return live;
    }

    private static HostUpload SetSize(HostUpload upload, TreeTotals totals)
    {
        (upload.Length, upload.FileCount, upload.DirectoryCount) = (totals.Bytes, totals.Files, totals.Folders);
        return upload;
    }

    /// <summary>Lets a host receive the items, or end if it has all of them.</summary>
    private void Decide(HostUpload upload)
    {
        // With -Flush, what an earlier transfer left unwritten is flushed, too.
        bool isUnchanged = upload.Plan!.IsUnchanged && _items.Obstacle is null && !Request.Flush;
        Write([upload], Encoding.ASCII.GetBytes($"{(isUnchanged ? HostScript.Unchanged : HostScript.Items)}\n"));
        if (isUnchanged)
        {
            upload.EndSending();
        }
    }

    /// <summary>Confirms what is removed from a host.</summary>
    /// <returns>False if the host is dropped, since it is too much.</returns>
    private bool TryConfirm(TreePlanner planner, HostUpload upload)
    {
        try
        {
            planner.ConfirmRemovals(upload);
        }
        catch (TransferException exception) when (exception.Id == TransferErrorId.TooManyRemovals)
        {
            if (!Request.IsDryRun)
            {
                // Without the end of the stream, the host removes what it has created.
                upload.Failure = exception;
                upload.EndSending();
                return false;
            }

            _fail(exception);
        }

        // The user may have taken time to confirm.
        upload.Session!.Touch();
        return true;
    }

    private long All => Math.Max(_sent, _toSend + _beyondTotals);

    public static bool IsGnu(string form) => form is GnuForm or GnuRootForm;

    private void SendTree()
    {
        // Without all of the source, it is unknown what is not needed.
        Func<TreeItem, bool>? needs = _items.Obstacle is null ? folder => _streams.Exists(stream => stream.Needs(folder)) : null;
        foreach (TreeItem item in SelectedItems.Enumerate(Request, _items.Fail, Monitor.Cancellation, needs: needs))
        {
            if (!_receiving.Any(upload => upload.IsReceiving))
            {
                return;
            }

            Add(item);
            if (_streams.Exists(stream => stream.Writer.PendingLength > Tuning.TarBytesPending))
            {
                Flush();
            }
        }

        foreach (TreeStream stream in _streams)
        {
            stream.Complete(isPartial: _items.Obstacle is not null);
        }

        Flush();
        _streams.ForEach(stream => stream.PrepareCommit());
    }

    private void Add(TreeItem item)
    {
        if (item.IsLeft)
        {
            if (_folders.Pop() is { } folder)
            {
                _streams.ForEach(stream => stream.LeaveFolder(item, folder));
            }

            return;
        }

        bool isFolder = item.Kind == DescriptorKind.Directory;
        _takers = isFolder ? _streams : _streams.FindAll(stream => stream.Sends(item));
        List<TreeStream> changed = isFolder ? [] : _streams.FindAll(stream => stream.SetsMetadata(item));
        TarItem? tar = null;
        if (_takers.Count + changed.Count > 0)
        {
            // What is read is opened once.
            bool isRead = item.Kind == DescriptorKind.Regular && _takers.Count > 0;
            long length = isRead ? _items.LengthOf(item) : 0;
            using SafeFileHandle? handle = _items.TryOpen(item, isRead ? FileFlags : LibC.O_PATH, Monitor.Cancellation, out FileStatus? status);
            tar = handle is null ? null : _items.TryCreate(item, handle);
            if (tar is null)
            {
                _beyondTotals -= length;
            }
            else
            {
                changed.ForEach(stream => stream.SetMetadata(item, tar));
                Add(item, tar, handle!, status!);
            }
        }

        if (isFolder)
        {
            _folders.Push(tar);
        }
    }

    private void Add(TreeItem item, TarItem tar, SafeFileHandle handle, FileStatus status)
    {
        switch (tar.Type)
        {
            case TarEntryType.RegularFile:
                if (_takers.Count > 0)
                {
                    SendFile(item, tar, Descriptor.OfOpened(handle, item.Label, FileFlags, status));
                }

                break;
            case TarEntryType.Directory:
                _takers.ForEach(stream => stream.EnterFolder(item, tar));
                break;
            default:
                _takers.ForEach(stream => stream.Add(tar));
                break;
        }
    }

    private void SendFile(TreeItem item, TarItem tar, Descriptor source)
    {
        var file = (SafeFileHandle)source.Handle;
        if (source.Size > 0)
        {
            _items.CheckHoles(item, source);
            bool isLonger = SendContent(file, item, tar) || (tar.Length > Tuning.TarFileInMemory && EndCheck.IsLongerThanItsSize(source));
            _items.CheckUnchanged(item, file, isLonger);
            return;
        }

        // The length goes before the bytes, and only their end shows it.
        using SourceSnapshot? snapshot = SourceSnapshot.IsNeeded(source)
            ? SourceSnapshot.Take(source, Path.GetTempPath(), new TransferMonitor(Cancellation: Monitor.Cancellation))
            : null;
        long length = snapshot?.Content.Size ?? 0;
        _beyondTotals += length - item.Status.Size;
        SendContent(snapshot is null ? file : (SafeFileHandle)snapshot.Content.Handle, item, tar with { Length = length });
    }

    /// <returns>True if a small file is longer than its size.</returns>
    private bool SendContent(SafeFileHandle file, TreeItem item, TarItem tar)
    {
        if (tar.Length > Tuning.TarFileInMemory)
        {
            _takers.ForEach(stream => stream.Add(tar));
            SendLargeContent(file, item, tar.Length);
            return false;
        }

        if (_items.TryReadContent(item, file, (int)tar.Length, out bool isLonger) is not { } content)
        {
            return false;
        }

        _takers.ForEach(stream => stream.AddFile(tar with { Length = content.Length }, content.Span));
        _pendingContent += content.Length;
        AddSum(item, () => ContentDigest.Compute(content.Span));
        return isLonger;
    }

    /// <summary>The header has the length: a file that has grown since is cut there, and one that has shrunk ends the
    /// transfer.</summary>
    private void SendLargeContent(SafeFileHandle file, TreeItem item, long length)
    {
        Flush();
        using ContentDigest? digest = Request.Verify ? new ContentDigest(Monitor.Cancellation) : null;
        IReadOnlyList<HostUpload> takers = [.. _takers.SelectMany(stream => stream.Writer.Uploads)];
        var source = TransferEndpoint.OfHandle(file, item.Label);
        for (long at = 0; at < length && takers.Any(upload => upload.IsReceiving); at += Tuning.RemoteChunk)
        {
            Move(takers, source, at, Math.Min(Tuning.RemoteChunk, length - at), digest, (_sent + at, All));
        }

        _sent += length;
        _takers.ForEach(stream => stream.Writer.AddPadding(length));
        AddSum(item, () => digest!.Complete());
    }

    private void AddSum(TreeItem item, Func<string> compute)
    {
        if (Request.Verify)
        {
            string digest = compute();
            _takers.ForEach(stream => stream.Sums!.Add(item.Path, digest));
        }
    }

    private void Flush()
    {
        foreach (TreeStream stream in _streams)
        {
            Write(stream.Writer.Uploads, stream.Writer.Take(), isLimited: true);
            stream.CountSent();
        }

        _sent += _pendingContent;
        _pendingContent = 0;
        Report(_sent, All);
    }
}
