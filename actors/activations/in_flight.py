"""The calls that one activation has in flight: a task for each, whose result goes back to the activation."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, Protocol, TypeVar

Result_co = TypeVar("Result_co", covariant=True)
Result = TypeVar("Result")


class Closable(Awaitable[Result_co], Protocol[Result_co]):
    """An awaitable that can be given up before it is awaited, such as a coroutine."""

    def close(self) -> None:
        """Give it up; does nothing where it has ended."""


class Calls(Generic[Result]):
    """Calls by key. `report` gets the result of each, `fail` what one raises; after a stop neither is called.

    `owner` names their tasks together with their keys, for debugging the event loop.
    """

    def __init__(self, report: Callable[[Result], None], fail: Callable[[Exception], None], owner: str = "") -> None:
        self._owner = owner
        self._report = report
        self._fail = fail
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def __len__(self) -> int:
        return len(self._tasks)

    def __contains__(self, key: str) -> bool:
        return key in self._tasks

    def start(self, key: str, call: Closable[Result]) -> None:
        """Wait for it in the background."""
        name = f"{self._owner} {key}"
        task = self._tasks[key] = asyncio.get_running_loop().create_task(self._wait_for(key, call), name=name)
        task.add_done_callback(lambda _: call.close())  # a task that is stopped at once never comes to its call

    def stop(self, key: str) -> None:
        """Cancel the call, if it is in flight."""
        task = self._tasks.pop(key, None)
        if task is not None:
            task.cancel()

    def cancel(self) -> None:
        """Cancel them all."""
        for key in tuple(self._tasks):
            self.stop(key)

    def end(self) -> None:
        """Cancel them all, and let go of whoever was to be told: it refers to these calls, and would be garbage."""
        self.cancel()
        self._report = self._fail = _nobody

    async def _wait_for(self, key: str, call: Closable[Result]) -> None:
        result: Result | None = None
        fault: Exception | None = None
        try:
            result = await call
        except Exception as error:
            fault = error
        if self._tasks.get(key) is not asyncio.current_task():
            return  # stopped, and what has come all the same is not wanted any more
        del self._tasks[key]
        if fault is not None:
            self._fail(fault)
        else:
            self._report(result)  # type: ignore[arg-type]


def _nobody(_: object) -> None:
    """Nobody is told any more."""
