"""The program of the process that runs tests: reads jobs from its standard input, and answers on it.

It is run as a file, by an interpreter without site packages (`-I -S`) that is told where to import from. Before the
first job everything is imported and run once; then the process gives up all that it does not need to compute: files,
the network, other processes (`actors.sandbox.confinement`). Expressions and schemas of unknown cost are evaluated here
as well; whoever has started the process ends it when that takes too long.

Both ways go messages: the length of the text, the kind of it, the text. Parts of results are in `codec`.
"""

import gc
import os
import signal
import struct
import sys
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from actors.workflow_tests.jobs import Jobs

HEAD: Final = struct.Struct("!Ic")

#: The kinds of messages besides the parts of answers: it can be asked; a job; and behind every answer, that it can be
#: asked again, or ends.
READY, JOB, NEXT, LAST = b"r", b"j", b"n", b"o"

_SOCKET = 0
_STACK = 64 * 2**20
_NICENESS = 5
_MOST_JOBS = 100
_MOST_RESIDENT = 256 * 2**20  # bytes, after a job


def main(patience: float) -> None:
    """Answer jobs until the other end is closed. A job that takes `patience` seconds ends the process."""
    from actors.sandbox.confinement import limit_memory

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # whoever started it decides when it is over
    missing = [] if limit_memory() else ["memory"]
    os.nice(_NICENESS)
    threading.stack_size(_STACK)
    thread = threading.Thread(target=_serve_and_exit, args=(patience, missing))
    thread.start()
    thread.join()  # the interpreter of a main thread that has ended lets nothing more be imported


def _serve_and_exit(patience: float, missing: list[str]) -> None:
    try:
        _serve(patience, missing)
    finally:
        os._exit(0)


def _serve(patience: float, missing: list[str]) -> None:
    import logging

    from actors.sandbox.child import Resident
    from actors.sandbox.confinement import confine
    from actors.workflow_tests.jobs import Jobs  # all that is ever imported: from here on, no file can be opened

    logging.disable()
    jobs, resident = Jobs(), Resident()
    jobs.warm_up()
    gc.freeze()
    _send(READY, ", ".join([*missing, *confine()]).encode())
    answered, is_last = 0, False
    while not is_last and (head := _read(HEAD.size)):
        size, _ = HEAD.unpack(head)
        signal.setitimer(signal.ITIMER_REAL, patience)  # should nobody be left to end it
        is_last = _answered(jobs, _read(size))
        signal.setitimer(signal.ITIMER_REAL, 0)
        gc.collect()
        answered += 1
        is_last = is_last or answered >= _MOST_JOBS or resident.bytes() > _MOST_RESIDENT
        _send(LAST if is_last else NEXT, b"")


def _answered(jobs: "Jobs", text: bytes) -> bool:
    """Answer a job; True where the process is of no further use."""
    from actors.workflow_tests.codec import EXCEEDED

    try:
        for kind, part in jobs.answer(text):
            _send(kind, part)
    except MemoryError:
        _send(EXCEEDED, b"it needs too much memory")
        return True
    return jobs.is_over


def _send(kind: bytes, text: bytes) -> None:
    rest = memoryview(HEAD.pack(len(text), kind) + text)
    while rest:
        rest = rest[os.write(_SOCKET, rest) :]


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


if __name__ == "__main__":
    sys.path[:] = sys.argv[2:]
    main(patience=float(sys.argv[1]))
