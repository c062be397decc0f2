"""The values that the expressions of one execution may read, block by block, kept up to date as its steps end."""

from collections.abc import Mapping
from datetime import datetime

from domain.engine.containers import items_in
from domain.engine.decision_builder import prefix_of
from domain.engine.outputs import result_of
from domain.engine.scheduling import located
from domain.engine.state import ExecutionState, StepState
from domain.executions.records import ExecutionRecord
from domain.expressions.scope import index_name
from domain.kernel.failures import StepError
from domain.kernel.ids import IdKind, to_public
from domain.kernel.json.text import JsonValue
from domain.kernel.times import time_text
from domain.secrets.mask import SecretMask
from domain.workflows.definitions.definition import Definition
from domain.workflows.documents.graph import FAILURE_HANDLER, HANDLER
from domain.workflows.steps.for_each import ForEachConfig

Values = dict[str, JsonValue]


class ExecutionScope:
    """The scope of expressions: `{input, vars, steps, execution, workflow, attempt}`, and the additions of blocks.

    There is one object for each block in which something runs, changed in place. A block sees the steps of the blocks
    around it, in a loop the item and its index, by their names also those of the loops around it, and `error` in a
    handler. A step is in `steps` once it counts as ended: `{output, status, error}`. Ids are public ones, times are
    RFC 3339 in UTC.
    """

    __slots__ = ("_blocks", "_definition", "_execution", "_state", "own_addresses")

    def __init__(
        self,
        definition: Definition,
        execution: ExecutionRecord,
        state: ExecutionState,
        *,
        signal_url: str | None = None,
    ) -> None:
        """`execution` is the one that the expressions are about: for a batch, its parent.

        `signal_url`, the address for its signals, is in the scope of definitions that read it. Whoever knows it may
        grant an approval, so the mask `own_addresses` takes it out of all that is kept to be shown; None without a
        `signal_url`.
        """
        self.own_addresses = None if signal_url is None else SecretMask([signal_url.rpartition("/")[2]])
        self._definition = definition
        self._state = state
        self._execution: Values = {
            "id": to_public(IdKind.EXECUTION, execution.id),
            "createdAt": time_text(execution.created_at),
            "startedAt": None if execution.started_at is None else time_text(execution.started_at),
        }
        if signal_url is not None:
            self._execution["signalUrl"] = signal_url
        workflow_id = definition.workflow_id
        root: Values = {
            "input": execution.input,
            "vars": definition.variables,
            "steps": {},
            "execution": self._execution,
            "workflow": {
                "id": None if workflow_id is None else to_public(IdKind.WORKFLOW, workflow_id),
                "name": definition.name,
                "version": definition.version,
            },
            "attempt": 1,
        }
        self._blocks: dict[str, Values] = {"": root}
        self._add_steps(root, "")

    def start(self, at: datetime) -> None:
        """Record that the execution has started."""
        self._execution["startedAt"] = time_text(at)

    def add(self, step: StepState) -> None:
        """Add a step that has ended."""
        values = self._blocks.get(prefix_of(step.path))
        if values is not None:
            _steps_of(values)[step.step_id] = self._ended(step)

    def add_handled(self, path: str) -> None:
        """Update a failed step whose handler has ended: the handler's result stands for the step's."""
        step = self._state.steps.get(path)
        if step is not None:
            self.add(step)

    def forget(self, prefix: str) -> None:
        """Drop the scope of a block that has ended; nothing is evaluated in it any more."""
        self._blocks.pop(prefix, None)

    def for_attempt(self, prefix: str, attempt: int) -> Mapping[str, JsonValue]:
        """The scope in a block as attempt `attempt` of some step sees it, valid until the next call."""
        values = self._values(prefix)
        values["attempt"] = attempt
        return values

    def with_error(self, prefix: str, attempt: int, error: StepError) -> Mapping[str, JsonValue]:
        """The scope of a retry policy's condition: that of the attempt, and `error`."""
        return {**self._values(prefix), "attempt": attempt, "error": error_in_scope(error)}

    def _values(self, prefix: str) -> Values:
        values = self._blocks.get(prefix)
        if values is None:
            values = self._blocks[prefix] = self._opened(prefix)
        return values

    def _opened(self, prefix: str) -> Values:
        """The scope of a block from that of the block around it."""
        if prefix == FAILURE_HANDLER:
            root = self._blocks[""]
            values = {**root, "steps": dict(_steps_of(root))}
            if self._state.failure is not None:
                values["error"] = error_in_scope(self._state.failure)
        else:
            owner = _owner_of(prefix)
            around = self._values(prefix_of(owner))
            values = {**around, "steps": dict(_steps_of(around))}
            self._add_own(values, prefix, owner)
        self._add_steps(values, prefix)
        return values

    def _add_own(self, values: Values, prefix: str, owner: str) -> None:
        """The item of a loop, or the error of a handler."""
        if prefix.endswith("]"):
            config = self._definition.step(owner).config
            assert isinstance(config, ForEachConfig)
            index = int(prefix[len(owner) + 1 : -1])
            values[config.as_] = self._item(owner, index)
            values["index"] = values[index_name(config.as_)] = index
        elif prefix.endswith(f".{HANDLER}"):
            failed = self._step(owner)
            if failed is not None and failed.error is not None:
                values["error"] = error_in_scope(located(failed.error, owner))

    def _item(self, loop: str, index: int) -> JsonValue:
        batch = self._state.batch
        if batch is not None and batch.path == loop:
            return batch.items[index - batch.first]
        step = self._step(loop)
        assert step is not None
        return items_in(step.checkpoint)[index]

    def _step(self, path: str) -> StepState | None:
        return self._state.steps.get(path) or self._state.outer.get(path)

    def _add_steps(self, values: Values, prefix: str) -> None:
        """The steps of a block that have ended already."""
        steps = _steps_of(values)
        for id in self._definition.block(prefix).steps:
            step = self._step(f"{prefix}.{id}" if prefix else id)
            if step is not None and step.status.is_terminal:
                steps[id] = self._ended(step)

    def _ended(self, step: StepState) -> JsonValue:
        return {
            "output": step.output if step.error is None else result_of(self._definition, self._state, step.path),
            "status": step.status.value,
            "error": None if step.error is None else error_in_scope(step.error),
        }


def error_in_scope(error: StepError) -> JsonValue:
    """`error` as expressions see it: `{code, message, path?, details?, status?}`, the HTTP status on top."""
    value = error.to_json()
    if error.details is not None and "status" in error.details:
        value["status"] = error.details["status"]
    return value


def _owner_of(prefix: str) -> str:
    """The path of the step that a block is in."""
    return prefix[: prefix.rindex("[")] if prefix.endswith("]") else prefix_of(prefix)


def _steps_of(values: Values) -> Values:
    steps = values["steps"]
    assert isinstance(steps, dict)
    return steps
