#!/bin/sh
# Runs on a host that a folder is sent to: prints the tar format that it reads, extracts standard input into a temporary folder,
# checks that the end has come and the SHA-256 of the files, reports that the tree is complete, and renames it once the sender
# has answered with the last item; or moves its items into an existing folder, once nothing is in the way. To get only what changed,
# it lists that folder first.
# Parameters: path, name of the source, name of the temporary folder, separator of the list, name of the marker (ResumeMarker) or
# nothing; then options: verify, keep, force, mode,
# times, owner, xattr, acl, list, content, plan, remove, resume.
. ./common.sh
. ./listing.sh
. ./removals.sh

d=$1 name=$2 random=$3 token=$4 marker=$5
shift 5
read_options "$@"
t="" checker=""

drop() {
    [ -z "$checker" ] || { kill -9 "$checker" && wait "$checker"; } 2> /dev/null
    [ -z "$t" ] || remove_all "$t"
}
note() { printf "splice-note %s\n" "$(printf "%s" "$*" | tr -c " -~" " " | cut -c 1-500)"; }
words() { printf "%s\n" "$said" | tail -n 3; }

trap "" PIPE
trap drop EXIT
trap "quit 80" HUP INT TERM

case $d in
    /*) ;;
    *) d=./$d ;;
esac
case $plan$d in
    1*/) [ -d "$d" ] || d=$d$name ;;
    *) make_folder ;;
esac
[ -z "$marker" ] || marker=${d%/*}/$marker
# shellcheck disable=SC3067 # dash, bash and busybox have -O
is_marked() { [ -n "$marker" ] && [ -f "$marker" ] && [ ! -L "$marker" ] && [ -O "$marker" ]; }
if [ -d "$d" ] && [ -n "$name" ] && { [ -z "$list" ] || ! is_marked; }; then
    d=${d%/}/$name marker=
fi
# An interrupted copy of this source with this name is continued, and not one to copy into.
mark() { [ -z "$marker" ] || is_marked || (set -C && : > "$marker"); }
unmark() { [ -z "$marker" ] || rm -f "$marker"; }
while [ "$d" != / ] && [ "$d" != "${d%/}" ]; do
    d=${d%/}
done
if [ -e "$d" ] || [ -L "$d" ]; then
    [ -n "$name" ] || case $(cd -P "$d" && pwd) in
        / | //) fail 95 "$d is the root folder." ;;
    esac
    [ -z "$keep" ] || fail 82 "$d exists."
    { [ -d "$d" ] && { [ -z "$name" ] || [ ! -L "$d" ]; }; } || fail 82 "$d exists and is not a folder."
    folder=$d
else
    folder=${d%/*}/
    [ -d "$folder" ] || [ -n "$plan" ] || fail 81 "The folder '${folder%/}' does not exist on this host."
fi
temporary=${folder%/}/$random
[ -n "$plan" ] || { [ -w "$folder" ] && [ -x "$folder" ]; } || fail_unwritable "$folder"
need tar
[ -z "$verify$content" ] || need sha256sum
root=
user=$(id -u)
[ "$user" != 0 ] || root=1
# An update that sets the owner leaves nothing to the set-group-ID bit of the folder.
exact=
[ -z "$list" ] || [ -z "$owner" ] || exact=$root
make_temporary() {
    mkdir -m 700 "$temporary" || fail 86 "No folder could be created in $folder"
    t=$temporary
    lock_temporary
    [ -z "$exact" ] || chmod g-s "$t"
    # What comes with lists of its own does not inherit those of the folder.
    [ -z "$acl" ] || setfacl -b -k "$t" 2> /dev/null
    # Of a folder that is here, nothing may have changed.
    [ -z "$list" ] || [ "$folder" != "$d" ] || mkdir "$t/tree"
}
[ -n "$plan" ] || remove_left "$folder"
[ -n "$list" ] || make_temporary

# Renames an item, but does not move it into a folder that was created meanwhile.
rename() {
    mv -fT "$1" "$2" 2> /dev/null || { [ ! -d "$2" ] && mv -f "$1" "$2"; }
}

move() {
    if [ -d "$1" ] && [ ! -L "$1" ] && [ ! -w "$1" ]; then
        chmod u+w "$1" && rename "$1" "$2" && chmod u-w "$2"
    elif [ -L "$2" ]; then
        # Without -T, which not every mv has, a link to a folder takes the item in.
        mv -fT "$1" "$2" 2> /dev/null || { rm -f "$2" && mv -f "$1" "$2"; }
    else
        rename "$1" "$2"
    fi || fail 86 "An item could not be renamed to $2."
}

# Moves items into a folder in which no link has the name of one: the mv of busybox looks at what it leads to.
move_into() {
    into=$1
    shift
    [ $# -eq 0 ] || said=$(mv -f "$@" "$into/" 2>&1) || fail 86 "Items could not be moved into $into: $(words)"
}

# True if a link, put into a folder, would lead to the item of its name there.
leads() (
    to=$(readlink "$1" && echo x) && cd "$2" || exit
    to=${to%"$nl"x}
    case $to in
        /*) ;;
        *) to=./$to ;;
    esac
    # shellcheck disable=SC3013 # dash, bash and busybox have -ef
    [ "$to" -ef "./${1##*/}" ]
)

