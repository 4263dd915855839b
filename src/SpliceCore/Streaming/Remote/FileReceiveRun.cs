using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Splice.Copying;
using Splice.Descriptors;
using Splice.Interop;

namespace Splice.Streaming.Remote;

/// <summary>Receives a file from one host.</summary>
internal sealed partial class FileReceiveRun(ReceiveRequest request, RemoteHost host, string path, ReceiveProgress progress, CancellationToken cancellation)
    : ReceiveRun(request, host, path, progress, cancellation)
{
    private const string Done = HostScript.Done + " ";

    private static readonly ReadOnlyMemory<byte> SumRequest = "sum\n"u8.ToArray();
    private static readonly ReadOnlyMemory<byte> KeepRequest = "keep\n"u8.ToArray();

    private RemoteFileInfo? _file;
    private ReceivedFile? _received;
    private ReceivedFilePlan? _plan;
    private EntryDecision? _decision;

    /// <summary>Called in a dry run with what would be done.</summary>
    public Action<RemoteHost, TransferResult>? Planned { get; init; }

    private protected override bool HasBegun => _file is not null;

    private protected override bool IsTree => false;

    public override void Dispose()
    {
        base.Dispose();
        _received?.Dispose();
        _plan?.Dispose();
    }

    private protected override bool Receive()
    {
        SshSession session = Start("receive-file.sh", HostScript.File, answer => (_file = RemoteFileInfo.TryParse(answer)) is not null, Request.Source);
        RemoteFileInfo file = _file!;
        if (Request.Update != UpdateMode.Always && !NeedsContent(session, file))
        {
            Answer(session, KeepRequest);
            ReadTail(session);
            return false;
        }

        string identity = string.Create(CultureInfo.InvariantCulture, $"{Host.UserName}@{Host.Name}:{Host.Port}\n{Request.Source}\n{file.Text}");
        _received = new ReceivedFile(Request, Path, file.Size, PartialName.SuffixOf(Encoding.UTF8.GetBytes(identity)), Cancellation);
        Progress.SetLength(file.Size - _received.Resumed);
        if (Request.Delta != DeltaMode.Never && TryReceiveBlocks(session, file))
        {
            _received.Commit(file);
            return true;
        }

        using ContentDigest? digest = Request.Verify || _received.Resumed > 0 ? new ContentDigest(Cancellation) : null;
        digest?.AddFile(_received.Handle, 0, _received.Resumed);
        Answer(session, Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{_received.Resumed}\n")));
        Move(session, digest, file);
        string? sum = ReadTail(session);
        string? own = digest?.Complete();
        if (own != null && own != sum)
        {
            _received.Discard();
            throw RemoteFailure.Different(Request.Source, Host.Text, sum!, own);
        }

        _received.Commit(file);
        return Request.Verify;
    }

    /// <summary>Decides whether the file is received. If only its metadata differ, they are set.</summary>
    private bool NeedsContent(SshSession session, RemoteFileInfo file)
    {
        _plan = new ReceivedFilePlan(Request, file, Path);
        EntryDecision decision = _plan.Decide(existing => HasSameContent(session, existing, file.Size));
        _decision = decision;
        if (Request.IsDryRun)
        {
            Planned?.Invoke(Host, decision.Describe(Request.Source, _plan.Path, file.Size));
        }
        else if (decision.IsMetadataOnly)
        {
            _plan.SetMetadata();
        }

        return decision.WritesContent && !Request.IsDryRun;
    }

    /// <summary>Compares the SHA-256 of the file with that of one here. Both sides compute at the same time.</summary>
    private bool HasSameContent(SshSession session, SafeFileHandle existing, long size)
    {
        Write(session, SumRequest);
        string own = ContentDigest.Compute(existing, size, errno => FileFailures.OpenDestination(_plan!.Path, errno), Cancellation);
        string? sum = null;
        WaitForAnswer(session, () => (sum ??= session.TryReadAnswer(HostScript.Sum)) is not null);
        return sum == own;
    }

    /// <summary>Receives a file with holes in chunks: the zeros of each become holes before the next.</summary>
    private void Move(SshSession session, ContentDigest? digest, RemoteFileInfo info)
    {
        bool hasHoles = info.Size - info.AllocatedBytes >= Tuning.RemoteBlockSize;
        long chunk = hasHoles ? Tuning.SparseChunk : info.Size;

        // The last chunk before an interruption can still have its zeros.
        long punched = Math.Max(0, _received!.Resumed - Tuning.SparseChunk);
        long end;
        for (long at = _received.Resumed; at < info.Size; at = end)
        {
            end = at + Math.Min(chunk, info.Size - at);
            Move(session, TransferEndpoint.OfHandle(_received.Handle, _received.Path), end - at, digest);
            if (hasHoles)
            {
                ZeroPuncher.Punch(_received.Handle, punched, end, Cancellation);
                punched = end;
            }
        }
    }

    /// <summary>Reads the lines behind the bytes, and waits for the end.</summary>
    /// <returns>The host's digest; a hyphen if none was requested.</returns>
    private string? ReadTail(SshSession session)
    {
        string? first = null;
        Progress.Phase = Request.Verify ? TransferPhase.Verifying : TransferPhase.Copying;
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

    private protected override RemoteTransferResult Result() => RemoteTransferResult.From(Host, Request, Session) with
    {
        Destination = _received?.Path ?? _plan?.Path ?? Path,
        FileCount = _decision?.Status == ItemStatus.Skipped ? 0 : 1,
        Status = _decision?.Status ?? ItemStatus.Copied,
        Reason = _decision?.Reason,
        Updated = Count(ItemStatus.Updated),
        Unchanged = Count(ItemStatus.Unchanged),
        Skipped = Count(ItemStatus.Skipped),
        BytesSent = Bytes,
        BytesInHoles = _ranges?.Zeros.Sum(range => range.Length) ?? 0,
        BytesUnchanged = _ranges is null ? 0 : _file!.Size - _ranges.Length,
        WholeReason = _wholeReason,
        Length = _file?.Size ?? 0,
        ResumedAt = _received?.Resumed > 0 ? _received.Resumed : null,
        Warnings = [.. _received?.Warnings ?? _plan?.Warnings ?? [], .. LostAttributes(), .. HiddenPermissions()],
    };

    private int Count(ItemStatus status) => _decision?.Status == status ? 1 : 0;

    private string[] HiddenPermissions() => _file?.HidesGroup == true && Request.Preserve.HasFlag(PreserveAttributes.Mode)
        ? [$"The group of '{_received?.Path}' has no permissions: '{Request.Source}' has an access control list on '{Host.Text}', where getfacl is missing."]
        : [];

    /// <summary>It is not known if the file has any there.</summary>
    private string[] LostAttributes() =>
        (Request.Preserve & (PreserveAttributes.Xattr | PreserveAttributes.Acl)) == PreserveAttributes.None
            ? []
            : [$"Extended attributes and access control lists of '{Request.Source}' on '{Host.Text}' were not received: only those of folders are."];
}

/// <summary>The description of a file on a host.</summary>
/// <param name="Size">The size in bytes.</param>
/// <param name="ModificationTime">The time of modification; without fractions where the host's stat(1) has none.</param>
/// <param name="Mode">The permission bits of a copy without the access control list of the file: the group has its own permissions
/// only, and none where the host does not show them.</param>
/// <param name="HidesGroup">True if the file has a list, and the host does not show the group's own permissions.</param>
/// <param name="AllocatedBytes">The allocated size in bytes.</param>
internal sealed record RemoteFileInfo(
    long Size, LibC.StatxTimestamp ModificationTime, uint Mode, bool HidesGroup, long AllocatedBytes, uint UserId, uint GroupId, string Text)
{
    private const int WordsOfText = 5;
    private const int SectorSize = 512; // the unit of stat(1)'s %b
    private const int GroupShift = 3;
    private const string AsInMode = "-";
    private const string Unknown = "?";

    /// <summary>The status without the file system and the inode.</summary>
    public FileStatus Status => new(new LibC.StatxBuffer
    {
        Mode = (ushort)((uint)DescriptorKind.Regular | Mode),
        Size = (ulong)Size,
        ModificationTime = ModificationTime,
        UserId = UserId,
        GroupId = GroupId,
    });

    /// <summary>The precision of the time, in nanoseconds.</summary>
    public long TimeUnit => Text.Split(' ')[1].Contains('.', StringComparison.Ordinal) ? 1 : TimePrecision.Second;

    /// <summary>Parses "size seconds[.fraction] mode device inode blocks user group seconds[.fraction] permissions"; null for other
    /// text. The second time is the ctime, since the modification time can be set back. The permissions are those of the group
    /// itself, as ls(1) shows them: a hyphen for those of the mode, and a question mark if they are unknown.</summary>
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

        return HostStatus.TryParseTime(Encoding.ASCII.GetBytes(words[1]), isDecimal: true, out LibC.StatxTimestamp time)
            && words[2].Length is > 0 and < 6 && words[2].All(c => c is >= '0' and <= '7')
            ? new RemoteFileInfo(
                size, time, ModeOf(Convert.ToUInt32(words[2], fromBase: 8) & ModeBits.All, own), own == Unknown,
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
        return mode & ~(LibC.S_IRWXG & ~(group << GroupShift));
    }
}
