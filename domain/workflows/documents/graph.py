"""The graph of a workflow: dependencies and stages of its steps, and nodes and edges for drawing it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter

from domain.workflows.documents.step import StepDocument
from domain.workflows.steps.conditional import ConditionalConfig
from domain.workflows.steps.for_each import ForEachConfig
from domain.workflows.steps.parallel import ParallelConfig

HANDLER = "onError"
"""The label, in paths, of the steps that handle a step's failure."""

FAILURE_HANDLER = "onFailure"
"""The label, in paths, of the steps that handle the failure of a whole workflow."""

EACH = "each"
"""The label of the block of a loop's steps; paths have the item's index in brackets instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphNode:
    """A step. `parent` is the path of the step whose block it is in."""

    path: str
    type: str
    name: str
    parent: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphEdge:
    """`target` runs after `source`. `label` names the block, where the edge enters one."""

    source: str
    target: str
    label: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowGraph:
    """Nodes in document order, outer before inner; edges are dependencies and the ways into blocks."""

    nodes: tuple[GraphNode, ...]
    edges: tuple[GraphEdge, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InnerBlock:
    """A block inside a step. `path` is the prefix of the paths of its steps."""

    label: str
    path: str
    steps: Sequence[StepDocument]


def dependencies_of(steps: Sequence[StepDocument]) -> dict[str, tuple[str, ...]]:
    """The dependencies of each step of a block: those that it names, else the step written before it."""
    found: dict[str, tuple[str, ...]] = {}
    before: tuple[str, ...] = ()
    for step in steps:
        found[step.id] = before if step.depends_on is None else tuple(dict.fromkeys(step.depends_on))
        before = (step.id,)
    return found


def stages_of(dependencies: Mapping[str, Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    """The order of execution: each inner tuple may run at once, in document order.

    Raises `graphlib.CycleError`, whose second argument names one cycle.
    """
    order = {id: index for index, id in enumerate(dependencies)}
    sorter = TopologicalSorter(dependencies)
    sorter.prepare()
    stages: list[tuple[str, ...]] = []
    while sorter.is_active():
        ready = sorter.get_ready()
        stages.append(tuple(sorted(ready, key=order.__getitem__)))
        sorter.done(*ready)
    return tuple(stages)


def inner_blocks(step: StepDocument, path: str) -> Iterator[InnerBlock]:
    """The blocks inside the step at `path`, handlers last."""
    match step.config:
        case ConditionalConfig(then=then, else_=otherwise):
            yield InnerBlock(label="then", path=f"{path}.then", steps=then)
            if otherwise is not None:
                yield InnerBlock(label="else", path=f"{path}.else", steps=otherwise)
        case ParallelConfig(branches=branches):
            for branch in branches:
                yield InnerBlock(label=branch.name, path=f"{path}.{branch.name}", steps=branch.steps)
        case ForEachConfig(steps=steps):
            yield InnerBlock(label=EACH, path=path, steps=steps)
        case _:
            pass
    if step.on_error is not None and step.on_error.steps is not None:
        yield InnerBlock(label=HANDLER, path=f"{path}.{HANDLER}", steps=step.on_error.steps)


def graph_of(steps: Sequence[StepDocument], on_failure: Sequence[StepDocument] = ()) -> WorkflowGraph:
    """The graph of a workflow's steps and of its failure handler, whose paths start with `onFailure`."""
    nodes: list[GraphNode] = []
    edges: list[GraphEdge] = []
    _draw(steps, "", None, nodes, edges)
    _draw(on_failure, f"{FAILURE_HANDLER}.", None, nodes, edges)
    return WorkflowGraph(nodes=tuple(nodes), edges=tuple(edges))


def _draw(
    steps: Sequence[StepDocument],
    prefix: str,
    entry: tuple[str, str] | None,
    nodes: list[GraphNode],
    edges: list[GraphEdge],
) -> None:
    dependencies = dependencies_of(steps)
    for step in steps:
        path = prefix + step.id
        nodes.append(
            GraphNode(path=path, type=step.type, name=step.name or step.id, parent=entry[0] if entry else None)
        )
        befores = dependencies[step.id]
        edges.extend(GraphEdge(source=prefix + before, target=path) for before in befores)
        if entry is not None and not befores:
            edges.append(GraphEdge(source=entry[0], target=path, label=entry[1]))
        for block in inner_blocks(step, path):
            _draw(block.steps, f"{block.path}.", (path, block.label), nodes, edges)
