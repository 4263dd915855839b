# Shared by the scripts that transfer only the blocks that differ. HostScript inserts this file where they source it, without the
# spaces before a line: Python is indented with tabs.

sum_blocks='
import hashlib, os, sys
file = os.open(sys.argv[1], os.O_RDONLY)
size, first, count = map(int, sys.argv[2:])
for i in range(first, first + count):
	sys.stdout.write(hashlib.sha256(os.pread(file, size, i * size)).hexdigest()[:32])
'
sum_file='
import hashlib, sys
sum = hashlib.sha256()
with open(sys.argv[1], "rb", buffering=0) as file:
	for block in iter(lambda: file.read(1 << 20), b""):
		sum.update(block)
print(sum.hexdigest())
'
# Writes ranges from standard input, each after a line of 42 characters with its start and length, up to one of no bytes.
write_ranges='
import os, sys
file = os.open(sys.argv[1], os.O_WRONLY)
def take(count):
	data = os.read(0, count)
	return data or sys.exit(3)
while True:
	line = b""
	while len(line) < 42:
		line += take(42 - len(line))
	start, count = map(int, line.split())
	if not count:
		break
	while count > 0:
		data = take(min(count, 1 << 20))
		count -= len(data)
		while data:
			written = os.pwrite(file, data, start)
			start += written
			data = data[written:]
'

# Prints what computes the SHA-256 of the blocks of a file on this host; nothing if it is not worth it.
block_tool() {
    if [ -r "$1" ] && printf xx | dd bs=1 seek=1 count=2 iflag=fullblock,count_bytes oflag=seek_bytes conv=notrunc of=/dev/null 2> /dev/null; then
        if python3 -c "import hashlib; hashlib.sha256()" 2> /dev/null; then
            echo python3
        elif command -v sha256sum > /dev/null; then
            echo sha256sum
        fi
    fi
}

# Prints the first 32 digits of the SHA-256 of each block. Parameters: tool, file, length of a block, number of the first one, and of
# blocks. Without Python, a block is a multiple of 1 MiB.
print_blocks() {
    printf "splice-blocks\n"
    if [ "$1" = python3 ]; then
        shift
        python3 -c "$sum_blocks" "$@"
        return
    fi
    mib=$(($3 >> 20)) block=$4 end=$(($4 + $5))
    while [ "$block" -lt "$end" ]; do
        sum=$(dd if="$2" bs=1048576 skip="$((block * mib))" count="$mib" 2> /dev/null | sha256sum)
        printf "%.32s" "$sum"
        block=$((block + 1))
    done
}

# Prints the SHA-256 of a file. Parameters: tool, file.
print_sum() {
    if [ "$1" = python3 ]; then python3 -c "$sum_file" "$2"; else sha256sum < "$2"; fi
}
