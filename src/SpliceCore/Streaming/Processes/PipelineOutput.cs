using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Streaming.Processes;

/// <summary>What the last command writes to: a new file that takes its place at the end, or what is there already.</summary>
internal sealed class PipelineOutput : IDisposable
{
    private readonly DestinationPath _destination;
    private readonly DestinationWriter _writer;
    private readonly long? _oldSize;
    private readonly bool _append;
    private readonly CancellationToken _cancellation;

    private PipelineOutput(DestinationPath destination, bool append, CancellationToken cancellation)
    {
        Place place = destination.ToPlace(mayReplace: true);
        _destination = destination;
        _append = append;
        _cancellation = cancellation;
        bool isNew = place.Existing is null || (place.Existing.Kind == DescriptorKind.Regular && !append);
        _writer = new DestinationWriter(place, isNew ? null : PathInPlace.Open(place, append, cancellation), cancellation);
        _oldSize = isNew || place.Existing!.Kind == DescriptorKind.Regular ? Size() : null;
    }

    public string Path => _destination.Path;

    /// <summary>Open for writing, and it may block.</summary>
    public SafeFileHandle Handle => _writer.Handle;

    /// <summary>True if nobody sees the output until it is complete.</summary>
    public bool IsStaged => _writer.IsNew;

    /// <summary>How many bytes have come; null for devices and FIFOs.</summary>
    public long? BytesWritten => Size() - _oldSize;

    /// <summary>What could not be kept of the file that was replaced.</summary>
    public IReadOnlyList<string> Warnings => _writer.Warnings;

    /// <summary>Opens a path.</summary>
    /// <exception cref="TransferException">It cannot be written or replaced.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled while a FIFO's reader was waited for.</exception>
    public static PipelineOutput Open(string path, bool append, CancellationToken cancellation)
    {
        DestinationPath destination = PathInPlace.Resolve(path);
        try
        {
            ExistingDestination.Check(new CopyRequest { Source = path, Destination = path, Append = append }, source: null, destination);
            return new PipelineOutput(destination, append, cancellation);
        }
        catch
        {
            destination.Dispose();
            throw;
        }
    }

    /// <summary>Gives a new file its name, in one step.</summary>
    public void Commit()
    {
        if (!IsStaged)
        {
            return;
        }

        _writer.Finish();
        SysResult closed = LibC.CloseDuplicate(Handle);
        if (!closed.Ok)
        {
            // NFS and FUSE report lost bytes only then.
            throw FileFailures.Flush(Path, closed.Errno);
        }

        if (!_append)
        {
            _writer.CommitOrKeep();
            return;
        }

        try
        {
            _writer.Commit();
        }
        catch (TransferException exception) when (exception.Errno == Errno.EEXIST)
        {
            // Another process has created the file meanwhile.
            var request = new CopyRequest { Source = LibC.PathOf(Handle), Destination = Path, Append = true };
            FileCopy.Copy(request, new TransferMonitor(Cancellation: _cancellation));
        }
    }

    public void Dispose()
    {
        _writer.Dispose();
        _destination.Dispose();
    }

    private long? Size() =>
        FileStatus.TryGet(Handle, out FileStatus? status).Ok && status!.Kind == DescriptorKind.Regular ? status.Size : null;
}
