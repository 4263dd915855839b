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

    /// <summary>How many have come.</summary>
    private protected long Bytes { get; set; }

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

    /// <summary>True if the host has said what it has.</summary>
    private protected abstract bool HasBegun { get; }

    /// <summary>True if it is a folder.</summary>
    private protected abstract bool IsTree { get; }

    /// <summary>How far it has got.</summary>
    private protected abstract RemoteTransferResult Result();

    private protected SshSession Start(string script) =>
        Session = Sessions.Start(Host, SshCommand.Of(Host, Request.Ssh, script));

    /// <summary>Moves bytes of a file from the host to here, and to the digest.</summary>
    /// <exception cref="TransferException">They did not come, or could not be written.</exception>
    private protected void Move(SshSession session, StreamEnd file, long count, ContentDigest? digest)
    {
        long before = Bytes;
        IReadOnlyList<StreamOutcome> outcomes = StreamCopy.Copy(
            new StreamRequest
            {
                Source = StreamEnd.OfHandle(session.Output, Host.Text),
                Destinations = digest is null ? [file] : [file, digest.Input],
                Count = count,
                RateLimit = Request.RateLimit,
                IdleTimeout = Request.IdleTimeout,
                StopsOnError = true,
            },
            new TransferMonitor(progress => Progress(before + progress.BytesCopied), Cancellation));
        digest?.Wrote(outcomes[^1].BytesCopied);
        Bytes += outcomes[0].BytesCopied;
        if (outcomes[0].Error is { } error)
        {
            // Where the host's bytes ended too early, ssh knows more than that.
            Cancellation.ThrowIfCancellationRequested();
            TransferException ended = error.Id == TransferErrorId.CountPastEnd ? Ended(session) : error;
            throw error != ended && session.ExitCode == 0 ? RemoteFailure.EndedBeforeItsSize(Request.Source, Host.Text) : ended;
        }
    }

    /// <summary>Gives the host what it waits for, which is all that it will get.</summary>
    private protected void Answer(SshSession session, ReadOnlyMemory<byte> bytes)
    {
        StreamOutcome outcome = StreamCopy.Copy(
            new StreamRequest
            {
                Source = StreamEnd.OfContent(bytes),
                Destinations = [StreamEnd.OfHandle(session.Input, Host.Text)],
                IdleTimeout = Request.IdleTimeout,
            },
            new TransferMonitor(Cancellation: Cancellation))[0];
        session.Input.Dispose();
        if (outcome.Error is not null)
        {
            throw Ended(session);
        }
    }

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
        return session.Failure ?? RemoteFailure.Of(session, Request.Source, Path, HasBegun, IsTree, Request.Ssh);
    }
}
