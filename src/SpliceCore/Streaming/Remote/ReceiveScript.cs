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
