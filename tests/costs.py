"""Costs in processor time, which a machine that is busy with other things inflates but never shrinks."""

import time
from collections.abc import Callable


def least_seconds(do: Callable[[], object], *, enough: float, times: int = 5) -> float:
    """The least processor time that `do` has taken, called again until it took less than `enough`, or so often."""
    least = float("inf")
    for _ in range(times):
        began = time.process_time()
        do()
        least = min(least, time.process_time() - began)
        if least < enough:
            break
    return least
