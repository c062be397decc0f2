"""Growing pauses between tries."""

from datetime import timedelta
from itertools import islice

import pytest

from domain.kernel.backoff import Backoff, jittered

SECOND = timedelta(seconds=1)


def test_pauses_grow_by_their_factor_up_to_the_cap() -> None:
    backoff = Backoff(first=SECOND, cap=10 * SECOND, factor=3.0, jitter=0.0)

    assert [backoff.pause(failures, 0.5) for failures in range(1, 5)] == [n * SECOND for n in (1, 3, 9, 10)]


def test_pauses_go_on_without_end_and_each_has_its_own_chance() -> None:
    chances = iter([0.0, 0.5, 0.25, 0.0])
    backoff = Backoff(first=4 * SECOND, cap=16 * SECOND)

    assert list(islice(backoff.pauses(lambda: next(chances)), 4)) == [n * SECOND for n in (2, 6, 10, 8)]


def test_however_many_tries_have_failed_there_is_a_pause() -> None:
    assert Backoff(first=SECOND, cap=10 * SECOND, jitter=0.0).pause(1_000_000, 0.0) == 10 * SECOND


@pytest.mark.parametrize(("jitter", "least"), [(0.0, 10), (0.2, 8), (0.5, 5), (1.0, 0)])
def test_the_jitter_is_the_share_of_a_pause_that_is_left_to_chance(jitter: float, least: int) -> None:
    assert jittered(10 * SECOND, jitter, 0.0) == least * SECOND
    assert least * SECOND <= jittered(10 * SECOND, jitter, 0.9) <= 10 * SECOND
    assert jittered(10 * SECOND, jitter, 1.0) == 10 * SECOND
