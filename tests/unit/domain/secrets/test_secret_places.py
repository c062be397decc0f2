"""Places in which secrets may be read, and the problems of those in which they may not."""

from typing import Any

import pytest

from domain.workflows.documents.reading import check_document
from tests.builders import a_document, http, step, transform

CALL = {"url": "http://service.test", "eventType": "x"}
CHECKED = step("a", "VALIDATION", {"rules": [{"rule": "true", "message": "{{ secrets.a }}"}]})
LOOP: dict[str, Any] = {"items": "input", "steps": [http("b")]}
POLL = {"until": "secrets.a"}
OAUTH2 = {"tokenUrl": "http://t.test", "clientId": "a", "clientSecret": "b"}


@pytest.mark.parametrize(
    ("refused", "place"),
    [
        (transform("a", "secrets.a"), "config.expression"),
        (step("a", "DATA_TRANSFORM", {"output": {"b": "{{ secrets.a }}"}}), "config.output.b"),
        (step("a", "DATA_TRANSFORM", {"rule": {"name": "r", "input": "{{ secrets.a }}"}}), "config.rule.input"),
        (step("a", "CONDITIONAL", {"if": "secrets.a", "then": [http("b")]}), "config.if"),
        (step("a", "FOR_EACH", {**LOOP, "items": "secrets.a"}), "config.items"),
        (step("a", "FOR_EACH", {**LOOP, "output": "secrets.a"}), "config.output"),
        (step("a", "WAIT", {"until": "secrets.a"}), "config.until"),
        (CHECKED, "config.rules.0.message"),
        (step("a", "VALIDATION", {"data": "secrets.a", "schema": True}), "config.data"),
        (step("a", "SUB_WORKFLOW", {"workflow": "w", "input": "{{ secrets.a }}"}), "config.input"),
        (step("a", "WEBHOOK_CALL", {**CALL, "payload": "{{ secrets.a }}"}), "config.payload"),
        (step("a", "WEBHOOK_CALL", {**CALL, "eventType": "{{ secrets.a }}"}), "config.eventType"),
        (http("a", poll=POLL), "config.poll.until"),
        (http("a", paginate={"next": "secrets.a", "items": "[]"}), "config.paginate.next"),
        (http("a", auth={"oauth2": {**OAUTH2, "tokenUrl": "{{ secrets.a }}"}}), "config.auth.oauth2.tokenUrl"),
        (http("a", auth={"oauth2": {**OAUTH2, "scope": "{{ secrets.a }}"}}), "config.auth.oauth2.scope"),
        (http("a", members={"when": "secrets.a"}), "when"),
        (http("a", members={"retry": {"when": "secrets.a"}}), "retry.when"),
    ],
)
def test_a_secret_is_refused_where_it_would_be_stored_or_computed_with(refused: dict[str, Any], place: str) -> None:
    [problem] = check_document(a_document(steps=[refused])).problems

    assert ".".join(problem.path) == f"steps.0.{place}"
    assert problem.message.startswith("A secret cannot be read here")
    assert problem.hint is not None
    assert "`auth` of an HTTP_REQUEST" in problem.hint


def test_a_secret_is_refused_in_the_output_of_a_workflow() -> None:
    [problem] = check_document(a_document(output="secrets.a")).problems
    assert problem.path == ("output",)


def test_a_name_that_no_secret_can_have_is_a_problem() -> None:
    [problem] = check_document(a_document(steps=[http("a", url="{{ secrets.`a b` }}")])).problems
    assert problem.message == "No secret can have this name."


def test_a_secret_stands_alone_in_its_braces() -> None:
    [problem] = check_document(a_document(steps=[http("a", url="{{ 'a' & secrets.a }}")])).problems
    assert "A secret stands alone" in problem.message


def test_whether_there_is_such_a_secret_is_asked_when_a_step_needs_it() -> None:
    assert check_document(a_document(steps=[http("a", url="http://a.test/{{ secrets.not_set_yet }}")])).problems == ()
