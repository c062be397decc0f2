"""Confinement of a sandbox child: once it has started, it computes and answers, and can do nothing else.

Linux lets a process give up almost every call to the system for good (seccomp): no file, no socket, no program, no
other process, no namespace. Other systems have the rest: limits on resources, and another user than root.
"""

import ctypes
import os
import platform
import resource
import signal
import struct
import sys
from collections.abc import Callable, Iterator
from typing import Final

_ADDRESS_SPACE: Final = 2**30
_PROCESSOR_TIME: Final = 3_600
_NOBODY: Final = 65_534

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
_CLONE_NEWIPC, _CLONE_NEWNET = 0x08000000, 0x40000000

# The calls that Python's memory, its threads, clocks and signals, and the answers on the socket need; by number.
_X86_64: Final = {
    "read": 0, "write": 1, "close": 3, "fstat": 5, "lseek": 8, "mmap": 9, "mprotect": 10, "munmap": 11, "brk": 12,
    "rt_sigaction": 13, "rt_sigprocmask": 14, "rt_sigreturn": 15, "pread64": 17, "sched_yield": 24, "mremap": 25,
    "madvise": 28, "nanosleep": 35, "setitimer": 38, "getpid": 39, "exit": 60, "gettimeofday": 96, "sigaltstack": 131,
    "gettid": 186, "futex": 202, "restart_syscall": 219, "clock_gettime": 228, "clock_getres": 229,
    "clock_nanosleep": 230, "exit_group": 231, "getrandom": 318, "membarrier": 324, "rseq": 334,
}  # fmt: skip
_AARCH64: Final = {
    "close": 57, "lseek": 62, "read": 63, "write": 64, "pread64": 67, "fstat": 80, "exit": 93, "exit_group": 94,
    "futex": 98, "nanosleep": 101, "setitimer": 103, "clock_gettime": 113, "clock_getres": 114, "clock_nanosleep": 115,
    "sched_yield": 124, "restart_syscall": 128, "sigaltstack": 132, "rt_sigaction": 134, "rt_sigprocmask": 135,
    "rt_sigreturn": 139, "gettimeofday": 169, "getpid": 172, "gettid": 178, "brk": 214, "munmap": 215, "mremap": 216,
    "mmap": 222, "mprotect": 226, "madvise": 233, "getrandom": 278, "membarrier": 283, "rseq": 293,
}  # fmt: skip
# Architecture as seccomp names it, the number of `seccomp` itself, and what is allowed.
_MACHINES: Final = {"x86_64": (0xC000003E, 317, _X86_64), "aarch64": (0xC00000B7, 277, _AARCH64)}

_SET_MODE_FILTER, _ALL_THREADS = 1, 1
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000 | 1, 0x80000000  # refused with EPERM
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_NUMBER_AT, _ARCHITECTURE_AT = 0, 4


class _Program(ctypes.Structure):
    """`struct sock_fprog` of the kernel."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def limit_memory() -> bool:
    """Take no more than a GiB of address space; False where this system cannot limit that.

    Called before anything is imported: an engine's allocator would reserve as much for itself.
    """
    try:
        resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE, _ADDRESS_SPACE))
    except (ValueError, OSError):
        return False
    return True


def confine() -> list[str]:
    """Give up whatever can be given up, in all threads; returns the names of what this system does not allow."""
    steps: list[tuple[str, Callable[[], None]]] = [("limits", _limit)]
    if sys.platform == "linux":
        steps = [("memory priority", _offer_to_be_killed), ("network namespace", _leave_the_network), *steps]
        steps += [("user", _become_nobody), ("parent", _die_with_parent), ("system calls", _refuse_calls)]
    else:
        steps.append(("user", _become_nobody))
    return list(_impossible(steps))


def _impossible(steps: list[tuple[str, Callable[[], None]]]) -> Iterator[str]:
    for name, step in steps:
        try:
            step()
        except (OSError, ValueError):
            yield name


def _limit() -> None:
    """Allow no further process, no new descriptor, no file written, no core dump."""
    limits = [
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CPU, _PROCESSOR_TIME),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, 0),
    ]
    for kind, most in limits:
        resource.setrlimit(kind, (most, most))


def _offer_to_be_killed() -> None:
    """Make this process the first one that the kernel ends when memory runs out."""
    file = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
    try:
        os.write(file, b"1000")
    finally:
        os.close(file)


def _leave_the_network() -> None:
    """Enter an empty network of its own. Only root may; nobody else misses it, as sockets are refused anyway."""
    if os.geteuid() == 0:
        _checked(ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWNET | _CLONE_NEWIPC))


def _become_nobody() -> None:
    """Become another user than root, for good, in all threads."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, _NOBODY)


def _die_with_parent() -> None:
    """Die when the parent does. Called after the change of user, which would take this back."""
    parent = os.getppid()
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    _prctl(_PR_SET_DUMPABLE, 0)
    if os.getppid() != parent:
        os._exit(0)


def _refuse_calls() -> None:
    """Refuse every system call that is not in the table from now on."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    machine = _MACHINES.get(platform.machine()) if sys.maxsize > 2**32 else None
    if machine is None:
        raise OSError("no table of calls for this machine")
    architecture, seccomp, allowed = machine
    code = _filter(architecture, sorted(allowed.values()))
    program = _Program(len(code) // 8, code)
    libc = ctypes.CDLL(None, use_errno=True)
    _checked(libc.syscall(seccomp, _SET_MODE_FILTER, _ALL_THREADS, ctypes.byref(program)))


def _filter(architecture: int, allowed: list[int]) -> bytes:
    """The program that the kernel runs on every system call: `struct sock_filter`s, eight bytes each."""
    lines = [
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        (_JUMP_IF_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER_AT),
        *((_JUMP_IF_EQUAL, len(allowed) - index, 0, number) for index, number in enumerate(allowed)),
        (_RETURN, 0, 0, _REFUSE),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("=HBBI", *line) for line in lines)


def _prctl(option: int, value: int) -> None:
    _checked(ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0))


def _checked(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), "refused")
