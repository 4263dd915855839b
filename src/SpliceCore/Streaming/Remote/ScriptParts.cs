namespace Splice.Streaming.Remote;

/// <summary>What the scripts have in common that run on hosts.</summary>
internal static class ScriptParts
{
    /// <summary>A line that only says that the host is at work.</summary>
    public const string Alive = "splice-alive";

    /// <summary>Takes away what the environment tells tools: TAR_OPTIONS may leave files out, and POSIXLY_CORRECT and languages change
    /// what is printed. What bash(1) does not let a script unset stays.</summary>
    public const string CleanEnvironment = """
        for variable in $(env | sed -n "s/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/\1/p"); do
            case $variable in
                HOME | PATH | TMPDIR | LD_*) ;;
                PWD | SHLVL | _ | SHELLOPTS | BASHOPTS | PPID | UID | EUID) ;;
                *) unset "$variable" ;;
            esac
        done
        LC_ALL=C
        export LC_ALL
        """;

    /// <summary>quit with a code, which no signal interrupts any more, and fail with a code and words.</summary>
    public const string Failing = """
        quit() {
            trap "" HUP INT TERM
            exit "$1"
        }
        fail() {
            code=$1
            shift
            printf "%s\n" "$*" >&2
            quit "$code"
        }
        """;

    /// <summary>tell and quiet: between them the host gives a sign of life each second. Nothing of it outlives the connection,
    /// or keeps it open.</summary>
    public const string SignsOfLife = """
        teller=
        tell() {
            (
                trap - EXIT HUP INT TERM
                while kill -0 "$$" && sleep 1 > /dev/null && printf "splice-alive\n"; do
                    :
                done
            ) < /dev/null 2> /dev/null &
            teller=$!
        }
        quiet() {
            # Any other signal is lost if it comes before the traps are put away.
            kill -9 "$teller" 2> /dev/null
            wait "$teller" 2> /dev/null
        }
        """;

    /// <summary>is_generated: whether the kernel generates what a path leads to when it is read. The size says nothing
    /// then.</summary>
    public const string Generated = """
        is_generated() {
            case $(stat -f -L -c %T "$1" 2> /dev/null) in
                proc | sysfs | debugfs | tracefs | cgroupfs | cgroup2fs | configfs | securityfs | pstorefs | efivarfs) return 0 ;;
                bpf_fs | selinux | smackfs | binfmt_misc | fusectl | rdt | xenfs) return 0 ;;
                *) return 1 ;;
            esac
        }
        """;

    /// <summary>Of the files of the folder that the shell is in, those whose SHA-256 is not that of a list: different has one for
    /// sha256sum -c, and different_odd reads one of names that are written for printf %b, to its end or an empty line.</summary>
    public const string Checking = """
        different() {
            [ -z "$1" ] || { printf "%s\n" "$1" | sha256sum -c - 2>&1 || echo "sha256sum has FAILED"; } | grep -v ": OK\$"
        }
        different_odd() {
            while read -r sum name && [ -n "$sum" ]; do
                f=$(printf "%b_" "$name")
                have=$(sha256sum < "${f%_}")
                [ "${have%% *}" = "$sum" ] || printf "%s: FAILED\n" "$name"
            done
        }
        """;
}
