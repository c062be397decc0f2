"""One time limit for many calls at once at the price of one timer; `asyncio.timeout` would take a timer for each."""

import asyncio


class Deadlines:
    """Cancels a task whose call takes longer than `limit` seconds, from `begin` to `end`, as `asyncio.timeout` does.

    All calls have the same limit, so they expire in the order in which they began and only the oldest is looked at.
    """

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._calls: dict[asyncio.Task[object], _Call] = {}
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, task: asyncio.Task[object]) -> None:
        """Start the time limit of the task's call; a task has one at a time. Everything is called on one event loop."""
        loop = task.get_loop()
        self._calls[task] = _Call(loop.time() + self._limit, task.cancelling())
        if self._timer is None:
            self._timer = loop.call_later(self._limit, self._look, loop)

    def is_over(self, task: asyncio.Task[object]) -> bool:
        """True when the CancelledError that the call raised means that its time is up, and nothing else."""
        call = self._calls[task]
        return call.is_expired and task.cancelling() - 1 <= call.cancelling_before

    def end(self, task: asyncio.Task[object]) -> None:
        """End the task's call; a cancellation by the time limit is taken back."""
        if self._calls.pop(task).is_expired:
            task.uncancel()

    def close(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        now = loop.time()
        for task, call in self._calls.items():
            if call.is_expired:
                continue
            if call.due > now:
                self._timer = loop.call_at(call.due, self._look, loop)
                return
            call.is_expired = True
            task.cancel()


class _Call:
    __slots__ = ("cancelling_before", "due", "is_expired")

    def __init__(self, due: float, cancelling_before: int) -> None:
        self.due = due
        self.cancelling_before = cancelling_before
        self.is_expired = False
