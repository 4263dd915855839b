using System.Globalization;
using System.Text;
using Splice.Copying;
using Splice.Interop;

namespace Splice.Streaming.Remote;

/// <summary>Receives a file from one host.</summary>
internal sealed class FileReceiveRun(ReceiveRequest request, RemoteHost host, string path, Action<long> progress, CancellationToken cancellation)
    : ReceiveRun(request, host, path, progress, cancellation)
{
    private const long SparseStretch = 64L << 20;
    private const string Done = HostScript.Done + " ";

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
        SshSession session = Start(HostScript.Command("receive-file.sh", Request, Request.Source));
        Sessions.WaitFor([session], ReadHead);
        RemoteFileInfo file = _file ?? throw Ended(session);
        string identity = string.Create(CultureInfo.InvariantCulture, $"{Host.UserName}@{Host.Name}:{Host.Port}\n{Request.Source}\n{file.Text}");
        _received = new ReceivedFile(Request, Path, file.Size, PartialName.SuffixOf(Encoding.UTF8.GetBytes(identity)), Cancellation);
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
            int at = line.IndexOf(HostScript.File, StringComparison.Ordinal);
            _file = at < 0 ? null : RemoteFileInfo.TryParse(line[(at + HostScript.File.Length)..]);
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
                if (first is null && line == HostScript.Alive)
                {
                    continue;
                }

                first ??= line;
                if (!first.StartsWith(Done, StringComparison.Ordinal))
                {
                    // More bytes than there were.
                    throw RemoteFailure.SourceChanged(Request.Source, Host.Text);
                }
            }

            return false;
        });
        return session.Failure is null && session.ExitCode == 0 && first is not null
            ? first[Done.Length..]
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

/// <summary>What a host tells of a file.</summary>
/// <param name="Size">Bytes.</param>
/// <param name="ModificationTime">When it was written last; without fractions where the host's stat(1) knows none.</param>
/// <param name="Mode">The permission bits of a copy without the file's access control list: the group has no more than its own
/// permissions, and none where the host cannot tell them.</param>
/// <param name="HidesGroup">Whether the file has a list, and the host cannot tell the group's own permissions.</param>
/// <param name="AllocatedBytes">The bytes of the blocks that it takes there.</param>
/// <param name="UserId">Whose it is.</param>
/// <param name="GroupId">Whose group's.</param>
/// <param name="Text">What names it and its content: another file has another text.</param>
internal sealed record RemoteFileInfo(
    long Size, LibC.StatxTimestamp ModificationTime, uint Mode, bool HidesGroup, long AllocatedBytes, uint UserId, uint GroupId, string Text)
{
    private const int NanosecondDigits = 9;
    private const int WordsOfText = 5;
    private const int SectorSize = 512; // the unit of stat(1)'s %b
    private const uint ReadWriteExecuteForAll = 0x1FF; // 0777
    private const uint GroupBits = 0x38; // 0070
    private const int GroupShift = 3;
    private const string AsInMode = "-";
    private const string Unknown = "?";

    /// <summary>Takes "size seconds[.fraction] mode device inode blocks user group seconds[.fraction] permissions" apart; null where it
    /// is something else. The second time is that of the last status change (ctime): the modification time can be set back. The
    /// permissions are those of the group itself, as ls(1) shows them: a hyphen where they are those of the mode, and a question mark
    /// where they are not known.</summary>
    public static RemoteFileInfo? TryParse(string text)
    {
        string[] words = text.Split(' ');
        if (words is not [_, _, _, _, _, string blocks, string user, string group, string changed, string own]
            || !long.TryParse(blocks, NumberStyles.None, CultureInfo.InvariantCulture, out long sectors)
            || !uint.TryParse(user, NumberStyles.None, CultureInfo.InvariantCulture, out uint userId)
            || !uint.TryParse(group, NumberStyles.None, CultureInfo.InvariantCulture, out uint groupId)
            || !long.TryParse(words[0], NumberStyles.None, CultureInfo.InvariantCulture, out long size))
        {
            return null;
        }

        string[] time = words[1].Split('.');
        uint fraction = 0;
        bool isTime = long.TryParse(time[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long seconds)
            && (time.Length == 1 || uint.TryParse(
                time[1].PadRight(NanosecondDigits, '0')[..NanosecondDigits], NumberStyles.None, CultureInfo.InvariantCulture, out fraction));
        return isTime && words[2].Length is > 0 and < 6 && words[2].All(c => c is >= '0' and <= '7')
            ? new RemoteFileInfo(
                size, new LibC.StatxTimestamp { Seconds = seconds, Nanoseconds = fraction },
                ModeOf(Convert.ToUInt32(words[2], fromBase: 8) & ReadWriteExecuteForAll, own), own == Unknown,
                sectors * SectorSize, userId, groupId, string.Join(' ', words[..WordsOfText].Append(changed)))
            : null;
    }

    private static uint ModeOf(uint mode, string own)
    {
        if (own == AsInMode)
        {
            return mode;
        }

        uint group = (own.Contains('r', StringComparison.Ordinal) ? 4u : 0)
            | (own.Contains('w', StringComparison.Ordinal) ? 2u : 0)
            | (own.Contains('x', StringComparison.Ordinal) ? 1u : 0);
        return mode & ~(GroupBits & ~(group << GroupShift));
    }
}
