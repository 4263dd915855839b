namespace Splice.Streaming.Remote;

/// <summary>Receives from one host.</summary>
internal abstract class ReceiveRun : IDisposable
{
    private protected ReceiveRun(ReceiveRequest request, RemoteHost host, string path, ReceiveProgress progress, CancellationToken cancellation)
    {
        Request = request;
        Host = host;
        Path = path;
        Progress = progress;
        Cancellation = cancellation;
        Sessions = new SshSessions(request, cancellation);
    }

    private protected ReceiveRequest Request { get; }

    private protected RemoteHost Host { get; }

    private protected string Path { get; }

    private protected ReceiveProgress Progress { get; }

    private protected CancellationToken Cancellation { get; }

    private protected SshSessions Sessions { get; }

    /// <summary>Errors of items of a folder, without which the others were received.</summary>
    public List<TransferException> ItemErrors { get; } = [];

    /// <summary>Number of bytes received.</summary>
    private protected long Bytes { get; set; }

    /// <summary>Null before ssh was started.</summary>
    private protected SshSession? Session { get; private set; }

    /// <summary>True if the host has described the source.</summary>
    private protected abstract bool HasBegun { get; }

    private protected abstract bool IsTree { get; }

    public RemoteOutcome Run()
    {
        try
        {
            bool verified = Receive();
            return new RemoteOutcome(Host, Result() with { Verified = verified }, null);
        }
        catch (Exception exception)
        {
            TransferException error = exception as TransferException ?? RemoteFailure.Unexpected(Request, Host.Text, exception);
            if (Cancellation.IsCancellationRequested || error.Id is TransferErrorId.ConnectionFailed or TransferErrorId.IdleTimeout)
            {
                KeepArrived();
            }

            if (Cancellation.IsCancellationRequested)
            {
                throw;
            }

            if (!HasBegun && error.Id is TransferErrorId.ConnectionFailed or TransferErrorId.IdleTimeout)
            {
                Request.Ssh.Shared?.AddUnreachable(Host);
            }

            return new RemoteOutcome(Host, null, error.With(Result()));
        }
    }

    public virtual void Dispose() => Sessions.Dispose();

    /// <summary>Receives the source.</summary>
    /// <returns>True if the SHA-256 of source and destination was compared.</returns>
    private protected abstract bool Receive();

    /// <summary>Keeps what has arrived before an interruption, if it is to be resumed.</summary>
    private protected virtual void KeepArrived()
    {
    }

    /// <summary>The result so far.</summary>
    private protected abstract RemoteTransferResult Result();

    /// <summary>Starts a script, and waits for its first answer.</summary>
    /// <param name="tryParse">Parses the answer; another line can begin like it.</param>
    private protected SshSession Start(string script, string prefix, Func<string, bool> tryParse, params string[] parameters)
    {
        SshSession session = Session = Sessions.Start(Host, HostScript.LineOf(script, Request, parameters));
        WaitForAnswer(session, () =>
        {
            while (!HasBegun && session.TryReadAnswer(prefix) is string answer)
            {
                tryParse(answer);
            }

            return HasBegun;
        });
        Progress.Phase = TransferPhase.Copying;
        return session;
    }

    /// <summary>Waits for an answer of the host.</summary>
    /// <param name="isComplete">Reads what has come, and returns true if that is the whole answer.</param>
    /// <exception cref="TransferException">The session ended before.</exception>
    private protected void WaitForAnswer(SshSession session, Func<bool> isComplete)
    {
        bool hasAll = false;
        session.Touch();
        Sessions.WaitFor([session], _ => hasAll = hasAll || isComplete());
        if (!hasAll)
        {
            session.Input.Dispose();
            throw Ended(session);
        }
    }

    /// <summary>Receives a part of a file, which also goes to the digest.</summary>
    /// <exception cref="TransferException">It did not come, or could not be written.</exception>
    private protected void Move(SshSession session, TransferEndpoint file, long count, ContentDigest? digest)
    {
        long before = Bytes;
        IReadOnlyList<StreamOutcome> outcomes = StreamCopy.Copy(
            new StreamRequest
            {
                Source = TransferEndpoint.OfHandle(session.Output, Host.Text),
                Destinations = digest is null ? [file] : [file, digest.Input],
                Count = count,
                RateLimit = Request.RateLimit,
                IdleTimeout = Request.IdleTimeout,
                StopsOnError = true,
            },
            new TransferMonitor(progress => Progress.Report(before + progress.BytesCopied), Cancellation));
        digest?.AddWritten(outcomes[^1].BytesCopied);
        Bytes += outcomes[0].BytesCopied;
        if (outcomes[0].Error is { } error)
        {
            // If the bytes ended too early, ssh reports the reason. The host may still wait for input.
            Cancellation.ThrowIfCancellationRequested();
            session.Input.Dispose();
            TransferException ended = error.Id == TransferErrorId.CountPastEnd ? Ended(session) : error;
            throw error != ended && session.ExitCode == 0 ? RemoteFailure.EndedBeforeItsSize(Request.Source, Host.Text) : ended;
        }
    }

    /// <summary>Sends the host the last bytes that it gets.</summary>
    private protected void Answer(SshSession session, ReadOnlyMemory<byte> bytes)
    {
        Write(session, bytes);
        session.Input.Dispose();
    }

    /// <summary>Sends the host bytes.</summary>
    private protected void Write(SshSession session, ReadOnlyMemory<byte> bytes)
    {
        if (!Sessions.TryWrite(session, bytes.Span))
        {
            session.Input.Dispose();
            throw Ended(session);
        }
    }

    /// <summary>Waits for the end of a session, and returns the error for it.</summary>
    private protected TransferException Ended(SshSession session)
    {
        Sessions.WaitFor([session], _ =>
        {
            while (session.TryReadLine() is not null)
            {
            }

            return false;
        });
        return session.Failure ?? RemoteFailure.From(session, Request, Path, HasBegun, IsTree);
    }
}
