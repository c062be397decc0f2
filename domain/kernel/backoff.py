"""Exponential back-off: the growing pauses between one try and the next."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import count


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Pauses that begin with `first` and grow by `factor` with each failed try, up to `cap`.

    `jitter`, 0 to 1, is the share of a pause that is left to chance, so that those who failed together do not come
    back together. Sleeping is the caller's.
    """

    first: timedelta
    cap: timedelta
    factor: float = 2.0
    jitter: float = 0.5

    def pause(self, failures: int, chance: float) -> timedelta:
        """The pause after so many failed tries in a row, from 1. `chance`, in [0, 1), chooses within the jitter."""
        try:
            seconds = self.first.total_seconds() * self.factor ** (failures - 1)
        except OverflowError:
            seconds = float("inf")
        whole = self.cap if seconds >= self.cap.total_seconds() else timedelta(seconds=seconds)
        return jittered(whole, self.jitter, chance)

    def pauses(self, chance: Callable[[], float]) -> Iterator[timedelta]:
        """The pauses after the first failed try, the second and so on, without end."""
        return (self.pause(failures, chance()) for failures in count(1))


def jittered(pause: timedelta, jitter: float, chance: float) -> timedelta:
    """A pause of which the share `jitter` is left to `chance`; both are in [0, 1].

    A jitter of 1 is full jitter, and of 0.5 equal jitter, as
    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/ names them.
    """
    return pause * (1 - jitter) + pause * jitter * chance
