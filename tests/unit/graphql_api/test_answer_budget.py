"""The budget of an answer: what aliases repeat is masked once, and what an event had is forgotten by the next."""

from typing import Any

from graphql_api.kit.answer_budget import AnswerBudget


class Counting:
    def __init__(self) -> None:
        self.seen: list[Any] = []

    def masked(self, value: Any) -> Any:
        self.seen.append(value)
        return ["masked", value]


def test_a_value_that_is_repeated_is_masked_once() -> None:
    answer, mask, value = AnswerBudget(values=10, bytes=10), Counting(), {"a": ["x"]}

    assert [answer.masked(value, mask) for _ in range(3)] == [["masked", value]] * 3
    assert answer.masked({"a": ["x"]}, mask) == ["masked", value]  # an equal one, which is another one

    assert len(mask.seen) == 2


def test_the_next_event_masks_anew() -> None:
    answer, mask, value = AnswerBudget(values=10, bytes=10), Counting(), "x" * 10_000
    answer.masked(value, mask)
    answer.renew()
    answer.masked(value, mask)
    assert len(mask.seen) == 2
