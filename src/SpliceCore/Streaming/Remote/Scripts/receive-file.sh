#!/bin/sh
# Runs on a host that a file is received from: prints its attributes, reads the offset to begin at, writes the bytes to standard
# output, and confirms that the file did not change meanwhile. To send it only if it changed, it is asked for its SHA-256, or to keep it.
# To send only the blocks that differ, it prints the SHA-256 of all, and then the ranges that it is asked for.
# Parameters: path; then options: verify, changing, content.
. ./common.sh
. ./blocks.sh

f=$1
shift
read_options "$@"

state() { stat -L -c "%s %.9Y %a %d %i" "$f"; }

# Prints the sums of the blocks, and the ranges that are requested. Parameters: length of a block, number of blocks, and the key for
# AES-GMAC.
send_ranges() {
    key=${3-}
    if [ "$tool" != sha256sum ]; then
        run_python "$send_ranges" "$input" "$1" 0 "$2" "$size" 2> /dev/null
        case $? in
            0) return ;;
            3) exit 80 ;;
            *) fail 86 "$f cannot be read." ;;
        esac
    fi
    print_blocks "$tool" "$input" "$1" 0 "$2"
    while read -r start count; do
        [ "$count" -gt 0 ] || return
        dd if="$input" bs=65536 skip="$start" count="$count" iflag=fullblock,skip_bytes,count_bytes 2> /dev/null || fail 86 "$f cannot be read."
    done
    exit 80
}

case $f in
    /*) ;;
    *) f=./$f ;;
esac
[ -e "$f" ] || fail 89 "The file '$f' does not exist on this host."
[ ! -d "$f" ] || fail 90 "$f is a folder."
[ -f "$f" ] || fail 83 "$f is not a regular file."
[ -r "$f" ] || fail 84 "$f is not readable."
[ -z "$verify$content" ] || need sha256sum
before=$(state) || fail 88 "The stat of this host cannot describe $f."
input=$f
if is_generated "$f" || { [ ! -s "$f" ] && [ "$(head -c 1 < "$f" | wc -c)" -gt 0 ]; }; then
    # Read once, into a file that ends with this shell.
    { spool=$(mktemp) && exec 3<> "$spool" && rm -f "$spool"; } || fail 86 "No temporary file could be created on this host."
    cat < "$f" >&3 || fail 86 "$f could not be read."
    input=/proc/$$/fd/3
    before="$(stat -L -c %s "$input") ${before#* }"
fi
# The group bits of a file with an access control list are its mask (acl(5)).
group=-
if command -v getfacl > /dev/null; then
    group=$(getfacl -p -- "$f" 2> /dev/null | sed -n -e "s/^group::.*#effective://p" -e t -e "s/^group:://p")
else
    # shellcheck disable=SC2012 # only ls shows that a file has a list
    case $(ls -lLd -- "$f") in
        ??????????+*) group="?" ;;
    esac
fi

size=${before%% *}
printf "splice-file %s %s %s\n" "$before" "$(stat -L -c "%b %u %g %.9Z" "$f")" "${group:--}"
sent=
while :; do
    read -r from || exit 80
    case $from in
        sum)
            start_heartbeat
            sum=$(sum_input < "$input")
            stop_heartbeat
            printf "splice-sum %s\n" "${sum%% *}"
            ;;
        tool)
            tool=$(block_tool "$input")
            printf "splice-tool %s\n" "$tool"
            ;;
        blocks*)
            # shellcheck disable=SC2086 # numbers
            print_blocks "$tool" "$input" ${from#blocks } || fail 86 "$f cannot be read."
            ;;
        delta*)
            # shellcheck disable=SC2086 # numbers
            send_ranges ${from#delta }
            from=0
            verify=
            sent=1
            break
            ;;
        keep)
            printf "splice-done -\n"
            exit 0
            ;;
        *) break ;;
    esac
done
# After the loss of a device a file can have its length without its data: what is resumed is compared.
if [ "$from" -gt 0 ]; then
    command -v sha256sum > /dev/null || fail 88 "Without sha256sum on this host, nothing can be resumed."
    verify=1
fi
if [ -n "$sent" ]; then
    : # the ranges
elif [ -n "$changing" ]; then
    tail -c "+$((from + 1))" < "$input" | head -c "$((size - from))" || exit 80
elif [ "$from" -eq 0 ]; then
    cat < "$input" || exit 80
else
    tail -c "+$((from + 1))" < "$input" || exit 80
fi
sum=-
if [ -n "$verify" ]; then
    start_heartbeat
    if [ -n "$changing" ]; then
        sum=$(head -c "$size" < "$input" | sum_input) || sum=
    else
        sum=$(sum_input < "$input") || sum=
    fi
    stop_heartbeat
    [ -n "$sum" ] || fail 86 "$f cannot be read again."
fi
[ -n "$changing" ] || [ "$input" != "$f" ] || [ "$(state)" = "$before" ] || fail 85 "$f was changed while it was read."
printf "splice-done %s\n" "${sum%% *}"
