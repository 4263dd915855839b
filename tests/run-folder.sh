#!/bin/sh
# The folders of a test run, so that nothing of it stays when it is killed.
#
#   run-folder.sh begin PID   removes what killed runs left, makes the folders of the run that is process PID, and prints the
#                             one that TMPDIR has to name from then on
#   run-folder.sh end FOLDER  removes that run's folders and what else is left of it
#
# A run has two folders of one name, splice-tests-PID-START: one for temporary files, and one in /dev/shm. START is the time at which
# the process started, so that a PID that is in use again keeps nothing alive. What belongs to a run is known by its folder: a mount
# in it, a loop device on a file in it, a process with it as TMPDIR, and a network namespace with the run's name before a dash.
# The run's own process is left alone: it sets TMPDIR for its children.
set -u
memory=/dev/shm

# When a process started, in clock ticks since the boot; nothing if there is none. It is the 20th field after the name in parentheses.
start_of() {
    sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 20
}

# The processes of a run, but for its own and this one. sshd writes its title over its environment.
processes_of() {
    {
        grep -lzxF "TMPDIR=$1" /proc/[0-9]*/environ
        grep -lz "^sshd: .*$1/" /proc/[0-9]*/cmdline
    } 2>/dev/null | cut -d / -f 3 | grep -vx -e "$2" -e "$$"
}

end() {
    run=${1##*/splice-tests-}
    own=${run%-*}
    for again in 1 2 3 4 5 6 7 8 9 10; do
        processes=$(processes_of "$1" "$own") || break
        # shellcheck disable=SC2086 # one word a process
        kill -s KILL $processes 2>/dev/null
        sleep 0.1
    done

    for namespace in /run/netns/"splice-tests-$run"-*; do
        [ ! -e "$namespace" ] || ip netns delete "${namespace##*/}"
    done

    for folder in "$memory/splice-tests-$run" "$1"; do
        [ -d "$folder" ] || continue
        # The last one mounted first: it may be in another.
        awk -v folder="$folder/" 'index($5, folder) == 1 { mounts[++n] = $5 } END { while (n) print mounts[n--] }' /proc/self/mountinfo |
            while IFS= read -r mount; do
                umount "$mount" 2>/dev/null || umount --lazy "$mount"
            done
        losetup --list --noheadings --output NAME,BACK-FILE 2>/dev/null |
            while read -r device file; do
                case $file in
                    "$folder"/*) losetup --detach "$device" ;;
                esac
            done
        rm -rf --one-file-system -- "$folder" 2>/dev/null || {
            chattr -R -f -ia "$folder"
            rm -rf --one-file-system -- "$folder"
        }
    done
}

begin() {
    temporary=${TMPDIR:-/tmp}
    temporary=${temporary%/}
    for folder in "$temporary"/splice-tests-[0-9]*-[0-9]* "$memory"/splice-tests-[0-9]*-[0-9]*; do
        # Another user's is not touched, nor what only has the name of one.
        { [ -d "$folder" ] && [ ! -L "$folder" ] && [ -O "$folder" ]; } || continue
        run=${folder##*/splice-tests-}
        [ "$(start_of "${run%-*}")" = "${run#*-}" ] || end "$folder"
    done

    start=$(start_of "$1")
    [ -n "$start" ] || { echo "Process $1 does not exist." >&2; exit 1; }
    name=splice-tests-$1-$start
    mkdir -p -m 1777 "$temporary/$name" || exit 1
    [ ! -d "$memory" ] || mkdir -p -m 1777 "$memory/$name" || exit 1
    echo "$temporary/$name"
}

case ${1-} in
    begin) begin "$2" ;;
    end) end "$2" ;;
    *) echo "usage: $0 begin PID | end FOLDER" >&2; exit 2 ;;
esac
