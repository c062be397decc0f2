"""However much is wrong with a value, the first hundred problems are told, and those beyond are not even made."""

from collections.abc import Callable, Iterator, Sequence
from itertools import count, islice

import pytest

from domain.json_schemas.checks import SchemaChecks
from domain.kernel.errors import InvalidInput, Problem
from domain.kernel.first_problems import MAX_GUESSES, MAX_PROBLEMS, first_problems
from domain.kernel.ids import new_id
from domain.kernel.json.text import JsonValue
from domain.kernel.json.values import json_problems, payload_problems
from domain.kernel.labels import label_problems
from domain.kernel.limits import Limits
from domain.kernel.statuses import WebhookDirection
from domain.transformation_rules.model import RuleExample, RuleSettings, settings_problems
from domain.webhooks.checks import WebhookSettings
from domain.webhooks.checks import settings_problems as webhook_problems
from domain.workflow_templates.model import TemplateParameter, TemplateSettings
from domain.workflow_templates.values import value_problems

MANY = 5_000
HALF: JsonValue = "\ud800"


def endless() -> Iterator[Problem]:
    for number in count():
        yield Problem(path=(str(number),), message="Wrong.")


def outbound(names: Sequence[str]) -> WebhookSettings:
    direction, url = WebhookDirection.OUTBOUND, "https://example.com/"
    return WebhookSettings(name="w", direction=direction, url=url, event_types=names, workflow_id=None, input=None)


def a_rule(examples: int, wrong_in_each: int) -> RuleSettings:
    one = RuleExample(input=[HALF] * wrong_in_each, output=1)
    return RuleSettings(name="r", expression="1", examples=(one,) * examples)


FOUND: dict[str, Callable[[], Sequence[Problem]]] = {
    "halves of characters in a list": lambda: json_problems([HALF] * MANY, max_values=10 * MANY),
    "halves of characters in keys": lambda: json_problems({f"{HALF}{n}": n for n in range(MANY)}, max_values=10 * MANY),
    "values that are no JSON": lambda: json_problems([{1}] * MANY, max_values=10 * MANY),
    "members of a payload": lambda: payload_problems([[HALF]] * MANY, max_bytes=1_000_000, what="input"),
    "types of events": lambda: webhook_problems(outbound(["execution.complted"] * MANY), longest_name=100),
    "examples of a rule": lambda: settings_problems(a_rule(100, 90)),
}


def test_what_is_beyond_the_hundred_is_never_made() -> None:
    source = endless()
    found = first_problems(source)
    assert len(found) == MAX_PROBLEMS + 1
    assert found[-1].path == ()
    assert "more problems than these 100" in found[-1].message
    assert next(source).path == (str(MAX_PROBLEMS + 1),)


@pytest.mark.parametrize("wrong", [0, 1, MAX_PROBLEMS])
def test_up_to_a_hundred_problems_are_told_as_they_are(wrong: int) -> None:
    assert first_problems(islice(endless(), wrong)) == list(islice(endless(), wrong))


@pytest.mark.parametrize("find", FOUND.values(), ids=FOUND)
def test_of_very_many_problems_a_hundred_are_told(find: Callable[[], Sequence[Problem]]) -> None:
    found = find()
    assert MAX_PROBLEMS < len(found) <= MAX_PROBLEMS + 5
    assert "more problems" in found[-1].message


async def test_of_very_many_unknown_parameters_a_hundred_are_told_and_few_get_a_guess() -> None:
    parameters = (TemplateParameter(name="url", schema={}), TemplateParameter(name="needed", schema={}))
    template = TemplateSettings(name="t", document={"steps": []}, parameters=parameters)

    found = await value_problems(template, {f"uurl{n}": n for n in range(99)}, SchemaChecks(), owner=new_id())
    assert len(found) == 101  # with what is missing
    assert sum("Did you mean" in (problem.hint or "") for problem in found) == MAX_GUESSES

    found = await value_problems(template, {f"uurl{n}": n for n in range(MANY)}, SchemaChecks(), owner=new_id())
    assert len(found) == MAX_PROBLEMS + 1
    assert "more problems" in found[-1].message


def test_of_too_many_labels_no_single_one_is_looked_at() -> None:
    [problem] = label_problems({f"l{number}": [] for number in range(MANY)}, Limits())
    assert "5000 labels; 50 are allowed" in problem.message


def test_an_error_says_how_many_problems_there_are_and_quotes_three() -> None:
    assert str(InvalidInput(list(islice(endless(), 5)))) == "0: Wrong. 1: Wrong. 2: Wrong. (and 2 more problems)"
    assert str(InvalidInput(list(islice(endless(), 3)))) == "0: Wrong. 1: Wrong. 2: Wrong."
