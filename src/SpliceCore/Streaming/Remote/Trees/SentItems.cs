using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Copying.Trees;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Streaming.Remote.Trees;

/// <summary>Reads the items of a folder that is sent, and collects those that failed, vanished or changed.</summary>
/// <param name="fail">Called with the error of each item that cannot be read.</param>
internal sealed class SentItems(SendRequest request, Action<TransferException> fail)
{
    private readonly byte[] _content = new byte[Tuning.TarFileInMemory + 1];
    private readonly TarItemFactory _headers = new(request.Preserve);
    private readonly List<string> _vanished = [];
    private long _changed;
    private string? _firstChanged;
    private long _sparse;
    private string? _firstSparse;

    /// <summary>Number of items that failed.</summary>
    public long Failed { get; private set; }

    /// <summary>Number of items that were not sent, but counted before.</summary>
    public long Missing => Failed + _vanished.Count;

    /// <summary>The first error, after which it is unknown what the source has; null for none.</summary>
    public TransferException? Obstacle { get; set; }

    /// <summary>Opens an item, for reading or with O_PATH; null if it is not sent.</summary>
    /// <param name="status">Its status then.</param>
    public SafeFileHandle? TryOpen(TreeItem item, int flags, CancellationToken cancellation, out FileStatus? status)
    {
        FileStatus? found = null;
        SafeFileHandle? handle = TryRead(item, () => _headers.Takes(item) ? item.Open(flags, cancellation, out found) : null);
        status = found;
        return handle;
    }

    /// <summary>Returns the header of an open item; null if it is not sent.</summary>
    public TarItem? TryCreate(TreeItem item, SafeFileHandle handle) => TryRead(item, () => _headers.Create(item, handle));

    /// <summary>Number of content bytes of an item in the stream.</summary>
    public long LengthOf(TreeItem item) => item.Found is null ? 0 : _headers.LengthOf(item);

    /// <summary>Reads something of an item before any of it is in the stream. Null if that fails: then the item is skipped.</summary>
    public T? TryRead<T>(TreeItem item, Func<T?> read)
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
                _headers.Forget(item);
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

    /// <summary>Reads a small file, and in the same call a byte past its size. Null if that fails.</summary>
    /// <returns>The content, which is valid until the next call: less than the length if the file became shorter.</returns>
    public ReadOnlyMemory<byte>? TryReadContent(TreeItem item, SafeFileHandle file, int length, out bool isLonger)
    {
        int read = 0;
        byte[]? buffer = TryRead(item, () => Read(item, file, length, out read));
        isLonger = read > length;
        return buffer?.AsMemory(0, Math.Min(read, length));
    }

    public void Fail(TransferException exception)
    {
        Failed++;
        Obstacle ??= exception;
        fail(exception);
    }

    /// <summary>Notes a file that changed while it was sent.</summary>
    /// <param name="isLonger">True if it has bytes past its size.</param>
    public void CheckUnchanged(TreeItem item, SafeFileHandle file, bool isLonger)
    {
        if (!request.AllowChanging
            && (isLonger || !FileStatus.TryGet(file, out FileStatus? now).Ok || !now!.HasSameSizeAndMTime(item.Status)))
        {
            _firstChanged ??= item.Label;
            _changed++;
        }
    }

    /// <summary>Warns of what a host did not get, or gets otherwise.</summary>
    public void Warn(HostUpload upload)
    {
        string host = upload.Host.Text;
        _headers.Warnings.ToList().ForEach(upload.Warn);
        if (upload.IsRemovalSkipped)
        {
            upload.Warn(RemoteFailure.RemovalSkipped(request.DestinationOf(upload.Host), Obstacle!));
        }

        if (_vanished.Count > 0)
        {
            upload.Warn(_vanished.Count == 1
                ? $"'{_vanished[0]}' was removed or replaced before it was sent to '{host}'."
                : $"{_vanished.Count} items were removed or replaced before they were sent to '{host}'; the first is '{_vanished[0]}'.");
        }

        if (_changed > 0)
        {
            upload.Warn(_changed == 1
                ? $"Another process wrote to '{_firstChanged}' while it was sent: '{host}' may have a mix of old and new bytes."
                : $"Other processes wrote to {_changed} files while they were sent; the first is '{_firstChanged}'. '{host}' may have a mix of old and new bytes.");
        }

        if (_sparse > 0)
        {
            upload.Warn(_sparse == 1
                ? $"The holes of '{_firstSparse}' were sent as zeros, which take space on '{host}'. Send the file by itself to keep them."
                : $"The holes of {_sparse} files were sent as zeros, which take space on '{host}'; the first is '{_firstSparse}'. Send the files by themselves to keep them.");
        }

        if (upload.Form == TreeSendRun.GnuForm && _headers.ReadOnlyFolders > 0 && request.Preserve.HasFlag(PreserveAttributes.Mode))
        {
            upload.Warn($"The tar of '{host}' cannot make {_headers.ReadOnlyFolders} folders read-only.");
        }

        if (TreeSendRun.IsGnu(upload.Form) && _headers.Links > 0 && request.Preserve.HasFlag(PreserveAttributes.Timestamps))
        {
            upload.Warn($"The tar of '{host}' does not set the times and owners of symbolic links ({_headers.Links}).");
        }

        if (_headers.WithAttributes > 0 && upload.Form != TreeSendRun.FullForm)
        {
            upload.Warn($"The tar of '{host}' does not support extended attributes and access control lists: {_headers.WithAttributes} items arrive without them.");
        }
    }

    /// <summary>Notes a larger file with holes, which the stream does not have.</summary>
    public void CheckHoles(TreeItem item, Descriptor source)
    {
        if (source.Size > Tuning.TarFileInMemory && source.ProbablyHasHoles && Extent.CountHoles(source.Handle, 0, source.Size) > 0)
        {
            _firstSparse ??= item.Label;
            _sparse++;
        }
    }

    private byte[] Read(TreeItem item, SafeFileHandle file, int length, out int read)
    {
        for (read = 0; read < length;)
        {
            SysResult result = LibC.Read(file, _content.AsSpan(read, length + 1 - read), read);
            if (!result.Ok && result.Errno != Errno.EINTR)
            {
                throw FileFailures.OpenSource(item.Label, result.Errno);
            }

            if (result is { Ok: true, Value: 0 })
            {
                break;
            }

            read += (int)Math.Max(0, result.Value);
        }

        return _content;
    }
}
