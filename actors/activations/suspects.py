"""A worker's watch over suspects: it runs one at a time, and afterwards asks for the executions put off meanwhile."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from domain.executions.suspects import SUSPECT_AFTER


class SuspectWatch:
    """Lives on one event loop. `take_up` is called with each execution that may be claimed now."""

    def __init__(self, take_up: Callable[[UUID], None], *, watched_for: timedelta) -> None:
        self._take_up = take_up
        self._watched_for = watched_for
        self._suspect: UUID | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._put_off: dict[UUID, None] = {}
        self._watched: set[UUID] = set()

    @property
    def watched(self) -> Sequence[UUID]:
        """The suspects held here that have been watched for long enough."""
        return tuple(self._watched)

    def begin(self, claimed: Mapping[UUID, int], refused: Sequence[UUID]) -> None:
        """Take note of a claim: the claimed executions with the number of workers each has lost, and the refused ones.

        Where a suspect is watched, that may be why they were refused.
        """
        for id, crashes in claimed.items():
            if crashes >= SUSPECT_AFTER:
                self._forget_suspect()
                self._suspect = id
                self._timer = asyncio.get_running_loop().call_later(self._watched_for.total_seconds(), self._time_is_up)
        if self._suspect is not None:
            self._put_off |= dict.fromkeys(refused)

    def end(self, id: UUID) -> None:
        """Take note that an execution does not run here any more."""
        self._watched.discard(id)
        if id == self._suspect:
            self._forget_suspect()
            self._go_on()

    def close(self) -> Sequence[UUID]:
        """Stop watching; returns the executions that were put off."""
        self._forget_suspect()
        left, self._put_off = tuple(self._put_off), {}
        return left

    def _time_is_up(self) -> None:
        assert self._suspect is not None
        self._watched.add(self._suspect)
        self._forget_suspect()
        self._go_on()

    def _forget_suspect(self) -> None:
        self._suspect = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _go_on(self) -> None:
        put_off, self._put_off = self._put_off, {}
        for id in put_off:
            self._take_up(id)
