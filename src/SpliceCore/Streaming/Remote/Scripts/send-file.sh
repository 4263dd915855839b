#!/bin/sh
# Runs on a host that a file is sent to: prints the offset to send from, and writes standard input to a temporary file up to the
# end mark, which only a sender writes that has sent everything. Then it verifies the file, reports that it is complete, and
# renames it once the sender has answered. A lost connection ends the input at any time. To get it only if it changed, it describes
# the file that it has first. To get only the blocks that differ, it copies the old file, prints the sums of the blocks of the copy,
# and after they were written into it, of those that differed.
# Parameters: path, name of the source, its size, mode, and time of modification with and without nanoseconds, temporary name,
# suffix of the partial file or nothing, user:group or nothing; then options: verify, keep, force, sparse, mode, times, acl, list,
# content, plan, delta.
. ./common.sh
. ./blocks.sh

d=$1 name=$2 size=$3 bits=$4 exact=$5 whole=$6 random=$7 kept=$8 ids=$9
shift 9
read_options "$@"
t="" lock="" tool=""

length() { stat -c %s "$1" 2> /dev/null || wc -c < "$1"; }
# dd(1) reports what it has copied with its errors.
quiet_dd() { said=$(dd if=/dev/null bs=1 count=0 "$@" 2>&1) || { printf "%s\n" "$said" >&2 && return 1; }; }
resize() { quiet_dd of="$1" seek="$2"; }
drop() { [ -z "$t" ] || rm -f "$t"; }
unlock() { [ -z "$lock" ] || rm -f "$lock"; }

# Prints when a process was started, in clock ticks since the system was (proc(5)); 0 if that is unknown.
started() {
    stat=
    { read -r stat < "/proc/$1/stat"; } 2> /dev/null
    # The name of the program is in parentheses, and can contain spaces.
    # shellcheck disable=SC2086
    set -- ${stat##*) }
    printf "%s" "${20:-0}"
}

# Reads the process, its start and the boot from a lock; nothing if there is no lock, or its shell was killed before it wrote.
read_lock() {
    holder="" since="" booted=""
    { read -r holder since booted < "$1"; } 2> /dev/null
    case $holder in *[!0-9]*) holder= ;; esac
}

# True if the process in the lock that was read runs, or its children do: they can still write. The kernel gives the number of a
# process group to no other process.
is_held() {
    [ -n "$holder" ] && [ "$booted" = "$boot" ] || return 1
    if [ -e "/proc/$holder" ] || kill -0 "$holder" 2> /dev/null; then
        [ "$(started "$holder")" = "$since" ]
    else
        kill -0 "-$holder" 2> /dev/null
    fi
}

# Creates $t.lock, unless another transfer holds it. Another shell can replace a stale lock at the same time.
take_lock() {
    tries=0
    until said=$( (set -C && : > "$t.lock") 2>&1); do
        tries=$((tries + 1))
        if [ "$tries" -ge 8 ]; then
            [ -e "$t.lock" ] || [ -L "$t.lock" ] || fail 86 "$said"
            fail 91 "$t.lock exists: another transfer to this file is in progress."
        fi
        read_lock "$t.lock"
        if is_held || { [ -z "$holder" ] && [ "$tries" -lt 4 ]; }; then
            sleep 1
        else
            stale=$holder
            mv -f "$t.lock" "$t.lock.$$" 2> /dev/null && read_lock "$t.lock.$$"
            if [ "$holder" = "$stale" ]; then rm -f "$t.lock.$$"; else mv -f "$t.lock.$$" "$t.lock"; fi
        fi
    done
    lock=$t.lock
    said=$(printf "%s %s %s\n" "$$" "$(started "$$")" "$boot" | dd of="$lock" 2>&1) || fail 86 "${said%%"$nl"*}"
}

# Removes the partial files that no transfer to this name writes: of the source before it was changed, or of another one.
remove_partial_files() {
    x="[0-9a-f][0-9a-f][0-9a-f][0-9a-f]"
    [ ${#base} -gt 190 ] || for old in "$folder$base".$x$x$x$x.splice-partial; do
        # shellcheck disable=SC3067 # dash, bash and busybox have -O
        if [ -f "$old" ] && [ ! -L "$old" ] && [ -O "$old" ]; then
            read_lock "$old.lock"
            # A copy on this host has a lock of the kernel.
            is_held || grep -q ":$(stat -c %i "$old") " /proc/locks 2> /dev/null || rm -f "$old" "$old.lock"
        fi
    done
}

# True if the kernel follows the link $d to a path. readlink(1) follows those of other users in a folder such as /tmp as well.
is_followed() {
    # shellcheck disable=SC3013 # dash, bash and busybox have -ef
    [ "$d" -ef "$1" ] || { [ ! -e "$1" ] && case $(ls -Ld "$d" 2>&1 > /dev/null) in *": Permission denied") return 1 ;; esac }
}

# True if a file has an access control list, as far as this host can show it.
has_list() {
    # shellcheck disable=SC2012 # only ls shows that a file has a list
    case $(ls -ld "$1") in
        ??????????+*) return 0 ;;
        *) return 1 ;;
    esac
}

