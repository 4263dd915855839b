using System.Formats.Tar;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Splice.Errors;
using Splice.Interop;

namespace Splice.Streaming.Remote.Trees;

/// <summary>Receives a folder with all that is in it from one host, as a tar stream: small files through memory, the content of
/// others from the pipe into the file.</summary>
internal sealed class TreeReceiveRun(ReceiveRequest request, RemoteHost host, string path, Action<long> progress, CancellationToken cancellation)
    : ReceiveRun(request, host, path, progress, cancellation)
{
    private const int SmallFile = 64 << 10;

    private readonly SumList? _sums = request.Verify ? new SumList() : null;

    private UnpackedTree? _tree;
    private string? _form;

    /// <summary>Whether the host has no folder by that name, but something else.</summary>
    public bool IsNoFolder => _form == TreeReceiveScript.NoTree;

    private protected override bool HasBegun => _form is not null;

    private protected override bool IsTree => true;

    public override void Dispose()
    {
        base.Dispose();
        _tree?.Dispose();
    }

    private protected override bool Receive()
    {
        SshSession session = Start(TreeReceiveScript.Command(Request));
        Sessions.WaitFor([session], ReadHead);
        if (_form is null)
        {
            throw Ended(session);
        }

        if (IsNoFolder)
        {
            return false;
        }

        _tree = new UnpackedTree(Request, Host.Text, Path);
        using (var stream = new SessionStream(session, Request.IdleTimeout, Cancellation))
        {
            Unpack(session, stream);
            if (_sums is not null)
            {
                Answer(session, _sums.OddFirst());
            }

            ReadTail(session, stream);
        }

        _tree.Commit();
        return _sums is not null;
    }

    private protected override RemoteTransferResult Result() => new()
    {
        HostName = Host.Text,
        Source = Request.Source,
        Destination = _tree?.Path ?? Path,
        BytesSent = Bytes,
        Length = Bytes,
        FileCount = _tree?.FileCount ?? 0,
        DirectoryCount = _tree?.DirectoryCount ?? 0,
        Elapsed = Session?.Elapsed ?? TimeSpan.Zero,
        RemoteExitCode = Session?.ExitCode,
        Warnings = [.. _tree?.Warnings ?? [], .. WarningsOfHost()],
    };

    private bool ReadHead(SshSession session)
    {
        while (_form is null && session.TryReadLine() is string line)
        {
            // A shell's start files may have something to say as well.
            int at = line.IndexOf(TreeReceiveScript.Tree, StringComparison.Ordinal);
            _form = at < 0 ? null : line[(at + TreeReceiveScript.Tree.Length)..];
        }

        return _form is not null;
    }

    private void Unpack(SshSession session, SessionStream stream)
    {
        try
        {
            using var reader = new TarReader(stream, leaveOpen: true);
            while (reader.GetNextEntry() is { } entry)
            {
                if (entry.EntryType != TarEntryType.GlobalExtendedAttributes)
                {
                    _tree!.Add(entry, file => Fill(session, stream, entry, file));
                }
            }
        }
        catch (Exception exception) when (exception is InvalidDataException or EndOfStreamException or FormatException
            or OverflowException or ArgumentException or NotSupportedException)
        {
            // Where the stream ended too early, ssh knows more than that.
            session.Input.Dispose();
            TransferException ended = Ended(session);
            throw session.ExitCode == 0 ? Unreadable(exception) : ended;
        }
    }

    private void Fill(SshSession session, SessionStream stream, TarEntry entry, SafeFileHandle file)
    {
        byte[] path = Encoding.UTF8.GetBytes($"/{string.Join('/', UnpackedPath.Parse(entry.Name, Host.Text))}");
        if (entry.Length > (Request.RateLimit is null ? SmallFile : 0))
        {
            using ContentDigest? digest = _sums is null ? null : new ContentDigest(Cancellation);
            Move(session, StreamEnd.OfHandle(file, _tree!.Path), entry.Length, digest);
            stream.Take(entry.Length);
            _sums?.Add(path, digest!.Complete());
            return;
        }

        byte[] bytes = new byte[entry.Length];
        entry.DataStream?.ReadExactly(bytes);
        Write(file, bytes, entry);
        _sums?.Add(path, ContentDigest.Of(bytes));
        Bytes += entry.Length;
        Progress(Bytes);
    }

    private static void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, TarEntry entry)
    {
        for (long at = 0; !bytes.IsEmpty;)
        {
            SysResult written = LibC.Write(file, bytes, at);
            if (written.Ok)
            {
                at += written.Value;
                bytes = bytes[(int)written.Value..];
            }
            else if (written.Errno != Errno.EINTR)
            {
                throw Failures.OpenDestination(entry.Name, written.Errno);
            }
        }
    }

    /// <summary>Reads what comes behind the stream: zeros that fill the last record, signs of life, and the word that all has
    /// been read.</summary>
    private void ReadTail(SshSession session, SessionStream stream)
    {
        byte[] buffer = new byte[512];
        List<byte> tail = [];
        int length;
        while ((length = stream.Read(buffer, 0, buffer.Length)) > 0)
        {
            tail.AddRange(buffer[..length].Where(one => one != 0));
        }

        session.Touch();
        TransferException ended = Ended(session);
        string[] lines = Encoding.ASCII.GetString([.. tail]).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        if (session.ExitCode != 0 || !lines.Where(line => line != ScriptParts.Alive).SequenceEqual([TreeReceiveScript.Done]))
        {
            throw ended;
        }
    }

    /// <summary>What tar said of what it left out.</summary>
    private IEnumerable<string> WarningsOfHost()
    {
        foreach (string line in (Session?.Words ?? string.Empty).Split('\n').Where(line => line.StartsWith("tar: ", StringComparison.Ordinal)))
        {
            yield return $"'{Host.Text}' said: {string.Concat(line.Select(c => char.IsControl(c) ? ' ' : c))}";
        }

        PreserveAttributes more = Request.Preserve & (PreserveAttributes.Xattr | PreserveAttributes.Acl);
        if (more != PreserveAttributes.None && _form is not (null or TreeReceiveScript.NoTree or TreeReceiveScript.FullForm))
        {
            yield return $"'{Host.Text}' gave no extended attributes and access control lists: its tar is not GNU's, or names have newlines in them.";
        }
    }

    private TransferException Unreadable(Exception cause) => new(TransferErrorId.RemoteFailed,
        $"The tar of '{Host.Text}' sent what cannot be read ({cause.Message}) Nothing was kept.",
        "Leave -Preserve out, or see what tar is on that host.", target: Host.Text);
}
