using System.Globalization;
using Splice.Interop;

namespace Splice.Streaming.Remote;

/// <summary>What a host tells of a file.</summary>
/// <param name="Size">Bytes.</param>
/// <param name="ModificationTime">When it was written last; without fractions where the host's stat(1) knows none.</param>
/// <param name="Mode">The permission bits.</param>
/// <param name="Text">All of it as it came: another file has another text.</param>
internal sealed record RemoteFileInfo(long Size, LibC.StatxTimestamp ModificationTime, uint Mode, string Text)
{
    private const int NanosecondDigits = 9;
    private const uint ReadWriteExecuteForAll = 0x1FF; // 0777

    /// <summary>Takes "size seconds[.fraction] mode device inode" apart; null where it is something else.</summary>
    public static RemoteFileInfo? TryParse(string text)
    {
        string[] words = text.Split(' ');
        if (words.Length != 5 || !long.TryParse(words[0], NumberStyles.None, CultureInfo.InvariantCulture, out long size))
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
                Convert.ToUInt32(words[2], fromBase: 8) & ReadWriteExecuteForAll, text)
            : null;
    }
}
