"""The program of a sandbox child: reads expressions from its standard input, and writes what they give back to it.

It is run as a file, by an interpreter that knows nothing (`-I -S`) but where the packages are. What it is asked may
hang it, crash it or eat all the memory it can get; whoever started it puts up with that. Its standard input is one end
of a pair of sockets:

    to the child     REQUEST: length of the rest, now, seed, length of the source; the source; the data, as JSON
    from the child   ANSWER: length of the text, kind, whether it is the last one; the text

The first answer, of kind `READY`, says that the child is there; then comes one for each request. After its last one it
is to be replaced.
"""

import os
import resource
import signal
import struct
import sys
import threading
from contextlib import suppress
from typing import Final

#: Lengths are bytes, `now` counts milliseconds since 1970, and texts are UTF-8.
REQUEST: Final = struct.Struct("!IqqI")
ANSWER: Final = struct.Struct("!Ic?")

#: The kinds of answers. The text of a value is JSON, that of the two errors a sentence.
READY, VALUE, NOTHING, FAILED, TOO_COSTLY = b"r", b"v", b"n", b"f", b"l"

_SOCKET = 0
_ADDRESS_SPACE = 2**30
_STACK = 64 * 2**20  # values that hold each other a million times over are freed by recursion
_PATIENCE = 3.0
_KEPT_PROGRAMS = 1_000
_PR_SET_PDEATHSIG = 1


def main(calls: int, most_resident: int) -> None:
    """Answer requests until the other end is closed, after so many or with so many bytes resident saying the last."""
    _confine()
    threading.stack_size(_STACK)
    threading.Thread(target=_serve_and_exit, args=(calls, most_resident)).start()


def _confine() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # whoever started it decides when it is over
    with suppress(ValueError, OSError):  # not every system can limit the address space
        resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE, _ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        import ctypes

        with suppress(OSError):
            file = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
            os.write(file, b"1000")  # where memory runs out, this is the process to end
            os.close(file)
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _serve_and_exit(calls: int, most_resident: int) -> None:
    try:
        _serve(calls, most_resident)
    finally:
        os._exit(0)


def _serve(calls: int, most_resident: int) -> None:
    from functools import lru_cache

    from domain.jsonata import EvaluationError, Program

    program = lru_cache(maxsize=_KEPT_PROGRAMS)(Program)

    def evaluate(source: str, data: str, now: int, seed: int) -> tuple[bytes, str]:
        """The one place where another engine would stand: the kind and the text of the answer."""
        try:
            value = program(source).evaluate_text(data, now, seed)
        except EvaluationError as error:
            return (TOO_COSTLY if error.is_limit else FAILED), str(error)
        except MemoryError:
            return TOO_COSTLY, "it needs too much memory."
        except ValueError as error:  # what cannot be parsed, or a value that JSON cannot say
            return FAILED, str(error)
        return (NOTHING, "") if value is None else (VALUE, value)

    _answer(READY, "", is_last=False)
    resident = _Resident()
    while head := _read(REQUEST.size):
        size, now, seed, source_size = REQUEST.unpack(head)
        body = _read(size)
        # Should it hang when nobody is left to end it, the system does.
        signal.setitimer(signal.ITIMER_REAL, _PATIENCE)
        kind, text = evaluate(body[:source_size].decode(), body[source_size:].decode(), now, seed)
        signal.setitimer(signal.ITIMER_REAL, 0)
        calls -= 1
        _answer(kind, text, is_last=calls <= 0 or resident.bytes() > most_resident)


class _Resident:
    """How much memory the process occupies, where the system tells."""

    def __init__(self) -> None:
        self._file = os.open("/proc/self/statm", os.O_RDONLY) if sys.platform == "linux" else None

    def bytes(self) -> int:
        if self._file is None:
            return 0
        return int(os.pread(self._file, 64, 0).split()[1]) * resource.getpagesize()


def _read(size: int) -> bytes:
    """So many bytes, or none where the other end is closed."""
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
