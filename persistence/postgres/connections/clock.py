"""The clock that all processes share: PostgreSQL's, carried on between measurements by one that nobody can set."""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

from domain.kernel.errors import Unavailable
from domain.kernel.ids import IdSequence
from persistence.postgres.connections.database import Database

logger = logging.getLogger(__name__)

_ASK = "SELECT clock_timestamp()"
_NONE = timedelta(0)

_ticks = partial(time.clock_gettime_ns, getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
"""Nanoseconds that only go forward, and count the machine's sleep where the system can measure it."""


def _machine_time() -> datetime:
    return datetime.now(UTC)


class DatabaseClock:
    """Implements `domain.kernel.clock.Clock`: the time of the database, however wrong the machine's own clock is.

    Code that asks the database for its time passes it to `measured`; in between, time passes by the machine's monotonic
    clock, so setting the machine's clock, by seconds or by hours, moves nothing. Until the first measurement it is the
    machine's time. An answer is known to lie between the question and its arrival: where the clock agrees with that it
    is left alone, so it does not tremble.
    """

    def __init__(
        self,
        tolerance: timedelta = timedelta(seconds=2),
        *,
        ticks: Callable[[], int] = _ticks,
        machine_time: Callable[[], datetime] = _machine_time,
    ) -> None:
        """`tolerance`: the largest offset of the machine's clock that does not count as skew."""
        self._tolerance = tolerance
        self._ticks = ticks
        self._machine_time = machine_time
        self._start = ticks()
        self._time = machine_time()
        self._is_skewed = False
        self._ids = IdSequence()
        self.is_measured = False

    def now(self) -> datetime:
        """The database's time."""
        return self._time + timedelta(0, 0, (self._ticks() - self._start) // 1000)  # each step asks a few times

    def new_id(self) -> UUID:
        """A fresh UUIDv7 of this clock's time; those of one process sort in the order in which they were made."""
        return self._ids.next(self.now())

    @property
    def offset(self) -> timedelta:
        """The time by which the machine's clock is ahead of the database's; negative where it is behind."""
        return self._machine_time() - self.now() if self.is_measured else _NONE

    @property
    def is_skewed(self) -> bool:
        """True when the machine's clock is off by more than the tolerance; changes of this are logged."""
        is_skewed = abs(self.offset) > self._tolerance
        if is_skewed != self._is_skewed:
            self._is_skewed = is_skewed
            if is_skewed:
                logger.warning(
                    "this machine's clock is %s; Stepgraph goes by PostgreSQL's, and lets others lead: "
                    "set this machine's clock (NTP)",
                    described(self.offset),
                )
            else:
                logger.info("this machine's clock agrees with PostgreSQL's again")
        return is_skewed

    def asked(self) -> int:
        """The moment at which the database is asked for its time, to be handed to `measured`."""
        return self._ticks()

    def measured(self, asked: int, answer: datetime) -> None:
        """Take the database's time over: `answer` was given after `asked` and before now."""
        took = timedelta(microseconds=(self._ticks() - asked) // 1000)
        if not self.is_measured or not answer <= self.now() <= answer + took:
            self._start, self._time = self._ticks(), answer + took / 2
            self.is_measured = True

    async def measure(self, database: Database) -> None:
        """Ask the database for its time. Raises `Unavailable`."""
        async with database.hot_connection() as connection:
            asked = self.asked()
            answer: datetime = await connection.fetchval(_ASK)
            self.measured(asked, answer)

    async def keep_measuring(self, database: Database, every: timedelta) -> None:
        """Ask the database again and again, for ever, in a process that has nothing else to ask it so often."""
        while True:
            try:
                await self.measure(database)
                _ = self.is_skewed
            except Unavailable as error:
                logger.debug("the clock goes on by itself: %s", error)
            await asyncio.sleep(every.total_seconds())


def described(offset: timedelta) -> str:
    """An offset such as `30.0 s ahead of PostgreSQL's`, for logs and for people."""
    return f"{abs(offset).total_seconds():.1f} s {'ahead of' if offset > _NONE else 'behind'} PostgreSQL's"
