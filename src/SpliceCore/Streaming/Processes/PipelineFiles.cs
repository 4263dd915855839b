using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Streaming.Processes;

/// <summary>Opens the files, devices and FIFOs that commands read and write.</summary>
internal static class PipelineFiles
{
    /// <summary>Opens what the first command reads.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled before a FIFO had a writer.</exception>
    public static Descriptor OpenInput(string path, CancellationToken cancellation)
    {
        PathCheck.Name(path);
        Descriptor source = SourceFile.Open(path, cancellation);

        // O_NONBLOCK was for the open only.
        LibC.SetStatusFlags(source.Handle, LibC.O_RDONLY);
        source.StatusFlags = LibC.O_RDONLY;
        return source;
    }

    /// <summary>Opens a destination for writing in place, as a shell does, and creates a missing file.</summary>
    /// <param name="append">True if all writes go to the end; otherwise a file is truncated.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled before a FIFO had a reader.</exception>
    public static SafeFileHandle OpenInPlace(DestinationEntry place, bool append, CancellationToken cancellation)
    {
        int access = LibC.O_WRONLY | (append ? LibC.O_APPEND : 0);
        SafeFileHandle handle;
        SysResult result;
        if (place.Existing is null)
        {
            // Appending to a file that another process has just created destroys nothing.
            int flags = LibC.O_CREAT | LibC.O_NOCTTY | LibC.O_NOFOLLOW | (append ? 0 : LibC.O_EXCL);
            result = LibC.OpenAt(place.Folder, place.Name, access | flags, ModeBits.Default, out handle);
        }
        else
        {
            handle = ExistingFile.Open(place, access, cancellation).Handle;

            // O_NONBLOCK was for the open only.
            LibC.SetStatusFlags(handle, access);
            result = place.Existing.Kind == DescriptorKind.Regular && !append ? LibC.Truncate(handle, 0) : default;
        }

        if (!result.Ok)
        {
            handle.Dispose();
            throw place.NameFailure(result.Errno);
        }

        return handle;
    }

    public static DestinationEntry Resolve(string path)
    {
        PathCheck.Name(path);
        return FileStatus.TryGet(path, followLink: true, out FileStatus? status).Ok && status!.Kind == DescriptorKind.Directory
            ? throw FileFailures.DestinationIsDirectory(path)
            : DestinationEntry.Resolve(path, path);
    }
}

/// <summary>The destination of the last command: a new file that gets its name at the end, or an existing file, device or FIFO.</summary>
internal sealed class PipelineOutput : IDisposable
{
    private readonly DestinationEntry _destination;
    private readonly DestinationWriter _writer;
    private readonly long? _oldSize;

    private PipelineOutput(DestinationEntry destination, DestinationWriter writer)
    {
        _destination = destination;
        _writer = writer;
        _oldSize = Status()?.Size;
    }

    public string Path => _destination.Path;

    /// <summary>The destination, open for writing, which can block.</summary>
    public SafeFileHandle Handle => _writer.Handle;

    /// <summary>True if the output has no name until it is complete.</summary>
    public bool IsNew => _writer.IsNew;

    /// <summary>True if the output replaces or continues an existing file.</summary>
    public bool HasExisted => _destination.Existing is not null;

    /// <summary>True if a regular file there is the output, or a new one would get its name.</summary>
    public bool IsAt(DestinationEntry place) => place.Existing is { } existing
        ? existing.Kind == DescriptorKind.Regular && existing.Identity == (IsNew ? _destination.Existing : Status())?.Identity
        : place.Path == Path;

    /// <summary>Number of bytes written; null for devices and FIFOs.</summary>
    public long? BytesWritten => Status()?.Size - _oldSize;

    public IReadOnlyList<string> Warnings => _writer.MetadataWarnings.Describe();