# True during the check if items of other types are removed after it.
may_replace() { [ "$act" = check ] && [ -s "$t/replaced" ]; }

# Checks or moves the items of a folder into another one. A process for each would take most of the time.
each() {
    act=$1 from=$2 to=$3
    set --
    { [ -r "$from" ] && [ -w "$from" ] && [ -x "$from" ]; } || chmod u+rwx "$from"
    [ -w "$to" ] || fail_unwritable "$to"
    for item in "$from"/* "$from"/.[!.]* "$from"/..?*; do
        there=$to/${item##*/}
        [ -e "$item" ] || [ -L "$item" ] || continue
        if [ -d "$item" ] && [ ! -L "$item" ]; then
            if [ -d "$there" ] && [ ! -L "$there" ]; then
                (each "$act" "$item" "$there") || exit
                continue
            fi
            { [ ! -e "$there" ] && [ ! -L "$there" ]; } || may_replace || fail 82 "$there exists and is not a folder."
        elif [ -d "$there" ] && [ ! -L "$there" ]; then
            may_replace || fail 82 "$there is a folder."
        elif [ -f "$there" ] && [ ! -L "$there" ] && [ ! -w "$there" ]; then
            [ -n "$force" ] || fail_unwritable "$there"
        fi
        if [ -L "$item" ] && [ -e "$there" ] && [ ! -L "$there" ] && leads "$item" "$to"; then
            fail 94 "The link ${item##*/} leads to $there: it would replace its own target and point to itself."
        fi
        [ "$act" = move ] || continue
        if [ -L "$there" ] || { [ -d "$item" ] && [ ! -L "$item" ]; }; then
            move "$item" "$there"
        else
            set -- "$@" "$item"
            [ $# -lt 200 ] || {
                move_into "$to" "$@"
                set --
            }
        fi
    done
    move_into "$to" "$@"
}

# The set-group-ID bit as of the folder that the tree is created in: tar clears it.
inherit_bits() { [ -n "$exact" ] || [ ! -g "$folder" ] || find "$t/tree" -type d -exec chmod g+s {} + 2> /dev/null; }

# Moves the items of the tree into the existing folder, once nothing is in the way.
merge() {
    (each check "$t/tree" "$d") || quit "$?"
    remove_listed "$t/replaced"
    (each move "$t/tree" "$d") || quit "$?"
}

# Gives the items that have arrived their names, but for the last one that tar has listed, which may not be complete. Nothing is removed
# for them. The tar of busybox does not escape names.
keep_arrived() {
    last=$(tail -n 1 "$t/log")
    case $form in
        pax*) unescape "$last" ;;
        *)
            [ -z "$(find "$t/tree" -name "*$nl*")" ] || return
            value=$last
            ;;
    esac
    [ -n "$value" ] || return
    if [ -f "$t/$value" ] || [ -L "$t/$value" ]; then
        rm -f "$t/$value"
    elif [ ! -e "$t/$value" ]; then
        return
    fi
    rm -f "$t/replaced"
    inherit_bits
    if [ "$folder" = "$d" ]; then
        (merge)
    elif [ ! -e "$d" ] && [ ! -L "$d" ]; then
        mark && (move "$t/tree" "$d")
    fi
}
interrupt() {
    [ -z "$resume" ] || keep_arrived 2> /dev/null
    fail 80 "The transfer was interrupted."
}

