"""The program of a sandbox child: reads expressions and JSON Schemas from its standard input, and answers on it.

It is run as a file, by an interpreter that knows nothing (`-I -S`) but where the packages are. A request may hang it,
crash it or eat all the memory it can get; its parent copes with that. Its standard input is one end of a pair of
sockets:

    to the child     REQUEST: kind, length of the rest, now, seed, length of the source; the source; the data, as JSON
    from the child   ANSWER: length of the text, kind, whether it is the last one; the text

The first answer, of kind `READY`, says that the child is there, and which protections the system does not offer; then
comes one for each request. After its last one it is to be replaced.
"""

import os
import resource
import signal
import struct
import sys
import threading
import time
from typing import Final

#: Lengths are bytes, `now` counts milliseconds since 1970, and texts are UTF-8.
REQUEST: Final = struct.Struct("!cIqqI")
ANSWER: Final = struct.Struct("!Ic?")

#: The kinds of requests: an expression and its data; a schema and a value; a schema alone.
EVALUATE, CHECK, COMPILE = b"e", b"c", b"s"

#: The kinds of answers. The text of a value is JSON, that of the two errors a sentence; problems are JSON either way.
READY, VALUE, NOTHING, FAILED, TOO_COSTLY = b"r", b"v", b"n", b"f", b"l"

_SOCKET = 0
_STACK = 64 * 2**20  # values that hold each other a million times over are freed by recursion
_PATIENCE = 3.0
_KEPT_PROGRAMS = 1_000
_KEPT_SCHEMAS = 100
_LONGEST_LISTED = 64 * 2**10
_WORKING_LIFE = 1_800.0  # half of the processor time that the system lets it have


def main(calls: int, most_resident: int) -> None:
    """Answer requests until the other end is closed. The answer after `calls` requests is marked as the last.

    So is the answer after which more than `most_resident` bytes are resident, or half of the processor time is used.
    """
    from actors.sandbox.confinement import limit_memory

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # whoever started it decides when it is over
    missing = [] if limit_memory() else ["memory"]
    threading.stack_size(_STACK)
    threading.Thread(target=_serve_and_exit, args=(calls, most_resident, missing)).start()


def _serve_and_exit(calls: int, most_resident: int, missing: list[str]) -> None:
    try:
        _serve(calls, most_resident, missing)
    finally:
        os._exit(0)


def _serve(calls: int, most_resident: int, missing: list[str]) -> None:
    from actors.sandbox.confinement import confine
    from actors.sandbox.work import Work  # all that is ever imported: from here on, no file can be opened

    work, resident = Work(_KEPT_PROGRAMS, _KEPT_SCHEMAS, _LONGEST_LISTED), Resident()
    work.warm_up()
    _answer(READY, ", ".join([*missing, *confine()]), is_last=False)
    while head := _read(REQUEST.size):
        asked, size, now, seed, source_size = REQUEST.unpack(head)
        body = _read(size)
        # Should it hang when nobody is left to end it, the system does.
        signal.setitimer(signal.ITIMER_REAL, _PATIENCE)
        source, data = body[:source_size].decode(), body[source_size:].decode()
        kind, text = work.answer(asked, source, data, now, seed)
        signal.setitimer(signal.ITIMER_REAL, 0)
        calls -= 1
        is_old = calls <= 0 or resident.bytes() > most_resident or time.process_time() > _WORKING_LIFE
        _answer(kind, text, is_last=is_old)


class Resident:
    """The memory that the process occupies, in bytes, on Linux; 0 elsewhere."""

    def __init__(self) -> None:
        self._file = os.open("/proc/self/statm", os.O_RDONLY) if sys.platform == "linux" else None

    def bytes(self) -> int:
        """The memory that it occupies now."""
        if self._file is None:
            return 0
        return int(os.pread(self._file, 64, 0).split()[1]) * resource.getpagesize()


def _read(size: int) -> bytes:
    """Exactly `size` bytes, or none where the other end is closed."""
    parts = []
    while size > 0:
        part = os.read(_SOCKET, size)
        if not part:
            return b""
        size -= len(part)
        parts.append(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _answer(kind: bytes, text: str, *, is_last: bool) -> None:
    encoded = text.encode(errors="replace")
    rest = memoryview(ANSWER.pack(len(encoded), kind, is_last) + encoded)
    while rest:
        rest = rest[os.write(_SOCKET, rest) :]


if __name__ == "__main__":
    sys.path[:0] = sys.argv[3:]
    main(calls=int(sys.argv[1]), most_resident=int(sys.argv[2]))
