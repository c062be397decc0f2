"""The speed of this machine, compared to the one that the limits are meant for."""

import time

REFERENCE = 0.085
"""Seconds of processor time that `slowness` measures on the reference machine: a core of a rented server of 2024, with
CPython 3.11, beside nothing else."""


def slowness() -> float:
    """The factor by which limits are raised: 1 on the reference machine and faster ones, 2 on one half as fast.

    The best of five loops is taken, so that what runs beside it counts little. Processor time, not the clock's.
    """
    return max(1.0, min(_loop() for _ in range(5)) / REFERENCE)


def slowness_now() -> float:
    """`slowness` of this moment, by one loop: it includes what slows the machine down for a while only."""
    return max(1.0, _loop() / REFERENCE)


def _loop() -> float:
    began = time.process_time()
    total = 0
    for number in range(1_000_000):
        total += number * number
    return time.process_time() - began