# Gives the new file the access control list of the old one. Its mask grants nothing before chmod.
carry_list() {
    if list=$(getfacl -c -n -E -p -- "$d" 2> /dev/null); then
        case $list in
            *mask::*) printf "%s\n" "$list" | sed -e "s/^mask::.*/mask::---/" -e "s/^other::.*/other::---/" | setfacl --set-file=- "$t" ;;
            *) ! has_list "$t" || setfacl -b "$t" ;;
        esac 2> /dev/null
    elif has_list "$d"; then
        # The cp of GNU copies the list. It goes through an empty file.
        (set -C && : > "$t.list") && cp --attributes-only --preserve=mode "$d" "$t.list" && chmod 600 "$t.list" \
            && cp --attributes-only --preserve=mode "$t.list" "$t" && has_list "$t"
        code=$?
        rm -f "$t.list"
        return "$code"
    fi 2> /dev/null
}

# Keeps the owner, the list and the mode of the file that is replaced, except what the sender preserves of its own.
carry_over() {
    { old=$(stat -c "%u:%g" "$d") && own=$(stat -c %a "$d"); } || fail 88 "The stat of this host cannot describe $d."
    if [ -z "$ids" ] && [ "$(stat -c "%u:%g" "$t")" != "$old" ]; then
        chown "$old" "$t" 2> /dev/null || printf "splice-note the owner of the file that was replaced (%s)\n" "$old"
    fi
    [ -n "$mode" ] || bits=$(printf "%o" "$((0$own & 0777))")
    if [ -n "$acl" ]; then
        ! has_list "$t" || setfacl -b "$t" 2> /dev/null
    elif ! carry_list; then
        printf "splice-note the access control list of the file that was replaced\n"
        # The bits of the group are the mask of the list.
        [ -n "$mode" ] || bits=$(printf "%o" "$((0$bits & 0707))")
    fi
}

set_times() {
    touch -d "@$exact" "$1" 2> /dev/null || touch -d "@$whole" "$1" 2> /dev/null || printf "splice-note the time of its last modification\n"
}

# Sets the metadata of an old file that has the content of the source.
set_metadata() {
    [ -z "$ids" ] || [ "$(stat -c "%u:%g" "$d")" = "$ids" ] || chown "$ids" "$d" 2> /dev/null || printf "splice-note the owner\n"
    [ -z "$mode" ] || chmod "$bits" "$d" 2> /dev/null || printf "splice-note the mode\n"
    [ -z "$times" ] || set_times "$d"
}

# Ends without a transfer.
leave() {
    print_path
    printf "splice-done\n"
    quit 0
}

# Describes the old file, and returns if the sender wants to replace it. The names of the answers are those of FileSendRun.
compare_old() {
    printf "splice-ready 0 plan\n"
    status=
    if [ -f "$d" ]; then
        status=$(stat -c "%f %s %.9Y %a %u %g %h %d %i %t %T" "$d") || fail 88 "The stat of this host cannot describe $d."
        status="$(stat -f -c %t "$d" 2> /dev/null || echo "-") $(stat -c %W "$d" 2> /dev/null || echo "-") $(id -u) $status"
    fi
    [ -z "$plan" ] || print_path
    [ -z "$delta" ] || tool=$(block_tool "$d")
    delta=
    printf "splice-old %s\n" "$tool:$status"
    while read -r answer; do
        case $answer in
            sum)
                start_heartbeat
                have=$(sum_input < "$d")
                stop_heartbeat
                printf "splice-sum %s\n" "${have%% *}"
                ;;
            keep) leave ;;
            set)
                [ -n "$plan" ] || set_metadata
                [ -n "$plan" ] || [ -z "$flush" ] || flush_all "$d"
                leave
                ;;
            blocks*)
                # shellcheck disable=SC2086 # numbers
                print_blocks "$tool" "$d" ${answer#blocks } || fail 86 "$d cannot be read."
                ;;
            delta*)
                # The length of a block, number of blocks to compare, and the key for AES-GMAC or nothing.
                delta=${answer#delta }
                verify=
                return
                ;;
            send) return ;;
            *) break ;;
        esac
    done
    fail 80 "The transfer was interrupted."
}

