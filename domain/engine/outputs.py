"""Outputs: of a step that counts as ended, of a container, of an execution without an `output` expression."""

from collections.abc import Mapping

from domain.engine.containers import join_of
from domain.engine.state import ContainerState, ExecutionState
from domain.kernel.failures import StepError
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import StepStatus
from domain.workflows.definitions.definition import Block, Definition
from domain.workflows.documents.graph import HANDLER
from domain.workflows.steps.for_each import FOR_EACH
from domain.workflows.steps.parallel import PARALLEL, Join


def result_of(definition: Definition, state: ExecutionState, path: str) -> JsonValue:
    """The value that expressions see as a step's output: its own, or where it failed that of its last handler step."""
    step = state.steps.get(path) or state.outer.get(path)
    if step is None:
        return None
    if step.status is StepStatus.COMPLETED:
        return step.output
    handler = definition.step(path).handler
    if step.status is StepStatus.FAILED and handler is not None:
        return last_result(definition, state, handler, f"{path}.{HANDLER}")
    return None


def last_result(definition: Definition, state: ExecutionState, block: Block, prefix: str) -> JsonValue:
    """The result of a block's last step in document order."""
    return result_of(definition, state, f"{prefix}.{block.last}" if prefix else block.last)


def execution_output(definition: Definition, state: ExecutionState) -> JsonValue:
    """The output of a workflow that has no `output` expression: the result of its last step."""
    return last_result(definition, state, definition.root, "")


def container_output(definition: Definition, state: ExecutionState, container: ContainerState) -> JsonValue:
    """The output of a container, all of whose blocks have ended as they should."""
    if container.step.kind is FOR_EACH:
        return _loop_output(definition, state, container)
    if container.step.kind is PARALLEL:
        return _branches_output(definition, state, container)
    branch = str(next(iter(container.outcomes)))
    steps = _results(definition, state, container.block_of(branch), container.prefix_of(branch))
    return {"branch": branch, "steps": steps}


def _branches_output(definition: Definition, state: ExecutionState, container: ContainerState) -> JsonValue:
    join = join_of(container.step)
    output: dict[str, JsonValue] = {}
    for label, block in container.step.blocks.items():
        if label == HANDLER or label not in container.outcomes:
            continue
        error = container.outcomes[label]
        if error is None:
            output[label] = _results(definition, state, block, container.prefix_of(label))
        elif join is Join.SETTLED:
            output[label] = {"error": _shown(error)}
    return output


def _results(definition: Definition, state: ExecutionState, block: Block, prefix: str) -> dict[str, JsonValue]:
    return {id: result_of(definition, state, f"{prefix}.{id}") for id in block.steps}


def _loop_output(definition: Definition, state: ExecutionState, container: ContainerState) -> JsonValue:
    """The output of a loop; of a batch, that of its part, with `failures` indexed as in the whole loop."""
    results: list[JsonValue] = []
    failures: list[JsonValue] = []
    computed = container.step.result is not None or container.sharding is not None
    for index in range(container.first, container.first + container.size):
        error = container.outcomes.get(index)
        if error is not None:
            results.append(None)
            failures.append({"index": index, "error": error.to_json()})
        elif computed:
            results.append(container.results.get(index))
        else:
            block = container.block_of(index)
            results.append(last_result(definition, state, block, container.prefix_of(index)))
    return {
        "results": results,
        "succeeded": container.size - len(failures),
        "failed": len(failures),
        "failures": failures,
    }


def _shown(error: StepError) -> Mapping[str, JsonValue]:
    value = error.to_json()
    value.pop("details", None)
    return value
