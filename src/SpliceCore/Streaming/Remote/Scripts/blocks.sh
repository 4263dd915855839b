# Shared by the scripts that transfer only the blocks that differ. HostScript inserts this file where they source it, without the
# spaces before a line: Python is indented with tabs.

# Two hashes of blocks: SHA-256, and with a key in the environment AES-GMAC (SP 800-38D), which takes a quarter of the time. Equal sums
# of different blocks that were not chosen with the key at hand are less likely than 2 to the power of -100. The number of a block is
# its place in the list, so all can have the same nonce, and blocks of zeros the same sum.
define_hashes='
import hashlib, os, sys, threading, time
key = bytes.fromhex(os.environ.get("splice_key", ""))
class Sha256:
	def begin(self):
		self.hash = hashlib.sha256()
	def update(self, buffer, count):
		self.hash.update(memoryview(buffer)[:count])
	def digest(self):
		return self.hash.hexdigest()
class Gmac:
	def __init__(self):
		global ctypes
		import _hashlib, ctypes
		# The library that Python computes SHA-256 with.
		self.crypto = crypto = ctypes.CDLL(_hashlib.__file__)
		crypto.EVP_CIPHER_CTX_new.restype = crypto.EVP_aes_128_gcm.restype = ctypes.c_void_p
		self.context = ctypes.c_void_p(crypto.EVP_CIPHER_CTX_new())
		self.length, self.tag = ctypes.c_int(), ctypes.create_string_buffer(16)
		self.check(crypto.EVP_EncryptInit_ex(self.context, ctypes.c_void_p(crypto.EVP_aes_128_gcm()), None, key, None))
	def check(self, result):
		if result != 1:
			raise OSError("OpenSSL")
	def begin(self):
		self.check(self.crypto.EVP_EncryptInit_ex(self.context, None, None, None, bytes(12)))
	def update(self, buffer, count):
		data = (ctypes.c_char * len(buffer)).from_buffer(buffer)
		self.check(self.crypto.EVP_EncryptUpdate(self.context, None, ctypes.byref(self.length), data, count))
	def digest(self):
		evp_ctrl_aead_get_tag = 16
		self.check(self.crypto.EVP_EncryptFinal_ex(self.context, self.tag, ctypes.byref(self.length)))
		self.check(self.crypto.EVP_CIPHER_CTX_ctrl(self.context, evp_ctrl_aead_get_tag, 16, self.tag))
		return self.tag.raw.hex()
def sum_of(hash, buffer):
	hash.begin()
	hash.update(buffer, len(buffer))
	return hash.digest()
'
# Prints the faster hash. AES-GMAC is slow on a processor without instructions for it. Python before 3.7 has no preadv, and fails.
find_hash="$define_hashes"'
os.preadv
def time_of(hash):
	buffer = bytearray(1 << 18)
	sum_of(hash, buffer)
	start = time.perf_counter()
	sum_of(hash, buffer)
	return time.perf_counter() - start
try:
	key = bytes(16)
	print("gmac" if time_of(Gmac()) < time_of(Sha256()) else "python3")
except Exception:
	print("python3")
'
# Prints the sums of blocks. Parameters: file, length of a block, number of the first one, number of blocks, and the size of the file:
# nothing behind that is read.
sum_blocks="$define_hashes"'
file = os.open(sys.argv[1], os.O_RDONLY)
size, first, count, limit = map(int, sys.argv[2:6])
new_hash = Gmac if key else Sha256
zeros = bytes(min(size, 1 << 20))
sum_of_zeros = sum_of(new_hash(), bytearray(zeros))
# Between short calls, threads wait for one another.
threads = 1 if key else min(2, len(os.sched_getaffinity(0)))
def sum_block(hash, buffer, block):
	at, end = block * size, min((block + 1) * size, limit)
	hash.begin()
	while at < end:
		count = os.preadv(file, [memoryview(buffer)[:end - at]], at)
		if count == 0:
			break
		if count == size and buffer == zeros:
			return sum_of_zeros
		hash.update(buffer, count)
		at += count
	return hash.digest()
