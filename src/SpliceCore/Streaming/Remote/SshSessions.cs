using System.Collections;
using System.Diagnostics;
using Splice.Descriptors;
using Splice.Interop;
using Splice.Streaming.Processes;
using Splice.Transfer;

namespace Splice.Streaming.Remote;

/// <summary>Several ssh at once. Whatever ends this, none of them is left.</summary>
internal sealed class SshSessions : IDisposable
{
    private static readonly TimeSpan UnaskedInterval = TimeSpan.FromMilliseconds(20);

    private readonly RunningCommands _commands = new();
    private readonly CommandStarter _starter = new(new PipelineRequest
    {
        Commands = [],
        Environment = OwnEnvironment(),
        WorkingDirectory = "/",
    });

    private readonly List<SshSession> _sessions = [];
    private readonly TimeSpan? _idleTimeout;
    private readonly PollSet _poll;

    public SshSessions(TimeSpan? idleTimeout, CancellationToken cancellation)
    {
        _idleTimeout = idleTimeout;
        _poll = new PollSet(cancellation);
    }

    /// <summary>Starts one.</summary>
    /// <param name="host">The host.</param>
    /// <param name="ssh">The command.</param>
    /// <param name="inputSize">How many bytes of its input may be under way to it, in bytes.</param>
    /// <exception cref="TransferException">It could not be started.</exception>
    public SshSession Start(RemoteHost host, NativeCommand ssh, int inputSize = Tuning.CommandPipeSize)
    {
        var session = new SshSession(host, ssh, inputSize, _starter, _commands);
        _sessions.Add(session);
        return session;
    }

    /// <summary>Waits for something of each session. One that gives no sign of life for too long is given up.</summary>
    /// <param name="sessions">Which.</param>
    /// <param name="hasCome">Looks whether it is there. Called each time that there is something to look at, and once more when
    /// ssh has ended. It must read all output that there is.</param>
    /// <param name="more">Which to wait for as well; called whenever some no longer are, with those that are left.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    public void WaitFor(
        IEnumerable<SshSession> sessions, Func<SshSession, bool> hasCome, Func<IReadOnlyList<SshSession>, IEnumerable<SshSession>>? more = null)
    {
        List<SshSession> waiting = [.. sessions];
        while (true)
        {
            waiting.ForEach(session => session.Look());
            int over = waiting.RemoveAll(session => session.Failure is not null || hasCome(session) || session.HasEnded);
            if (over > 0 && more is not null)
            {
                waiting.AddRange([.. more(waiting)]);
            }

            waiting.ForEach(GiveUpIfIdle);
            if (waiting.Count == 0)
            {
                return;
            }

            _poll.Clear();
            Deadline deadline = default;
            foreach (SshSession session in waiting)
            {
                foreach (var handle in session.Handles)
                {
                    if (handle is not null)
                    {
                        _poll.Add(handle, PollEvents.In);
                    }
                }

                deadline = deadline.Earlier(new Deadline(session.MustBeAsked ? UnaskedInterval : Left(session)));
            }

            _poll.Wait(deadline);
        }
    }

    public void Dispose()
    {
        // ssh hears that nobody writes or reads any more, and then a signal.
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

    private void GiveUpIfIdle(SshSession session)
    {
        if (_idleTimeout is TimeSpan time && Left(session) == TimeSpan.Zero)
        {
            session.Fail(TransferFailures.Idle(TransferSide.Source, session.Host.Text, time, arrived: 0));
        }
    }
}
