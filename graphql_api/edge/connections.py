"""The connections of one server: how many there are, from where, and which have used up their time.

Deadlines are looked at a few times a second for all connections together: a timer of its own for each request would
cost more than everything else that a budget needs.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from ipaddress import IPv6Address, ip_address
from typing import Protocol

from graphql_api.budgets import RequestBudgets

_LONGEST_PAUSE = 1.0
_SHORTEST_PAUSE = 0.02
_LOOKS_A_DEADLINE = 4
_LOOKING_AT_ONCE = 50
_MOST_BEING_TOLD = 100
"""Connections beyond the budget that are kept for a moment, so that their clients can read why they are refused."""


class Watched(Protocol):
    """A connection that knows its own deadlines."""

    def look(self, now: float) -> None:
        """Close it where one of its deadlines is over. `now` is the event loop's time, in seconds."""


class ConnectionWatch:
    """Counts connections, by address too, and asks each now and then to look at its deadlines.

    `is_exempt` says of an address that its connections are not counted by address. `most` is how many there may be in
    all, where that is fewer than the budget says.
    """

    def __init__(
        self, budgets: RequestBudgets, *, is_exempt: Callable[[str], bool] | None = None, most: int | None = None
    ) -> None:
        self.budgets = budgets
        self._is_exempt = is_exempt or is_loopback
        self._most = budgets.max_connections if most is None else min(most, budgets.max_connections)
        self._open: dict[Watched, str] = {}
        self._by_address: Counter[str] = Counter()
        self._timer: asyncio.TimerHandle | None = None
        shortest = min(
            budgets.head_timeout, budgets.body_timeout, budgets.body_grace, budgets.write_timeout
        ).total_seconds()
        self._pause = max(_SHORTEST_PAUSE, min(_LONGEST_PAUSE, shortest / _LOOKS_A_DEADLINE))

    def __len__(self) -> int:
        return len(self._open)

    def refusal(self, address: str) -> str | None:
        """The reason why an address may open no further connection; None where it may."""
        if len(self._open) >= self._most:
            return f"There are {self._most:,} connections open, the most there may be: try again in a moment."
        most = self.budgets.max_connections_per_address
        if self._by_address[network_of(address)] >= most and not self._is_exempt(address):
            return f"Your address has {most:,} connections open, the most it may have: close some, or reuse them."
        return None

    def may_be_told(self) -> bool:
        """True when a connection that is refused may be kept until its client has read the reason."""
        return len(self._open) < self._most + _MOST_BEING_TOLD

    def opened(self, connection: Watched, address: str, loop: asyncio.AbstractEventLoop) -> None:
        """Count a connection, and watch it until it is `closed`."""
        network = network_of(address)
        self._open[connection] = network
        self._by_address[network] += 1
        if self._timer is None:
            self._timer = loop.call_later(self._pause, self._look, loop)

    def closed(self, connection: Watched) -> None:
        """Forget a connection; an unknown one is ignored."""
        network = self._open.pop(connection, None)
        if network is not None:
            self._by_address[network] -= 1
            if not self._by_address[network]:
                del self._by_address[network]

    def _look(self, loop: asyncio.AbstractEventLoop, waiting: Sequence[Watched] | None = None) -> None:
        """Let some connections look, and the others at the next turn of the loop: refusing hundreds takes a while."""
        waiting = list(self._open) if waiting is None else waiting
        now = loop.time()
        for connection in waiting[:_LOOKING_AT_ONCE]:
            if connection in self._open:
                connection.look(now)
        if len(waiting) > _LOOKING_AT_ONCE:
            self._timer = loop.call_later(0, self._look, loop, waiting[_LOOKING_AT_ONCE:])
        else:
            self._timer = loop.call_later(self._pause, self._look, loop) if self._open else None


class ReadingPace:
    """Measures how fast a client reads what waits for it in our buffer."""

    __slots__ = ("_began", "_budgets", "_waiting")

    def __init__(self, budgets: RequestBudgets) -> None:
        self._budgets = budgets
        self._began: float | None = None
        self._waiting = 0

    def is_too_slow(self, waiting: int, now: float) -> bool:
        """True when the `waiting` bytes have gone down too slowly over the write timeout. `now` is in seconds."""
        if not waiting:
            self._began = None
            return False
        if self._began is None or waiting > self._waiting:
            self._began, self._waiting = now, waiting
            return False
        length = self._budgets.write_timeout.total_seconds()
        if now - self._began < length:
            return False
        if self._waiting - waiting < self._budgets.min_write_rate * length:
            return True
        self._began, self._waiting = now, waiting
        return False


def is_loopback(address: str) -> bool:
    """True for this machine's own addresses, also those mapped into IPv6, and for a Unix socket's, which is empty."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return not address
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return (mapped or parsed).is_loopback


def network_of(address: str) -> str:
    """The unit that counts as one address: in IPv6 the /64 network, which one subscriber has; else the address."""
    if ":" not in address:
        return address
    try:
        parsed = IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(IPv6Address(int(parsed) >> 64 << 64))
