"""Look-ups that are shared: by all who ask for the same at the same time, and by those who ask soon after."""

import asyncio
from asyncio import Future
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Hashable, Iterable, Mapping
from datetime import timedelta
from typing import Any, Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Answer = TypeVar("Answer")
AnyFuture = TypeVar("AnyFuture", bound="Future[Any]")

FOR_EVER = timedelta.max
NOT_AT_ALL = timedelta(0)
_NEVER = float("inf")


class SharedLookups(Generic[Key, Answer]):
    """Looks up by keys, each once for all who ask while that is under way, and keeps answers.

    `kept_for` is how long an answer counts, from the moment it was asked for; it may depend on the answer. Of answers
    that weigh more than `most` in all, each one where `weight` does not say otherwise, those that were used least
    recently are dropped; the last one stays. `clock` gives seconds, by default the event loop's.

    A caller that is cancelled leaves the look-up to the others. An error is raised to all who wait, and not kept.
    `name` is that of the tasks.
    """

    def __init__(
        self,
        name: str,
        *,
        kept_for: timedelta | Callable[[Answer], timedelta] = NOT_AT_ALL,
        most: int = 1_000,
        weight: Callable[[Answer], int] = lambda _: 1,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._name = name
        self._kept_for = kept_for
        self._most = most
        self._weight = weight
        self._weight_in_all = 0
        self._clock = clock or (lambda: asyncio.get_running_loop().time())
        self._kept: OrderedDict[Key, tuple[float, Answer]] = OrderedDict()
        """The answers, each with the time until which it counts."""
        self._under_way: dict[Key, asyncio.Task[Mapping[Key, Answer]]] = {}

    @property
    def tasks(self) -> Collection[asyncio.Task[Mapping[Key, Answer]]]:
        """The look-ups that are under way, to be cancelled at a shutdown."""
        return set(self._under_way.values())

    def kept(self, key: Key) -> Answer | None:
        """The answer that counts still; None where there is none."""
        entry = self._entry(key)
        return None if entry is None else entry[1]

    def forget(self, key: Key) -> None:
        """Drop the answer that is kept."""
        entry = self._kept.pop(key, None)
        if entry is not None:
            self._weight_in_all -= self._weight(entry[1])

    async def get(self, key: Key, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        """The answer under this key; `ask` is called where none counts and nobody else waits for one."""
        entry = self._entry(key)
        if entry is not None:
            return entry[1]

        async def ask_alone(_: Collection[Key]) -> Mapping[Key, Answer]:
            return {key: await ask()}

        return (await self._found([key], ask_alone))[key]

    async def many(
        self, keys: Iterable[Key], ask: Callable[[Collection[Key]], Awaitable[Mapping[Key, Answer]]]
    ) -> Mapping[Key, Answer]:
        """The answers under these keys; `ask` gets those keys at once under which none counts and nobody waits for one.

        A key that `ask` leaves out is left out here, and asked for again the next time.
        """
        found: dict[Key, Answer] = {}
        missing = []
        for key in dict.fromkeys(keys):
            entry = self._entry(key)
            if entry is None:
                missing.append(key)
            else:
                found[key] = entry[1]
        if missing:
            found.update(await self._found(missing, ask))
        return found

    def _entry(self, key: Key) -> tuple[float, Answer] | None:
        entry = self._kept.get(key)
        if entry is None:
            return None
        if entry[0] != _NEVER and self._clock() >= entry[0]:
            self.forget(key)
            return None
        self._kept.move_to_end(key)
        return entry

    async def _found(
        self, keys: Collection[Key], ask: Callable[[Collection[Key]], Awaitable[Mapping[Key, Answer]]]
    ) -> dict[Key, Answer]:
        fresh = [key for key in keys if key not in self._under_way]
        if fresh:
            task = asyncio.create_task(self._look_up(fresh, ask), name=self._name)
            self._under_way.update(dict.fromkeys(fresh, task))
            without_complaint(task)
            task.add_done_callback(lambda _: self._end(fresh))
        found: dict[Key, Answer] = {}
        for key, task in [(key, self._under_way[key]) for key in keys]:
            answers = await asyncio.shield(task)
            if key in answers:
                found[key] = answers[key]
        return found

    async def _look_up(
        self, keys: Collection[Key], ask: Callable[[Collection[Key]], Awaitable[Mapping[Key, Answer]]]
    ) -> Mapping[Key, Answer]:
        asked_at = self._clock()
        answers = await ask(keys)
        for key, answer in answers.items():
            self._keep(key, answer, asked_at)
        return answers

    def _keep(self, key: Key, answer: Answer, asked_at: float) -> None:
        kept_for = self._kept_for(answer) if callable(self._kept_for) else self._kept_for
        if kept_for <= NOT_AT_ALL:
            return
        self.forget(key)
        self._kept[key] = _NEVER if kept_for == FOR_EVER else asked_at + kept_for.total_seconds(), answer
        self._weight_in_all += self._weight(answer)
        while self._weight_in_all > self._most and len(self._kept) > 1:
            self.forget(next(iter(self._kept)))

    def _end(self, keys: Iterable[Key]) -> None:
        for key in keys:
            del self._under_way[key]


def without_complaint(future: AnyFuture) -> AnyFuture:
    """The future itself. Where all who awaited it have been cancelled, asyncio does not complain of its error."""
    future.add_done_callback(_see_error)
    return future


def _see_error(future: "Future[Any]") -> None:
    if not future.cancelled():
        future.exception()
