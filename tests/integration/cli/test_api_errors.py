"""Messages of the command line for errors that the API answers with."""

import pytest

from graphql_api.context import ApiOptions
from stepgraph.cli.kit.api_errors import error_lines, problem_lines
from stepgraph.cli.kit.operations import operation
from tests.integration.graphql_api.api import Api


@pytest.fixture
def api() -> Api:
    return Api()


PROBLEMS = [
    {"path": ["cron"], "message": "'61' is not right for the minute.", "hint": "It takes 0 to 59."},
    {"path": [], "message": "Nothing would ever start.", "hint": None},
]


def test_every_problem_has_its_place_and_its_hint() -> None:
    told = problem_lines({"message": "This is no schedule.", "problems": PROBLEMS})
    assert told.splitlines() == [
        "This is no schedule.",
        "  cron: '61' is not right for the minute.",
        "      It takes 0 to 59.",
        "  (the whole): Nothing would ever start.",
    ]


def test_a_message_that_only_repeats_the_first_problem_is_left_out() -> None:
    message = "cron: '61' is not right for the minute. (and 1 more problem)"
    told = problem_lines({"message": message, "problems": PROBLEMS})
    assert told.splitlines()[0] == "  cron: '61' is not right for the minute."
    assert problem_lines({"message": "There is no schedule x."}) == "There is no schedule x."


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
    assert error_lines(await api.errors(operation("schedules.SaveSchedule"), input=input)) == said


def test_an_error_that_carries_problems_tells_them_with_their_hints() -> None:
    error = {"message": "cron: '61' is not right for the minute.", "extensions": {"problems": PROBLEMS[:1]}}
    assert error_lines([error, {"message": "Something else."}]).splitlines() == [
        "  cron: '61' is not right for the minute.",
        "      It takes 0 to 59.",
        "Something else.",
    ]


MANY = """
mutation ($inputs: [ExecuteWorkflowInput!]!) {
  executeWorkflows(inputs: $inputs) { __typename }
}
"""
PLACES: list[tuple[dict[str, object], list[tuple[str, str]]]] = [
    (
        {"inputs": [{"workflowName": "a"}, {"priority": "high", "lables": {}}, 7]},
        [
            ("inputs.1.priority", "Int cannot represent non-integer value: 'high'"),
            ("inputs.1", "There is no lables. Did you mean 'labels'?"),
            ("inputs.2", "This must be an object."),
        ],
    ),
    ({}, [("inputs", "This must be given.")]),
    (
        {"inputs": {"priority": None, "startAt": "soon"}},
        [("inputs.priority", "This must be given."), ("inputs.startAt", "soon")],
    ),
]


@pytest.mark.parametrize(("variables", "told"), PLACES)
async def test_each_error_about_a_variable_has_its_place_and_its_fault_as_data(
    api: Api, variables: dict[str, object], told: list[tuple[str, str]]
) -> None:
    errors = await api.errors(MANY, **variables)

    assert len(errors) == len(told)
    for error, (path, message) in zip(errors, told, strict=True):
        extensions = error["extensions"]
        [problem] = extensions["problems"]
        assert (extensions["code"], extensions["variable"]) == ("BAD_USER_INPUT", "inputs")
        assert (".".join(problem["path"]), problem["hint"]) == (path, None)
        assert message in problem["message"]
        assert error["message"].startswith("Variable '$inputs' has invalid value")


async def test_an_input_that_takes_one_of_its_members_names_them(api: Api) -> None:
    query = "query ($by: IdOrName!) { workflow(by: $by) { id } }"
    for by in ({}, {"id": "a", "name": "b"}):
        [error] = await api.errors(query, by=by)
        assert error["extensions"]["problems"] == [
            {"path": ["by"], "message": "Exactly one of id, name must be given.", "hint": None}
        ]


async def test_an_api_without_introspection_suggests_no_names() -> None:
    api = Api(options=ApiOptions(introspection=False))
    [error] = await api.errors(operation("schedules.SaveSchedule"), input=VALUES[3][0])

    assert error["extensions"]["problems"][0]["message"] == "There is no timezon."


async def test_as_many_errors_are_described_as_are_told(api: Api) -> None:
    errors = await api.errors(MANY, inputs=[{"priority": "high"}] * 50)

    assert [bool(error["extensions"].get("problems")) for error in errors] == [True] * 10 + [False]