trap "" PIPE
trap drop EXIT
trap "quit 80" HUP INT TERM
before=$(umask)
boot=
{ read -r boot < /proc/sys/kernel/random/boot_id; } 2> /dev/null

case $d in
    /*) ;;
    *) d=./$d ;;
esac
case $plan$d in
    1*/) [ -d "$d" ] || d=$d$name ;;
    *) make_folder ;;
esac
if [ -d "$d" ]; then
    d=${d%/}/$name
    [ ! -d "$d" ] || fail 82 "$d is a folder."
fi
if [ -L "$d" ]; then
    real=$(readlink -f "$d" && echo x) || fail 83 "$d is a link to a path that does not exist."
    real=${real%"$nl"x}
    is_followed "$real" || fail 84 "$d is a link that this user may not follow (fs.protected_symlinks)."
    d=$real
fi
umask 077
folder=${d%/*}/
base=${d##*/}
[ -d "$folder" ] || [ -n "$plan" ] || fail 81 "The folder '${folder%/}' does not exist on this host."
[ -z "$verify$content" ] || need sha256sum
[ -z "$list$delta" ] || compare_old
seen=
if [ -e "$d" ]; then
    seen=1
    [ -z "$keep" ] || fail 82 "$d exists."
    [ -f "$d" ] || fail 83 "$d is not a regular file."
    [ -w "$d" ] || [ -n "$force" ] || fail_unwritable "$d"
fi
[ -w "$folder" ] || [ ! -d "$folder" ] || fail_unwritable "$folder"
[ -z "$plan" ] || leave

from=0
remove_left "$folder"
if [ -n "$kept" ]; then
    [ ${#base} -gt 190 ] || kept=$base$kept
    t=$folder$kept
    trap unlock EXIT
    take_lock
    if [ -e "$t" ] || [ -L "$t" ]; then
        # shellcheck disable=SC3067 # dash, bash and busybox have -O
        { [ -f "$t" ] && [ ! -L "$t" ] && [ -O "$t" ]; } || fail 83 "$t is not a file of this user."
        from=$(length "$t") || fail 86 "$t cannot be read."
        from=$((from))
    fi
else
    t=$folder$random
fi
# Whole blocks, unless all is there.
if [ "$from" -lt "$size" ]; then from=$((from - from % 4096)); else from=$size; fi
# After the loss of a device a file can have its length without its data: what is resumed is compared.
if [ "$from" -gt 0 ]; then
    if command -v sha256sum > /dev/null; then verify=1; else from=0; fi
fi
if [ "$from" -eq 0 ]; then
    rm -f "$t"
    (set -C && : > "$t") || { t=; fail 86 "No file could be created in $folder"; }
    # The default access control list of a folder overrides the umask.
    chmod 600 "$t" || fail 86 "The mode of $t cannot be set."
else
    resize "$t" "$from" || fail 86 "$t cannot be truncated."
fi
lock_temporary
full="" zeros=""
if printf xx | dd bs=2 count=1 iflag=fullblock of=/dev/null 2> /dev/null; then full=1; fi
# Writes a range; with "sparse", blocks of zeros become holes.
span() { dd bs=65536 seek="$1" count="$2" iflag=fullblock,count_bytes oflag=seek_bytes conv="notrunc$zeros" of="$3" 2>&1; }
if [ -n "$sparse" ]; then
    zeros=,sparse
    if printf xx | span 1 2 /dev/null > /dev/null; then sparse=2; else zeros=; printf xx | span 1 2 /dev/null > /dev/null || sparse=; fi
fi

if [ -n "$delta" ]; then
    sparse="delta"
    zeros=
    start_heartbeat
    # The pages of the old file may be in the cache, and those of a clone never are. A change within the same tick of the clock as the
    # one before would not show.
    old=$t
    state=$(stat -c "%.9Z:%i" "$d")
    case $tool:$state in
        sha256sum:*) ;;
        *:[0-9]*.[0-9]*) [ "$(date +%s)" -le "$((${state%%.*} + 1))" ] || ! cp --reflink=always "$d" "$t" 2> /dev/null || old=$d ;;
    esac
    if [ "$old" = "$t" ]; then
        state=
        # busybox has no --reflink.
        said=$(cp --reflink=auto "$d" "$t" 2> /dev/null || cp "$d" "$t" 2>&1) || { stop_heartbeat; fail 86 "$said"; }
    fi
    stop_heartbeat
    resize "$t" "$size" || fail 86 "The size of $t cannot be set."
fi