def sum_blocks(blocks):
	window = max(threads, (32 << 20) // size)
	for at in range(0, len(blocks), window):
		part = blocks[at:at + window]
		sums = [""] * len(part)
		def work(first):
			hash, buffer = new_hash(), bytearray(len(zeros))
			for i in range(first, len(part), threads):
				sums[i] = sum_block(hash, buffer, part[i])
		others = [threading.Thread(target=work, args=(i,)) for i in range(1, threads)]
		for other in others:
			other.start()
		work(0)
		for other in others:
			other.join()
		if "" in sums:
			sys.exit(1)
		yield sums
print("splice-blocks")
sums = []
for part in sum_blocks(range(first, first + count)):
	sums += part
	sys.stdout.write("".join(part))
	sys.stdout.flush()
'
# Reads lines of 42 characters with the start and the length of a range, up to one of no bytes.
read_ranges='
def take(count):
	return os.read(0, count) or sys.exit(3)
def read_ranges():
	while True:
		line = b""
		while len(line) < 42:
			line += take(42 - len(line))
		start, count = map(int, line.split())
		if count == 0:
			return
		yield start, count
'
# Then writes ranges from standard input to the new file, with bytes behind each line, or zeros for a negative length, and prints the
# SHA-256 of the list of the sums of all its blocks. The new file is a copy that no other process writes to. What was written is
# summed again. Unless the sums above are its own, they are those of the file that it was cloned from, and if that has changed since,
# all blocks are.
# Further parameters: new file, time of the last status change and inode of the file that it was cloned from, or nothing.
write_ranges="$sum_blocks$read_ranges"'
copy, before = os.open(sys.argv[6], os.O_RDWR), sys.argv[7]
def write(start, data):
	while data:
		count = os.pwrite(copy, data, start)
		start += count
		data = data[count:]
def clear(start, count):
	if sys.maxsize > 1 << 32:
		try:
			import ctypes
			keep_size_punch_hole = 3
			if ctypes.CDLL(None).fallocate(copy, keep_size_punch_hole, ctypes.c_int64(start), ctypes.c_int64(count)) == 0:
				return
		except Exception:
			pass
	for at in range(start, start + count, 1 << 20):
		write(at, bytes(min(1 << 20, start + count - at)))
written = []
for start, count in read_ranges():
	written += range(start // size, -(-(start + abs(count)) // size))
	if count < 0:
		clear(start, -count)
	while count > 0:
		data = take(min(count, 1 << 20))
		write(start, data)
		start += len(data)
		count -= len(data)
status = os.fstat(file)
now = "%d.%09d:%d" % (*divmod(status.st_ctime_ns, 10 ** 9), status.st_ino)
file = copy
sums += [""] * (-(-limit // size) - len(sums))
word = ""
if before not in ("", now):
	written, word = range(len(sums)), " all"
done, alive = 0, time.monotonic()
for part in sum_blocks(written):
	for sum in part:
		sums[written[done]] = sum
		done += 1
	if time.monotonic() > alive + 1:
		print("splice-alive", flush=True)
		alive = time.monotonic()
print("splice-sum " + hashlib.sha256("".join(sums).encode()).hexdigest() + word)
'

# Then reads ranges from standard input, and prints their bytes.
send_ranges="$sum_blocks$read_ranges"'
for start, count in read_ranges():
	while count > 0:
		sent = os.sendfile(1, file, start, count)
		if sent == 0:
			sys.exit(1)
		start += sent
		count -= sent
'

# Prints what computes the sums of the blocks of a file on this host: gmac, python3 or sha256sum; nothing if it is not worth it.
block_tool() {
    if [ -r "$1" ] && printf xx | dd bs=1 seek=1 count=2 iflag=fullblock,count_bytes oflag=seek_bytes conv=notrunc of=/dev/null 2> /dev/null; then
        run_python "$find_hash" 2> /dev/null || ! command -v sha256sum > /dev/null || echo sha256sum
    fi
}

# Runs a program, without the modules of the user and of the current directory. Parameters are visible to other users.
key=
run_python() { splice_key=$key python3 -I -S -c "$@"; }

# Prints the SHA-256 of a block of a file of the length $size without Python: a block is a multiple of 1 MiB. Parameters: file,
# length and number of the block.
sum_block() {
    from=$(($2 * $3)) length=$2
    [ "$((size - from))" -ge "$length" ] || length=$((size - from))
    sum=$(dd if="$1" bs=1048576 skip="$((from >> 20))" count="$length" iflag=fullblock,count_bytes 2> /dev/null | sha256sum)
    printf "%.64s" "$sum"
}

# Prints the sums of blocks, and adds them to $sums without Python. Parameters: tool, file, length of a block, number of the first
# one, and of blocks, and the key for AES-GMAC.
sums=
print_blocks() {
    key=${6-}
    if [ "$1" != sha256sum ]; then
        run_python "$sum_blocks" "$2" "$3" "$4" "$5" "$size" 2> /dev/null
        return
    fi
    printf "splice-blocks\n"
    block=$4
    while [ "$block" -lt "$(($4 + $5))" ]; do
        sums="$sums $(sum_block "$2" "$3" "$block")"
        printf "%s" "${sums##* }"
        block=$((block + 1))
    done
}

# Prints the SHA-256 of the list of the sums of all blocks, and sums again those that were written. Parameters: the sums
# before. The blocks of $block_size bytes are those of $t, which has $size.
print_list() {
    list="" block=0
    while [ "$((block * block_size))" -lt "$size" ]; do
        case "$written " in
            *" $block "*) list=$list$(sum_block "$t" "$block_size" "$block") ;;
            *) list=$list$1 ;;
        esac
        [ "$#" -eq 0 ] || shift
        block=$((block + 1))
    done
    list=$(printf "%s" "$list" | sha256sum)
    printf "splice-sum %s\n" "${list%% *}"
}

# Adds the blocks of a range to $written.
add_written() {
    block=$(($1 / block_size))
    while [ "$((block * block_size))" -lt "$(($1 + $2))" ]; do
        written="$written $block"
        block=$((block + 1))
    done
}
