using System.Globalization;
using System.Security.Cryptography;
using System.Text;

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

/// <summary>Text for a POSIX shell.</summary>
internal static class ShellText
{
    /// <summary>A word that the shell takes as it stands, whatever is in it.</summary>
    public static string Quote(string text) => $"'{text.Replace("'", @"'\''", StringComparison.Ordinal)}'";

    /// <summary>One command that runs a script with its parameters $1, $2 and so on, whichever POSIX shell the user logs in
    /// with.</summary>
    public static string Command(string script, params string[] parameters)
    {
        var text = new StringBuilder("exec sh -c ").Append(Quote(script)).Append(" splice");
        foreach (string parameter in parameters)
        {
            text.Append(' ').Append(Quote(parameter));
        }

        return text.ToString();
    }
}

/// <summary>Names of unfinished files.</summary>
internal static class RemoteName
{
    private const int Digits = 16;

    /// <summary>A hidden name that nobody has.</summary>
    public static string Passing() => $".splice-{Convert.ToHexString(RandomNumberGenerator.GetBytes(Digits / 2)).ToLowerInvariant()}.tmp";

    /// <summary>What is put behind the name of a file whose transfer can be gone on with: the same for the same file.</summary>
    /// <param name="parts">What makes it the same.</param>
    public static string Partial(params object[] parts)
    {
        string text = string.Join('\n', parts.Select(part => Convert.ToString(part, CultureInfo.InvariantCulture)));
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(text));
        return $".splice-partial-{Convert.ToHexString(hash, 0, Digits / 2).ToLowerInvariant()}";
    }
}
