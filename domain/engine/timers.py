"""The heap of due times inside an execution's state. Entries are never searched for: stale ones fall off the top."""

from collections.abc import Iterator
from datetime import datetime

Timers = list[tuple[datetime, str]]


def due_paths(timers: Timers, now: datetime) -> Iterator[str]:
    """The paths whose time has come, each once, without changing the heap.

    In a heap the entries up to a bound are a connected part at the top, so the cost is in what is due.
    """
    seen: set[str] = set()
    pending = [0]
    while pending:
        index = pending.pop()
        if index >= len(timers) or timers[index][0] > now:
            continue
        path = timers[index][1]
        if path not in seen:
            seen.add(path)
            yield path
        pending += (2 * index + 2, 2 * index + 1)
