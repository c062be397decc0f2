"""The ids by which a supervisor knows the processes of a program: each is told its own, and which before it have ended.

A worker registers under its id, so the next one can release at once what a dead one held, and need not wait for its
lease to be over: its supervisor has seen it end.
"""

import os
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from uuid import UUID

from domain.kernel.ids import new_id

OWN_VARIABLE, ENDED_VARIABLE = "STEPGRAPH_INSTANCE", "STEPGRAPH_ENDED_INSTANCES"
_MOST_ENDED = 20


@dataclass(frozen=True, slots=True)
class Instance:
    """A process: its id (None where no supervisor has given it one), and the ids of those before it that have ended."""

    id: UUID | None = None
    ended: Sequence[UUID] = ()


@cache
def this_instance() -> Instance:
    """This process. The variables are removed from the environment, so that no child takes them for its own."""
    own, ended = os.environ.pop(OWN_VARIABLE, ""), os.environ.pop(ENDED_VARIABLE, "")
    try:
        return Instance(UUID(own), [UUID(each) for each in ended.split()])
    except ValueError:
        return Instance()


class Instances:
    """The processes of one program, of which one runs at a time."""

    def __init__(self) -> None:
        self._current: UUID | None = None
        self._ended: deque[UUID] = deque(maxlen=_MOST_ENDED)

    def next(self) -> Mapping[str, str]:
        """The variables of the next process; the one before it has ended."""
        if self._current is not None:
            self._ended.append(self._current)
        self._current = new_id()
        return {OWN_VARIABLE: str(self._current), ENDED_VARIABLE: " ".join(map(str, self._ended))}

    def settled(self) -> None:
        """The process has lived long enough to have done what it does about those before it."""
        self._ended.clear()
