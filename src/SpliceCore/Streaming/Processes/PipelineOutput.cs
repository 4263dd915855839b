using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Errors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Streaming.Processes;

/// <summary>What the last command writes to: a new file that takes its place at the end, or what is there already.</summary>
internal sealed class PipelineOutput : IDisposable
{
    private const uint DefaultMode = 0x1B6; // 0666, of which the umask takes its share
    private const uint PrivateMode = 0x180; // 0600, until the file gets the mode of the one that it replaces

    private readonly DestinationPath _destination;
    private readonly Place _place;
    private readonly StagedFile? _staged;
    private readonly SafeFileHandle? _opened;
    private readonly MetadataLosses _losses = new();
    private readonly long? _oldSize;
    private readonly bool _append;
    private readonly CancellationToken _cancellation;

    private PipelineOutput(DestinationPath destination, bool append, CancellationToken cancellation)
    {
        Place place = destination.ToPlace(mayReplace: true);
        _destination = destination;
        _place = place;
        _append = append;
        _cancellation = cancellation;
        bool isNew = place.Existing is null || (place.Existing.Kind == DescriptorKind.Regular && !append);
        _staged = isNew ? StagedFile.Create(place, place.Existing is null ? DefaultMode : PrivateMode, cancellation) : null;
        _opened = isNew ? null : PathInPlace.Open(place, append, cancellation);
        _oldSize = isNew || place.Existing!.Kind == DescriptorKind.Regular ? Size() : null;
    }

    public string Path => _place.Path;

    /// <summary>Open for writing, and it may block.</summary>
    public SafeFileHandle Handle => _staged?.Handle ?? _opened!;

    /// <summary>True if nobody sees the output until it is complete.</summary>
    public bool IsStaged => _staged is not null;

    /// <summary>How many bytes have come; null for devices and FIFOs.</summary>
    public long? BytesWritten => Size() - _oldSize;

    /// <summary>What could not be kept of the file that was replaced.</summary>
    public IReadOnlyList<string> Warnings => _losses.Describe();

    /// <summary>Opens a path.</summary>
    /// <exception cref="TransferException">It cannot be written or replaced.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled while a FIFO's reader was waited for.</exception>
    public static PipelineOutput Open(string path, bool append, CancellationToken cancellation)
    {
        DestinationPath destination = PathInPlace.Resolve(path);
        try
        {
            Check(destination, append);
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
        if (_staged is null)
        {
            return;
        }

        Metadata.OfFile(_staged.Handle, _place, source: null, PreserveAttributes.None, _losses);
        SysResult closed = LibC.CloseDuplicate(_staged.Handle);
        if (!closed.Ok)
        {
            // NFS and FUSE tell only then that bytes were lost.
            throw FileFailures.Flush(_place.Path, closed.Errno);
        }

        if (!_append)
        {
            _staged.CommitOrKeep(_place.Replaces);
            return;
        }

        try
        {
            _staged.Commit(replace: false);
        }
        catch (TransferException exception) when (exception.Errno == Errno.EEXIST)
        {
            AddToExisting();
        }
    }

    /// <summary>Another process has made the file meanwhile: what it wrote is not replaced.</summary>
    private void AddToExisting()
    {
        using var target = AppendedFile.Open(_place, OpenFlags.WriteOnly, _cancellation);
        SysResult opened = LibC.Open(LibC.PathOf(_staged!.Handle), OpenFlags.ReadOnly, out SafeFileHandle output);
        using (output)
        {
            if (!opened.Ok)
            {
                throw FileFailures.OpenDestination(_place.Path, opened.Errno);
            }

            var source = Descriptor.Describe(output, _place.Label);
            var spec = new TransferSpec
            {
                Offset = 0,
                DestinationOffset = target.OldSize,
                Length = source.Size,
                RequiresAll = true,
                Append = target.Position,
            };
            using var run = new TransferRun(
                source, Descriptor.Describe(target.Handle, _place.Label), spec, new TransferMonitor(Cancellation: _cancellation), new TransferTally());
            run.Run();
        }
    }

    public void Dispose()
    {
        _opened?.Dispose();
        _staged?.Dispose();
        _destination.Dispose();
    }

    private static void Check(DestinationPath destination, bool append)
    {
        if (destination.Existing is not { Kind: DescriptorKind.Regular } existing || append)
        {
            return;
        }

        if (existing.IsMountRoot || !destination.IsReplaceable)
        {
            throw new TransferException(TransferErrorId.DestinationNotReplaceable,
                $"'{destination.Path}' cannot be replaced: it is a mount point, or leads to an open file only.",
                "Write to the file's own name, or add to it with -Append.",
                Errno.EBUSY, destination.Path);
        }

        SysResult access = LibC.MayWriteAt(destination.Folder, destination.Name);
        if (!access.Ok)
        {
            throw new TransferException(TransferErrorId.PermissionDenied,
                $"'{destination.Path}' is not writable ({ErrnoText.Describe(access.Errno)}).",
                "Have it made writable, or choose another output path.",
                access.Errno, destination.Path);
        }
    }

    private long? Size() =>
        FileStatus.TryGet(Handle, out FileStatus? status).Ok && status!.Kind == DescriptorKind.Regular ? status.Size : null;
}
