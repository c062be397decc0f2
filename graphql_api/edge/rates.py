"""The rates of clients: windows of the library `limits`, counted in this process, told in the standard headers.

Headers: https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/. Why each process counts for itself:
docs/decisions/0030-each-process-counts-for-itself.md.
"""

import time
from collections import OrderedDict
from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from typing import Any

from limits import RateLimitItem, parse
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

from domain.kernel.errors import LimitExceeded
from graphql_api.budgets import RequestBudgets
from graphql_api.edge.clients import Networks
from graphql_api.edge.connections import network_of

_MOST_COUNTED = 50_000


class RateKind(StrEnum):
    """The rates that are counted separately, by their names in the headers."""

    REQUESTS = "requests"
    QUERIES = "queries"
    MUTATIONS = "mutations"
    HOOKS = "hooks"
    WRONG_KEYS = "wrong-keys"


_SETTINGS = {kind: f"STEPGRAPH_RATE_{kind.name}" for kind in RateKind}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The standing of a client: `quota` in each `window` of seconds, `remaining` of it for `reset` seconds more."""

    kind: RateKind
    quota: int
    window: int
    remaining: int
    reset: int
    is_over: bool

    def headers(self) -> list[tuple[bytes, bytes]]:
        """The headers that report it; with `Retry-After` where it is over."""
        told = [
            (b"ratelimit-policy", f'"{self.kind}";q={self.quota};w={self.window}'.encode()),
            (b"ratelimit", f'"{self.kind}";r={self.remaining};t={self.reset}'.encode()),
        ]
        return [*told, (b"retry-after", str(self.reset).encode())] if self.is_over else told

    def message(self) -> str:
        """The sentence of a refusal, with its number and its setting."""
        return (
            f"More than {self.quota:,} {self.kind.replace('-', ' ')} in {self.window:,} seconds: "
            f"try again in {self.reset:,} ({_SETTINGS[self.kind]})."
        )


class RateExceeded(LimitExceeded):
    """A client has asked too often."""

    def __init__(self, standing: Standing) -> None:
        super().__init__(standing.message())
        self.standing = standing


class Counters(Storage):
    """Counters in memory, each until its window ends; beyond `most` of them the oldest go first.

    The memory storage of the library walks through everything that it holds at nearly every hit, so a client
    with many addresses would make all hits slow.
    """

    def __init__(self, most: int = _MOST_COUNTED, clock: Any = time.time) -> None:
        super().__init__()
        self._most = most
        self._clock = clock
        self._counts: OrderedDict[str, tuple[int, float]] = OrderedDict()

    @property
    def base_exceptions(self) -> type[Exception]:
        """The exception that the library would catch; nothing here raises it."""
        return ValueError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Add `amount`, and return the count of this window, which ends `expiry` seconds after its first."""
        now = self._clock()
        count, ends_at = self._counts.get(key, (0, 0.0))
        if ends_at <= now:
            self._counts.pop(key, None)
            count, ends_at = 0, now + expiry
            if len(self._counts) >= self._most:
                self._counts.popitem(last=False)
        self._counts[key] = count + amount, ends_at
        return count + amount

    def get(self, key: str) -> int:
        """The count of this window."""
        count, ends_at = self._counts.get(key, (0, 0.0))
        return count if ends_at > self._clock() else 0

    def get_expiry(self, key: str) -> float:
        """The end of the window, as a Unix time in seconds."""
        now: float = self._clock()
        return max(now, self._counts.get(key, (0, 0.0))[1])

    def check(self) -> bool:
        """True: memory is always there."""
        return True

    def reset(self) -> int:
        """Forget everything; returns the number of counters that there were."""
        count = len(self._counts)
        self._counts.clear()
        return count

    def clear(self, key: str) -> None:
        """Forget one counter."""
        self._counts.pop(key, None)


class Rates:
    """The rates of one API process. Clients of exempt networks are not counted, except for wrong keys."""

    def __init__(self, budgets: RequestBudgets, counters: Counters | None = None) -> None:
        self._limiter = FixedWindowRateLimiter(counters or Counters())
        self._exempt = Networks(budgets.rate_exempt)
        self._items: dict[RateKind, RateLimitItem] = {}
        for kind in RateKind:
            text: str = getattr(budgets, f"rate_{kind.name.lower()}")
            if text:
                self._items[kind] = parse(text)

    def is_exempt(self, address: str) -> bool:
        """True when a client at this address is not counted, and for a Unix socket, whose address is empty."""
        return not address or address in self._exempt

    def spend(self, kind: RateKind, address: str, who: str | None = None) -> Standing | None:
        """Count one; by `who`, a key, or else by address. None where it is not counted."""
        item = self._items.get(kind)
        if item is None or (kind is not RateKind.WRONG_KEYS and self.is_exempt(address)):
            return None
        subject = who or network_of(address)
        is_within = self._limiter.hit(item, kind, subject)
        return self._standing(item, kind, subject, is_over=not is_within)

    def stands(self, kind: RateKind, address: str) -> Standing | None:
        """The standing of an address, without counting; None where this rate has no limit."""
        item = self._items.get(kind)
        if item is None:
            return None
        subject = network_of(address)
        return self._standing(item, kind, subject, is_over=not self._limiter.test(item, kind, subject))

    def _standing(self, item: RateLimitItem, kind: RateKind, subject: str, *, is_over: bool) -> Standing:
        stats = self._limiter.get_window_stats(item, kind, subject)
        return Standing(
            kind=kind,
            quota=item.amount,
            window=item.get_expiry(),
            remaining=max(0, stats.remaining),
            reset=max(1, ceil(stats.reset_time - time.time())),
            is_over=is_over,
        )
