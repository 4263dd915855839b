#!/bin/sh
# Runs on a host that several paths are received from: prints the paths that match wildcards, each after a plus and before a zero;
# after a minus those that match nothing; and an equals sign at the end. A path that exists as it is stands for itself.
# Parameters: the number of paths; then the paths.
. ./common.sh

# True if a wildcard stands for . or .. in a path: dash, busybox and bash before 5.2 expand .* to these, too.
has_dots() {
    wanted=$1/ names=$2/
    while [ -n "$names" ]; do
        case ${names%%/*} in
            . | ..) [ "${wanted%%/*}" = "${names%%/*}" ] || return 0 ;;
        esac
        wanted=${wanted#*/} names=${names#*/}
    done
    return 1
}

count=$1
shift
printf "splice-paths\n"
IFS=
for pattern; do
    [ "$count" -gt 0 ] || break
    count=$((count - 1))
    case $pattern in
        /*) prefix="" ;;
        *) prefix=./ ;;
    esac
    if [ -e "$prefix$pattern" ] || [ -L "$prefix$pattern" ]; then
        printf "+%s\0" "$pattern"
        continue
    fi
    found=
    for f in $prefix$pattern; do
        [ -e "$f" ] || [ -L "$f" ] || continue
        f=${f#"$prefix"}
        ! has_dots "$pattern" "$f" || continue
        found=1
        printf "+%s\0" "$f"
    done
    [ -n "$found" ] || printf "%s\0" "-$pattern"
done
printf "=\0"
