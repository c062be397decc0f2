"""Progress in shares: items count from the moment when their loop is opened, and what has ended only grows."""

from typing import Any

import pytest

from domain.engine.reports import (
    Activated,
    PauseRequested,
    Report,
    ResumeRequested,
    StepBypassed,
)
from domain.executions.projections import progress
from domain.executions.records import Progress
from domain.kernel.failures import FailureCode, StepError
from domain.workflows.definitions.definition import Definition
from tests.builders import a_definition, step
from tests.unit.domain.engine.outcomes import failure, opening, success
from tests.unit.domain.engine.simulation import Simulation

NO = StepError(code=FailureCode.INVALID_REQUEST, message="no")


def call(id: str, **members: Any) -> dict[str, Any]:
    return step(id, "DATA_TRANSFORM", {"output": id}, **members)


def loop(id: str, *steps: dict[str, Any], **config: Any) -> dict[str, Any]:
    return step(id, "FOR_EACH", {"items": "input", "steps": list(steps), "maxConcurrency": 1, **config})


class Watched:
    """An execution after each report of which its progress is read."""

    def __init__(self, *steps: dict[str, Any], **members: Any) -> None:
        self.definition: Definition = a_definition(steps=steps, **members)
        self.simulation = Simulation(self.definition)
        self.simulation.report(Activated())
        self.percents = [0.0]

    def report(self, *reports: Report) -> Progress:
        for report in reports:
            self.simulation.report(report)
            self.percents.append(self.progress.percent)
        return self.progress

    def done(self, *paths: str) -> Progress:
        return self.report(*(success(path, 1, output=None) for path in paths))

    @property
    def progress(self) -> Progress:
        return progress(self.simulation.state)


def test_items_count_from_the_start_and_not_when_they_begin() -> None:
    watched = Watched(loop("loop", call("a")))
    assert watched.progress.total == 1

    opened = watched.report(opening("loop", 1, {"items": list(range(300))}))

    assert (opened.total, opened.percent) == (301, 0.0)
    so_far = watched.done(*(f"loop[{n}].a" for n in range(121)))
    assert (so_far.completed, so_far.total) == (121, 301)
    assert so_far.percent == 40.33


def test_a_loop_that_unfolds_late_takes_nothing_back() -> None:
    watched = Watched(call("first"), loop("loop", call("a")), call("last"))
    watched.done("first")
    watched.report(opening("loop", 1, {"items": list(range(200))}))
    watched.done(*(f"loop[{n}].a" for n in range(100)))

    assert watched.percents == sorted(watched.percents)
    assert watched.progress.percent == 50.0


def test_a_nested_loop_shares_what_its_item_has() -> None:
    watched = Watched(loop("outer", loop("inner", call("a"), call("b"))))
    watched.report(opening("outer", 1, {"items": [1, 2]}))
    assert watched.progress.total == 3

    watched.report(opening("outer[0].inner", 1, {"items": [1, 2]}))
    assert watched.progress.total == 7
    assert watched.done("outer[0].inner[0].a").percent == 12.5
    assert watched.done("outer[0].inner[0].b").percent == 25.0


def test_branches_that_are_not_taken_count_for_nothing() -> None:
    choice = step("choose", "CONDITIONAL", {"if": "true", "then": [call("a")], "else": [call("b"), call("c")]})
    watched = Watched(choice, call("last"))

    watched.report(opening("choose", 1, {"branch": "then"}))

    assert watched.progress.total == 3
    assert watched.done("choose.then.a").percent == 50.0


def test_all_branches_are_known_when_they_are_opened() -> None:
    branches = [{"name": name, "steps": [call("a"), call("b")]} for name in ("x", "y")]
    watched = Watched(step("fan", "PARALLEL", {"branches": branches, "maxConcurrency": 1}))

    watched.report(opening("fan", 1, {}))

    assert watched.progress.total == 5
    assert watched.done("fan.x.a").percent == 25.0


def test_what_a_handler_does_is_the_share_of_its_step() -> None:
    watched = Watched(call("a", onError={"steps": [call("mend"), call("tell")]}), call("b"))

    failed = watched.report(failure("a", 1, NO, chance=0.0))

    assert (failed.total, failed.failed, failed.percent) == (4, 1, 0.0)
    assert watched.done("a.onError.mend").percent == 0.0
    assert watched.done("a.onError.tell").percent == 50.0


def test_an_item_that_fails_is_done_as_a_whole() -> None:
    watched = Watched(loop("loop", call("a"), call("b"), toleratedFailures=1), call("last"))
    watched.report(opening("loop", 1, {"items": [1, 2]}))

    watched.report(failure("loop[0].a", 1, NO, chance=0.0))

    assert watched.progress.percent == 25.0
    watched.done("loop[1].a", "loop[1].b")
    watched.done("loop")
    assert watched.progress.percent == 50.0
    assert watched.percents == sorted(watched.percents)


def test_a_skipped_step_is_done() -> None:
    watched = Watched(call("a", when="input.wanted"), call("b"))

    assert watched.report(StepBypassed("a", 1)).percent == 50.0


def test_all_is_done_at_the_end_and_not_before() -> None:
    watched = Watched(call("a"), call("b"), call("c"), output="1")
    watched.done("a", "b", "c")

    assert watched.simulation.state.ended == pytest.approx(1)
    assert watched.progress.percent == 99.99


def test_a_lost_worker_takes_nothing_back_from_an_execution_that_handles_its_failure() -> None:
    watched = Watched(call("a"), call("b"), onFailure=[call("c")])
    watched.done("a")
    failed = watched.report(failure("b", 1, error=NO, chance=0.0))

    watched.simulation.crash()

    assert watched.progress.percent == failed.percent == 50.0
    assert watched.progress.total == failed.total == 3


def test_the_steps_of_a_handler_that_waits_for_a_pause_to_end_are_known_after_a_lost_worker_too() -> None:
    watched = Watched(call("a", onError={"steps": [call("b")]}), call("c"))
    watched.report(PauseRequested())
    paused = watched.report(failure("a", 1, error=NO, chance=0.0))
    assert "a.onError.b" not in watched.simulation.rows

    watched.simulation.crash()
    watched.report(ResumeRequested())

    assert watched.progress.total == paused.total == 3
    assert watched.done("a.onError.b", "c").total == 3


def test_what_a_lost_worker_has_counted_is_not_counted_again_by_the_one_that_goes_on() -> None:
    choice = step("choice", "CONDITIONAL", {"if": "input", "then": [call("a")]}, onError={"steps": [call("mend")]})
    watched = Watched(choice, call("last"))
    watched.report(opening("choice", 1, {"branch": "then"}), failure("choice.then.a", 1, NO, chance=0.0))
    before = watched.progress.percent

    watched.simulation.crash()

    assert watched.progress.percent == before
    assert watched.done("choice.onError.mend").percent == 50.0
    assert watched.percents == sorted(watched.percents)
