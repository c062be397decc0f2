"""One look-up for all who ask for the same at once, and for those who ask soon after."""

import asyncio
from collections.abc import Collection, Mapping
from datetime import timedelta

import pytest

from domain.kernel.errors import Unavailable
from domain.kernel.shared_lookups import NOT_AT_ALL, SharedLookups, without_complaint

SECOND = timedelta(seconds=1)


class Question:
    """Counts how often it is asked; answers when it is let."""

    def __init__(self, *, is_open: bool = False) -> None:
        self.asked = 0
        self.open = asyncio.Event()
        self.broken = False
        if is_open:
            self.open.set()

    async def __call__(self) -> int:
        self.asked += 1
        number = self.asked
        await self.open.wait()
        if self.broken:
            raise Unavailable("PostgreSQL does not answer.")
        return number


class Store:
    """Answers for several keys at once, all but those that are `unknown`, when it is let; notes what it is asked."""

    def __init__(self, *unknown: str, is_open: bool = False) -> None:
        self.asked: list[list[str]] = []
        self.open = asyncio.Event()
        self._unknown = unknown
        if is_open:
            self.open.set()

    async def __call__(self, keys: Collection[str]) -> Mapping[str, int]:
        self.asked.append(sorted(keys))
        await self.open.wait()
        return {key: len(self.asked) for key in keys if key not in self._unknown}


class Seconds:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


async def asking(lookups: SharedLookups[str, int], question: Question, key: str = "a") -> "asyncio.Task[int]":
    """A task that waits for the answer."""
    task = asyncio.create_task(lookups.get(key, question))
    await asyncio.sleep(0)
    return task


async def test_those_who_ask_under_one_key_share_an_answer_and_others_do_not() -> None:
    lookups, question, other = SharedLookups[str, int]("test"), Question(), Question()
    tasks = [await asking(lookups, question) for _ in range(20)]
    apart = await asking(lookups, other, "b")
    for each in (question, other):
        each.open.set()

    assert await asyncio.gather(*tasks, apart) == [1] * 21
    assert (question.asked, other.asked) == (1, 1)


async def test_an_answer_is_not_kept_unless_that_is_wanted() -> None:
    lookups, question = SharedLookups[str, int]("test"), Question(is_open=True)

    assert [await lookups.get("a", question), await lookups.get("a", question)] == [1, 2]
    assert (list(lookups.tasks), lookups.kept("a")) == ([], None)


async def test_an_answer_counts_for_its_time_from_when_it_was_asked_for() -> None:
    clock, question = Seconds(), Question()
    lookups = SharedLookups[str, int]("test", kept_for=2 * SECOND, clock=clock)
    first = await asking(lookups, question)
    await asyncio.sleep(0)
    clock.now += 1.5  # it takes so long
    question.open.set()
    assert await first == 1

    clock.now += 0.4
    assert (await lookups.get("a", question), lookups.kept("a")) == (1, 1)
    clock.now += 0.1
    assert (lookups.kept("a"), await lookups.get("a", question)) == (None, 2)


async def test_an_answer_that_is_none_is_kept_as_any_other() -> None:
    lookups = SharedLookups[str, None]("test", kept_for=SECOND, clock=Seconds())
    times = 0

    async def nothing() -> None:
        nonlocal times
        times += 1

    for _ in range(2):
        await lookups.get("a", nothing)
    assert times == 1


async def test_the_answer_itself_may_say_how_long_it_counts() -> None:
    clock, question = Seconds(), Question(is_open=True)
    lookups = SharedLookups[str, int](
        "test", kept_for=lambda number: NOT_AT_ALL if number == 1 else SECOND, clock=clock
    )

    assert [await lookups.get("a", question) for _ in range(3)] == [1, 2, 2]


async def test_an_answer_that_was_forgotten_is_asked_for_again() -> None:
    lookups, question = SharedLookups[str, int]("test", kept_for=SECOND, clock=Seconds()), Question(is_open=True)
    await lookups.get("a", question)
    lookups.forget("a")
    lookups.forget("b")

    assert await lookups.get("a", question) == 2


