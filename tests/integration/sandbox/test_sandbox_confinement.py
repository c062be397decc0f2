"""The confinement of sandbox children: they can compute, and do nothing else."""

import subprocess
import sys
from pathlib import Path

import pytest

from actors.sandbox import confinement as sandbox_confinement

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process give up system calls")

PROGRAM = """
import ctypes, os, resource, signal, socket, sys, threading
sys.path.insert(0, {folder!r})
from actors.sandbox.confinement import confine, limit_memory

libc = ctypes.CDLL(None, use_errno=True)
status = os.open("/proc/self/status", os.O_RDONLY)
ours, theirs = socket.socketpair()
assert limit_memory()

def attempt():
    missing = confine()
    try:
        {attempt}
    except BaseException as error:
        os.write(1, f"refused {{type(error).__name__}} {{missing}}".encode())
    else:
        os.write(1, f"done {{missing}}".encode())
    os._exit(0)

threading.Thread(target=attempt).start()
"""

FORBIDDEN = {
    "reading a file": "os.open('/etc/hostname', os.O_RDONLY)",
    "writing a file": "open('/tmp/sandbox-child', 'w').write('x')",
    "listing a folder": "os.listdir('/')",
    "asking about a file": "os.stat('/etc/passwd')",
    "removing a file": "os.unlink('/tmp/none')",
    "a link": "os.symlink('/etc/passwd', '/tmp/link')",
    "a socket": "socket.socket()",
    "a local socket": "socket.socketpair()",
    "passing a descriptor on": "socket.send_fds(ours, [b'x'], [0])",
    "a process": "os.fork()",
    "a program": "os.execv('/bin/true', ['true'])",
    "a program by posix_spawn": "os.posix_spawn('/bin/true', ['true'], {})",
    "a thread": "threading.Thread(target=print).start()",
    "ending its parent": "os.kill(os.getppid(), 0)",
    "becoming root again": "os.setresuid(0, 0, 0)",
    "a pipe": "os.pipe()",
    "a copy of a descriptor": "os.dup(0)",
    "raising its own limits": "resource.setrlimit(resource.RLIMIT_AS, (-1, -1))",
    "memory of another process": "libc.ptrace(16, os.getppid(), 0, 0) == 0 or os._exit(os.write(1, b'refused') and 0)",
    "a namespace": "libc.unshare(0x10000000) == 0 or os._exit(os.write(1, b'refused') and 0)",
    "a file in memory": "os.memfd_create('x')",
    "another root": "os.chroot('/tmp')",
}
ALLOWED = {
    "computing": "assert sum(range(100_000))",
    "memory": "assert bytearray(50_000_000)",
    "answering": "os.write(2, b'')",
    "the time": "__import__('time').time()",
}


def tried(attempt: str) -> str:
    folder = str(Path(sandbox_confinement.__file__).parents[2])
    program = PROGRAM.replace("{folder!r}", repr(folder)).replace("{attempt}", attempt)
    program = program.replace("{{", "{").replace("}}", "}")
    command = [sys.executable, "-I", "-S", "-c", program]
    return subprocess.run(command, capture_output=True, env={}, timeout=30, check=False).stdout.decode()


@pytest.mark.parametrize("attempt", FORBIDDEN.values(), ids=FORBIDDEN)
def test_a_child_can_do_nothing_to_anybody(attempt: str) -> None:
    assert tried(attempt).startswith("refused")


@pytest.mark.parametrize("attempt", ALLOWED.values(), ids=ALLOWED)
def test_a_child_can_compute_and_answer(attempt: str) -> None:
    assert tried(attempt).startswith("done")


def test_a_child_is_nobody_and_can_never_be_more() -> None:
    shown = tried("os.write(1, b'refused ' + os.pread(status, 4096, 0))")
    facts = dict(line.split(":\t", 1) for line in shown.splitlines() if ":\t" in line)
    assert facts["NoNewPrivs"] == "1"
    assert facts["Seccomp"] == "2"
    assert "0" not in facts["Uid"].split()
    assert int(facts["CapEff"], 16) == 0
    assert facts["Groups"].strip() == "" or "0" not in facts["Uid"].split()


def test_nothing_is_missing_on_linux_but_what_only_root_may_give_up() -> None:
    missing = tried("pass").removeprefix("done ")
    assert missing in ("[]", "['network namespace']")
