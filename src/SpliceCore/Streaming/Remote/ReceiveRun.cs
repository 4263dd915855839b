namespace Splice.Streaming.Remote;

/// <summary>Receives something from one host, from the start of ssh to the outcome.</summary>
internal abstract class ReceiveRun : IDisposable
{
    /// <param name="request">What to receive.</param>
    /// <param name="host">From where.</param>
    /// <param name="path">Where to.</param>
    /// <param name="progress">Hears how many bytes have come.</param>
    /// <param name="cancellation">Ends it.</param>
    private protected ReceiveRun(ReceiveRequest request, RemoteHost host, string path, Action<long> progress, CancellationToken cancellation)
    {
        Request = request;
        Host = host;
        Path = path;
        Progress = progress;
        Cancellation = cancellation;
        Sessions = new SshSessions(request.IdleTimeout, cancellation);
    }

    private protected ReceiveRequest Request { get; }

    private protected RemoteHost Host { get; }

    private protected string Path { get; }

    private protected Action<long> Progress { get; }

    private protected CancellationToken Cancellation { get; }

    private protected SshSessions Sessions { get; }

    /// <summary>Null before ssh was started.</summary>
    private protected SshSession? Session { get; private set; }

    /// <summary>Receives it.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public RemoteOutcome Run()
    {
        try
        {
            bool verified = Receive();
            return new RemoteOutcome(Host, Result() with { Verified = verified }, null);
        }
        catch (TransferException exception)
        {
            Cancellation.ThrowIfCancellationRequested();
            return new RemoteOutcome(Host, null, exception.With(Result()));
        }
    }

    public virtual void Dispose() => Sessions.Dispose();

    /// <summary>Receives it.</summary>
    /// <returns>Whether both sides' SHA-256 was compared, and the same.</returns>
    private protected abstract bool Receive();

    /// <summary>Whether the host has said what it has.</summary>
    private protected abstract bool HasBegun { get; }

    /// <summary>Whether it is a folder.</summary>
    private protected abstract bool IsTree { get; }

    /// <summary>How far it has got.</summary>
    private protected abstract RemoteTransferResult Result();

    private protected SshSession Start(string script) =>
        Session = Sessions.Start(Host, SshCommand.Of(Host, Request.Ssh, script));

    /// <summary>Why a session has ended; waits for it where it is about to.</summary>
    private protected TransferException Ended(SshSession session)
    {
        Sessions.WaitFor([session], _ =>
        {
            while (session.TryReadLine() is not null)
            {
            }

            return false;
        });
        return session.Failure ?? RemoteFailure.Of(session, Request.Source, Path, HasBegun, IsTree);
    }
}
