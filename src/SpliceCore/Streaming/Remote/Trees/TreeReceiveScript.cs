namespace Splice.Streaming.Remote.Trees;

/// <summary>What runs on a host that a folder is received from: its tar writes the stream. The library here reads no pax records
/// with a newline in them; a tree with such names comes in GNU's old format.</summary>
/// <remarks>Parameters: the path, and a word for each option: owner, links, xattr, acl.</remarks>
internal static class TreeReceiveScript
{
    /// <summary>Begins the line before the stream.</summary>
    public const string Tree = "splice-tree ";

    /// <summary>It is no folder.</summary>
    public const string NoTree = "no";

    /// <summary>Pax records, extended attributes among them.</summary>
    public const string FullForm = "pax";

    /// <summary>Ends what comes behind the stream.</summary>
    public const string Done = "splice-done";

    private const string Text = """
        LC_ALL=C
        export LC_ALL
        f=$1
        shift
        owner= links= xattr= acl=
        for option; do
            case $option in
                owner) owner=1 ;;
                links) links=1 ;;
                xattr) xattr=1 ;;
                acl) acl=1 ;;
            esac
        done
        nl="
        "

        """ + ScriptParts.Failing + """

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
        command -v tar >/dev/null || fail 88 "There is no tar on this host."
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
                    [ -z "$acl" ] || set -- "$@" --acls
                else
                    form=gnu
                    set -- "$@" --format=gnu
                fi
                ;;
            *) form=plain ;;
        esac
        printf "splice-tree %s\n" "$form"
        tar "$@" .
        case $? in
            0) printf "splice-done\n" ;;
            1) fail 85 "Something in $f was changed while it was read." ;;
            *) fail 92 "Not all of $f could be read." ;;
        esac
        """;

    /// <summary>The command for a host.</summary>
    public static string Command(ReceiveRequest request)
    {
        List<string> parameters = [request.Source];
        parameters.AddRange(request.Preserve.HasFlag(PreserveAttributes.Ownership) ? ["owner"] : []);
        parameters.AddRange(request.Preserve.HasFlag(PreserveAttributes.HardLink) ? ["links"] : []);
        parameters.AddRange(request.Preserve.HasFlag(PreserveAttributes.Xattr) ? ["xattr"] : []);
        parameters.AddRange(request.Preserve.HasFlag(PreserveAttributes.Acl) ? ["acl"] : []);
        return ShellText.Command(Text, [.. parameters]);
    }
}
