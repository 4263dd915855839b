using System.Globalization;
using System.Text;

namespace Splice.Streaming.Remote;

/// <summary>Receives a file from one host.</summary>
internal sealed class FileReceiveRun(ReceiveRequest request, RemoteHost host, string path, Action<long> progress, CancellationToken cancellation)
    : ReceiveRun(request, host, path, progress, cancellation)
{
    private const long SparseStretch = 64L << 20;

    private RemoteFileInfo? _file;
    private ReceivedFile? _received;

    private protected override bool HasBegun => _file is not null;

    private protected override bool IsTree => false;

    public override void Dispose()
    {
        base.Dispose();
        _received?.Dispose();
    }

    private protected override bool Receive()
    {
        string script = ShellText.Command(ReceiveScript.Text, Request.Source, Request.Verify ? "verify" : string.Empty);
        SshSession session = Start(script);
        Sessions.WaitFor([session], ReadHead);
        RemoteFileInfo file = _file ?? throw Ended(session);
        string suffix = RemoteName.Partial(Host.Name, Host.UserName ?? string.Empty, Host.Port ?? 0, Request.Source, file.Text);
        _received = new ReceivedFile(Request, Path, file.Size, suffix, Cancellation);
        using ContentDigest? digest = Request.Verify || _received.Kept > 0 ? new ContentDigest(Cancellation) : null;
        digest?.AddFile(_received.Handle, _received.Kept);
        Answer(session, Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{_received.Kept}\n")));
        Move(session, digest, file);
        string? sum = ReadTail(session);
        string? own = digest?.Complete();
        if (own != null && own != sum)
        {
            _received.ThrowAway();
            throw RemoteFailure.Different(Request.Source, Host.Text, sum!, own);
        }

        _received.Commit(file);
        return Request.Verify;
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

    /// <summary>Takes the file in stretches where it has holes there: the zeros of each are holes here before more comes.</summary>
    private void Move(SshSession session, ContentDigest? digest, RemoteFileInfo info)
    {
        bool hasHoles = info.Size - info.AllocatedBytes >= SparsePiece.SmallBlock;
        long stretch = hasHoles ? SparseStretch : info.Size;

        // What was received last, before an interruption, still has its zeros.
        long dug = Math.Max(0, _received!.Kept - SparseStretch);
        for (long at = _received.Kept; at < info.Size; at += stretch)
        {
            long end = Math.Min(at + stretch, info.Size);
            Move(session, StreamEnd.OfHandle(_received.Handle, _received.Path), end - at, digest);
            if (hasHoles)
            {
                HoleDigger.Dig(_received.Handle, dug, end, Cancellation);
                dug = end;
            }
        }
    }

    /// <summary>Reads what comes behind the bytes, and waits for the end.</summary>
    /// <returns>The host's digest; a hyphen where none was asked for.</returns>
    private string? ReadTail(SshSession session)
    {
        string? first = null;
        session.Touch();
        Sessions.WaitFor([session], _ =>
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
                    throw RemoteFailure.SourceChanged(Request.Source, Host.Text);
                }
            }

            return false;
        });
        return session.Failure is null && session.ExitCode == 0 && first is not null
            ? first[ReceiveScript.Done.Length..]
            : throw Ended(session);
    }

    private protected override RemoteTransferResult Result() => new()
    {
        HostName = Host.Text,
        Source = Request.Source,
        Destination = _received?.Path ?? Path,
        BytesSent = Bytes,
        Length = _file?.Size ?? 0,
        ResumedAt = _received?.Kept > 0 ? _received.Kept : null,
        Elapsed = Session?.Elapsed ?? TimeSpan.Zero,
        RemoteExitCode = Session?.ExitCode,
        Warnings = [.. _received?.Warnings ?? [], .. LostAttributes(), .. HiddenPermissions()],
    };

    private string[] HiddenPermissions() => _file?.HidesGroup == true && Request.Preserve.HasFlag(PreserveAttributes.Mode)
        ? [$"'{_received?.Path}' got no permissions for its group: '{Request.Source}' has an access control list on '{Host.Text}', which has no getfacl to show it."]
        : [];

    /// <summary>Whether the file has any there is not known.</summary>
    private string[] LostAttributes() =>
        (Request.Preserve & (PreserveAttributes.Xattr | PreserveAttributes.Acl)) == PreserveAttributes.None
            ? []
            : [$"'{Host.Text}' was not asked for extended attributes and access control lists of '{Request.Source}': only those of folders are received."];
}
