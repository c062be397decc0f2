"""Random documents on the engine in memory: whoever dies whenever, they end, and as the language says."""

import asyncio
import random
from collections.abc import Mapping
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from domain.kernel.statuses import ExecutionStatus
from domain.workflows.definitions.definition import Definition
from domain.workflows.documents.reading import check_document
from tests.builders import a_definition
from tests.unit.actors.world import SetClock
from tests.unit.domain.engine.documents import INPUT, documents
from tests.unit.domain.engine.reference import Interpreter, Outcome
from tests.unit.domain.engine.stage import Ended, Plan, perform, seconds_of


def definition_of(document: Mapping[str, Any]) -> Definition:
    assert check_document(document).problems == ()
    return a_definition(**document)


def run(definition: Definition, plan: Plan) -> Ended:
    return asyncio.run(perform(definition, plan))


def meant(document: Mapping[str, Any]) -> Outcome:
    return Interpreter(document, INPUT, start=SetClock().now(), seconds_of=seconds_of).run()


def bare(value: Any) -> Any:
    """A value without the messages of errors, which the reference does not have."""
    if isinstance(value, list):
        return [bare(each) for each in value]
    if not isinstance(value, dict):
        return value
    prose = ("message", "details", "status") if "code" in value else ()
    return {name: bare(each) for name, each in value.items() if name not in prose}


def check(ended: Ended, expected: Outcome) -> None:
    """Check an execution against the reference's outcome, unless several are possible."""
    if expected.is_open:
        return
    execution = ended.execution
    assert execution.status == expected.status
    assert bare(execution.output) == bare(expected.output)
    if execution.error is not None:
        said = {(failure.code, failure.path) for failure in expected.failures}
        assert (execution.error.code.value, execution.error.path) in said
    statuses = {path: row.status.value for path, row in ended.rows.items()}
    assert statuses.keys() <= expected.rows.keys()
    for path, row in expected.rows.items():
        assert statuses.get(path) in row.statuses, path


@given(documents(), st.integers(0, 2**32))
@settings(max_examples=200, deadline=None)
def test_a_document_means_what_the_reference_says(document: dict[str, Any], seed: int) -> None:
    expected = meant(document)
    event("open" if expected.is_open else expected.status)

    check(run(definition_of(document), Plan(random.Random(seed))), expected)


@given(documents(), st.integers(0, 2**32), st.integers(2, 12), st.integers(0, 8))
@settings(max_examples=200, deadline=None)
def test_crashes_and_pauses_at_any_moment_change_nothing(
    document: dict[str, Any], seed: int, crash_every: int, pause_every: int
) -> None:
    expected = meant(document)
    plan = Plan(random.Random(seed), crash_every=crash_every, pause_every=pause_every)

    ended = run(definition_of(document), plan)

    event("open" if expected.is_open else f"{expected.status}, {plan.crashes > 0=}, {plan.pauses > 0=}")
    check(ended, expected)


@given(documents(), st.integers(0, 2**32), st.integers(1, 6))
@settings(max_examples=100, deadline=None)
def test_pauses_that_last_end_too(document: dict[str, Any], seed: int, pause_every: int) -> None:
    plan = Plan(random.Random(seed), crash_every=20, pause_every=pause_every, longest_pause=5.0)

    assert run(definition_of(document), plan).execution.status is not ExecutionStatus.CANCELLED