    /// <exception cref="OperationCanceledException">The token was cancelled before a FIFO had a reader.</exception>
    public static PipelineOutput Open(string path, bool append, CancellationToken cancellation)
    {
        DestinationEntry destination = PipelineFiles.Resolve(path);
        try
        {
            ExistingDestination.Check(new CopyRequest { Source = path, Destination = path, Append = append }, source: null, path, destination);
            bool isNew = !append && destination.Existing is null or { Kind: DescriptorKind.Regular };
            var writer = new DestinationWriter(
                destination, isNew ? null : new ExistingFile(PipelineFiles.OpenInPlace(destination, append, cancellation)), cancellation);
            return new PipelineOutput(destination, writer);
        }
        catch
        {
            destination.Dispose();
            throw;
        }
    }

    /// <summary>Gives a new file its name atomically.</summary>
    public void Commit()
    {
        if (!IsNew)
        {
            return;
        }

        _writer.Finish();
        SysResult closed = LibC.CloseDuplicate(Handle);
        if (!closed.Ok)
        {
            // NFS and FUSE report lost bytes only then.
            throw FileFailures.Flush(Path, closed.Errno, "close(2)");
        }

        _writer.CommitOrKeep();
    }

    public void Dispose()
    {
        _writer.Dispose();
        _destination.Dispose();
    }

    /// <summary>The status of a regular file; null for devices and FIFOs.</summary>
    private FileStatus? Status() =>
        FileStatus.TryGet(Handle, out FileStatus? status).Ok && status!.Kind == DescriptorKind.Regular ? status : null;
}

/// <summary>Moves a pipeline's input or output at a rate, on a thread of its own.</summary>
internal sealed class RatedTransfer : IDisposable
{
    private readonly CancellationTokenSource _stop;
    private readonly CancellationTokenSource _done = new();
    private readonly CancellationEvent _doneEvent;
    private readonly TransferCounters _counters = new();
    private readonly Thread _thread;

    /// <summary>Starts it. One of source and destination is an end of a pipe, which is closed at the end.</summary>
    public RatedTransfer(
        SafeHandle source, SafeHandle destination, SafeFileHandle pipeEnd, string name, RateLimiter limit, CancellationToken cancellation)
    {
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _doneEvent = new CancellationEvent(_done.Token);

        // Not the command's end, which is another open file description.
        LibC.SetStatusFlags(pipeEnd, LibC.O_NONBLOCK);
        _thread = WorkerThread.Start(() =>
        {
            using (pipeEnd)
            {
                Move(source, destination, name, limit);
            }

            _done.Cancel();
        });
    }

    /// <summary>Readable once it has ended.</summary>
    public SafeHandle Done => _doneEvent.Handle;

    public bool IsDone => _done.IsCancellationRequested;

    public long Bytes => _counters.BytesCopied;

    public TransferException? Failure { get; private set; }

    public void Stop()
    {
        _stop.Cancel();
        _thread.Join();
    }

    public void Dispose()
    {
        Stop();
        _doneEvent.Dispose();
        _done.Dispose();
        _stop.Dispose();
    }

    private void Move(SafeHandle source, SafeHandle destination, string name, RateLimiter limit)
    {
        try
        {
            Descriptor from = Descriptor.Describe(source, name);
            using SafeFileHandle? terminal = TerminalOutput.Reopen(Descriptor.Describe(destination, name));
            Descriptor to = Descriptor.Describe(terminal ?? destination, name);
            var spec = new TransferSpec
            {
                Offset = from.Position,
                DestinationOffset = to.IsAppending ? to.Size : to.Position,
                AllowsChanging = true,
                Method = TransferMethod.Auto,
                RateLimit = limit,
            };
            using var run = new TransferRun(from, to, spec, new TransferMonitor(Cancellation: _stop.Token), _counters);
            run.Run();
        }
        catch (TransferException exception)
        {
            // A reader that has enough and a stop are not failures.
            Failure = exception.Id is TransferErrorId.ReaderGone or TransferErrorId.Cancelled ? null : exception;
        }
    }
}
