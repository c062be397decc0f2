"""Repeated measurements of seeming excess: one may be due to a periodic job of the API, or to a busy machine."""

from collections.abc import Awaitable, Callable

from tests.abuse.measuring import Reading
from tests.costs import slowness_now

REPEATED = 5


async def confirmed(
    measure: Callable[[], Awaitable[Reading]],
    *,
    slowness: Callable[[], float] = slowness_now,
    times: int = REPEATED,
) -> Reading:
    """The usual cost of several measurements, as the reference machine would have it.

    Each is divided by how slow the machine was around it, and of each part the least but one is taken: other work on
    the machine can only add to it, and what is always there is found however fast or slow the machine is.
    """
    readings = []
    before = slowness()
    for _ in range(times):
        reading = await measure()
        after = slowness()
        slow = (before + after) / 2
        readings.append(Reading(reading.own / slow, reading.children / slow, reading.postgres / slow))
        before = after
    return Reading(*(sorted(getattr(each, part) for each in readings)[1] for part in ("own", "children", "postgres")))
