"""The budget of an answer: how many values and bytes it may have, counted while it is made, so that it ends early.

A value is a field of an object. Bytes are those of texts and JSON values as JSON, a value that is there twice counted
twice: what aliases repeat costs nothing to look up, but everything to send.
"""

import asyncio
import time
from typing import Any, Protocol

from domain.kernel.errors import LimitExceeded
from domain.kernel.json.text import JsonText, dumps

_SHORT = 1_000
_TURN_SECONDS = 0.01
"""Processor time of a turn: waiting for the database does not count, as it holds nobody up."""


class Mask(Protocol):
    """Hides the parts of a value that must not be shown."""

    def masked(self, value: Any) -> Any:
        """The value without those parts."""
        ...


class AnswerBudget:
    """The rest of the budget of one operation, or of one event of a subscription.

    `is_exceeded` stays true once anything was over it, until `renew`: the answer is then the error and nothing else.
    """

    __slots__ = (
        "_masked",
        "_most_bytes",
        "_most_values",
        "_reason",
        "_sizes",
        "_turn",
        "_turn_began",
        "bytes",
        "is_exceeded",
        "values",
    )

    def __init__(self, *, values: int, bytes: int) -> None:
        self._most_values = values
        self._most_bytes = bytes
        self._turn: asyncio.Lock | None = None
        self.renew()

    def renew(self) -> None:
        """Begin anew, for the next event."""
        self.values = self._most_values
        self.bytes = self._most_bytes
        self.is_exceeded = False
        self._reason = (
            f"The answer would have more than {self._most_values:,} values or {self._most_bytes:,} bytes of JSON: "
            "select less, or ask for smaller pages."
        )
        self._turn_began: float | None = None
        self._sizes: dict[int, tuple[object, int]] | None = None
        self._masked: dict[int, tuple[object, Any]] | None = None

    def spend_values(self, count: int) -> None:
        """Take `count` values. Raises `LimitExceeded` when they are used up."""
        self.values -= count
        if self.values < 0:
            raise self.exceeded()

    def spend_json(self, value: Any) -> None:
        """Take the bytes of a text or a JSON value. Raises `LimitExceeded` when they are used up."""
        if type(value) is str and len(value) < _SHORT:
            self.bytes -= len(value)
        elif type(value) is JsonText:
            self.bytes -= len(value.text)
        else:
            self.bytes -= self.size_of(value)
        if self.bytes < 0:
            raise self.exceeded()

    def exceeded(self, reason: str | None = None) -> LimitExceeded:
        """Mark the answer as over its budget, and return the error, with the first `reason` given as its message."""
        if reason is not None and not self.is_exceeded:
            self._reason = reason
        self.is_exceeded = True
        return LimitExceeded(self._reason)

    def size_of(self, value: object) -> int:
        """The bytes of a JSON value."""
        if self._sizes is None:
            self._sizes = {}
        known = self._sizes.get(id(value))
        if known is None:
            try:
                size = len(dumps(value))  # type: ignore[arg-type]
            except ValueError:
                size = 0  # it will not be sent either
            known = self._sizes[id(value)] = (value, size)  # the value is kept, so that its id stays its own
        return known[1]

    def masked(self, value: Any, mask: Mask) -> Any:
        """The value as it is shown, masked once however often aliases repeat it."""
        if type(value) is str and len(value) < _SHORT:
            return mask.masked(value)
        if self._masked is None:
            self._masked = {}
        known = self._masked.get(id(value))
        if known is None:
            known = self._masked[id(value)] = (value, mask.masked(value))  # kept, so that its id stays its own
        return known[1]

    @property
    def turn(self) -> asyncio.Lock:
        """The lock that is held by the list being completed; made when it is first needed."""
        if self._turn is None:
            self._turn = asyncio.Lock()
        return self._turn

    @property
    def is_turn_over(self) -> bool:
        """True when the operation has held the event loop for so long that others should have it."""
        now = time.thread_time()
        if self._turn_began is None:
            self._turn_began = now
        return now - self._turn_began > _TURN_SECONDS

    async def yield_turn(self) -> None:
        """Let others have the event loop."""
        await asyncio.sleep(0)
        self._turn_began = time.thread_time()
