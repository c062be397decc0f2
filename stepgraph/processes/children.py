"""Child processes that never outlive us: they die with their parent, and they are stopped politely before that."""

import asyncio
import ctypes
import os
import pwd
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from stepgraph.processes.data_directory import open_privately

_PR_SET_PDEATHSIG = 1


def dies_with_parent(signal_number: int = signal.SIGTERM) -> Callable[[], None] | None:
    """A function that a child runs before its program, so that the kernel signals it when its parent dies.

    None on systems other than Linux.

    The signal comes when the *thread* that started the child ends: start children from the main thread.
    See prctl(2), PR_SET_PDEATHSIG.
    """
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def arrange() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
        if os.getppid() != parent:  # it was gone before we could ask to be told
            os._exit(1)

    return arrange


async def start_child(
    command: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    output: Path | None = None,
    user: str | None = None,
    death_signal: int = signal.SIGTERM,
    descriptors: Sequence[int] = (),
) -> asyncio.subprocess.Process:
    """Start a program in a session of its own, so that Ctrl-C reaches only us and we decide the order of stopping.

    `output` is a file that its standard output and error are appended to; without it they go where ours go. Files that
    the child makes are for its owner alone. `user`: runs it as that user, in that user's one group.
    `descriptors`: open files that it inherits, under the same numbers.
    """
    file = None if output is None else open_privately(output)
    group = None if user is None else pwd.getpwnam(user).pw_gid
    try:
        return await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            env=None if environment is None else {**os.environ, **environment},
            user=user,
            group=group,
            extra_groups=None if user is None else (),
            umask=0o077,
            start_new_session=True,
            pass_fds=descriptors,
            preexec_fn=dies_with_parent(death_signal),
        )
    finally:
        if file is not None:
            os.close(file)


async def stop_child(child: asyncio.subprocess.Process, *, signal_number: int = signal.SIGTERM, grace: float) -> None:
    """Ask a child to end, and kill it when it has not after `grace` seconds."""
    if child.returncode is not None:
        return
    try:
        child.send_signal(signal_number)
        await asyncio.wait_for(child.wait(), grace)
    except ProcessLookupError:
        return
    except TimeoutError:
        child.kill()
        await child.wait()
