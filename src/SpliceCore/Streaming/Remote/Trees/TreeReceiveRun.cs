using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Streaming.Remote.Trees;

/// <summary>Receives a folder from one host as a tar stream: small files through memory, the content of others from the pipe into
/// the file.</summary>
internal sealed class TreeReceiveRun(ReceiveRequest request, RemoteHost host, string path, ReceiveProgress progress, CancellationToken cancellation)
    : ReceiveRun(request, host, path, progress, cancellation)
{
    private const int MaxListsLength = 64 << 20;

    private readonly ChecksumList? _sums = request.Verify ? new ChecksumList() : null;

    private readonly List<string> _notes = [];
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
            "receive-tree.sh", HostScript.Tree, answer => (_head = answer.Split(' ', StringSplitOptions.RemoveEmptyEntries)) is not null, Request.Source);
        if (IsOther)
        {
            return false;
        }

        using (var stream = new SessionStream(session, Request.IdleTimeout, Cancellation))
        {
            Extract(session, stream);
            if (_sums is not null)
            {
                Progress.Phase = TransferPhase.Verifying;
                Answer(session, _sums.ToBytes());
            }

            ReadTail(session, stream);
        }

        _tree!.Commit();
        return _sums is not null;
    }

    private protected override RemoteTransferResult Result() => RemoteTransferResult.From(Host, Request, Session) with
    {
        Destination = _tree?.Path ?? Path,
        BytesSent = Bytes,
        Length = Bytes,
        FileCount = _tree?.FileCount ?? 0,
        DirectoryCount = _tree?.DirectoryCount ?? 0,
        FailedCount = ItemErrors.Count,
        Warnings = [.. _tree?.Warnings ?? [], .. _notes, .. WarningsOfHost()],
    };

    private HostAccessLists ReadLists(SessionStream stream)
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

        // The memory grows with what arrives: the length may be false.
        using var lists = new MemoryStream();
        byte[] chunk = new byte[Tuning.TarFileInMemory];
        for (int count; lists.Length < length; lists.Write(chunk, 0, count))
        {
            count = (int)Math.Min(chunk.Length, length - lists.Length);
            stream.ReadExactly(chunk.AsSpan(0, count));
        }

        lists.Position = 0;
        return HostAccessLists.Parse(lists);
    }

    private void Extract(SshSession session, SessionStream stream)
    {
        try
        {
            _lists = ReadLists(stream);
            _tree = new TarExtractor(Request, Host.Text, Path, _lists, Cancellation);
            var reader = new TarStreamReader(stream);
            while (reader.Read() is { } entry)
            {
                _tree.Add(entry, file => Fill(session, stream, entry, file));
            }
        }
        catch (InvalidDataException exception)
        {
            throw Unreadable(exception);
        }
        catch (EndOfStreamException exception)
        {
            // ssh reports the reason.
            session.Input.Dispose();
            TransferException ended = Ended(session);
            throw session.ExitCode == 0 ? Unreadable(exception) : ended;
        }
    }

    private void Fill(SshSession session, SessionStream stream, TarItem entry, SafeFileHandle file)
    {
        byte[] path = Encoding.Latin1.GetBytes($"/{TarPath.KeyOf(TarPath.Parse(entry.Path, Host.Text))}");
        if (entry.Length > (Request.RateLimit is null ? Tuning.TarFileInMemory : 0))
        {
            using ContentDigest? digest = _sums is null ? null : new ContentDigest(Cancellation);
            Move(session, TransferEndpoint.OfHandle(file, _tree!.Path), entry.Length, digest);
            _sums?.Add(path, digest!.Complete());
            return;
        }

        byte[] bytes = new byte[entry.Length];
        stream.ReadExactly(bytes);
        Write(file, bytes, $"{_tree!.Path}/{TarPath.Text(entry.Path)}");
        _sums?.Add(path, ContentDigest.Compute(bytes));
        Bytes += entry.Length;
        Progress.Report(Bytes);
    }

    private static void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, string label)
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
                throw FileFailures.OpenDestination(label, written.Errno);
            }
        }
    }

    /// <summary>Reads the text behind the stream: zeros that fill the last record, heartbeats, and the confirmation.</summary>
    private void ReadTail(SshSession session, SessionStream stream)
    {
        byte[] buffer = new byte[512];
        List<byte> tail = [];
        int length;
        while (session.Failure is null && (length = stream.Read(buffer)) > 0)
        {
            session.CountText(length);
            tail.AddRange(buffer[..length].Where(one => one != 0));
        }

        session.Touch();
        TransferException ended = Ended(session);
        string[] lines = Encoding.ASCII.GetString([.. tail]).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        List<string> words = [.. lines.Where(line => line != HostScript.Alive)];
        List<string> failed = words.FindAll(line => line.StartsWith(HostScript.Failed, StringComparison.Ordinal));
        if (session.ExitCode != 0 || !words.Skip(failed.Count).SequenceEqual([HostScript.Done]))
        {
            throw ended;
        }

        failed.ForEach(line => AddFailed(line[HostScript.Failed.Length..]));
    }

    /// <summary>Adds what tar reported of an item: it vanished or changed, or could not be read.</summary>
    private void AddFailed(string line)
    {
        string shown = RemoteFailure.Shown(line);
        if (line.EndsWith("file changed as we read it", StringComparison.Ordinal))
        {
            if (!Request.AllowChanging)
            {
                _notes.Add($"'{Host.Text}': {shown}");
            }
        }
        else if (line.EndsWith("No such file or directory", StringComparison.Ordinal)
            || !(line.Contains(": Cannot ", StringComparison.Ordinal) || line.EndsWith("Permission denied", StringComparison.Ordinal)))
        {
            _notes.Add($"'{Host.Text}': {shown}");
        }
        else
        {
            ItemErrors.Add(RemoteFailure.NotRead(shown, Host.Text));
        }
    }

    /// <summary>Warnings of what the host could not send.</summary>
    private IEnumerable<string> WarningsOfHost()
    {
        if (_head is not [string form, ..] || IsOther)
        {
            yield break;
        }

        if (Request.Preserve.HasFlag(PreserveAttributes.Xattr) && form != "pax")
        {
            yield return $"'{Host.Text}' sent no extended attributes: its tar is not GNU tar.";
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
        $"The tar of '{Host.Text}' sent a stream that cannot be read. {cause.Message} Nothing was kept.",
        "Omit -Preserve, or check the tar of that host.", target: Host.Text);
}
