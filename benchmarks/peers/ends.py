"""The other ends that benchmarks write to and read from, the same for all who are compared.

ends.py FOLDER [SOURCE]: a TCP port and a Unix socket that throw away what comes, a TCP port and a Unix socket that send
SOURCE, and FIFOs that are emptied. Inside the kernel, so that they take little and the same from everybody. The addresses
go out as a line of JSON; it ends with its standard input.
"""
import fcntl
import json
import os
import signal
import socket
import sys
import threading

FIFOS = 8
ROOM = 1 << 20


def discard(file):
    reader, writer = os.pipe()
    room = fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, ROOM)
    with open("/dev/null", "wb", buffering=0) as null:
        while moved := os.splice(file, writer, room):
            while moved:
                moved -= os.splice(reader, null.fileno(), moved)
    os.close(reader)
    os.close(writer)


def take(one):
    with one:
        discard(one.fileno())


def give(one):
    with one, open(source, "rb", buffering=0) as file:
        at, size = 0, os.fstat(file.fileno()).st_size
        while at < size:
            at += os.sendfile(one.fileno(), file.fileno(), at, size - at)
        one.shutdown(socket.SHUT_WR)
        one.recv(1)


def serve(listener, answer):
    def accept():
        while True:
            one, _ = listener.accept()
            in_background(answer, one)
    in_background(accept)


def empty(path):
    while True:
        with open(path, "rb", buffering=0) as fifo:
            fcntl.fcntl(fifo, fcntl.F_SETPIPE_SZ, ROOM)
            null = os.open("/dev/null", os.O_WRONLY)
            while os.splice(fifo.fileno(), null, ROOM):
                pass
            os.close(null)


def in_background(function, *arguments):
    threading.Thread(target=function, args=arguments, daemon=True).start()


# Ctrl+C is for the one who started this, and who closes the input then.
signal.signal(signal.SIGINT, signal.SIG_IGN)
folder = sys.argv[1]
source = sys.argv[2] if len(sys.argv) > 2 else None
addresses = {"fifos": []}
for name, answer in ("sink", take), ("feed", give):
    tcp = socket.create_server(("127.0.0.1", 0))
    serve(tcp, answer)
    unix = socket.socket(socket.AF_UNIX)
    unix.bind(f"{folder}/{name}.sock")
    unix.listen()
    serve(unix, answer)
    addresses[name] = {"tcp": f"127.0.0.1:{tcp.getsockname()[1]}", "unix": f"{folder}/{name}.sock"}
for number in range(FIFOS):
    path = f"{folder}/fifo-{number}"
    os.mkfifo(path)
    addresses["fifos"].append(path)
    in_background(empty, path)
print(json.dumps(addresses), flush=True)
sys.stdin.read()
