using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Streaming.Processes;

/// <summary>The file, device or FIFO that the first command reads.</summary>
internal sealed class PipelineInput : IDisposable
{
    private PipelineInput(Descriptor source) => Source = source;

    public Descriptor Source { get; }

    public SafeFileHandle Handle => (SafeFileHandle)Source.Handle;

    /// <summary>The bytes that there are to read; null where nobody knows.</summary>
    public long? Size => Source.Kind is DescriptorKind.Regular or DescriptorKind.Block && Source.Size > 0 ? Source.Size : null;

    /// <summary>How far it has been read: whoever inherits it moves this position along. Null where there is none.</summary>
    public long? Position => Source.IsSeekable && LibC.Seek(Source.Handle, 0, SeekOrigin.Current) is { Ok: true } at ? at.Value : null;

    /// <summary>Opens it.</summary>
    /// <exception cref="TransferException">It cannot be read.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled while a FIFO's writer was waited for.</exception>
    public static PipelineInput Open(string path, CancellationToken cancellation)
    {
        PathCheck.Name(path);
        if (FileStatus.TryGet(path, followLink: true, out FileStatus? status).Ok && status!.Kind == DescriptorKind.Directory)
        {
            throw new TransferException(TransferErrorId.SourceIsDirectory,
                $"'{path}' is a directory, which no command can read as its input.",
                "Name a file in it.", Errno.EISDIR, path);
        }

        Descriptor source = SourceFile.Open(path, cancellation);

        // Only the open was not to wait.
        LibC.SetStatusFlags(source.Handle, OpenFlags.ReadOnly);
        source.StatusFlags = OpenFlags.ReadOnly;
        return new PipelineInput(source);
    }

    public void Dispose() => Source.Handle.Dispose();
}

/// <summary>Moves what goes into a pipeline, or comes out of it, at a rate: on a thread of its own, in the kernel.</summary>
internal sealed class RatedTransfer : IDisposable
{
    private readonly CancellationTokenSource _stop;
    private readonly CancellationTokenSource _done = new();
    private readonly CancellationEvent _doneEvent;
    private readonly TransferTally _tally = new();
    private readonly Thread _thread;

    private RatedTransfer(SafeHandle source, SafeHandle destination, SafeFileHandle ownEnd, string name, RateLimiter limit, CancellationToken cancellation)
    {
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _doneEvent = new CancellationEvent(_done.Token);

        // Our end of the pipe alone: the command's is another open file description.
        bool writes = ReferenceEquals(ownEnd, destination);
        LibC.SetStatusFlags(ownEnd, OpenFlags.NonBlock | (writes ? OpenFlags.WriteOnly : OpenFlags.ReadOnly));
        CancellationToken token = _stop.Token;
        _thread = new Thread(() => Move(source, destination, ownEnd, name, limit, token)) { IsBackground = true };
        _thread.Start();
    }

    /// <summary>Readable once it is over.</summary>
    public SafeHandle Done => _doneEvent.Handle;

    public bool IsDone => _done.IsCancellationRequested;

    /// <summary>The bytes moved so far.</summary>
    public long Bytes => _tally.BytesCopied;

    /// <summary>Why it ended before its time; null where it did not.</summary>
    public TransferException? Failure { get; private set; }

    /// <summary>From a file into a pipe, whose end it closes.</summary>
    public static RatedTransfer Into(SafeFileHandle pipe, SafeHandle source, string name, RateLimiter limit, CancellationToken cancellation) =>
        new(source, pipe, pipe, name, limit, cancellation);

    /// <summary>From a pipe, whose end it closes, to a file or terminal.</summary>
    public static RatedTransfer OutOf(SafeFileHandle pipe, SafeHandle destination, string name, RateLimiter limit, CancellationToken cancellation) =>
        new(pipe, destination, pipe, name, limit, cancellation);

    /// <summary>Ends it.</summary>
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

    private void Move(SafeHandle source, SafeHandle destination, SafeFileHandle ownEnd, string name, RateLimiter limit, CancellationToken cancellation)
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
            using var run = new TransferRun(from, to, spec, new TransferMonitor(Cancellation: cancellation), _tally);
            run.Run();
        }
        catch (TransferException exception)
        {
            // Who reads no more has had enough; who was stopped knows why.
            Failure = exception.Id is TransferErrorId.ReaderGone or TransferErrorId.Cancelled ? null : exception;
        }
        finally
        {
            ownEnd.Dispose();
            _done.Cancel();
        }
    }
}