set -- -x -f - -C "$temporary"
help=$(tar --help 2> /dev/null)
case $help in
    *"GNU "?"tar'"*)
        form="pax"
        # Of records of 60 KiB, it makes fewer calls than of its usual 10 KiB. TarStreamWriter fills them.
        set -- "$@" -b 120 --delay-directory-restore --warning=no-timestamp ${resume:+-v --quoting-style=escape}
        case $help in
            *--xattrs-include*)
                form=pax-attributes
                set -- "$@" --xattrs "--xattrs-include=*"
                ;;
        esac
        ;;
    *bsdtar*) form="pax" ;;
    *)
        form=gnu${root:+-root}
        set -- "$@" ${resume:+-v}
        ;;
esac
if [ -n "$mode" ]; then
    set -- "$@" -p
else
    set -- "$@" --no-same-permissions
fi
[ -n "$times" ] || set -- "$@" -m
{ [ -n "$owner" ] && [ -n "$root" ]; } || set -- "$@" -o
before=$(umask)

printf "splice-ready 0 %s\n" "$form"
[ -z "$plan$remove" ] || (print_path)
[ -z "$list" ] || list_tree "$d" "$token" "$remove"
[ -z "$content" ] || print_equal "$d"
if [ -n "$plan" ]; then
    # The sender has read the list when it closes the input.
    cat > /dev/null
    printf "splice-done\n"
    exit 0
fi
if [ -n "$list" ]; then
    # The sender has compared the list: without differences, nothing is touched.
    read -r decision || fail 80 "The transfer was interrupted."
    if [ "$decision" = unchanged ]; then
        unmark
        print_path
        printf "splice-done\n"
        exit 0
    fi
    make_temporary
fi
# tar reads to the end of the input, so what it has extracted is verified while it waits for the last item.
(
    trap - EXIT HUP INT TERM
    pause=0.02 polls=0
    until [ -e "$t/end" ]; do
        kill -0 "$$" || exit
        sleep "$pause" || sleep 1
        polls=$((polls + 1))
        [ "$polls" -lt 25 ] || pause=0.05
    done
    start_heartbeat
    found=
    if [ -n "$verify" ]; then
        found=$(
            cd "$t/tree" 2>&1 || exit
            different "$(cat ../sums)"
            different_escaped < ../escaped-sums
        )
        [ -z "$found" ] || printf "%s\n" "$found" > "$t/found"
    fi
    stop_heartbeat
    printf "splice-complete\n"
    [ -z "$found" ]
) < /dev/null 2> /dev/null 9>&- &
checker=$!
[ -z "$mode" ] || umask 0
said=$(tar "$@" 2>&1 > "$t/log") || case $(words) in
    *"nexpected E"* | *"short read"* | *"not look like a tar"*) umask "$before" && interrupt ;;
    *) fail 86 "$(words)" ;;
esac
umask "$before"
[ -e "$t/commit" ] || interrupt
inherit_bits
[ -z "$said" ] || note "all of it: $(words)"
[ -z "$owner" ] || [ -n "$root" ] || note "owners, since it is not root there"
if wait "$checker"; then
    checker=
else
    checker=
    said=$(cat "$t/found" 2> /dev/null) || said="The files could not be compared."
    fail 87 "$(words)"
fi
start_heartbeat
[ -z "$flush" ] || flush_all "$t"

# Removes the attributes of an open item.
clear_attributes() {
    getfattr -m - --absolute-names -- "$1" | sed "s/\\\\/&0/g" | while IFS= read -r attribute; do
        case $attribute in
            "" | "#"* | system.* | trusted.SGI_ACL_* | security.selinux | security.ima | security.evm) ;;
            *)
                unescape "$attribute"
                setfattr -x "$value" -- "$1"
                ;;
        esac
    done
}

