using System.Globalization;
using System.Text;

namespace Splice.Streaming.Remote;

/// <summary>Receives a file from one host, from the start of ssh to the outcome.</summary>
internal sealed class ReceiveRun : IDisposable
{
    private readonly ReceiveRequest _request;
    private readonly RemoteHost _host;
    private readonly string _path;
    private readonly CancellationToken _cancellation;
    private readonly Action<long> _progress;
    private readonly SshSessions _sessions;
    private SshSession? _session;
    private RemoteFileInfo? _file;
    private ReceivedFile? _received;
    private long _bytes;

    /// <param name="request">What to receive.</param>
    /// <param name="host">From where.</param>
    /// <param name="path">Where to.</param>
    /// <param name="progress">Hears how many bytes have come.</param>
    /// <param name="cancellation">Ends it.</param>
    public ReceiveRun(ReceiveRequest request, RemoteHost host, string path, Action<long> progress, CancellationToken cancellation)
    {
        _request = request;
        _host = host;
        _path = path;
        _progress = progress;
        _cancellation = cancellation;
        _sessions = new SshSessions(request.IdleTimeout, cancellation);
    }

    /// <summary>Receives it.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public RemoteOutcome Run()
    {
        try
        {
            bool verified = Receive();
            return new RemoteOutcome(_host, Result(verified), null);
        }
        catch (TransferException exception)
        {
            _cancellation.ThrowIfCancellationRequested();
            return new RemoteOutcome(_host, null, exception.With(Result(verified: false)));
        }
    }

    public void Dispose()
    {
        _sessions.Dispose();
        _received?.Dispose();
    }

    private bool Receive()
    {
        string script = ShellText.Command(ReceiveScript.Text, _request.Source, _request.Verify ? "verify" : string.Empty);
        SshSession session = _session = _sessions.Start(_host, SshCommand.Of(_host, _request.Ssh, script));
        _sessions.WaitFor([session], ReadHead);
        RemoteFileInfo file = _file ?? throw Ended(session);
        string suffix = RemoteName.Partial(_host.Name, _host.UserName ?? string.Empty, _host.Port ?? 0, _request.Source, file.Text);
        _received = new ReceivedFile(_request, _path, file.Size, suffix, _cancellation);
        using ContentDigest? digest = _request.Verify ? new ContentDigest(_cancellation) : null;
        digest?.AddFile(_received.Handle, _received.Kept);
        Answer(session, _received.Kept);
        if (file.Size > _received.Kept)
        {
            Move(session, digest, file.Size - _received.Kept);
        }

        string? sum = ReadTail(session);
        string? own = digest?.Complete();
        if (own != null && own != sum)
        {
            _received.ThrowAway();
            throw RemoteFailure.Different(_request.Source, _host.Text, sum!, own);
        }

        _received.Commit(file);
        return own != null;
    }

    /// <summary>Reads the line that tells what the file is.</summary>
    private bool ReadHead(SshSession session)
    {
        while (_file is null && session.TryReadLine() is string line)
        {
            // A shell's start files may have something to say as well.
            int at = line.IndexOf(ReceiveScript.File, StringComparison.Ordinal);
            _file = at < 0 ? null : RemoteFileInfo.TryParse(line[(at + ReceiveScript.File.Length)..]);
        }

        return _file is not null;
    }

    private void Answer(SshSession session, long from)
    {
        byte[] line = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{from}\n"));
        StreamOutcome outcome = StreamCopy.Copy(
            new StreamRequest
            {
                Source = StreamEnd.OfContent(line),
                Destinations = [StreamEnd.OfHandle(session.Input, _host.Text)],
                IdleTimeout = _request.IdleTimeout,
            },
            new TransferMonitor(Cancellation: _cancellation))[0];
        session.Input.Dispose();
        if (outcome.Error is not null)
        {
            throw Ended(session);
        }
    }

    private void Move(SshSession session, ContentDigest? digest, long count)
    {
        var file = StreamEnd.OfHandle(_received!.Handle, _received.Path);
        IReadOnlyList<StreamOutcome> outcomes = StreamCopy.Copy(
            new StreamRequest
            {
                Source = StreamEnd.OfHandle(session.Output, _host.Text),
                Destinations = digest is null ? [file] : [file, StreamEnd.OfHandle(digest.Input, "the digest")],
                Count = count,
                RateLimit = _request.RateLimit,
                IdleTimeout = _request.IdleTimeout,
                StopsOnError = true,
            },
            new TransferMonitor(progress => _progress(progress.BytesCopied), _cancellation));
        digest?.Wrote(outcomes[^1].BytesCopied);
        _bytes = outcomes[0].BytesCopied;
        if (outcomes[0].Error is { } error)
        {
            // Where the host's bytes ended too early, ssh knows more than that.
            throw error.Id == TransferErrorId.CountPastEnd ? Ended(session) : error;
        }
    }

    /// <summary>Reads what comes behind the bytes, and waits for the end.</summary>
    /// <returns>The host's digest; a hyphen where none was asked for.</returns>
    private string? ReadTail(SshSession session)
    {
        string? first = null;
        session.Touch();
        _sessions.WaitFor([session], _ =>
        {
            while (session.TryReadLine() is string line)
            {
                if (first is null && line == ScriptParts.Alive)
                {
                    continue;
                }

                first ??= line;
                if (!first.StartsWith(ReceiveScript.Done, StringComparison.Ordinal))
                {
                    // More bytes than there were.
                    throw RemoteFailure.SourceChanged(_request.Source, _host.Text);
                }
            }

            return false;
        });
        return session.Failure is null && session.ExitCode == 0 && first is not null
            ? first[ReceiveScript.Done.Length..]
            : throw Ended(session);
    }

    /// <summary>Why a session has ended; waits for it where it is about to.</summary>
    private TransferException Ended(SshSession session)
    {
        _sessions.WaitFor([session], _ =>
        {
            while (session.TryReadLine() is not null)
            {
            }

            return false;
        });
        return session.Failure ?? RemoteFailure.Of(session, _request.Source, _received?.Path ?? _path);
    }

    private RemoteTransferResult Result(bool verified) => new()
    {
        HostName = _host.Text,
        Source = _request.Source,
        Destination = _received?.Path ?? _path,
        BytesSent = _bytes,
        Length = _file?.Size ?? 0,
        ResumedAt = _received?.Kept > 0 ? _received.Kept : null,
        Verified = verified,
        Elapsed = _session?.Elapsed ?? TimeSpan.Zero,
        RemoteExitCode = _session?.ExitCode,
    };
}
