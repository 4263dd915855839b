"""Moves bytes with Python's own means, in a process that stays, so that no start of Python is measured.

A line of JSON comes in: {"call": [function, argument, ...], "repeat": n}; {0} in an argument is the number of the
repetition. A line of JSON goes out: seconds and processor seconds of one repetition.
"""
import json
import os
import resource
import shutil
import signal
import socket
import sys
import time

STEP = 1 << 30


def copyfile(source, target):
    shutil.copyfile(source, target)


def copytree(source, target):
    shutil.copytree(source, target, symlinks=True)


def _between(source, target, move):
    """Calls move(in, out, size) until nothing is left."""
    with open(source, "rb", buffering=0) as file, open(target, "wb", buffering=0) as out:
        move(file.fileno(), out.fileno(), os.fstat(file.fileno()).st_size)


def copy_file_range(source, target):
    def move(file, out, size):
        while os.copy_file_range(file, out, STEP):
            pass
    _between(source, target, move)


def sendfile(source, target):
    _between(source, target, _sendfile)


def _sendfile(file, out, size):
    at = 0
    while at < size:
        at += os.sendfile(out, file, at, min(size - at, STEP))


def splice(source, target):
    """Through a pipe of 1 MiB, as much at a time as it holds."""
    _between(source, target, lambda file, out, size: _splice(file, out))


def _splice(file, out):
    import fcntl
    reader, writer = os.pipe()
    try:
        room = fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 1 << 20)
        while held := os.splice(file, writer, room):
            while held:
                held -= os.splice(reader, out, held)
    finally:
        os.close(reader)
        os.close(writer)


def py_splice(source, target):
    """The system calls of py-splice: through a pipe, 4 KiB at a time."""
    def move(file, out, size):
        os.lseek(file, 0, os.SEEK_END)
        os.lseek(file, 0, os.SEEK_SET)
        reader, writer = os.pipe()
        try:
            while size > 0:
                moved = os.splice(file, writer, 4096)
                if not moved:
                    break
                os.splice(reader, out, moved)
                size -= moved
        finally:
            os.close(reader)
            os.close(writer)
    _between(source, target, move)


def range_copy_file_range(source, target, offset, count):
    with open(source, "rb", buffering=0) as file, open(target, "wb", buffering=0) as out:
        offset, count = int(offset), int(count)
        while count and (moved := os.copy_file_range(file.fileno(), out.fileno(), count, offset)):
            offset, count = offset + moved, count - moved


def _connect(address):
    """HOST:PORT, or the path of a Unix socket."""
    if address.startswith("/"):
        one = socket.socket(socket.AF_UNIX)
        one.connect(address)
        return one
    host, port = address.rsplit(":", 1)
    return socket.create_connection((host, int(port)))


def _finish(one):
    """The other side has everything when it has closed its side."""
    one.shutdown(socket.SHUT_WR)
    one.recv(1)


def send(source, address):
    with _connect(address) as one, open(source, "rb", buffering=0) as file:
        _sendfile(file.fileno(), one.fileno(), os.fstat(file.fileno()).st_size)
        _finish(one)


def relay(source, target):
    with _connect(source) as one, _connect(target) as other:
        _splice(one.fileno(), other.fileno())
        _finish(other)


def run(call, repeat):
    function, *arguments = call
    function = globals()[function]
    calls = [[argument.replace("{0}", str(number)) for argument in arguments] for number in range(repeat)]
    # Signal 0 does nothing: it marks the beginning and the end for who traces the system calls.
    os.kill(os.getpid(), 0)
    before = resource.getrusage(resource.RUSAGE_SELF)
    start = time.perf_counter()
    for arguments in calls:
        function(*arguments)
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_SELF)
    os.kill(os.getpid(), 0)
    return {"Seconds": seconds / repeat, "User": (after.ru_utime - before.ru_utime) / repeat,
            "System": (after.ru_stime - before.ru_stime) / repeat}


# Ctrl+C is for the one who started this, and who closes the input then.
signal.signal(signal.SIGINT, signal.SIG_IGN)
for line in sys.stdin:
    request = json.loads(line)
    try:
        answer = run(request["call"], request["repeat"])
    except Exception as error:
        answer = {"Error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
