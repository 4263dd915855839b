using System.Diagnostics;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Streaming.Remote.Trees;

/// <summary>What ssh writes, for the library that reads tar streams.</summary>
/// <param name="session">The session.</param>
/// <param name="idleTimeout">How long it may give nothing; null for any time.</param>
/// <param name="cancellation">Ends a wait.</param>
internal sealed class SessionStream(SshSession session, TimeSpan? idleTimeout, CancellationToken cancellation) : Stream
{
    // What comes over ssh's standard error has to be read meanwhile.
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(200);

    private readonly Readiness _readiness = new(cancellation);
    private long _taken;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>The next bytes have gone another way: the library is told that it reads them, and gets nothing of them.</summary>
    public void Take(long bytes) => _taken += bytes;

    public override int Read(Span<byte> buffer)
    {
        if (_taken > 0)
        {
            int skipped = (int)Math.Min(_taken, buffer.Length);
            _taken -= skipped;
            return skipped;
        }

        long since = Stopwatch.GetTimestamp();
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            SysResult read = LibC.Read(session.Output, buffer, offset: null);
            if (read.Ok)
            {
                session.Touch();
                return (int)read.Value;
            }

            if (read.Errno == Errno.EAGAIN)
            {
                Wait(since);
            }
            else if (read.Errno != Errno.EINTR)
            {
                throw FileFailures.OpenSource(session.Host.Text, read.Errno);
            }
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _readiness.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Wait(long since)
    {
        session.Look();
        _readiness.Wait(session.Output, PollEvents.In, timeout: LookInterval);
        if (idleTimeout is TimeSpan time && Stopwatch.GetElapsedTime(since) > time && !_readiness.IsReady(session.Output, PollEvents.In))
        {
            throw TransferFailures.Idle(TransferSide.Source, session.Host.Text, time, arrived: 0);
        }
    }
}
