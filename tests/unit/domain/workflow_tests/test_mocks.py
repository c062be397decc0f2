"""Mocks: the one that answers a step, and the reading of what people write."""

from datetime import timedelta
from typing import Any

import pytest

from domain.kernel.errors import InvalidInput
from domain.kernel.failures import FailureCode
from domain.workflow_tests.mocks import MockedFailure, MockedOutput, MockedPayload, Mocks
from domain.workflow_tests.reading import read_mocks


def mocks(**answers: str) -> Mocks:
    """Mocks of these paths, written with `__` for what no keyword may hold, each with a text as its output."""
    return Mocks(read_mocks({path: {"output": text} for path, text in answers.items()}))


def test_a_mock_answers_the_step_at_its_path_and_no_other() -> None:
    given = Mocks(read_mocks({"choose.then.fetch": {"output": 1}}))

    assert given.of("choose.then.fetch") is not None
    assert given.of("fetch") is None
    assert given.of("choose.else.fetch") is None


def test_an_index_goes_before_a_star_and_an_outer_index_before_an_inner_one() -> None:
    given = Mocks(
        read_mocks(
            {
                "all[*].each[*].fetch": {"output": "any"},
                "all[*].each[2].fetch": {"output": "inner"},
                "all[1].each[*].fetch": {"output": "outer"},
                "all[1].each[3].fetch": {"output": "both"},
            }
        )
    )

    def answered(path: str) -> Any:
        found = given.of(path)
        assert found is not None
        answer = found.answer(1)
        assert isinstance(answer, MockedOutput)
        return answer.value

    assert answered("all[0].each[0].fetch") == "any"
    assert answered("all[0].each[2].fetch") == "inner"
    assert answered("all[1].each[2].fetch") == "outer"
    assert answered("all[1].each[3].fetch") == "both"


def test_a_slash_leads_into_the_execution_that_a_step_has_started() -> None:
    given = Mocks(read_mocks({"each[*].ship/label": {"output": 1}}))

    assert given.of("each[7].ship/label") is not None
    assert given.of("each[7].ship.label") is None


def test_each_attempt_has_an_answer_and_the_last_one_goes_on() -> None:
    [mock] = read_mocks({"pay": [{"failure": {"status": 503}}, {"output": "paid"}]})

    assert isinstance(mock.answer(1), MockedFailure)
    assert [mock.answer(attempt) for attempt in (2, 3)] == [MockedOutput(value="paid")] * 2


def test_what_no_step_has_met_is_unused() -> None:
    given = mocks(one="a", two="b")

    given.of("two")

    assert given.unused == ["one"]


def test_a_failure_with_a_status_is_that_of_a_service_and_decides_whether_it_is_tried_again() -> None:
    [mock] = read_mocks({"pay": {"failure": {"status": 429, "retryAfter": "PT5S"}}})
    answer = mock.answer(1)

    assert isinstance(answer, MockedFailure)
    assert answer.error.code is FailureCode.HTTP_STATUS
    assert answer.error.is_retryable
    assert answer.status == 429
    assert answer.retry_after == timedelta(seconds=5)
    assert answer.error.details is not None
    assert answer.error.details["status"] == 429


def test_a_payload_may_come_late() -> None:
    [mock] = read_mocks({"approval": {"payload": {"approved": True}, "after": "PT2M"}})

    assert mock.answer(1) == MockedPayload(value={"approved": True}, after=timedelta(minutes=2))


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ([], ()),
        ({"a b": {"output": 1}}, ("a b",)),
        ({"loop[x].fetch": {"output": 1}}, ("loop[x].fetch",)),
        ({"fetch": 1}, ("fetch",)),
        ({"fetch": []}, ("fetch",)),
        ({"fetch": {}}, ("fetch",)),
        ({"fetch": {"output": 1, "failure": {}}}, ("fetch",)),
        ({"fetch": {"outputs": 1, "output": 1}}, ("fetch", "outputs")),
        ({"fetch": [{"output": 1}, {"failure": {"code": "NONE"}}]}, ("fetch", "1", "failure", "code")),
        ({"fetch": {"failure": {"status": 5}}}, ("fetch", "failure", "status")),
        ({"fetch": {"failure": {"status": True}}}, ("fetch", "failure", "status")),
        ({"fetch": {"output": 1, "after": "soon"}}, ("fetch", "after")),
        ({"fetch": {"output": 1, "after": 5}}, ("fetch", "after")),
        ({f"step_{number}": {"output": 1} for number in range(1_001)}, ()),
    ],
)
def test_what_is_wrong_with_mocks_is_said_at_its_place(given: Any, place: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_mocks(given)

    assert [problem.path for problem in refused.value.problems] == [("mocks", *place)]


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(InvalidInput) as refused:
        read_mocks({"a b": {}, "fetch": {"failure": {"code": "HTTP_STATE"}}})

    first, second, third = refused.value.problems
    assert first.path == second.path == ("mocks", "a b")
    assert third.hint == "Did you mean 'HTTP_STATUS'?"
