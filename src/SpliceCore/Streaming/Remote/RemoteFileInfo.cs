using System.Globalization;
using Splice.Interop;

namespace Splice.Streaming.Remote;

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
