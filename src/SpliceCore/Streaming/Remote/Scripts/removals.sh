# Removes what a host has and the sender has not. HostScript inserts this file where send-tree.sh sources it.

# Enters the folder that exists.
enter_top() {
    cd -P "$d" || return
    top=$(pwd -P && echo x)
    top=${top%"$nl"x}
}

# Enters a folder below the top without following a link.
enter() {
    cd -P "$top" && cd -P "$1" || return
    case $1 in
        .) [ "$(pwd -P && echo x)" = "$top${nl}x" ] ;;
        *) [ "$(pwd -P && echo x)" = "${top%/}/${1#./}${nl}x" ] ;;
    esac
}

# Reports an item that was not removed.
left() {
    left=$((left + 1))
    [ "$left" -gt 20 ] || printf "splice-left %s %s\n" "$(hex "${place#.}/${1#./}")" \
        "$(printf "%s" "$2" | tail -n 1 | tr -c " -~" " " | cut -c 1-300)"
}

# Removes the items of a list, of which each is removed from its open folder, and only if it is still the one that was listed. For each
# group of items of a folder, the list has a line with f, or d for folders, the inode of the folder, the number of items and its path;
# then for each item its inode, size, time and name.
remove_listed() (
    [ -s "$1" ] || exit
    exec 3< "$1"
    enter_top || exit
    removed=0 left=0
    while read -r kind inode count place <&3; do
        unescape "$place"
        place=$value listed=""
        set --
        while [ "$count" -gt 0 ] && read -r id size time name <&3; do
            unescape "$name"
            set -- "$@" "$value"
            listed=$listed$id\ $size\ $time$nl
            count=$((count - 1))
        done
        if ! { enter "$place" && [ "$(stat -c %i .)" = "$inode" ]; } 2> /dev/null; then
            for item; do
                left "$item" "It was changed."
            done
            continue
        fi
        before=
        [ -w . ] || { before=$(stat -c %a .) && chmod u+w . 2> /dev/null; }
        if [ "$kind" = d ]; then
            why=$(rmdir "$@" 2>&1)
        elif [ "$(stat -c "%i %s %Y" "$@" 2> /dev/null)$nl" = "$listed" ]; then
            why=$(rm -f "$@" 2>&1)
        else
            why="It was changed."
            for item; do
                now=$(stat -c "%i %s %Y" "$item" 2> /dev/null)
                [ "$now" != "${listed%%"$nl"*}" ] || why=$(rm -f "$item" 2>&1)
                [ -n "$now" ] || removed=$((removed - 1))
                listed=${listed#*"$nl"}
            done
        fi
        for item; do
            if [ -e "$item" ] || [ -L "$item" ]; then
                left "$item" "$why"
            else
                removed=$((removed + 1))
            fi
        done
        [ -z "$before" ] || chmod "$before" . 2> /dev/null
    done
    printf "splice-removed %s %s\n" "$removed" "$left"
)
