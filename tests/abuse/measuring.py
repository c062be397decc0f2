"""Costs of a request: processor time and memory of the API, of its children and of PostgreSQL.

Linux counts the processor time of a process in nanoseconds, and tells it of another process by a clock whose number is
made from the process's (clock_getcpuclockid of POSIX). Times that are the clock's on the wall would say how busy the
machine is.
"""

import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil


def processor_seconds(pid: int) -> float:
    """The processor seconds that all threads of a process have used so far; 0 when there is no such process."""
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0.0


def seconds_without_processor() -> float:
    """The seconds that this process's main thread has waited for a processor so far (proc(5), schedstat)."""
    return int(Path("/proc/self/schedstat").read_text().split()[1]) / 1e9


@dataclass(frozen=True, slots=True)
class Reading:
    """Seconds of processor time that processes have used up to a moment."""

    own: float
    children: float
    postgres: float

    def since(self, earlier: "Reading") -> "Reading":
        """The usage between two readings."""
        return Reading(
            self.own - earlier.own,
            max(0.0, self.children - earlier.children),
            max(0.0, self.postgres - earlier.postgres),
        )


@dataclass(frozen=True, slots=True)
class Meter:
    """Reads one process, what it has started, and a server of PostgreSQL where it runs on this machine."""

    process: psutil.Process
    postgres: psutil.Process | None

    def read(self) -> Reading:
        """The usage up to now."""
        return Reading(
            processor_seconds(self.process.pid),
            _below(self.process),
            0.0 if self.postgres is None else _below(self.postgres),
        )

    def memory(self) -> int:
        """Bytes that the process has in memory, without its children's."""
        return int(self.process.memory_info().rss)


def _below(parent: psutil.Process) -> float:
    """The processor seconds of the processes below one, those that have ended included."""
    times = parent.cpu_times()
    return float(times.children_user + times.children_system) + sum(_of(parent.children(recursive=True)))


def _of(processes: Iterable[psutil.Process]) -> Iterable[float]:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            yield processor_seconds(process.pid)
