"""The queue before the sandbox: who gets the next free child, and who is sent away."""

import asyncio
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from actors.sandbox.asking import Answer
from domain.kernel.errors import LimitExceeded
from domain.sandbox.shares import SandboxUse

_MOST_WAITING_TRIALS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The most calls under way at a time: `children` for executions and hooks, and `trials` besides.

    `trials_waiting` is the most trials of one owner that may wait.
    """

    children: int
    trials: int
    trials_waiting: int


class Call:
    """One request, its owner and its use, and the future of its answer."""

    __slots__ = ("answer", "has_begun", "owner", "request", "use", "was_repeated")

    def __init__(self, request: bytes, owner: UUID, use: SandboxUse, answer: "asyncio.Future[Answer]") -> None:
        self.request = request
        self.owner = owner
        self.use = use
        self.answer = answer
        self.has_begun = False
        self.was_repeated = False


class SandboxQueue:
    """Calls that wait, by use and owner.

    Executions come before hooks, and both before trials, which have places of their own: no trial ever holds a child
    that an execution could have. Hooks hold at most half of the children, and so does each owner; within a use, owners
    take turns.
    """

    def __init__(self, places: Places) -> None:
        half = max(1, places.children // 2)
        self._trials_waiting = places.trials_waiting
        self._places = {SandboxUse.EXECUTION: places.children, SandboxUse.HOOK: half, SandboxUse.TRIAL: places.trials}
        self._children = places.children
        self._shares = {**dict.fromkeys(SandboxUse, half), SandboxUse.TRIAL: max(1, places.trials // 2)}
        self._waiting: dict[SandboxUse, dict[UUID, deque[Call]]] = {use: {} for use in SandboxUse}
        self._held: Counter[tuple[SandboxUse, UUID]] = Counter()
        self._busy: Counter[SandboxUse] = Counter()

    def add(self, call: Call) -> None:
        """Let a call wait. Raises `LimitExceeded` where too many trials wait."""
        owners = self._waiting[call.use]
        if call.use is SandboxUse.TRIAL:
            mine = len(owners.get(call.owner, ()))
            if mine >= self._trials_waiting or sum(map(len, owners.values())) >= _MOST_WAITING_TRIALS:
                raise _busy(f"{self._trials_waiting} of one key may wait")
        owners.setdefault(call.owner, deque()).append(call)

    def add_again(self, call: Call) -> None:
        """Put a call that had begun before all others of its owner."""
        call.has_begun = False
        self._waiting[call.use].setdefault(call.owner, deque()).appendleft(call)

    def give_up(self, call: Call) -> None:
        """Send away a trial that has waited for too long."""
        if not call.has_begun and not call.answer.done():
            call.answer.set_exception(_busy("this one has waited for too long"))

    def next(self) -> Call | None:
        """The call that a free child takes now, None where none may; it holds its place until it is released."""
        for use in SandboxUse:
            if self._has_place(use) and (call := self._next_of(use)):
                call.has_begun = True
                self._busy[use] += 1
                self._held[use, call.owner] += 1
                return call
        return None

    def release(self, call: Call) -> None:
        """Give back the place of a call that has been answered."""
        key = call.use, call.owner
        self._busy[call.use] -= 1
        self._held[key] -= 1
        if not self._held[key]:
            del self._held[key]

    def clear(self) -> Iterator[Call]:
        """Take out all calls that wait."""
        for owners in self._waiting.values():
            for calls in owners.values():
                yield from calls
            owners.clear()

    def _has_place(self, use: SandboxUse) -> bool:
        if self._busy[use] >= self._places[use]:
            return False
        if use is SandboxUse.TRIAL:
            return True
        return self._busy[SandboxUse.EXECUTION] + self._busy[SandboxUse.HOOK] < self._children

    def _next_of(self, use: SandboxUse) -> Call | None:
        """The oldest call of the owner whose turn it is, of those that do not hold their share."""
        owners = self._waiting[use]
        for owner in tuple(owners):
            if self._held[use, owner] >= self._shares[use]:
                continue
            calls = owners.pop(owner)
            call = calls.popleft()
            while call.answer.done() and calls:  # nobody waits for it any more
                call = calls.popleft()
            if calls:
                owners[owner] = calls
            if not call.answer.done():
                return call
        return None


def _busy(reason: str) -> LimitExceeded:
    return LimitExceeded(f"Too much is being tried out at once, and {reason}: try again in a few seconds.")
