"""The work of one execution: attempts of steps, outputs of containers, expressions that give an output.

Each gives a report, at once or, where it takes a while, from a call in the background.
"""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from actors.activations.context import ActivationContext
from actors.activations.expression_context import ExecutionScope
from actors.activations.in_flight import Calls
from actors.activations.step_runner import Pending
from domain.engine.carrying import carried_for
from domain.engine.outputs import container_output, execution_output
from domain.engine.reports import ItemEvaluated, OutcomeReported, OutputEvaluated, Report
from domain.engine.state import ExecutionState
from domain.executions.step_executor import Failed, Succeeded
from domain.expressions.templates import Template
from domain.kernel.failures import StepError
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import StepStatus
from domain.workflows.definitions.definition import Definition


class StepWork:
    """The work of one activation, whose state it reads; `report` takes the reports that are known at once."""

    def __init__(
        self,
        owner_id: UUID,
        definition: Definition,
        state: ExecutionState,
        scope: ExecutionScope,
        calls: Calls[Report],
        report: Callable[[Report], None],
        parts: ActivationContext,
    ) -> None:
        self._owner_id = owner_id
        self._definition = definition
        self._state = state
        self._scope = scope
        self._calls = calls
        self._report = report
        self._attempts = parts.attempts
        self._clock = parts.clock

    def run_step(self, path: str) -> None:
        """Begin an attempt, unless it runs already or is not wanted any more."""
        step = self._state.steps[path]
        if step.status is not StepStatus.RUNNING or path in self._calls:
            return  # something that was decided since has stopped it, or has started it already
        begun = self._attempts.begin(
            self._owner_id,
            self._definition.step(path),
            step,
            self._scope,
            self._clock.now(),
            carried_for(self._state.carried, path) if self._state.carried else None,
        )
        self._take(path, begun)

    def fail_step(self, path: str, error: StepError) -> None:
        """Fail an attempt that is over before it was done; the step's retry policy applies as after any failure."""
        attempts, step = self._attempts, self._definition.step(path)
        self._take(path, attempts.fail(self._owner_id, step, self._state.steps[path], self._scope, error))

    def _take(self, key: str, begun: Report | Pending[Any]) -> None:
        if isinstance(begun, Pending):
            self._calls.start(key, begun)
        else:
            self._report(begun)

    def close(self, path: str) -> None:
        """Put a container's output together, and report it."""
        container = self._state.containers[path]
        output = container_output(self._definition, self._state, container)
        step = self._state.steps.get(path)
        attempt = 1 if step is None else step.attempt
        error = None if self._state.batch is not None else self._attempts.refuse_output(output)
        if error is not None:
            self._report(OutcomeReported(path, attempt, Failed(error=error)))
        else:
            input = None if step is None else step.input
            self._report(OutcomeReported(path, attempt, Succeeded(output=output), input))

    def resolve(self, loop: str, index: int) -> None:
        """Render the result of a loop's item, and report it."""
        template = self._definition.step(loop).result
        assert template is not None
        prefix = f"{loop}[{index}]"
        values = self._scope.for_attempt(prefix, 1)
        self._compute(template, prefix, values, lambda result, error: ItemEvaluated(loop, index, result, error))
        self._scope.forget(prefix)

    def evaluate_output(self) -> None:
        """Render the output of the execution, and report it."""
        template = self._definition.output
        if template is None:
            self._report(OutputEvaluated(output=execution_output(self._definition, self._state)))
        else:
            self._compute(template, "", self._scope.for_attempt("", 1), OutputEvaluated)

    def _compute(
        self,
        template: Template,
        where: str,
        values: Mapping[str, JsonValue],
        report: Callable[[JsonValue, StepError | None], Report],
    ) -> None:
        """Render a template for an output, at once or in the sandbox, and report the value."""
        now = self._clock.now()
        self._take(
            f"{where} output",
            self._attempts.value_of(template, self._owner_id, where, now, values, report),
        )
