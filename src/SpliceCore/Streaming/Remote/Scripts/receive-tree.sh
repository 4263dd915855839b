#!/bin/sh
# Runs on a host that a folder is received from: tar writes the stream. To verify, the SHA-256 of what has arrived come back: those
# of escaped names, an empty line, and the others. The access control lists go before the stream, as getfacl(1) prints them;
# without it, ls(1) shows which items have one. To send only what changed, it lists the folder first, and reads the paths of the items to
# send, with a zero behind each, in parts of a given length; a length of 0 ends them. For a tar that reads no list each part is a stream.
# Parameters: path, separator of the list; then options: verify, owner, links, xattr, acl, list, content, plan.
. ./common.sh
. ./listing.sh

f=$1 token=$2
shift 2
read_options "$@"

case $f in
    /*) ;;
    *) f=./$f ;;
esac
[ -e "$f" ] || fail 89 "The folder '$f' does not exist on this host."
if [ ! -d "$f" ]; then
    printf "splice-tree no\n"
    exit 0
fi
{ cd "$f" && [ -r . ]; } || fail 84 "$f is not readable."
! is_generated . || fail 93 "The kernel generates the files of $f, and tar reads them as empty."
need tar
[ -z "$verify$content" ] || need sha256sum
set -- -c -f -
case $(tar --version 2> /dev/null) in
    *GNU*)
        set -- "$@" --numeric-owner
        [ -n "$owner" ] || set -- "$@" --owner=0 --group=0
        [ -n "$links" ] || set -- "$@" --hard-dereference
        form="pax"
        set -- "$@" --format=pax --pax-option=delete=atime,delete=ctime
        [ -z "$xattr" ] || set -- "$@" --xattrs "--xattrs-include=*"
        ;;
    *) form=plain ;;
esac
if command -v getfacl > /dev/null; then
    tool=getfacl
    lists=$(getfacl -R -P -n -s -E -p . 2> /dev/null)
else
    tool="ls"
    lists=$(find ./ ! -type l -exec ls -ldb {} + 2> /dev/null | sed -n "s|^.\{10\}+ .*[^\\] \./|# file: ./|p")
fi

printf "splice-tree %s %s %s\n" "$form" "$tool" "$(printf "%s" "$lists" | wc -c)"
printf "%s" "$lists"
if [ -n "$list" ]; then
    list_tree . "$token"
    [ -z "$content" ] || print_equal .
fi
if [ -n "$plan" ]; then
    # The receiver has read the list when it closes the input.
    cat > /dev/null
    printf "splice-done\n"
    exit 0
fi

# Packs the items in parts, as they are requested.
pack_parts() {
    worst=0
    while read -r length && [ "$length" -gt 0 ]; do
        if [ "$form" = pax ]; then
            take "$length" | tar "$@" --no-recursion --null -T -
        else
            take "$length" | xargs -0 tar "$@" --no-recursion
        fi || worst=$?
        # A tar that was killed has not written its part, for which the receiver waits. busybox's xargs reports it as 125.
        [ "$worst" -lt 125 ] || break
    done
    return "$worst"
}

# Filters the report of sha256sum on files that differ: a file that has changed since the stream began, or is missing, gets a line as tar
# prints it instead.
mark_changed() {
    named=
    while IFS= read -r line; do
        case $line in
            *": FAILED" | *": FAILED open or read")
                named=1
                unescape "${line%: FAILED*}"
                printf "%s\n" "$states" | grep -Fqx -e "$(stat -c "$state" "$value" 2> /dev/null)" ||
                    line="tar: $(printf "%s" "$value" | tr "\n" "?"): changed before it was verified"
                ;;
            "sha256sum: "*": No such file or directory") continue ;;
            "sha256sum: WARNING: "*" did NOT match" | "sha256sum: WARNING: "*" could not be read") continue ;;
            "sha256sum has FAILED (1)") [ -z "$named" ] || continue ;;
        esac
        printf "%s\n" "$line"
    done
}

state="%d %i %s %.9Z"
[ -z "$verify" ] || states=$(find . -type f -exec stat -c "$state" {} + 2> /dev/null)
exec 3>&1
if [ -n "$list" ]; then
    faults=$(pack_parts "$@" 2>&1 >&3 3>&-)
else
    faults=$(tar "$@" . 2>&1 >&3 3>&-)
fi
code=$?
# What cannot be opened is left out of the stream. After any other error, what is in it may be wrong.
odd=$(printf "%s\n" "$faults" | grep -v -e "^\$" -e ": Cannot open: " -e ": Cannot stat: " -e ": File removed before we read it\$" \
    -e ": file changed as we read it\$" -e ": socket ignored\$" -e "^tar: Exiting with failure status due to previous errors\$" \
    -e "^tar: .*: Permission denied\$" -e "^tar: .*: No such file or directory\$" -e "^tar: error exit delayed from previous errors\$")
[ "$code" -eq 0 ] || [ -z "$odd" ] || fail 92 "Not all of $f could be read: $(printf "%s\n" "$odd" | tail -n 3)"
[ "$code" -eq 0 ] || [ -n "$faults" ] || fail 92 "Not all of $f could be read."
if [ -n "$verify" ]; then
    # All of it is read before the first file, so that the other side never waits to write.
    escaped=$(while read -r line && [ -n "$line" ]; do printf "%s\n" "$line"; done)
    sums=$(cat)
    start_heartbeat
    said=$(
        {
            printf "%s\n" "$escaped" | different_escaped
            different "$sums"
        } | mark_changed
    )
    stop_heartbeat
    odd=$(printf "%s\n" "$said" | grep -v -e "^\$" -e "^tar: ")
    [ -z "$odd" ] || fail 87 "$(printf "%s\n" "$odd" | tail -n 3)"
    faults=$faults$nl$said
fi

# Prints the lines in a text, up to a length, and how many more there are.
print_some() {
    some=$3
    if [ "${#3}" -gt "$1" ]; then
        some=$(printf "%s" "$3" | head -c "$1" | sed "\$d")
        some="$some${nl}splice-failed $(($(printf "%s\n" "$3" | wc -l) - $(printf "%s\n" "$some" | wc -l))) more items$2"
    fi
    [ -z "$some" ] || printf "%s\n" "$some"
}

lines=$(printf "%s\n" "$faults" | grep -v -e "^\$" -e "^tar: E" -e "^tar: error exit" | tr -c " -~\n" "?" | sed -n "s/^tar: /splice-failed /p")
unread=": Cannot |: Permission denied\$"
print_some 20000 ": Cannot be read" "$(printf "%s\n" "$lines" | grep -E -e "$unread")"
print_some 10000 " changed, or were removed" "$(printf "%s\n" "$lines" | grep -E -v -e "$unread")"
printf "splice-done\n"
