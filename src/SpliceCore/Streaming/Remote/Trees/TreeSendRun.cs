using System.Formats.Tar;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Copying.Trees;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Streaming.Remote.Trees;

/// <summary>Sends a folder with all that is in it to some hosts at once, as a tar stream: the headers and small files from memory,
/// the content of others from the page cache. The tree is read once.</summary>
internal sealed class TreeSendRun : SendRun
{
    // The formats that send-tree.sh can ask for: pax with and without extended attributes, and the old format of GNU tar, which
    // root extracts in another way.
    private const string FullForm = "pax-attributes";
    private const string GnuForm = "gnu";
    private const string GnuRootForm = "gnu-root";

    private const int SmallFile = 64 << 10;
    private const long MostPending = 1 << 20;
    private const int FileFlags = OpenFlags.ReadOnly | OpenFlags.NonBlock | OpenFlags.NoControllingTerminal;

    private readonly TreeTotals _totals;
    private readonly TarItems _items;
    private readonly SumList? _sums;
    private readonly Stack<TarItem> _folders = new();
    private IReadOnlyList<Delivery> _receiving = [];
    private IReadOnlyList<TarStreamWriter> _streams = [];
    private long _pendingContent;
    private long _sent;
    private long _beyondTotals;
    private long _changed;
    private string? _firstChanged;

    public TreeSendRun(SendRequest request, TreeTotals totals, Queue<RemoteHost> hosts, TransferMonitor monitor)
        : base(request, hosts, host => new Delivery(host, request, totals.Bytes) { FileCount = totals.Files, DirectoryCount = totals.Folders }, monitor)
    {
        _totals = totals;
        _items = new TarItems(request.Preserve);
        _sums = request.Verify ? new SumList() : null;
    }

    private protected override string Script() => HostScript.Command(
        "send-tree.sh", Request, Request.Destination, Path.GetFileName(Request.Source.TrimEnd('/')), StagedFile.TemporaryName().ToString());

    private protected override void Send(IReadOnlyList<Delivery> deliveries)
    {
        _receiving = deliveries;
        _streams =
        [
            .. deliveries.GroupBy(delivery => (IsGnu: IsGnu(delivery.Form), IsFull: delivery.Form == FullForm))
                .Select(group => new TarStreamWriter(isPax: !group.Key.IsGnu, hasAttributes: group.Key.IsFull, [.. group])),
        ];
        try
        {
            SendTree();
            foreach (Delivery delivery in deliveries)
            {
                delivery.Length += _beyondTotals;
                Warn(delivery);
            }
        }
        catch (TransferException exception) when (exception.Id != TransferErrorId.Cancelled)
        {
            foreach (Delivery delivery in deliveries.Where(delivery => delivery.IsReceiving))
            {
                delivery.Session!.Fail(exception);
            }
        }

        foreach (Delivery delivery in deliveries)
        {
            delivery.EndSending();
        }
    }

    private static bool IsGnu(string form) => form is GnuForm or GnuRootForm;

    private void SendTree()
    {
        foreach (TreeItem item in TreeWalk.Enumerate(Request.Source))
        {
            Monitor.Cancellation.ThrowIfCancellationRequested();
            if (!_receiving.Any(delivery => delivery.IsReceiving))
            {
                return;
            }

            Add(item);
            if (_streams.Any(stream => stream.PendingLength > MostPending))
            {
                Flush();
            }
        }

        if (_sums is not null)
        {
            AddFile(HostScript.Sums, _sums.Plain);
            AddFile(HostScript.EscapedSums, _sums.Escaped);
        }

        AddFile(HostScript.End, []);
        foreach (TarStreamWriter stream in _streams)
        {
            stream.AddEnd();
        }

        Flush();
    }

    private void Add(TreeItem item)
    {
        if (item.IsLeft)
        {
            // A tar that is not GNU's gives a folder its times at once, and every item that comes into it changes them.
            TarItem folder = _folders.Pop();
            _streams.Where(stream => !stream.IsPax).ToList().ForEach(stream => stream.Add(folder));
        }
        else if (_items.Of(item) is { } tar)
        {
            Add(item, tar);
        }
    }

    private void Add(TreeItem item, TarItem tar)
    {
        switch (tar.Type)
        {
            case TarEntryType.RegularFile:
                SendFile(item, tar);
                break;
            case TarEntryType.Directory:
                _folders.Push(tar);
                foreach (TarStreamWriter stream in _streams)
                {
                    // And its mode, and could put nothing into it then.
                    stream.Add(stream.IsPax ? tar : tar with { Mode = tar.Mode | TarItems.FolderBits });
                }

                break;
            default:
                AddAll(tar);
                break;
        }
    }

