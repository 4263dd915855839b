using System.Formats.Tar;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
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
    private const string GnuForm = "gnu";
    private const string GnuRootForm = "gnu-root";

    private const int FileFlags = LibC.O_RDONLY | LibC.O_NONBLOCK | LibC.O_NOCTTY;

    private readonly TreeTotals _totals;
    private readonly TarItemFactory _items;
    private readonly Stack<TarItem?> _folders = new();
    private IReadOnlyList<HostUpload> _receiving = [];
    private List<TreeStream> _streams = [];
    private List<TreeStream> _takers = []; // those that get the current item
    private long? _toSend;
    private long _pendingContent;
    private long _sent;
    private long _beyondTotals;
    private readonly Action<TransferException> _fail;
    private readonly Action<RemoteHost, TransferResult>? _planned;
    private readonly Func<RemoteHost, TransferResult, bool>? _mayRemove;
    private TransferException? _obstacle; // what is unknown of the source
    private readonly string _token = Convert.ToHexString(RandomNumberGenerator.GetBytes(16));
    private readonly List<string> _vanished = [];
    private long _failed;
    private long _changed;
    private string? _firstChanged;

    /// <param name="fail">Called with the error of each item that cannot be read.</param>
    /// <param name="planned">Called in a dry run with what would be done with each file.</param>
    /// <param name="mayRemove">Called before an item is removed from a host with all that is in it, and decides that; null to remove all.</param>
    public TreeSendRun(
        SendRequest request, TreeTotals totals, Queue<RemoteHost> hosts, TransferMonitor monitor, Action<TransferException> fail,
        Action<RemoteHost, TransferResult>? planned, Func<RemoteHost, TransferResult, bool>? mayRemove)
        : base(request, hosts, host => new HostUpload(host, request, totals.Bytes) { FileCount = totals.Files, DirectoryCount = totals.Folders }, monitor)
    {
        _totals = totals;
        _fail = fail;
        _planned = planned;
        _mayRemove = mayRemove;
        _items = new TarItemFactory(request.Preserve);
    }

    private protected override byte[] Script(RemoteHost host) => HostScript.LineOf(
        "send-tree.sh", Request, Request.DestinationOf(host), Request.Name, StagedFile.TemporaryName().ToString(), _token);

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
                upload.FailedCount = _failed;
                upload.IsRemovalSkipped = Request.RemoveExtra && _obstacle is not null;
                upload.FileCount -= _failed + _vanished.Count + (upload.Plan?.Skipped ?? 0);
                Warn(upload);
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
        planner.Plan(live);
        if (Request.Update == UpdateMode.Content)
        {
            live.ForEach(upload => Write([upload], upload.Plan!.Sums.ToRequest()));
            WaitFor(live, planner.TryReadEqual);
        }

        live.ForEach(planner.Complete);
        _obstacle = planner.Obstacle;
        if (Request is { IsDryRun: true, RemoveExtra: true } && _obstacle is not null)
        {
            Fail(_obstacle);
        }
        else
        {
            live.RemoveAll(upload => !TryConfirm(planner, upload));
        }

        _streams = live.ConvertAll(upload => new TreeStream(
            new TarStreamWriter(!IsGnu(upload.Form), hasAttributes: upload.Form == FullForm, [upload]), upload.Plan, Request.Verify));
        _toSend = live.Select(upload => upload.Plan!.Bytes).DefaultIfEmpty().Max();
        return live;
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

    private long All => Math.Max(_sent, (_toSend ?? _totals.Bytes) + _beyondTotals);

    public static bool IsGnu(string form) => form is GnuForm or GnuRootForm;

    private void SendTree()
    {
        foreach (TreeItem item in SelectedItems.Enumerate(Request, Fail, Monitor.Cancellation))
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
            stream.Complete(removes: _obstacle is null);
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
        TarItem? tar = _takers.Count + changed.Count > 0 ? TryRead(item, () => _items.Create(item)) : null;
        if (isFolder)
        {
            _folders.Push(tar);
        }

        if (tar is not null)
        {
            changed.ForEach(stream => stream.SetMetadata(item, tar));
            Add(item, tar);
        }
    }

    /// <summary>Reads something of an item before any of it is in the stream. Null if that fails: then the item is skipped.</summary>
    private T? TryRead<T>(TreeItem item, Func<T?> read)
        where T : class
    {
        try
        {
            return read();
        }
        catch (TransferException exception) when (item.Depth > 0 && exception.Id != TransferErrorId.Cancelled)
        {
            if (item.Found is not null)
            {
                _items.Forget(item);
            }

            if (exception.Id is TransferErrorId.SourceNotFound or TransferErrorId.FolderChanged)
            {
                _vanished.Add(item.Label);
            }
            else
            {
                Fail(exception);
            }

            return null;
        }
    }

    private void Fail(TransferException exception)
    {
        _failed++;
        _obstacle ??= exception;
        _fail(exception);
    }

    private void Add(TreeItem item, TarItem tar)
    {
        switch (tar.Type)
        {
            case TarEntryType.RegularFile:
                SendFile(item, tar);
                break;
            case TarEntryType.Directory:
                _takers.ForEach(stream => stream.EnterFolder(item, tar));
                break;
            default:
                _takers.ForEach(stream => stream.Add(tar));
                break;
        }
    }

    private void SendFile(TreeItem item, TarItem tar)
    {
        if (_takers.Count == 0)
        {
            return;
        }

        using SafeFileHandle? file = TryRead(item, () => item.Open(FileFlags, Monitor.Cancellation));
        if (file is null)
        {
            _beyondTotals -= tar.Length;
            return;
        }

        var source = Descriptor.OfOpened(file, item.Label, FileFlags);
        if (source.Size > 0)
        {
            SendContent(file, item, tar);
            if (!Request.AllowChanging && (!FileStatus.TryGet(file, out FileStatus? now).Ok || !now!.HasSameSizeAndMTime(item.Status) || EndCheck.IsLongerThanItsSize(source)))
            {
                _firstChanged ??= item.Label;
                _changed++;
            }

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

    private void SendContent(SafeFileHandle file, TreeItem item, TarItem tar)
    {
        if (tar.Length > Tuning.TarFileInMemory)
        {
            _takers.ForEach(stream => stream.Add(tar));
            SendLargeContent(file, item, tar.Length);
            return;
        }

        if (TryRead(item, () => Read(file, item, (int)tar.Length)) is not { } content)
        {
            return;
        }

        _takers.ForEach(stream => stream.AddFile(tar with { Length = content.Length }, content));
        _pendingContent += content.Length;
        AddSum(item, () => ContentDigest.Compute(content));
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

    private static byte[] Read(SafeHandle file, TreeItem item, int length)
    {
        byte[] content = new byte[length];
        for (int at = 0; at < length;)
        {
            SysResult read = LibC.Read(file, content.AsSpan(at), at);
            if (read.Errno == Errno.EINTR)
            {
                continue;
            }

            if (!read.Ok)
            {
                throw FileFailures.OpenSource(item.Label, read.Errno);
            }

            if (read.Value == 0)
            {
                // It became shorter: that is the content, and a warning as of a file that changes.
                return content[..at];
            }

            at += (int)read.Value;
        }

        return content;
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

    private void Warn(HostUpload upload)
    {
        _items.Warnings.ToList().ForEach(upload.Warn);
        if (upload.IsRemovalSkipped)
        {
            upload.Warn(RemoteFailure.RemovalSkipped(Request.DestinationOf(upload.Host), _obstacle!));
        }

        if (_vanished.Count > 0)
        {
            upload.Warn(_vanished.Count == 1
                ? $"'{_vanished[0]}' was removed or replaced before it was sent to '{upload.Host.Text}'."
                : $"{_vanished.Count} items were removed or replaced before they were sent to '{upload.Host.Text}'; the first is '{_vanished[0]}'.");
        }

        if (_changed > 0)
        {
            upload.Warn(_changed == 1
                ? $"Another process wrote to '{_firstChanged}' while it was sent: '{upload.Host.Text}' may have a mix of old and new bytes."
                : $"Other processes wrote to {_changed} files while they were sent; the first is '{_firstChanged}'. '{upload.Host.Text}' may have a mix of old and new bytes.");
        }

        if (upload.Form == GnuForm && _items.ReadOnlyFolders > 0 && Request.Preserve.HasFlag(PreserveAttributes.Mode))
        {
            upload.Warn($"The tar of '{upload.Host.Text}' cannot make {_items.ReadOnlyFolders} folders read-only.");
        }

        if (IsGnu(upload.Form) && _items.Links > 0 && Request.Preserve.HasFlag(PreserveAttributes.Timestamps))
        {
            upload.Warn($"The tar of '{upload.Host.Text}' does not set the times and owners of symbolic links ({_items.Links}).");
        }

        if (_items.WithAttributes > 0 && upload.Form != FullForm)
        {
            upload.Warn($"The tar of '{upload.Host.Text}' does not support extended attributes and access control lists: {_items.WithAttributes} items arrive without them.");
        }
    }
}
