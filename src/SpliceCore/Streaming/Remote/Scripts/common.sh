# Shared by the scripts that run on hosts, in dash, bash and busybox ash. HostScript inserts this file where they source it.

# What the login shell and its start files printed to standard error ends here.
printf "\nsplice-errors\n" >&2

# TAR_OPTIONS may leave files out, and POSIXLY_CORRECT and languages change what tools print. What bash(1) does not let a
# script unset stays.
for variable in $(env | sed -n "s/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/\1/p"); do
    case $variable in
        HOME | PATH | TMPDIR | LD_*) ;;
        PWD | SHLVL | _ | SHELLOPTS | BASHOPTS | PPID | UID | EUID) ;;
        *) unset "$variable" ;;
    esac
done
LC_ALL=C
export LC_ALL
nl="
"

# Sets a variable to 1 for each option, and to nothing for the others.
# shellcheck disable=SC2034 # each script uses some of them
read_options() {
    verify= changing= flush= resume= keep= force= mode= times= owner= links= xattr= acl= sparse= list= content= plan= remove= delta=
    for option; do
        case $option in
            verify | changing | flush | resume | keep | force | mode | times | owner | links | xattr | acl | sparse | list | content | plan | remove | delta) eval "$option=1" ;;
        esac
    done
}

# Exits; no signal interrupts the clean-up.
quit() {
    trap "" HUP INT TERM
    exit "$1"
}

# Exits with a code of RemoteExit and a message.
fail() {
    code=$1
    shift
    # The scripts begin relative paths with ./ for their tools, and the user did not.
    printf "%s\n" "$*" | sed "s|\([ ']\)\./|\1|g; s|^\./||" >&2
    quit "$code"
}

# Exits, since a file or folder is not writable, with the reason of the kernel.
fail_unwritable() {
    if [ -d "$1" ]; then
        said=$(mkdir "${1%/}/$random" 2>&1) && rmdir "${1%/}/$random"
        fail 84 "The folder ${1%/} is not writable${said:+: ${said##*: }}."
    fi
    said=$({ : >> "$1"; } 2>&1)
    fail 84 "$1 is not writable${said:+: ${said##*: }}."
}

need() { command -v "$1" > /dev/null || fail 88 "$1 was not found on this host."; }

# Creates the folder $d if its slash says that it is one.
make_folder() {
    case $d in
        */) [ -d "$d" ] || said=$(mkdir "${d%/}" 2>&1) || [ -d "$d" ] || fail 81 "The folder '${d%/}' does not exist on this host, and could not be created: ${said##*: }." ;;
    esac
}

# Waits until the disk has all of a file system.
flush_all() {
    sync -f "$1" 2> /dev/null || case $(sync --version 2> /dev/null) in
        *GNU*) fail 86 "$1 could not be flushed." ;;
        *) sync ;;
    esac
}

# Removes a path with all that is in it.
remove_all() {
    rm -rf "$1" || {
        find "$1" -type d -exec chmod u+rwx {} \;
        rm -rf "$1"
    }
} 2> /dev/null < /dev/null

# Locks the temporary file or folder $t until this shell and what it runs have ended. Without flock(1), and on some network file systems,
# it is not locked.
lock_temporary() {
    if [ -d "$t" ]; then exec 9< "$t"; else exec 9>> "$t"; fi
    flock -n 9 2> /dev/null
}

# Removes the temporary files and folders of this user in a folder that are not locked: their shell was killed. New ones may be
# locked in a moment.
remove_left() {
    x="[0-9a-f][0-9a-f][0-9a-f][0-9a-f]"
    for old in "${1%/}"/.splice-$x$x$x$x.tmp; do
        # shellcheck disable=SC3067 # dash, bash and busybox have -O
        if { [ -f "$old" ] || [ -d "$old" ]; } && [ ! -L "$old" ] && [ -O "$old" ] \
            && changed=$(stat -c %Z "$old" 2> /dev/null) && [ "$(($(date +%s) - changed))" -ge 5 ]; then
            (exec 9< "$old" && flock -n 9 && remove_all "$old") 2> /dev/null
        fi
    done
}

# Sets the variable value to a name that may be escaped for printf %b.
unescape() {
    case $1 in
        *\\*)
            value=$(printf "%b_" "$1")
            value=${value%_}
            ;;
        *) value=$1 ;;
    esac
}

# Prints a name in hexadecimal digits: it can have more than one line.
hex() { printf "%s" "$1" | od -A n -v -t x1 | tr -d " \n"; }

# Prints the final path, absolute.
print_path() {
    case $d in
        /*) ;;
        *)
            while [ "$d" != "${d#./}" ]; do d=${d#./}; done
            d=$PWD/$d
            ;;
    esac
    printf "splice-path %s\n" "$(hex "$d")"
}

# Until stop_heartbeat the host prints a line each second. None of it outlives the connection or keeps it open.
heartbeat=
start_heartbeat() {
    (
        trap - EXIT HUP INT TERM
        while kill -0 "$$" && sleep 1 > /dev/null && printf "splice-alive\n"; do
            :
        done
    ) < /dev/null 2> /dev/null 3>&- 9>&- &
    heartbeat=$!
}
stop_heartbeat() {
    # A signal that comes before the traps are reset is lost, except this one.
    kill -9 "$heartbeat" 2> /dev/null
    wait "$heartbeat" 2> /dev/null
}

# True if the kernel generates the content of a path on reading; its size means nothing then.
is_generated() {
    case $(stat -f -L -c %T "$1" 2> /dev/null) in
        proc | sysfs | debugfs | tracefs | cgroupfs | cgroup2fs | configfs | securityfs | pstorefs | efivarfs) return 0 ;;
        bpf_fs | selinux | smackfs | binfmt_misc | fusectl | rdt | xenfs) return 0 ;;
        *) return 1 ;;
    esac
}

# Prints the SHA-256 of standard input. openssl(1) takes a third of the time of most sha256sum(1), once it has started.
sum_input() {
    case $(openssl dgst -sha256 -r < /dev/null 2> /dev/null) in
        e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855*) openssl dgst -sha256 -r ;;
        *) sha256sum ;;
    esac
}

# Prints the files of the current directory whose SHA-256 differs from a list for sha256sum -c.
different() {
    [ -z "$1" ] || { printf "%s\n" "$1" | sha256sum -c - 2>&1 || echo "sha256sum has FAILED ($?)"; } | grep -v ": OK\$"
}

# The same for a list on standard input with names escaped for printf %b, up to an empty line.
different_escaped() {
    while read -r sum name && [ -n "$sum" ]; do
        unescape "$name"
        have=$(sha256sum < "$value")
        [ "${have%% *}" = "$sum" ] || printf "%s: FAILED\n" "$name"
    done
}