async def test_of_too_many_answers_the_one_used_least_recently_is_dropped() -> None:
    lookups = SharedLookups[str, int]("test", kept_for=SECOND, most=2, clock=Seconds())
    store = Store(is_open=True)
    await lookups.many(["a"], store)
    await lookups.many(["b"], store)
    assert lookups.kept("a") == 1
    await lookups.many(["c"], store)

    assert [lookups.kept(key) for key in "abc"] == [1, None, 3]


async def test_answers_are_dropped_by_what_they_weigh_and_the_last_one_stays() -> None:
    """The store answers with 1, then 2, then 3, and so on, which here is what an answer weighs."""
    clock = Seconds()
    lookups = SharedLookups[str, int]("test", kept_for=SECOND, most=5, weight=lambda answer: answer, clock=clock)
    store = Store(is_open=True)
    await lookups.many(["a"], store)
    await lookups.many(["b"], store)
    assert [lookups.kept(key) for key in "ab"] == [1, 2]
    await lookups.many(["c"], store)
    assert [lookups.kept(key) for key in "abc"] == [None, 2, 3]
    lookups.forget("c")
    await lookups.many(["d"], store)
    assert [lookups.kept(key) for key in "bcd"] == [None, None, 4]
    for key in "ef":
        await lookups.many([key], store)
    assert [lookups.kept(key) for key in "def"] == [None, None, 6]


async def test_of_several_keys_only_those_are_asked_for_that_nobody_has_or_waits_for() -> None:
    lookups, store = SharedLookups[str, int]("test", kept_for=SECOND, clock=Seconds()), Store(is_open=True)
    await lookups.many(["a"], store)
    store.open.clear()
    waiting = asyncio.create_task(lookups.many(["a", "b"], store))
    await asyncio.sleep(0)
    other = asyncio.create_task(lookups.many(["a", "b", "c", "c"], store))
    for _ in range(2):
        await asyncio.sleep(0)
    store.open.set()

    assert (await waiting).keys() == {"a", "b"}
    assert (await other).keys() == {"a", "b", "c"}
    assert store.asked == [["a"], ["b"], ["c"]]


async def test_a_key_that_a_look_up_leaves_out_is_left_out_and_asked_for_again() -> None:
    lookups, store = SharedLookups[str, int]("test", kept_for=SECOND, clock=Seconds()), Store("b", is_open=True)

    assert await lookups.many(["a", "b"], store) == {"a": 1}
    assert await lookups.many(["a", "b"], store) == {"a": 1}
    assert store.asked == [["a", "b"], ["b"]]


async def test_whoever_is_cancelled_takes_the_answer_from_nobody() -> None:
    lookups, question = SharedLookups[str, int]("test"), Question()
    impatient, patient = await asking(lookups, question), await asking(lookups, question)

    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient
    question.open.set()

    assert (await patient, question.asked) == (1, 1)


async def test_an_error_is_raised_to_all_who_wait_and_not_kept() -> None:
    lookups, question = SharedLookups[str, int]("test", kept_for=SECOND), Question()
    question.broken = True
    waiting = [await asking(lookups, question) for _ in range(3)]
    question.open.set()
    errors = await asyncio.gather(*waiting, return_exceptions=True)
    question.broken = False

    assert [type(error) for error in errors] == [Unavailable] * 3
    assert await lookups.get("a", question) == 2


async def test_an_error_that_nobody_is_left_to_see_is_no_complaint() -> None:
    complaints: list[object] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: complaints.append(context))
    lookups, question = SharedLookups[str, int]("test"), Question()
    question.broken = True
    alone = await asking(lookups, question)
    [under_way] = lookups.tasks
    alone.cancel()
    question.open.set()
    await asyncio.wait([alone, under_way])
    del alone, under_way

    question.broken = False
    assert await lookups.get("a", question) == 2
    assert complaints == []


async def test_a_future_without_complaint_still_raises_its_error_to_whoever_waits() -> None:
    async def fail() -> None:
        raise Unavailable("PostgreSQL does not answer.")

    with pytest.raises(Unavailable):
        await without_complaint(asyncio.create_task(fail()))