printf "splice-ready %s %s\n" "$from" "${sparse:-0}"
# Reads never go past the content: the end mark and the answer follow it.
while [ -z "$sparse" ] && [ "$from" -lt "$size" ]; do
    left=$((size - from)) bs=65536
    [ "$left" -gt "$bs" ] || bs=$left
    said=$(dd bs="$bs" count="$((left / bs))" ${full:+iflag=fullblock} 2>&1 >> "$t") || fail 86 "$d could not be written: ${said%%"$nl"*}"
    now=$(length "$t")
    [ "$((now))" -gt "$from" ] || fail 80 "The transfer was interrupted."
    from=$((now))
done
block_size=${delta%% *} count=${delta#* } key="" written=
case $count in
    *" "*) key=${count#* } count=${count% *} ;;
esac
if [ -n "$delta" ] && [ "$tool" != sha256sum ]; then
    { said=$(run_python "$write_ranges" "$old" "$block_size" 0 "$count" "$size" "$t" "$state" 2>&1 >&3); } 3>&1
    case $? in
        0) ;;
        3) fail 80 "The transfer was interrupted." ;;
        *) fail 86 "$d could not be written: ${said##*"$nl"}" ;;
    esac
elif [ -n "$delta" ]; then
    sums=
    print_blocks "$tool" "$t" "$block_size" 0 "$count"
fi
digest=
while read -r start count; do
    case $start in
        end:*)
            digest=${start#end:}
            break
            ;;
    esac
    case $count in
        -*)
            # A range of zeros is not sent.
            count=${count#-}
            fallocate -p -o "$start" -l "$count" "$t" 2> /dev/null || said=$(span "$start" "$count" "$t" < /dev/zero) || fail 86 "$said"
            ;;
        0)
            if [ -n "$delta" ]; then
                start_heartbeat
                # shellcheck disable=SC2086 # sums
                print_list $sums
                stop_heartbeat
            fi
            continue
            ;;
        *) said=$(span "$start" "$count" "$t") || fail 86 "$said" ;;
    esac
    [ -z "$delta" ] || add_written "$start" "$count"
done
[ -n "$digest" ] || fail 80 "The transfer was interrupted."
# shellcheck disable=SC3013 # dash, bash and busybox have -ef
[ ! -e /proc/self/fd/9 ] || [ "$t" -ef /proc/self/fd/9 ] || fail 86 "$t was removed by another process."
# On XFS, a truncation to the size that a new file has writes its content to the disk first.
if [ "$(($(length "$t")))" -ne "$size" ]; then
    resize "$t" "$size" || fail 86 "The size of $t cannot be set."
    [ "$(($(length "$t")))" -eq "$size" ] || fail 86 "$t does not have the size of the source."
fi
if [ -n "$verify" ]; then
    start_heartbeat
    have=$(sum_input < "$t") || have=
    stop_heartbeat
    [ -n "$have" ] || fail 86 "$t cannot be read."
    if [ "${have%% *}" != "$digest" ]; then
        drop
        fail 87 "$d would have the SHA-256 ${have%% *}, and $digest was sent."
    fi
fi

printf "splice-complete\n"
{ read -r answer && [ "$answer" = commit ]; } || fail 80 "The transfer was interrupted."
[ -n "$mode" ] || bits=$(printf "%o" "$((0$bits & ~0$before))")
if [ -f "$d" ] && [ ! -L "$d" ]; then carry_over; fi
if [ -n "$ids" ]; then
    chown "$ids" "$t" 2> /dev/null || printf "splice-note the owner\n"
fi
chmod "$bits" "$t" || fail 86 "The mode of $t cannot be set."
if [ -n "$times" ]; then
    set_times "$t"
else
    touch "$t"
fi
if [ -n "$flush" ]; then
    start_heartbeat
    quiet_dd of="$t" conv=notrunc,fsync || { stop_heartbeat; fail 86 "$t could not be flushed."; }
    stop_heartbeat
fi
[ ! -d "$d" ] || fail 82 "$d is a folder."
named=
if [ -n "$keep" ] || [ -z "$seen" ]; then
    # Unlike mv, ln replaces nothing.
    if ln "$t" "$d" 2> /dev/null && rm -f "$t"; then
        named=1
    elif [ -e "$d" ] || [ -L "$d" ]; then
        fail 82 "$d was created by another process during the transfer."
    fi
fi
[ -n "$named" ] || mv -f "$t" "$d" || fail 86 "The temporary file could not be renamed to $d."
t=
exec 9>&-
remove_partial_files
[ -z "$flush" ] || sync "$folder" 2> /dev/null || flush_all "$folder"
print_path
printf "splice-done\n"
