using System.Diagnostics;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Streaming.Remote.Trees;

/// <summary>The output of ssh as a stream for <see cref="System.Formats.Tar.TarReader"/>.</summary>
internal sealed class SessionStream(SshSession session, TimeSpan? idleTimeout, CancellationToken cancellation) : Stream
{
    private readonly Poller _poller = new(cancellation);
    private long _skipped;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>Reports so many bytes as read without reading them: they were moved in another way.</summary>
    public void Skip(long bytes) => _skipped += bytes;

    public override int Read(Span<byte> buffer)
    {
        if (_skipped > 0)
        {
            int count = (int)Math.Min(_skipped, buffer.Length);
            _skipped -= count;
            return count;
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
        _poller.Dispose();
        base.Dispose(disposing);
    }

    private void Wait(long since)
    {
        session.Update();
        _poller.Wait(session.Output, PollEvents.In, timeout: Tuning.ReportInterval);
        if (idleTimeout is TimeSpan time && Stopwatch.GetElapsedTime(since) > time && !_poller.IsReady(session.Output, PollEvents.In))
        {
            throw TransferFailures.Idle(TransferSide.Source, session.Host.Text, time, arrived: 0);
        }
    }
}