# Gives an open item, which $1 leads to, the metadata of the empty one $from, unless it is another one than was listed.
set_open() {
    now=$(stat -L -c "%d:%i %u:%g" "$1" 2> /dev/null)
    if [ "${now% *}" != "$known" ]; then
        echo "It was changed." >&2
        return
    fi
    if [ "$form" = pax-attributes ] && [ "$clear" != - ] && [ -z "$copies" ]; then
        # Its list cannot be set, and the bits of the group can be the mask of the list.
        bits=-
        echo "The cp of this host does not copy attributes, and the mode was not set." >&2
    fi
    [ -z "$copies" ] || [ "$clear" = - ] || clear_attributes "$1"
    if [ -n "$copies" ] && [ -d "$from" ]; then
        # What was in the folder has its metadata.
        saved=$top/$random/time own=$(stat -c %a "$from")
        touch -r "$from" "$saved"
        chmod -R u+rwX "$from"
        find "$from/." ! -name . -prune -exec rm -rf {} +
        chmod "$own" "$from"
        touch -r "$saved" "$from"
        cp -R --attributes-only --preserve="${what#,}" "$from/." "$1"
    elif [ -n "$copies" ]; then
        cp --attributes-only --preserve="${what#,}" "$from" "$1"
    else
        case $what in
            *ownership*)
                owners=$(stat -c %u:%g "$from")
                [ "${now#* }" = "$owners" ] || chown "$owners" "$1"
                ;;
        esac
        [ -z "$times" ] || touch -c -r "$from" "$1"
    fi
    [ "$bits" = - ] || chmod "$bits" "$1"
}

# Gives items that were here the metadata of the empty ones in the folder attributes: each folder is entered, and each file opened, so
# that a link which takes its name is not followed. The list has what is in a folder before the folder.
set_metadata() {
    [ -d "$t/attributes" ] || return 0
    what=${times:+,timestamps} copies=
    [ -z "$owner" ] || [ -z "$root" ] || what=$what,ownership
    case $form:$(cp --help 2> /dev/null) in
        pax-attributes:*--attributes-only*) copies=$xattr$acl what=$what${xattr:+,xattr}${acl:+,mode} ;;
    esac
    exec 3< "$t/changes"
    enter_top || return
    at=.
    while read -r bits clear known item <&3; do
        unescape "$item"
        item=$value from=$top/$random/attributes${value#.} place=${value%/*} name=./${value##*/}
        [ ! -d "$from" ] || place=$item name=.
        if [ "$place" != "$at" ]; then
            at=
            ! enter "$place" 2> /dev/null || at=$place
        fi
        if [ -z "$at" ]; then
            why="It was changed."
        elif [ -f "$name" ] && [ -r "$name" ]; then
            why=$({ set_open /proc/self/fd/5; } 2>&1 5< "$name")
        elif [ "$name" = . ] || { [ -f "$name" ] && [ ! -L "$name" ]; }; then
            # A folder, or a file that its owner may not read.
            why=$(set_open "$name" 2>&1)
        else
            why="It was changed."
        fi
        [ -z "$why" ] || printf "%s: %s\n" "${item#./}" "${why##*: }" >&2
    done
}

if [ "$folder" = "$d" ]; then
    merge
    remove_listed "$t/removals"
    said=$(set_metadata 2>&1 > /dev/null)
    [ -z "$said" ] || note "the metadata of all items: $(words)"
elif [ -z "$keep" ] && [ -d "$d" ] && [ ! -L "$d" ]; then
    # Another transfer has created it meanwhile: two hosts can be one, or share a disk.
    merge
else
    { [ ! -e "$d" ] && [ ! -L "$d" ]; } || fail 82 "$d exists."
    move "$t/tree" "$d"
fi
if [ ! -e "$t/partial" ]; then
    unmark
elif [ -n "$resume" ]; then
    mark
fi
top=
if [ -n "$times" ] && [ -d "$t/attributes" ]; then
    # The removal of the temporary folder changes the time of the folder that it is in.
    top=1
    : > "$t/time" && touch -r "$t/attributes" "$t/time" && exec 4< "$t/time"
fi
drop
[ -z "$top" ] || touch -r /proc/self/fd/4 "$d"
t=
[ -z "$flush" ] || flush_all "$folder"
stop_heartbeat
print_path
printf "splice-done\n"
