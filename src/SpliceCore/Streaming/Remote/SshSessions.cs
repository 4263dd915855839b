using System.Collections;
using System.Diagnostics;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Streaming.Processes;
using Splice.Transfer;

namespace Splice.Streaming.Remote;

/// <summary>Several running ssh. None outlives this.</summary>
internal sealed class SshSessions : IDisposable
{
    private readonly RunningCommands _commands = new();
    private readonly CommandStarter _starter;
    private readonly List<SshSession> _sessions = [];
    private readonly TimeSpan? _idleTimeout;
    private readonly SshOptions _options;
    private readonly Poller _poll;
    private readonly Action? _report;

    /// <param name="report">Called several times a second during a wait; null for never.</param>
    public SshSessions(RemoteRequest request, CancellationToken cancellation, Action? report = null)
    {
        _report = report;
        _idleTimeout = request.IdleTimeout;
        _starter = new CommandStarter(Process, request.Ssh.HasTerminal);
        _poll = new Poller(cancellation);
        _options = request.Ssh;
    }

    /// <summary>The surroundings of each ssh.</summary>
    public static PipelineRequest Process => new() { Commands = [], Environment = OwnEnvironment(), WorkingDirectory = "/" };

    /// <param name="script">The line that <see cref="HostScript.CommandFor"/> runs.</param>
    public SshSession Start(RemoteHost host, ReadOnlyMemory<byte> script)
    {
        var session = new SshSession(host, SshCommand.Create(host, _options, HostScript.CommandFor(script.Length)), script, _starter, _commands);
        _sessions.Add(session);
        return session;
    }

    /// <summary>Waits for each session, and terminates one that is idle for too long.</summary>
    /// <param name="isReady">Called after each event, and once after the end of ssh; returns true to stop waiting. It must read all
    /// output.</param>
    /// <param name="more">Returns further sessions to wait for; called with the remaining ones whenever some are done.</param>
    /// <param name="timeLeft">Returns the time left to wait; null for unlimited.</param>
    public void WaitFor(
        IEnumerable<SshSession> sessions, Func<SshSession, bool> isReady, Func<IReadOnlyList<SshSession>, IEnumerable<SshSession>>? more = null,
        Func<TimeSpan?>? timeLeft = null)
    {
        List<SshSession> waiting = [.. sessions];
        while (true)
        {
            waiting.ForEach(session => session.Update());
            int over = waiting.RemoveAll(session => session.Failure is not null || isReady(session) || session.HasEnded);
            if (over > 0 && more is not null)
            {
                waiting.AddRange([.. more(waiting)]);
            }

            waiting.ForEach(FailIfIdle);
            TimeSpan? left = timeLeft?.Invoke();
            if (waiting.Count == 0 || left <= TimeSpan.Zero)
            {
                return;
            }

            _report?.Invoke();
            var deadline = new Deadline(_report is null || left < Tuning.ReportInterval ? left : Tuning.ReportInterval);
            foreach (SshSession session in waiting)
            {
                foreach (var handle in session.Handles)
                {
                    if (handle is not null)
                    {
                        _poll.Add(handle, PollEvents.In);
                    }
                }

                if (session.HasPendingScript)
                {
                    _poll.Add(session.Input, PollEvents.Out);
                }

                deadline = deadline.Earlier(new Deadline(session.HasNoPidfd ? Tuning.SessionPollInterval : Left(session)));
            }

            _poll.Wait(deadline);
            _poll.Clear();
        }
    }

    /// <summary>Writes to a session, and terminates it if it takes nothing for too long.</summary>
    /// <returns>False if it takes no more. After EPIPE, ssh reports the reason when it ends.</returns>
    public bool TryWrite(SshSession session, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty && session.IsLive)
        {
            SysResult written = LibC.Write(session.Input, bytes, offset: null);
            if (written.Ok)
            {
                bytes = bytes[(int)written.Value..];
            }
            else if (written.Errno == Errno.EAGAIN)
            {
                if (_poll.Wait(session.Input, PollEvents.Out, timeout: _idleTimeout) == PollResult.TimedOut)
                {
                    session.Fail(TransferFailures.Idle(TransferSide.Destination, session.Host.Text, _idleTimeout!.Value, arrived: 0));
                }
            }
            else if (written.Errno != Errno.EINTR)
            {
                return false;
            }
        }

        return session.IsLive;
    }

    public void Dispose()
    {
        // ssh sees its streams closed, and then a signal.
        _sessions.ForEach(session => session.Dispose());
        _commands.Dispose();
        _poll.Dispose();
        _starter.Dispose();
    }

    private static Dictionary<string, string> OwnEnvironment()
    {
        var variables = new Dictionary<string, string>();
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            variables[(string)variable.Key] = (string?)variable.Value ?? string.Empty;
        }

        return variables;
    }

    private TimeSpan? Left(SshSession session)
    {
        TimeSpan? left = _idleTimeout - Stopwatch.GetElapsedTime(session.LastSign);
        return left < TimeSpan.Zero ? TimeSpan.Zero : left;
    }

    private void FailIfIdle(SshSession session)
    {
        if (_idleTimeout is TimeSpan time && Left(session) == TimeSpan.Zero)
        {
            session.Fail(TransferFailures.Idle(TransferSide.Source, session.Host.Text, time, arrived: 0));
        }
    }
}
