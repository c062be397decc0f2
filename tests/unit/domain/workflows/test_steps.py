"""The models of step configurations: defaults, names, and what they refuse."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from domain.kernel.statuses import HttpMethod, Jitter, RetryStrategy, StepType
from domain.workflows.documents.step import RetryPolicyDocument, StepDocument
from domain.workflows.steps.data_transform import DataTransformConfig
from domain.workflows.steps.for_each import ForEachConfig
from domain.workflows.steps.http_request import HttpRequestConfig, PaginateConfig, PollConfig
from domain.workflows.steps.parallel import Join, ParallelConfig
from domain.workflows.steps.registry import SHIPPED
from domain.workflows.steps.sub_workflow import SubWorkflowConfig
from domain.workflows.steps.wait import WaitConfig
from tests.builders import http, step, transform


def read(raw: Any) -> StepDocument:
    return StepDocument.model_validate(raw, by_alias=True, by_name=False)


def written(model: StepDocument) -> dict[str, Any]:
    return model.model_dump(mode="json", by_alias=True, exclude_unset=True)


def test_every_step_type_has_a_configuration() -> None:
    assert {kind.name for kind in SHIPPED} == set(StepType)


def test_defaults_are_those_of_the_contract() -> None:
    assert RetryPolicyDocument() == RetryPolicyDocument(
        strategy=RetryStrategy.EXPONENTIAL,
        max_attempts=3,
        delay=timedelta(seconds=1),
        factor=2.0,
        max_delay=timedelta(minutes=1),
        jitter=Jitter.FULL,
        max_elapsed=None,
        when=None,
    )
    request = HttpRequestConfig(url="http://service.test")
    assert (request.method, request.follow_redirects) == (HttpMethod.GET, False)
    assert PollConfig(until="true").interval == timedelta(seconds=5)
    assert PollConfig(until="true").timeout == timedelta(hours=1)
    assert PaginateConfig(next="page", items="page").max_pages == 100
    loop = ForEachConfig(items="input", steps=(read(transform()),))
    assert (loop.as_, loop.max_concurrency, loop.tolerated_failures) == ("item", 20, 0)
    assert ParallelConfig.model_validate({"branches": [{"name": "a", "steps": []}]}).join is Join.ALL
    assert SubWorkflowConfig(workflow="other").wait is True


def test_members_are_snake_case_in_python_and_camel_case_in_documents() -> None:
    model = read(http(connectTimeout="PT5S", members={"dependsOn": ["a"], "onError": {"continue": True}}))

    assert isinstance(model.config, HttpRequestConfig)
    assert model.config.connect_timeout == timedelta(seconds=5)
    assert model.depends_on == ("a",)
    assert model.on_error is not None and model.on_error.continue_ is True
    assert HttpRequestConfig(url="x", read_timeout=timedelta(seconds=1)).read_timeout == timedelta(seconds=1)
    with pytest.raises(ValidationError):
        read({**transform(), "depends_on": []})


def test_python_keywords_are_plain_words_in_documents() -> None:
    raw = step("c", "CONDITIONAL", {"if": "true", "then": [transform("a")], "else": [transform("b")]})
    assert written(read(raw)) == raw


def test_null_says_the_same_as_leaving_out_except_where_it_overrides_a_default() -> None:
    raw = http(body=None, retry={"maxDelay": None, "maxElapsed": None}, members={"when": None, "dependsOn": None})
    assert written(read(raw)) == http(retry={"maxDelay": None})


@pytest.mark.parametrize(
    ("written_as", "low", "high"),
    [(200, 200, 200), ("2xx", 200, 299), ("200-204", 200, 204), ("500-599", 500, 599)],
)
def test_expected_statuses_are_codes_classes_or_ranges(written_as: int | str, low: int, high: int) -> None:
    config = HttpRequestConfig.model_validate({"url": "x", "expectedStatus": [written_as]})
    assert config.expected_status == ((low, high),)


@pytest.mark.parametrize("status", [99, 600, True, "6xx", "2XX", "204-200", "200-", 200.0, None, "٢xx"])
def test_what_is_no_status_is_refused(status: object) -> None:
    with pytest.raises(ValidationError, match="A status is a code like 200"):
        HttpRequestConfig.model_validate({"url": "x", "expectedStatus": [status]})


@pytest.mark.parametrize(
    "config",
    [{}, {"expression": "1", "output": 1}, {"expression": None}, {"expression": None, "output": None}],
)
def test_of_a_one_of_exactly_one_member_is_given(config: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="Exactly one of `expression`, `output`, `rule` must be given"):
        DataTransformConfig.model_validate(config)


def test_a_one_of_tells_what_is_wrong_with_its_members_too() -> None:
    with pytest.raises(ValidationError) as caught:
        WaitConfig.model_validate({"duration": "soon", "until": 5})

    assert [error["loc"] for error in caught.value.errors()] == [("duration",), ("until",), ()]


@pytest.mark.parametrize("duration", ["PT0S", "-PT1S", 5, "P1Y"])
def test_a_wait_is_longer_than_zero(duration: object) -> None:
    with pytest.raises(ValidationError):
        WaitConfig.model_validate({"duration": duration})


@pytest.mark.parametrize("id", ["", "9a", "a-b", "a b", "a.b", "ä", "a" * 65, "a\n"])
def test_a_step_id_is_an_identifier_of_at_most_64_characters(id: str) -> None:
    with pytest.raises(ValidationError):
        read(transform(id))


def test_models_are_frozen() -> None:
    with pytest.raises(ValidationError):
        read(transform()).id = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("maxAttempts", "3"),
        ("maxAttempts", 3.0),
        ("maxAttempts", True),
        ("maxAttempts", 0),
        ("factor", "2"),
        ("factor", 0.5),
    ],
)
def test_numbers_are_numbers_and_within_bounds(member: str, value: object) -> None:
    with pytest.raises(ValidationError):
        RetryPolicyDocument.model_validate({member: value})
