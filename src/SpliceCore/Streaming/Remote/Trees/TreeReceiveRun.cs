using System.Formats.Tar;
using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Streaming.Remote.Trees;

/// <summary>Receives a folder from one host as a tar stream: small files through memory, the content of others from the pipe into
/// the file.</summary>
internal sealed class TreeReceiveRun(ReceiveRequest request, RemoteHost host, string path, Action<long> progress, CancellationToken cancellation)
    : ReceiveRun(request, host, path, progress, cancellation)
{
    private const int MaxListsLength = 64 << 20;

    private readonly ChecksumList? _sums = request.Verify ? new ChecksumList() : null;

    private TarExtractor? _tree;

    // The format of the stream, the tool that printed the access control lists, and their length.
    private string[]? _head;
    private HostAccessLists _lists = new();

    /// <summary>True if the path on the host is not a folder.</summary>
    public bool IsOther => _head is ["no", ..];

    private protected override bool HasBegun => _head is not null;

    private protected override bool IsTree => true;

    public override void Dispose()
    {
        base.Dispose();
        _tree?.Dispose();
    }

    private protected override bool Receive()
    {
        SshSession session = Start(
            "receive-tree.sh", HostScript.Tree, answer => (_head = answer.Split(' ', StringSplitOptions.RemoveEmptyEntries)) is not null);
        if (IsOther)
        {
            return false;
        }

        using (var stream = new SessionStream(session, Request.IdleTimeout, Cancellation))
        {
            _lists = ReadLists(session, stream);
            _tree = new TarExtractor(Request, Host.Text, Path, _lists, Cancellation);
            Extract(session, stream);
            if (_sums is not null)
            {
                Answer(session, _sums.ToBytes());
            }

            ReadTail(session, stream);
        }

        _tree.Commit();
        return _sums is not null;
    }

    private protected override RemoteTransferResult Result() => RemoteTransferResult.From(Host, Request, Session) with
    {
        Destination = _tree?.Path ?? Path,
        BytesSent = Bytes,
        Length = Bytes,
        FileCount = _tree?.FileCount ?? 0,
        DirectoryCount = _tree?.DirectoryCount ?? 0,
        Warnings = [.. _tree?.Warnings ?? [], .. WarningsOfHost()],
    };

    private HostAccessLists ReadLists(SshSession session, SessionStream stream)
    {
        if (_head is not [_, _, string text] || !int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int length))
        {
            return new HostAccessLists();
        }

        if (length > MaxListsLength)
        {
            throw new TransferException(TransferErrorId.RemoteFailed,
                $"The access control lists of '{Request.Source}' on '{Host.Text}' take more than 64 MiB. Nothing was kept.",
                "Receive its folders one by one.", target: Host.Text);
        }

        byte[] lists = new byte[length];
        try
        {
            stream.ReadExactly(lists);
        }
        catch (EndOfStreamException)
        {
            session.Input.Dispose();
            throw Ended(session);
        }

        return HostAccessLists.Parse(Encoding.UTF8.GetString(lists));
    }

    private void Extract(SshSession session, SessionStream stream)
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
            // If the stream ended too early, ssh reports the reason.
            session.Input.Dispose();
            TransferException ended = Ended(session);
            throw session.ExitCode == 0 ? Unreadable(exception) : ended;
        }
    }

    private void Fill(SshSession session, SessionStream stream, TarEntry entry, SafeFileHandle file)
    {
        byte[] path = Encoding.UTF8.GetBytes($"/{string.Join('/', TarPath.Parse(entry.Name, Host.Text))}");
        if (entry.Length > (Request.RateLimit is null ? Tuning.TarFileInMemory : 0))
        {
            using ContentDigest? digest = _sums is null ? null : new ContentDigest(Cancellation);
            Move(session, TransferEndpoint.OfHandle(file, _tree!.Path), entry.Length, digest);
            stream.Skip(entry.Length);
            _sums?.Add(path, digest!.Complete());
            return;
        }

        byte[] bytes = new byte[entry.Length];
        entry.DataStream?.ReadExactly(bytes);
        Write(file, bytes, entry);
        _sums?.Add(path, ContentDigest.Compute(bytes));
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
                throw FileFailures.OpenDestination(entry.Name, written.Errno);
            }
        }
    }

    /// <summary>Reads the text behind the stream: zeros that fill the last record, heartbeats, and the confirmation.</summary>
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
        if (session.ExitCode != 0 || !lines.Where(line => line != HostScript.Alive).SequenceEqual([HostScript.Done]))
        {
            throw ended;
        }
    }

    /// <summary>Warnings of tar, and of what the host could not send.</summary>
    private IEnumerable<string> WarningsOfHost()
    {
        foreach (string line in (Session?.Words ?? string.Empty).Split('\n').Where(line => line.StartsWith("tar: ", StringComparison.Ordinal)))
        {
            yield return $"'{Host.Text}' said: {string.Concat(line.Select(c => char.IsControl(c) ? ' ' : c))}";
        }

        if (_head is not [string form, ..] || IsOther)
        {
            yield break;
        }

        if (Request.Preserve.HasFlag(PreserveAttributes.Xattr) && form != "pax")
        {
            yield return $"'{Host.Text}' sent no extended attributes: its tar is not GNU tar, or names contain newlines.";
        }

        if (_lists.UnknownCount > 0)
        {
            string items = _lists.UnknownCount == 1 ? "1 item has" : string.Create(CultureInfo.InvariantCulture, $"{_lists.UnknownCount} items have");
            yield return $"{items} no permissions for the group: '{Host.Text}' has access control lists for them, and no getfacl to show these.";
        }
        else if (Request.Preserve.HasFlag(PreserveAttributes.Acl) && _head is not [_, "getfacl", _])
        {
            yield return $"'{Host.Text}' sent no access control lists: it has no getfacl.";
        }
    }

    private TransferException Unreadable(Exception cause) => new(TransferErrorId.RemoteFailed,
        $"The tar of '{Host.Text}' sent a stream that cannot be read ({cause.Message}) Nothing was kept.",
        "Leave -Preserve out, or see what tar is on that host.", target: Host.Text);
}
