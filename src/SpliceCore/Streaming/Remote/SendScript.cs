namespace Splice.Streaming.Remote;

/// <summary>What runs on a host that a file is sent to. It says where it wants the file from, takes the bytes from its standard
/// input, and gives the file its name once an end has come that only a sender can write who has sent everything: a connection
/// that breaks ends the input as well, and the signal that comes with it must not end the clean-up.</summary>
/// <remarks>dash, bash and busybox run it. Parameters: the path, the source's name, its size, its mode, its time of modification
/// with and without nanoseconds, the name of the temporary file, its name when it is to be resumed or nothing, and a word for
/// each option: verify, keep, force, sparse, mode, times, owner=user:group.</remarks>
internal static class SendScript
{
    public const string Ready = "splice-ready ";
    public const string Done = "splice-done";
    public const string Note = "splice-note ";

    public const string Text = ScriptParts.CleanEnvironment + "\n" + """
        d=$1 name=$2 size=$3 mode=$4 exact=$5 whole=$6 random=$7 kept=$8
        shift 8
        verify= keep= force= sparse= setmode= settimes= owner= t= lock=
        for option; do
            case $option in
                verify) verify=1 ;;
                keep) keep=1 ;;
                force) force=1 ;;
                sparse) sparse=1 ;;
                mode) setmode=1 ;;
                times) settimes=1 ;;
                owner=*) owner=${option#owner=} ;;
            esac
        done
        nl="
        "

        """ + ScriptParts.Failing + """

        length() { stat -c %s "$1" 2>/dev/null || wc -c < "$1"; }
        resize() { dd if=/dev/null of="$1" bs=1 count=0 seek="$2" 2>/dev/null; }

        """ + ScriptParts.SignsOfLife + """

        drop() { [ -z "$t" ] || rm -f "$t"; }
        unlock() { [ -z "$lock" ] || rm -f "$lock"; }
        trap "" PIPE
        trap drop EXIT
        trap "quit 80" HUP INT TERM
        before=$(umask)
        umask 077
        case $d in
            /*) ;;
            *) d=./$d ;;
        esac
        if [ -d "$d" ]; then
            d=${d%/}/$name
            [ ! -d "$d" ] || fail 82 "$d is a folder."
        fi
        case $d in
            */) fail 81 "There is no folder $d" ;;
        esac
        if [ -L "$d" ]; then
            real=$(readlink -f "$d" && echo x) || fail 83 "$d is a link that leads nowhere."
            real=${real%x}
            d=${real%"$nl"}
        fi
        folder=${d%/*}/
        base=${d##*/}
        [ -d "$folder" ] || fail 81 "There is no folder $folder"
        seen=
        if [ -e "$d" ]; then
            seen=1
            [ -z "$keep" ] || fail 82 "$d exists."
            [ -f "$d" ] || fail 83 "$d is no regular file."
            [ -w "$d" ] || [ -n "$force" ] || fail 84 "$d is not writable."
        fi
        [ -w "$folder" ] || fail 84 "The folder $folder is not writable."
        if [ -n "$verify" ]; then
            command -v sha256sum >/dev/null || fail 88 "There is no sha256sum on this host."
        fi
        from=0
        if [ -n "$kept" ]; then
            [ ${#base} -gt 190 ] || kept=$base$kept
            t=$folder$kept
            trap unlock EXIT
            tries=0
            while ! ln -s "$$" "$t.lock" 2>/dev/null; do
                holder=$(readlink "$t.lock") || holder=
                case $holder in
                    "" | *[!0-9]*) ;;
                    *)
                        # A shell that was killed leaves what it ran, and that may still write.
                        if ! kill -0 "$holder" 2>/dev/null && ! kill -0 "-$holder" 2>/dev/null; then
                            rm -f "$t.lock"
                            tries=$((tries + 1))
                            [ "$tries" -lt 8 ] && continue
                        fi
                        ;;
                esac
                tries=$((tries + 1))
                [ "$tries" -lt 8 ] || fail 91 "$t.lock is there: another transfer of it is under way."
                sleep 1
            done
            lock=$t.lock
            if [ -e "$t" ] || [ -L "$t" ]; then
                [ -f "$t" ] && [ ! -L "$t" ] && [ -O "$t" ] || fail 83 "$t is not a file of this user."
                from=$(length "$t") || fail 86 "$t cannot be read."
                from=$((from))
            fi
        else
            t=$folder$random
        fi
        if [ "$from" -gt "$size" ]; then
            resize "$t" "$size" || fail 86 "$t cannot be cut."
            from=$size
        fi
        # A device that was lost can have left a file its length without its data: what is there is compared, or not used.
        if [ "$from" -gt 0 ]; then
            if command -v sha256sum >/dev/null; then verify=1; else from=0; fi
        fi
        if [ "$from" -eq 0 ]; then
            rm -f "$t"
            (set -C && : > "$t") || { t=; fail 86 "No file could be made in $folder"; }
        fi
        if [ -n "$sparse" ] && ! printf xx | dd bs=2 count=1 iflag=fullblock of=/dev/null 2>/dev/null; then
            sparse=
        fi
        printf "splice-ready %s %s\n" "$from" "${sparse:-0}"
        digest=
        if [ -n "$sparse" ]; then
            while read -r bs seek count; do
                case $bs in
                    end:*)
                        digest=${bs#end:}
                        break
                        ;;
                esac
                said=$(dd bs="$bs" seek="$seek" count="$count" iflag=fullblock conv=notrunc of="$t" 2>&1) || fail 86 "$said"
            done
            [ -n "$digest" ] || fail 80 "The transfer was interrupted."
        else
            cat >> "$t" || fail 86 "$d could not be written."
            now=$(length "$t")
            [ "$((now))" -eq "$((size + 72))" ] || fail 80 "The transfer was interrupted."
            digest=$(tail -c 72 "$t" | tr -d "\000")
            case $digest in
                splice:*) digest=${digest#splice:} ;;
                *) fail 80 "The transfer was interrupted." ;;
            esac
        fi
        resize "$t" "$size" || fail 86 "$t cannot be given its size."
        now=$(length "$t")
        [ "$((now))" -eq "$size" ] || fail 86 "$t has not got its size."
        if [ -n "$verify" ]; then
            tell
            have=$(sha256sum < "$t") || have=
            quiet
            [ -n "$have" ] || fail 86 "$t cannot be read."
            if [ "${have%% *}" != "$digest" ]; then
                drop
                fail 87 "$d would have the SHA-256 ${have%% *}, and $digest was sent."
            fi
        fi
        if [ -n "$owner" ]; then
            chown "$owner" "$t" 2>/dev/null || printf "splice-note the owner\n"
        fi
        [ -n "$setmode" ] || mode=$(printf "%o" "$((0$mode & ~0$before))")
        chmod "$mode" "$t" || fail 86 "$t cannot get its mode."
        if [ -n "$settimes" ]; then
            touch -d "@$exact" "$t" 2>/dev/null || touch -d "@$whole" "$t" 2>/dev/null || printf "splice-note the time of its last modification\n"
        else
            touch "$t"
        fi
        [ ! -d "$d" ] || fail 82 "$d is a folder."
        if [ -n "$keep" ] || [ -z "$seen" ]; then
            ln "$t" "$d" 2>/dev/null && rm -f "$t" || {
                [ ! -e "$d" ] && [ ! -L "$d" ] || fail 82 "$d was created by another process during the transfer."
                mv -f "$t" "$d" || fail 86 "$d cannot get its name."
            }
        else
            mv -f "$t" "$d" || fail 86 "$d cannot get its name."
        fi
        t=
        printf "splice-done\n"
        """;
}
