using System.Globalization;
using Splice.Interop;

namespace Splice.Streaming.Remote;

/// <summary>What runs on a host that a file is received from. It tells the file's size, time and mode, reads where to begin,
/// writes the bytes to its standard output, and says that it has, once it has seen that nobody changed them.</summary>
/// <remarks>Parameters: the path, and verify or nothing.</remarks>
internal static class ReceiveScript
{
    public const string File = "splice-file ";
    public const string Done = "splice-done ";

    public const string Text = ScriptParts.CleanEnvironment + "\n" + """
        f=$1 verify=$2

        """ + ScriptParts.Failing + "\n" + ScriptParts.SignsOfLife + "\n" + ScriptParts.Generated + """

        state() { stat -L -c "%s %.9Y %a %d %i" "$f"; }
        case $f in
            /*) ;;
            *) f=./$f ;;
        esac
        [ -e "$f" ] || fail 89 "There is no file $f"
        [ ! -d "$f" ] || fail 90 "$f is a folder."
        [ -f "$f" ] || fail 83 "$f is no regular file."
        [ -r "$f" ] || fail 84 "$f is not readable."
        if [ -n "$verify" ]; then
            command -v sha256sum >/dev/null || fail 88 "There is no sha256sum on this host."
        fi
        before=$(state) || fail 88 "There is no stat on this host that can tell what $f is."
        content=$f
        if is_generated "$f" || { [ ! -s "$f" ] && [ "$(head -c 1 < "$f" | wc -c)" -gt 0 ]; }; then
            # Read once, into a file that goes with this shell.
            spool=$(mktemp) && exec 3<> "$spool" && rm -f "$spool" || fail 86 "No temporary file could be made on this host."
            cat < "$f" >&3 || fail 86 "$f could not be read."
            content=/proc/$$/fd/3
            before="$(stat -L -c %s "$content") ${before#* }"
        fi
        # In the mode of a file with an access control list, the mask stands for what the group may do (acl(5)).
        group=-
        if command -v getfacl >/dev/null; then
            group=$(getfacl -p -- "$f" 2>/dev/null | sed -n -e "s/^group::.*#effective://p" -e t -e "s/^group:://p")
        else
            case $(ls -lLd -- "$f") in
                ??????????+*) group="?" ;;
            esac
        fi
        printf "splice-file %s %s %s\n" "$before" "$(stat -L -c "%b %u %g %.9Z" "$f")" "${group:--}"
        read -r from || exit 80
        # A device that was lost can have left a file its length without its data: what was received before is compared.
        if [ "$from" -gt 0 ]; then
            command -v sha256sum >/dev/null || fail 88 "Without sha256sum on this host, nothing can be resumed."
            verify=1
        fi
        if [ "$from" -eq 0 ]; then
            cat < "$content" || exit 80
        else
            tail -c "+$((from + 1))" < "$content" || exit 80
        fi
        sum=-
        if [ -n "$verify" ]; then
            tell
            sum=$(sha256sum < "$content") || sum=
            quiet
            [ -n "$sum" ] || fail 86 "$f cannot be read again."
        fi
        [ "$content" != "$f" ] || [ "$(state)" = "$before" ] || fail 85 "$f was changed while it was read."
        printf "splice-done %s\n" "${sum%% *}"
        """;
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
