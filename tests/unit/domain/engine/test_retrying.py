"""Retries of failed executions: the steps that they keep."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest

from domain.engine.state import Attempt, StepState
from domain.executions.retries.plan import kept_steps
from domain.kernel.errors import InvalidInput
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import StepStatus
from domain.workflows.definitions.definition import Definition
from tests.builders import a_definition, constant, step

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
ERROR = StepError(code=FailureCode.HTTP_STATUS, message="The service said 503.")
C, F, X, R, S = (
    StepStatus.COMPLETED,
    StepStatus.FAILED,
    StepStatus.CANCELLED,
    StepStatus.RUNNING,
    StepStatus.SKIPPED,
)


def row(
    definition: Definition, path: str, status: StepStatus = C, *, checkpoint: JsonValue = None, **members: Any
) -> StepState:
    """The row of a step execution as an execution that has ended leaves it."""
    found = definition.step(path)
    error = ERROR if status is F else None
    return StepState(
        path=path,
        step_id=found.id,
        type=found.type,
        status=status,
        attempts=(Attempt(number=1, started_at=NOON, finished_at=NOON, error=error),),
        error=error,
        started_at=NOON,
        finished_at=NOON,
        checkpoint=checkpoint,
        **members,
    )


def kept(definition: Definition, rows: Sequence[StepState], from_step: str | None = None, **how: Any) -> dict[str, str]:
    """The paths that are kept, in order, and their statuses."""
    changes = kept_steps(definition, rows, now=LATER, from_step=from_step, **how)
    assert [change.position for change in changes] == sorted(change.position for change in changes)
    assert all(change.position == definition.position(change.state.path) for change in changes)
    return {change.state.path: change.state.status.value for change in changes}


def refusal(definition: Definition, rows: Sequence[StepState], from_step: str, **how: Any) -> str:
    with pytest.raises(InvalidInput) as caught:
        kept_steps(definition, rows, now=LATER, from_step=from_step, **how)
    [problem] = caught.value.problems
    assert problem.path == ("fromStep",)
    assert problem.hint
    return problem.message


def conditional(id: str, then: list[dict[str, Any]], otherwise: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return step(id, "CONDITIONAL", {"if": "true", "then": then, **({} if otherwise is None else {"else": otherwise})})


def parallel(id: str, **branches: list[dict[str, Any]]) -> dict[str, Any]:
    return step(id, "PARALLEL", {"branches": [{"name": name, "steps": steps} for name, steps in branches.items()]})


def for_each(id: str, *steps: dict[str, Any], **members: Any) -> dict[str, Any]:
    return step(id, "FOR_EACH", {"items": "input", "steps": list(steps)}, **members)


class TestSteps:
    CHAIN = a_definition(steps=[constant("a"), constant("b"), constant("c")])

    def test_what_completed_or_was_skipped_is_kept_and_the_rest_runs_again(self) -> None:
        rows = [row(self.CHAIN, "a"), row(self.CHAIN, "b", S), row(self.CHAIN, "c", F)]
        assert kept(self.CHAIN, rows) == {"a": "COMPLETED", "b": "SKIPPED"}

    def test_a_kept_row_is_the_row_as_it_was(self) -> None:
        first = row(self.CHAIN, "a", input={"x": 1}, output=[1])
        [change] = kept_steps(self.CHAIN, [first, row(self.CHAIN, "b", F)], now=LATER)
        assert change.state == first

    @pytest.mark.parametrize("status", [F, X, R, StepStatus.WAITING])
    def test_what_has_not_ended_well_is_dropped(self, status: StepStatus) -> None:
        assert kept(self.CHAIN, [row(self.CHAIN, "a"), row(self.CHAIN, "b", status)]) == {"a": "COMPLETED"}

    def test_an_execution_whose_output_failed_keeps_every_step(self) -> None:
        assert len(kept(self.CHAIN, [row(self.CHAIN, id) for id in "abc"])) == 3

    def test_a_failure_that_was_borne_is_kept(self) -> None:
        definition = a_definition(steps=[constant("a", onError={"continue": True}), constant("b")])
        assert kept(definition, [row(definition, "a", F), row(definition, "b", F)]) == {"a": "FAILED"}

    def test_a_failure_whose_handler_ended_well_is_kept_with_the_handler(self) -> None:
        definition = a_definition(steps=[constant("a", onError={"steps": [constant("h")]}), constant("b")])
        rows = [row(definition, "a", F), row(definition, "a.onError.h"), row(definition, "b", F)]
        assert kept(definition, rows) == {"a": "FAILED", "a.onError.h": "COMPLETED"}

    def test_a_failure_whose_handler_failed_runs_again_from_the_step(self) -> None:
        handler = {"steps": [constant("h"), constant("i")]}
        definition = a_definition(steps=[constant("z"), constant("a", onError=handler)])
        rows = [row(definition, path, status) for path, status in (("z", C), ("a", F), ("a.onError.h", C))]
        assert kept(definition, rows) == {"z": "COMPLETED"}
        assert kept(definition, [*rows, row(definition, "a.onError.i", F)]) == {"z": "COMPLETED"}

    def test_steps_of_on_failure_are_dropped(self) -> None:
        definition = a_definition(steps=[constant("a"), constant("b")], onFailure=[constant("tell")])
        rows = [row(definition, "a"), row(definition, "b", F), row(definition, "onFailure.tell")]
        assert kept(definition, rows) == {"a": "COMPLETED"}


class TestContainers:
    LOOP = a_definition(steps=[for_each("loop", constant("a"), constant("b")), constant("end")])
    ITEMS: ClassVar[JsonValue] = {"items": [1, 2, 3]}

    def rows_of_a_failed_loop(self) -> list[StepState]:
        paths = [("loop[0].a", C), ("loop[0].b", C), ("loop[1].a", C), ("loop[1].b", F), ("loop[2].a", X)]
        return [row(self.LOOP, "loop", F, checkpoint=self.ITEMS), *(row(self.LOOP, *each) for each in paths)]

    def test_a_loop_goes_on_item_by_item(self) -> None:
        assert kept(self.LOOP, self.rows_of_a_failed_loop()) == {
            "loop": "RUNNING",
            "loop[0].a": "COMPLETED",
            "loop[0].b": "COMPLETED",
            "loop[1].a": "COMPLETED",
        }

    def test_an_open_container_is_as_it_was_before_it_ended(self) -> None:
        loop = kept_steps(self.LOOP, self.rows_of_a_failed_loop(), now=LATER)[0].state
        assert (loop.error, loop.finished_at, loop.due_at, loop.checkpoint) == (None, None, None, self.ITEMS)
        assert loop.attempts == (Attempt(number=1, started_at=NOON),)
        assert loop.started_at == NOON

    def test_the_timeout_of_an_open_container_runs_anew(self) -> None:
        definition = a_definition(steps=[for_each("loop", constant("a"), timeout="PT5M")])
        [loop] = kept_steps(definition, [row(definition, "loop", F, checkpoint=self.ITEMS)], now=LATER)
        assert loop.state.due_at == LATER + timedelta(minutes=5)

    def test_without_a_checkpoint_a_container_starts_anew(self) -> None:
        rows = [row(self.LOOP, "loop", X), row(self.LOOP, "loop[0].a")]
        assert kept(self.LOOP, rows) == {}

    def test_a_container_that_completed_is_kept_with_all_that_is_in_it(self) -> None:
        rows = [row(self.LOOP, "loop"), row(self.LOOP, "loop[0].a"), row(self.LOOP, "loop[1].a", F)]
        assert kept(self.LOOP, [*rows, row(self.LOOP, "end", F)]) == {
            "loop": "COMPLETED",
            "loop[0].a": "COMPLETED",
            "loop[1].a": "FAILED",
        }

    def test_branches_keep_what_they_have_done(self) -> None:
        definition = a_definition(steps=[parallel("fan", eu=[constant("a"), constant("b")], us=[constant("a")])])
        rows = [
            row(definition, "fan", F, checkpoint={}),
            row(definition, "fan.eu.a"),
            row(definition, "fan.eu.b", F),
            row(definition, "fan.us.a", X),
        ]
        assert kept(definition, rows) == {"fan": "RUNNING", "fan.eu.a": "COMPLETED"}

    def test_a_container_in_a_container_goes_on_too(self) -> None:
        inner = conditional("choose", [constant("a"), constant("b")])
        definition = a_definition(steps=[for_each("loop", inner)])
        rows = [
            row(definition, "loop", F, checkpoint=self.ITEMS),
            row(definition, "loop[1].choose", F, checkpoint={"branch": "then"}),
            row(definition, "loop[1].choose.then.a"),
            row(definition, "loop[1].choose.then.b", F),
        ]
        assert kept(definition, rows) == {
            "loop": "RUNNING",
            "loop[1].choose": "RUNNING",
            "loop[1].choose.then.a": "COMPLETED",
        }

    def test_a_container_that_goes_on_leaves_its_failed_handler_behind(self) -> None:
        loop = for_each("loop", constant("a"), onError={"steps": [constant("h"), constant("i")]})
        definition = a_definition(steps=[loop])
        rows = [
            row(definition, "loop", F, checkpoint=self.ITEMS),
            row(definition, "loop[0].a"),
            row(definition, "loop.onError.h"),
            row(definition, "loop.onError.i", F),
        ]
        assert kept(definition, rows) == {"loop": "RUNNING", "loop[0].a": "COMPLETED"}


class TestFromStep:
    def test_the_step_and_what_depends_on_it_run_again(self) -> None:
        definition = a_definition(
            steps=[
                constant("a"),
                constant("b", after=["a"]),
                constant("side", after=["a"]),
                constant("c", after=["b"]),
                constant("d", after=["c", "side"]),
            ]
        )
        rows = [row(definition, id) for id in ("a", "b", "side", "c")]
        assert list(kept(definition, rows, "b")) == ["a", "side"]
        assert list(kept(definition, rows, "a")) == []

    def test_an_item_of_a_loop_that_completed_runs_again_from_a_step(self) -> None:
        definition = a_definition(steps=[for_each("loop", constant("a"), constant("b")), constant("end")])
        rows = [
            row(definition, "loop", input={"items": [1, 2]}, output={"results": []}),
            *(row(definition, f"loop[{n}].{id}") for n in (0, 1) for id in "ab"),
            row(definition, "end"),
        ]
        again = kept_steps(definition, rows, now=LATER, from_step="loop[1].b")
        assert [(change.state.path, change.state.status) for change in again] == [
            ("loop", R),
            ("loop[0].a", C),
            ("loop[0].b", C),
            ("loop[1].a", C),
        ]
        assert again[0].state.checkpoint == {"items": [1, 2]}
        assert again[0].state.output is None

    def test_the_branch_of_a_condition_stays_chosen(self) -> None:
        definition = a_definition(steps=[conditional("choose", [constant("a"), constant("b")]), constant("end")])
        rows = [
            row(definition, "choose", output={"branch": "then", "steps": {}}),
            row(definition, "choose.then.a"),
            row(definition, "choose.then.b"),
            row(definition, "end", F),
        ]
        again = kept_steps(definition, rows, now=LATER, from_step="choose.then.b")
        assert [change.state.path for change in again] == ["choose", "choose.then.a"]
        assert again[0].state.checkpoint == {"branch": "then"}

    def test_a_step_of_a_handler_runs_again_and_the_failure_stays(self) -> None:
        handler = {"steps": [constant("h"), constant("i")]}
        definition = a_definition(steps=[constant("a", onError=handler), constant("b")])
        rows = [
            row(definition, "a", F),
            row(definition, "a.onError.h"),
            row(definition, "a.onError.i"),
            row(definition, "b", F),
        ]
        assert kept(definition, rows, "a.onError.i") == {"a": "FAILED", "a.onError.h": "COMPLETED"}

    def test_a_container_starts_anew_when_it_is_the_step(self) -> None:
        definition = a_definition(steps=[constant("z"), for_each("loop", constant("a"))])
        rows = [
            row(definition, "z"),
            row(definition, "loop", F, checkpoint={"items": [1]}),
            row(definition, "loop[0].a"),
        ]
        assert kept(definition, rows, "loop") == {"z": "COMPLETED"}

    def test_a_path_that_was_never_reached_is_refused(self) -> None:
        definition = a_definition(steps=[constant("a"), constant("b")], onFailure=[constant("tell")])
        rows = [row(definition, "a", F), row(definition, "onFailure.tell")]
        assert refusal(definition, rows, "b") == "The step 'b' was never reached."
        assert refusal(definition, rows, "a[0]") == "The step 'a[0]' was never reached."
        assert "onFailure" in refusal(definition, rows, "onFailure.tell")


class TestAnotherVersion:
    OLD = a_definition(steps=[constant("a"), constant("b"), constant("c"), constant("d")])

    def test_what_the_new_version_has_no_more_is_dropped_with_what_depends_on_it(self) -> None:
        rows = [row(self.OLD, id) for id in "abc"]
        new = a_definition(steps=[constant("a"), constant("x"), constant("c", after=["a"]), constant("d", after=["x"])])
        assert list(kept(new, rows, is_new_version=True)) == ["a", "c"]

    def test_a_step_of_another_type_is_another_step(self) -> None:
        new = a_definition(steps=[constant("a"), parallel("b", x=[constant("y")]), constant("c")])
        assert list(kept(new, [row(self.OLD, id) for id in "abc"], is_new_version=True)) == ["a"]

    def test_a_new_step_in_between_runs_and_so_does_what_follows_it(self) -> None:
        new = a_definition(steps=[constant("a"), constant("new"), constant("b"), constant("c")])
        assert list(kept(new, [row(self.OLD, id) for id in "ab"], is_new_version=True)) == ["a"]

    def test_in_a_completed_container_only_what_still_exists_is_kept(self) -> None:
        old = a_definition(steps=[parallel("fan", eu=[constant("a")], us=[constant("a")])])
        new = a_definition(steps=[parallel("fan", eu=[constant("a")])])
        rows = [row(old, path) for path in ("fan", "fan.eu.a", "fan.us.a")]
        assert list(kept(new, rows, is_new_version=True)) == ["fan", "fan.eu.a"]

    def test_a_loop_is_cut_for_the_workers_anew(self) -> None:
        definition = a_definition(steps=[for_each("loop", constant("a"))])
        checkpoint: JsonValue = {"items": [1, 2], "spread": {"batchSize": 1, "lanes": 2}}
        rows = [row(definition, "loop", F, checkpoint=checkpoint)]
        [same] = kept_steps(definition, rows, now=LATER)
        [other] = kept_steps(definition, rows, now=LATER, is_new_version=True)
        assert same.state.checkpoint == checkpoint
        assert other.state.checkpoint == {"items": [1, 2]}

    def test_a_loop_that_completed_in_batches_counts_its_items_itself(self) -> None:
        definition = a_definition(steps=[for_each("loop", constant("a")), constant("end")])
        loop = row(definition, "loop", checkpoint={"spread": {"batchSize": 1, "lanes": 2}}, input={"items": [1]})
        rows = [loop, row(definition, "loop[0].a"), row(definition, "end", F)]
        assert kept_steps(definition, rows, now=LATER)[0].state.checkpoint is None
        again = kept_steps(definition, rows, now=LATER, from_step="loop[0].a")
        assert [(each.state.status, each.state.checkpoint) for each in again] == [(R, {"items": [1]})]

    def test_a_step_to_begin_from_must_be_there(self) -> None:
        new = a_definition(steps=[constant("a")])
        rows = [row(self.OLD, "a"), row(self.OLD, "b", F)]
        assert "no step 'b'" in refusal(new, rows, "b", is_new_version=True)
