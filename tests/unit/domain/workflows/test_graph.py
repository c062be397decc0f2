"""Order, stages and drawing."""

from graphlib import CycleError

import pytest

from domain.kernel.statuses import StepType
from domain.workflows.documents.graph import GraphEdge, dependencies_of, graph_of, stages_of
from tests.builders import a_workflow, constant, step, transform


def test_without_depends_on_a_step_runs_after_the_one_written_before_it() -> None:
    steps = a_workflow(steps=[constant("a"), constant("b"), constant("c")]).steps
    assert dependencies_of(steps) == {"a": (), "b": ("a",), "c": ("b",)}


def test_an_empty_depends_on_is_at_once() -> None:
    steps = a_workflow(steps=[constant("a"), constant("b", after=[]), constant("c", after=["a", "b"])]).steps
    assert dependencies_of(steps) == {"a": (), "b": (), "c": ("a", "b")}


def test_a_stage_holds_what_may_run_at_the_same_time_in_document_order() -> None:
    dependencies = {"join": ["left", "right"], "right": [], "left": [], "last": ["join"], "alone": []}
    assert stages_of(dependencies) == (("right", "left", "alone"), ("join",), ("last",))


def test_a_cycle_has_no_stages() -> None:
    with pytest.raises(CycleError):
        stages_of({"a": ["b"], "b": ["a"]})


def test_a_graph_has_a_node_for_each_step_and_an_edge_for_each_dependency() -> None:
    steps = a_workflow(
        steps=[constant("a", name="First"), constant("b", after=[]), constant("c", after=["a", "b"])]
    ).steps

    graph = graph_of(steps)

    assert [(node.path, node.type, node.name, node.parent) for node in graph.nodes] == [
        ("a", StepType.DATA_TRANSFORM, "First", None),
        ("b", StepType.DATA_TRANSFORM, "b", None),
        ("c", StepType.DATA_TRANSFORM, "c", None),
    ]
    assert graph.edges == (GraphEdge(source="a", target="c"), GraphEdge(source="b", target="c"))


def test_blocks_are_nested_and_entered_by_labelled_edges() -> None:
    loop = step("loop", "FOR_EACH", {"items": "input", "steps": [transform("fetch")]})
    choose = step("choose", "CONDITIONAL", {"if": "true", "then": [transform("a"), transform("b")], "else": []})
    branches = [{"name": "eu", "steps": [loop]}, {"name": "us", "steps": [transform("fetch")]}]
    fan = step("fan", "PARALLEL", {"branches": branches}, onError={"steps": [transform("undo")]})
    document = a_workflow(steps=[choose, fan], onFailure=[transform("tell")])

    graph = graph_of(document.steps, document.on_failure or ())

    assert [(node.path, node.parent) for node in graph.nodes] == [
        ("choose", None),
        ("choose.then.a", "choose"),
        ("choose.then.b", "choose"),
        ("fan", None),
        ("fan.eu.loop", "fan"),
        ("fan.eu.loop.fetch", "fan.eu.loop"),
        ("fan.us.fetch", "fan"),
        ("fan.onError.undo", "fan"),
        ("onFailure.tell", None),
    ]
    assert [(edge.source, edge.target, edge.label) for edge in graph.edges] == [
        ("choose", "choose.then.a", "then"),
        ("choose.then.a", "choose.then.b", None),
        ("choose", "fan", None),
        ("fan", "fan.eu.loop", "eu"),
        ("fan.eu.loop", "fan.eu.loop.fetch", "each"),
        ("fan", "fan.us.fetch", "us"),
        ("fan", "fan.onError.undo", "onError"),
    ]
