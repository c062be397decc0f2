"""Messages of the command line for errors that the API answers with."""

import pytest

from stepgraph.cli.kit.refusals import problems_of, sentences_of
from stepgraph.cli.schedules.operations import SAVE_SCHEDULE
from tests.integration.graphql_api.api import Api

PROBLEMS = [
    {"path": ["cron"], "message": "'61' is not right for the minute.", "hint": "It takes 0 to 59."},
    {"path": [], "message": "Nothing would ever start.", "hint": None},
]


def test_every_problem_has_its_place_and_its_hint() -> None:
    told = problems_of({"message": "This is no schedule.", "problems": PROBLEMS})
    assert told.splitlines() == [
        "This is no schedule.",
        "  cron: '61' is not right for the minute.",
        "      It takes 0 to 59.",
        "  (the whole): Nothing would ever start.",
    ]


def test_a_message_that_only_repeats_the_first_problem_is_left_out() -> None:
    message = "cron: '61' is not right for the minute. (and 1 more problem)"
    told = problems_of({"message": message, "problems": PROBLEMS})
    assert told.splitlines()[0] == "  cron: '61' is not right for the minute."
    assert problems_of({"message": "There is no schedule x."}) == "There is no schedule x."


VALUES = [
    (
        {"name": "x", "workflowId": "wf_1", "cron": "@daily", "catchUpWindow": "soon"},
        "  input.catchUpWindow: 'soon' is not an ISO 8601 duration such as PT0.5S, PT5M, PT1H30M or P1D.",
    ),
    ({"name": "x", "workflowId": "wf_1", "cron": 5}, "  input.cron: String cannot represent a non string value: 5"),
    ({"name": "x", "workflowId": "wf_1"}, "  input: cron is missing."),
    (
        {"name": "x", "workflowId": "wf_1", "cron": "@daily", "timezon": "UTC"},
        "  input: There is no timezon. Did you mean 'timezone'?",
    ),
    (5, "  input: This must be an object."),
    (None, "  input: This must be given."),
]


@pytest.mark.parametrize(("input", "said"), VALUES)
async def test_a_value_of_the_wrong_shape_is_told_without_the_words_of_graphql(
    api: Api, input: object, said: str
) -> None:
    assert sentences_of(await api.errors(SAVE_SCHEDULE, input=input)) == said


def test_an_error_that_carries_problems_tells_them_with_their_hints() -> None:
    error = {"message": "cron: '61' is not right for the minute.", "extensions": {"problems": PROBLEMS[:1]}}
    assert sentences_of([error, {"message": "Something else."}]).splitlines() == [
        "  cron: '61' is not right for the minute.",
        "      It takes 0 to 59.",
        "Something else.",
    ]
