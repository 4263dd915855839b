# Shared by the scripts that transfer only what changed. HostScript inserts this file where they source it.

# Prints the mount points in the current directory, in hexadecimal digits.
list_mounts() {
    here=$(pwd -P)
    cut -d " " -f 5 /proc/self/mountinfo 2> /dev/null | sed "s/\\\\/&0/g" | while IFS= read -r mount; do
        unescape "$mount"
        case $value in
            "${here%/}"/*) printf "splice-mount %s\n" "$(hex "${value#"${here%/}"}")" ;;
        esac
    done
}

# Lists a folder for HostListing: the mount points in it if $3 is given; a line with the tool, the type of the file system, the time of
# birth, the user, and getfattr where it lists attributes; then for each item its status, its path and the target of a link, each with a
# separator behind it; an equals sign, or an exclamation mark if not all of it could be listed; and the attributes up to a zero. The
# separator is a zero, or for a find without -printf the text $2, which no name contains.
list_tree() (
    if [ ! -d "$1" ]; then
        printf "splice-list none\n"
        exit
    fi
    cd "$1" || exit
    [ -z "$3" ] || list_mounts
    tool=stat
    ! find . -prune -printf "" 2> /dev/null || tool=find
    attributes=
    [ -z "$xattr$acl" ] || ! command -v getfattr > /dev/null || attributes=getfattr
    type=$(stat -f -c %t . 2> /dev/null)
    birth=$(stat -c %W . 2> /dev/null)
    printf "splice-list %s %s %s %s %s\n" "$tool" "${type:--}" "${birth:--}" "${user:-$(id -u)}" "$attributes"
    exec 2> /dev/null
    end="="
    if [ "$tool" = find ]; then
        find . \( -type b -o -type c \) -exec stat --printf "%f %s %.9Y %a %u %g %h %d %i %t %T\0%n\0\0" {} + \
            -o -printf "%y %s %T@ %m %U %G %n %D %i\0%p\0%l\0" || end="!"
        printf "%s\0" "$end"
    else
        find . -exec stat -c "%f %s %Y %a %u %g %h %d %i %t %T$2%n$2%N$2" {} + || end="!"
        printf "%s%s" "$end" "$2"
    fi
    if [ -n "$attributes" ]; then
        getfattr -R -P -h -d -m - -e hex --absolute-names .
        printf "\0"
    fi
)

# Reads a number of bytes, and no more, from standard input.
take() { [ "$1" -eq 0 ] || dd bs="$1" count=1 iflag=fullblock 2> /dev/null; }

# Reads the SHA-256 of files from standard input, as lists for different_escaped and sha256sum -c after a line with their lengths.
# Prints the names of those that are equal in the folder $1.
print_equal() {
    read -r escaped_length plain_length || fail 80 "The transfer was interrupted."
    escaped=$(take "$escaped_length")
    plain=$(take "$plain_length")
    start_heartbeat
    same=$(
        cd "$1" || exit
        [ -z "$plain" ] || printf "%s\n" "$plain" | sha256sum -c - 2> /dev/null | sed -n "s/: OK\$//p"
        [ -z "$escaped" ] || printf "%s\n" "$escaped" | while read -r sum name; do
            unescape "$name"
            have=$(sha256sum < "$value") || continue
            [ "${have%% *}" != "$sum" ] || printf "%s\n" "$name"
        done
    )
    stop_heartbeat
    printf "splice-equal %s\n%s" "$(printf "%s" "$same" | wc -c)" "$same"
}
