namespace Splice.Streaming.Remote.Trees;

/// <summary>What runs on a host that a folder is sent to. It says which form of tar stream it reads, has tar unpack that into a
/// passing folder, looks whether the end has come, checks the files' SHA-256, and gives the tree its name; or moves what is in
/// it into the folder that has that name, once it has seen that nothing stands in the way.</summary>
/// <remarks>dash, bash and busybox run it. Parameters: the path, the source's name, the name of the passing folder, and a word for
/// each option: verify, keep, force, mode, times, owner.</remarks>
internal static class TreeSendScript
{
    /// <summary>GNU's old format.</summary>
    public const string GnuForm = "gnu";

    /// <summary>The same, unpacked by root.</summary>
    public const string GnuRootForm = "gnu-root";

    /// <summary>Pax records, extended attributes among them.</summary>
    public const string FullForm = "pax-attributes";

    /// <summary>The names behind the tree in the stream.</summary>
    public const string Sums = "sums";
    public const string OddSums = "odd-sums";
    public const string End = "end";

    private const string Text = ScriptParts.CleanEnvironment + "\n" + """
        d=$1 name=$2 random=$3
        shift 3
        verify= keep= force= mode= times= owner= t=
        nl="
        "
        for option; do
            case $option in
                verify) verify=1 ;;
                keep) keep=1 ;;
                force) force=1 ;;
                mode) mode=1 ;;
                times) times=1 ;;
                owner) owner=1 ;;
            esac
        done

        """ + ScriptParts.Failing + """


        """ + ScriptParts.SignsOfLife + "\n" + ScriptParts.Checking + """

        drop() {
            [ -z "$t" ] || rm -rf "$t" 2>/dev/null || {
                chmod -R u+rwx "$t"
                rm -rf "$t"
            }
        }
        note() { printf "splice-note %s\n" "$(printf "%s" "$*" | tr -c "[:print:]" " " | cut -c 1-500)"; }
        words() { printf "%s\n" "$said" | tail -n 3; }
        trap "" PIPE
        trap drop EXIT
        trap "quit 80" HUP INT TERM
        case $d in
            /*) ;;
            *) d=./$d ;;
        esac
        [ ! -d "$d" ] || [ -z "$name" ] || d=${d%/}/$name
        while [ "$d" != / ] && [ "$d" != "${d%/}" ]; do
            d=${d%/}
        done
        if [ -e "$d" ] || [ -L "$d" ]; then
            [ -z "$keep" ] || fail 82 "$d exists."
            [ -d "$d" ] && { [ -z "$name" ] || [ ! -L "$d" ]; } || fail 82 "$d exists and is not a folder."
            folder=$d
        else
            folder=${d%/*}/
            [ -d "$folder" ] || fail 81 "There is no folder $folder"
        fi
        [ -w "$folder" ] && [ -x "$folder" ] || fail 84 "The folder $folder is not writable."
        command -v tar >/dev/null || fail 88 "There is no tar on this host."
        if [ -n "$verify" ]; then
            command -v sha256sum >/dev/null || fail 88 "There is no sha256sum on this host."
        fi
        mkdir -m 700 "${folder%/}/$random" || fail 86 "No folder could be made in $folder"
        t=${folder%/}/$random
        root=
        [ "$(id -u)" != 0 ] || root=1
        set -- -x -f - -C "$t"
        case $(tar --version 2>/dev/null) in
            *GNU*)
                form=pax
                set -- "$@" --delay-directory-restore --warning=no-timestamp
                case $(tar --help 2>/dev/null) in
                    *--xattrs-include*)
                        form=pax-attributes
                        set -- "$@" --xattrs "--xattrs-include=*"
                        ;;
                esac
                ;;
            *bsdtar*) form=pax ;;
            *) form=gnu${root:+-root} ;;
        esac
        if [ -n "$mode" ]; then
            set -- "$@" -p
        else
            set -- "$@" --no-same-permissions
        fi
        [ -n "$times" ] || set -- "$@" -m
        [ -n "$owner" ] && [ -n "$root" ] || set -- "$@" -o
        before=$(umask)
        [ -z "$mode" ] || umask 0
        printf "splice-ready 0 %s\n" "$form"
        said=$(tar "$@" 2>&1) || case $(words) in
            *"nexpected E"* | *"short read"* | *"not look like a tar"*) fail 80 "The transfer was interrupted." ;;
            *) fail 86 "$(words)" ;;
        esac
        umask "$before"
        [ -e "$t/end" ] || fail 80 "The transfer was interrupted."
        # As the folder that it is made in: tar takes the bit from its folders.
        [ ! -g "$folder" ] || find "$t/tree" -type d -exec chmod g+s {} + 2>/dev/null
        [ -z "$said" ] || note "all of it: $(words)"
        [ -z "$owner" ] || [ -n "$root" ] || note "owners, since it is not root there"
        tell
        if [ -n "$verify" ]; then
            said=$(
                cd "$t/tree" || exit
                different "$(cat ../sums)"
                different_odd < ../odd-sums
            )
            [ -z "$said" ] || fail 87 "$(words)"
        fi
        place() {
            if [ -d "$1" ] && [ ! -L "$1" ] && [ ! -w "$1" ]; then
                chmod u+w "$1" && mv -f "$1" "$2" && chmod u-w "$2"
            elif [ -L "$2" ]; then
                # Without -T, which not every mv has, a link to a folder takes the item in.
                mv -fT "$1" "$2" 2>/dev/null || { rm -f "$2" && mv -f "$1" "$2"; }
            else
                mv -f "$1" "$2"
            fi || fail 86 "$2 cannot get its name."
        }
        # Whether a link, put into a folder, would lead to what has its name there.
        leads() (
            to=$(readlink "$1" && echo x) && cd "$2" || exit
            to=${to%"$nl"x}
            case $to in
                /*) ;;
                *) to=./$to ;;
            esac
            [ "$to" -ef "./${1##*/}" ]
        )
        each() {
            [ -r "$2" ] && [ -w "$2" ] && [ -x "$2" ] || chmod u+rwx "$2"
            [ -w "$3" ] || fail 84 "The folder $3 is not writable."
            for item in "$2"/* "$2"/.[!.]* "$2"/..?*; do
                there=$3/${item##*/}
                [ -e "$item" ] || [ -L "$item" ] || continue
                if [ -d "$item" ] && [ ! -L "$item" ]; then
                    if [ -d "$there" ] && [ ! -L "$there" ]; then
                        (each "$1" "$item" "$there") || exit
                        continue
                    fi
                    [ ! -e "$there" ] && [ ! -L "$there" ] || fail 82 "$there is there, and is no folder."
                elif [ -d "$there" ] && [ ! -L "$there" ]; then
                    fail 82 "$there is a folder."
                elif [ -f "$there" ] && [ ! -L "$there" ] && [ ! -w "$there" ]; then
                    [ -n "$force" ] || fail 84 "$there is not writable."
                fi
                if [ -L "$item" ] && [ -e "$there" ] && [ ! -L "$there" ] && leads "$item" "$3"; then
                    fail 94 "The link ${item##*/} leads to $there, would replace it and lead to itself."
                fi
                [ "$1" = look ] || place "$item" "$there"
            done
        }
        if [ "$folder" = "$d" ]; then
            (each look "$t/tree" "$d") || quit "$?"
            (each move "$t/tree" "$d") || quit "$?"
        else
            [ ! -e "$d" ] && [ ! -L "$d" ] || fail 82 "$d exists."
            place "$t/tree" "$d"
        fi
        drop
        t=
        quiet
        printf "splice-done\n"
        """;

    /// <summary>True if a form is one without pax records.</summary>
    public static bool IsGnu(string form) => form is GnuForm or GnuRootForm;

    /// <summary>The command for a host.</summary>
    public static string Command(SendRequest request)
    {
        List<string> parameters = [request.Destination, Path.GetFileName(request.Source.TrimEnd('/')), RemoteName.Passing()];
        parameters.AddRange(request.Verify ? ["verify"] : []);
        parameters.AddRange(request.NoClobber ? ["keep"] : []);
        parameters.AddRange(request.Force ? ["force"] : []);
        parameters.AddRange(request.Preserve.HasFlag(PreserveAttributes.Mode) ? ["mode"] : []);
        parameters.AddRange(request.Preserve.HasFlag(PreserveAttributes.Timestamps) ? ["times"] : []);
        parameters.AddRange(request.Preserve.HasFlag(PreserveAttributes.Ownership) ? ["owner"] : []);
        return ShellText.Command(Text, [.. parameters]);
    }
}
