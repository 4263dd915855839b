namespace Splice.Streaming.Remote.Trees;

/// <summary>What runs on a host that a folder is received from: its tar writes the stream. The library here reads no pax records
/// with a newline in them; a tree with such names comes in GNU's old format. To verify it the host reads the SHA-256 of what arrived, the odd names first,
/// then an empty line and the others, and compares them with its files.</summary>
/// <remarks>Parameters: the path, and a word for each option: verify, owner, links, xattr. The access control lists come before the
/// stream, as getfacl(1) prints them; where that is missing, ls(1) shows which items have one.</remarks>
internal static class TreeReceiveScript
{
    /// <summary>Begins the line before the stream: its form, what shows the lists, and how many bytes that takes.</summary>
    public const string Tree = "splice-tree ";

    /// <summary>It is no folder.</summary>
    public const string NoTree = "no";

    /// <summary>Pax records, extended attributes among them.</summary>
    public const string FullForm = "pax";

    /// <summary>Lists are shown whole.</summary>
    public const string WholeLists = "getfacl";

    /// <summary>Ends what comes behind the stream.</summary>
    public const string Done = "splice-done";

    private const string Text = ScriptParts.CleanEnvironment + "\n" + """
        f=$1
        shift
        verify= owner= links= xattr=
        for option; do
            case $option in
                verify) verify=1 ;;
                owner) owner=1 ;;
                links) links=1 ;;
                xattr) xattr=1 ;;
            esac
        done
        nl="
        "

        """ + ScriptParts.Failing + "\n" + ScriptParts.SignsOfLife + "\n" + ScriptParts.Checking + "\n" + ScriptParts.Generated + """

        case $f in
            /*) ;;
            *) f=./$f ;;
        esac
        [ -e "$f" ] || fail 89 "There is no folder $f"
        if [ ! -d "$f" ]; then
            printf "splice-tree no\n"
            exit 0
        fi
        cd "$f" && [ -r . ] || fail 84 "$f is not readable."
        ! is_generated . || fail 93 "The kernel generates the files of $f, and tar takes them for empty."
        command -v tar >/dev/null || fail 88 "There is no tar on this host."
        if [ -n "$verify" ]; then
            command -v sha256sum >/dev/null || fail 88 "There is no sha256sum on this host."
        fi
        set -- -c -f -
        case $(tar --version 2>/dev/null) in
            *GNU*)
                set -- "$@" --numeric-owner
                [ -n "$owner" ] || set -- "$@" --owner=0 --group=0
                [ -n "$links" ] || set -- "$@" --hard-dereference
                if [ -z "$(find . \( -name "*$nl*" -o -lname "*$nl*" \) -print | head -c 1)" ]; then
                    form=pax
                    set -- "$@" --format=pax --pax-option=delete=atime,delete=ctime
                    [ -z "$xattr" ] || set -- "$@" --xattrs "--xattrs-include=*"
                else
                    form=gnu
                    set -- "$@" --format=gnu
                fi
                ;;
            *) form=plain ;;
        esac
        if command -v getfacl >/dev/null; then
            tool=getfacl
            lists=$(getfacl -R -P -n -s -E -p . 2>/dev/null)
        else
            tool=ls
            lists=$(find ./ ! -type l -exec ls -ldb {} + 2>/dev/null | sed -n "s|^.\{10\}+ .*[^\\] \./|# file: ./|p")
        fi
        printf "splice-tree %s %s %s\n" "$form" "$tool" "$(printf "%s" "$lists" | wc -c)"
        printf "%s" "$lists"
        tar "$@" .
        case $? in
            0) ;;
            1) fail 85 "Something in $f was changed while it was read." ;;
            *) fail 92 "Not all of $f could be read." ;;
        esac
        if [ -n "$verify" ]; then
            # All of it is read before the first file, so that nobody waits here for a place to write.
            odd=$(while read -r line && [ -n "$line" ]; do printf "%s\n" "$line"; done)
            sums=$(cat)
            tell
            said=$(
                printf "%s\n" "$odd" | different_odd
                different "$sums"
            )
            quiet
            [ -z "$said" ] || fail 87 "$(printf "%s\n" "$said" | tail -n 3)"
        fi
        printf "splice-done\n"
        """;

    /// <summary>The command for a host.</summary>
    public static string Command(ReceiveRequest request)
    {
        List<string> parameters = [request.Source];
        parameters.AddRange(request.Verify ? ["verify"] : []);
        parameters.AddRange(request.Preserve.HasFlag(PreserveAttributes.Ownership) ? ["owner"] : []);
        parameters.AddRange(request.Preserve.HasFlag(PreserveAttributes.HardLink) ? ["links"] : []);
        parameters.AddRange(request.Preserve.HasFlag(PreserveAttributes.Xattr) ? ["xattr"] : []);
        return ShellText.Command(Text, [.. parameters]);
    }
}
