"""Whatever an execution has left behind, what a retry keeps of it hangs together."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.engine.state import StepState
from domain.executions.retries.plan import kept_steps
from domain.kernel.json.text import JsonValue
from domain.workflows.definitions.definition import Block, Definition
from domain.workflows.documents.graph import HANDLER
from tests.builders import a_definition, constant
from tests.unit.domain.engine.test_retrying import LATER, C, F, R, S, X, conditional, for_each, parallel, row


@st.composite
def blocks(draw: st.DrawFn, depth: int = 2) -> list[dict[str, Any]]:
    """A block of steps with containers, handlers and dependencies of all sorts."""
    ids = "abcd"[: draw(st.integers(1, 4))]
    steps = []
    for index, id in enumerate(ids):
        kind = draw(st.sampled_from(["plain", "if", "fan", "loop"] if depth else ["plain"]))
        if kind == "if":
            built = conditional(id, draw(blocks(depth - 1)), draw(blocks(depth - 1)))
        elif kind == "fan":
            built = parallel(id, x=draw(blocks(depth - 1)), y=draw(blocks(depth - 1)))
        elif kind == "loop":
            built = for_each(id, *draw(blocks(depth - 1)))
        else:
            built = constant(id)
        if draw(st.booleans()):
            built["dependsOn"] = draw(st.lists(st.sampled_from(ids[:index]), unique=True)) if index else []
        on_error = draw(st.sampled_from(["fail", "fail", "continue", "handle"]))
        if on_error == "continue":
            built["onError"] = {"continue": True}
        elif on_error == "handle" and depth:
            built["onError"] = {"steps": draw(blocks(depth - 1))}
        steps.append(built)
    return steps


@st.composite
def histories(draw: st.DrawFn) -> tuple[Definition, list[StepState]]:
    """A definition, and rows as any execution of it could have left them (and some that none could)."""
    definition = a_definition(steps=draw(blocks()))
    rows: list[StepState] = []

    def add(block: Block, prefix: str) -> None:
        for id, found in block.steps.items():
            status = draw(st.sampled_from([C, C, C, S, F, F, X, None]))
            if status is None:
                continue
            path = f"{prefix}.{id}" if prefix else id
            checkpoints: list[JsonValue] = [None, {"items": [1, 2], "branch": "then"}]
            checkpoint = draw(st.sampled_from(checkpoints)) if found.is_container and status is not C else None
            rows.append(row(definition, path, status, checkpoint=checkpoint, input={"items": [1, 2]}))
            for label, inner in found.blocks.items():
                if status is S or (label == HANDLER and status is not F):
                    continue
                for instance in (f"{path}[0]", f"{path}[1]") if label == "each" else (f"{path}.{label}",):
                    add(inner, instance)

    add(definition.root, "")
    return definition, rows


def blocks_of(definition: Definition, states: dict[str, StepState]) -> dict[str, Block]:
    """Every block that has rows, by prefix."""
    found: dict[str, Block] = {}
    for path in states:
        prefix = path.rpartition(".")[0]
        if not prefix:
            found[prefix] = definition.root
        else:
            owner, label = (prefix[: prefix.rindex("[")], "each") if prefix.endswith("]") else prefix.rsplit(".", 1)
            found[prefix] = definition.step(owner).blocks[label]
    return found


def owners_of(path: str) -> list[str]:
    """The paths of the steps around a step, innermost first."""
    owners = []
    while prefix := path.rpartition(".")[0]:
        path = prefix[: prefix.rindex("[")] if prefix.endswith("]") else prefix.rpartition(".")[0]
        owners.append(path)
    return owners


def dependants_of(block: Block, id: str) -> set[str]:
    """The steps of a block that depend on one, over however many others."""
    found: set[str] = set()
    waiting = [id]
    while waiting:
        more = set(block.steps[waiting.pop()].dependants) - found
        found |= more
        waiting += more
    return found


@settings(max_examples=300, deadline=None)
@given(history=histories(), data=st.data())
def test_whatever_is_kept_has_what_it_depends_on(
    history: tuple[Definition, list[StepState]], data: st.DataObject
) -> None:
    definition, rows = history
    from_step = data.draw(st.none() | st.sampled_from([each.path for each in rows])) if rows else None

    changes = kept_steps(definition, rows, now=LATER, from_step=from_step)

    states = {change.state.path: change.state for change in changes}
    before = {each.path: each for each in rows}
    assert len(states) == len(changes)
    assert states.keys() <= before.keys()
    for path, state in states.items():
        owners = owners_of(path)
        assert states.keys() >= set(owners), "nothing is kept without what it is in"
        assert state == before[path] or (state.status is R and definition.step(path).is_container)
        if any(states[owner].status in (C, S) for owner in owners):
            continue  # kept whole, as it was
        block = blocks_of(definition, {path: state})[path.rpartition(".")[0]]
        for id in block.steps[path.rpartition(".")[2]].depends_on:
            dependency = states.get(".".join(filter(None, [path.rpartition(".")[0], id])))
            inside_failure = any(states[owner].status is F for owner in owners)
            assert inside_failure or (dependency is not None and dependency.status in (C, S, F))
    if from_step is None:
        again = kept_steps(definition, list(states.values()), now=LATER)
        assert [change.state for change in again] == [change.state for change in changes]
        return
    assert from_step not in states
    for path in (from_step, *owners_of(from_step)):
        prefix = path.rpartition(".")[0]
        block = blocks_of(definition, {path: before[from_step]})[prefix]
        dropped = {f"{prefix}.{id}" if prefix else id for id in dependants_of(block, path.rpartition(".")[2])}
        assert not dropped & states.keys(), "what depends on it, or on what it is in, runs again"
        if path != from_step and path in states:
            assert states[path].status is R or from_step.startswith(f"{path}.{HANDLER}.")
