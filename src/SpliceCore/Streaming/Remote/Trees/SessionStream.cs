using System.Diagnostics;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Transfer;

namespace Splice.Streaming.Remote.Trees;

/// <summary>Reads the output of ssh, and waits for it.</summary>
internal sealed class SessionStream(SshSession session, TimeSpan? idleTimeout, CancellationToken cancellation) : IDisposable
{
    private readonly Poller _poller = new(cancellation);

    /// <summary>Reads some bytes; 0 at the end.</summary>
    public int Read(Span<byte> buffer)
    {
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

    /// <exception cref="EndOfStreamException">It ended before.</exception>
    public void ReadExactly(Span<byte> buffer)
    {
        for (int count; !buffer.IsEmpty; buffer = buffer[count..])
        {
            count = Read(buffer);
            if (count == 0)
            {
                throw new EndOfStreamException("It ended early.");
            }
        }
    }

    public void Dispose() => _poller.Dispose();

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