    private void SendFile(TreeItem item, TarItem tar)
    {
        using SafeFileHandle file = item.Open(FileFlags, Monitor.Cancellation);
        var source = Descriptor.OfOpened(file, item.Label, FileFlags);
        if (source.Size > 0)
        {
            SendContent(file, item, tar);
            if (!FileStatus.TryGet(file, out FileStatus? now).Ok || !now!.HasContentOf(item.Status) || EndCheck.IsLongerThanItsSize(source))
            {
                _firstChanged ??= item.Label;
                _changed++;
            }

            return;
        }

        // The header comes before the bytes, and only their end tells how many there are.
        using SourceSnapshot? snapshot = SourceSnapshot.IsNeeded(source)
            ? SourceSnapshot.Take(source, Path.GetTempPath(), new TransferMonitor(Cancellation: Monitor.Cancellation))
            : null;
        long length = snapshot?.Content.Size ?? 0;
        _beyondTotals += length - item.Status.Size;
        SendContent(snapshot is null ? file : (SafeFileHandle)snapshot.Content.Handle, item, tar with { Length = length });
    }

    private void SendContent(SafeFileHandle file, TreeItem item, TarItem tar)
    {
        AddAll(tar);
        if (tar.Length <= SmallFile)
        {
            byte[] content = Read(file, item, (int)tar.Length);
            AddContent(content);
            _sums?.Add(item.Path, ContentDigest.Of(content));
        }
        else
        {
            SendContent(file, item, tar.Length);
        }
    }

    /// <summary>The header has said how many bytes come: a file that has grown meanwhile is cut there, and one that has shrunk ends
    /// the transfer.</summary>
    private void SendContent(SafeFileHandle file, TreeItem item, long length)
    {
        Flush();
        using ContentDigest? digest = _sums is null ? null : new ContentDigest(Monitor.Cancellation);
        var source = StreamEnd.OfHandle(file, item.Label);
        for (long at = 0; at < length && _receiving.Any(delivery => delivery.IsReceiving); at += LongestStretch)
        {
            Move(_receiving, source, at, Math.Min(LongestStretch, length - at), digest, (_sent + at, _totals.Bytes + _beyondTotals));
        }

        _sent += length;
        AddPadding(length);
        if (digest is not null)
        {
            _sums!.Add(item.Path, digest.Complete());
        }
    }

    private byte[] Read(SafeHandle file, TreeItem item, int length)
    {
        byte[] content = new byte[length];
        for (int at = 0; at < length;)
        {
            SysResult read = LibC.Read(file, content.AsSpan(at), at);
            if (read.Errno == Errno.EINTR)
            {
                continue;
            }

            if (!read.Ok || read.Value == 0)
            {
                throw read.Ok ? RemoteFailure.SourceShorter(item.Label, Request.Destination) : FileFailures.OpenSource(item.Label, read.Errno);
            }

            at += (int)read.Value;
        }

        return content;
    }

    private void AddFile(string name, byte[] content)
    {
        AddAll(new TarItem { Type = TarEntryType.RegularFile, Path = Encoding.ASCII.GetBytes(name), Length = content.Length });
        foreach (TarStreamWriter stream in _streams)
        {
            stream.Add(content);
        }

        AddPadding(content.Length);
    }

    private void AddAll(TarItem tar)
    {
        foreach (TarStreamWriter stream in _streams)
        {
            stream.Add(tar);
        }
    }

    private void AddContent(byte[] content)
    {
        _pendingContent += content.Length;
        foreach (TarStreamWriter stream in _streams)
        {
            stream.Add(content);
        }

        AddPadding(content.Length);
    }

    private void AddPadding(long length)
    {
        foreach (TarStreamWriter stream in _streams)
        {
            stream.AddPadding(length);
        }
    }

    private void Flush()
    {
        foreach (TarStreamWriter stream in _streams)
        {
            Write(stream.Deliveries, stream.Take(), isLimited: stream == _streams[0]);
        }

        foreach (Delivery delivery in _receiving.Where(delivery => delivery.IsReceiving))
        {
            delivery.BytesSent += _pendingContent;
        }

        _sent += _pendingContent;
        _pendingContent = 0;
        Report(_sent, _totals.Bytes + _beyondTotals);
    }

    private void Warn(Delivery delivery)
    {
        foreach (string warning in _items.Warnings)
        {
            delivery.Warn(warning);
        }

        if (_changed > 0)
        {
            delivery.Warn(_changed == 1
                ? $"'{_firstChanged}' was written to while it was sent: what '{delivery.Host.Text}' has of it may be of both."
                : $"{_changed} files were written to while they were sent; the first is '{_firstChanged}'. What '{delivery.Host.Text}' has of them may be of both.");
        }

        if (delivery.Form == GnuForm && _items.ClosedFolders > 0 && Request.Preserve.HasFlag(PreserveAttributes.Mode))
        {
            delivery.Warn($"The tar of '{delivery.Host.Text}' cannot take the right to write from {_items.ClosedFolders} folders.");
        }

        if (IsGnu(delivery.Form) && _items.Links > 0 && Request.Preserve.HasFlag(PreserveAttributes.Timestamps))
        {
            delivery.Warn($"The tar of '{delivery.Host.Text}' gives symbolic links ({_items.Links}) neither times nor owners.");
        }

        if (_items.WithAttributes > 0 && delivery.Form != FullForm)
        {
            delivery.Warn($"The tar of '{delivery.Host.Text}' knows no extended attributes and access control lists: {_items.WithAttributes} items have none there.");
        }
    }
}
