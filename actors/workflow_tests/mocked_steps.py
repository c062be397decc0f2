"""The executors of a test: mocks answer, what only computes or waits is run, and what calls out has to be mocked."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import cast
from uuid import UUID

from actors.steps.webhook_call import event_id
from domain.executions.step_executor import Failed, Outcome, StepCall, StepExecutor, Succeeded
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.json.text import JsonValue
from domain.workflow_tests.mocks import MockAnswer, MockedFailure, MockedOutput, MockedPayload, Mocks
from domain.workflow_tests.model import MAX_STEPS, RecordedCall
from domain.workflows.steps.data_transform import DATA_TRANSFORM, DataTransformConfig
from domain.workflows.steps.kind import AnyKind, Effect
from domain.workflows.steps.sub_workflow import SUB_WORKFLOW, SubWorkflowConfig
from domain.workflows.steps.wait import WAIT, WaitConfig
from domain.workflows.steps.webhook_call import WEBHOOK_CALL, WebhookCallConfig
from persistence.memory.tables import MemoryTables

_PASSED = 200


class TooManySteps(BaseException):
    """A test has made as many attempts as it may. Nothing takes it for an error of the step that was one too many."""


class Journal:
    """The attempts of one test: how many there were, and the calls among them, with the paths that mocks know.

    `fail` is told when there are too many.
    """

    def __init__(self, tables: MemoryTables, mocks: Mocks, fail: Callable[[BaseException], None]) -> None:
        self._fail = fail
        self._tables = tables
        self._mocks = mocks
        self._prefixes: dict[UUID, str] = {}
        self._attempts = 0
        self.calls: list[RecordedCall] = []

    def answer(self, call: StepCall, kind: AnyKind) -> MockAnswer | None:
        """The answer of the mock for an attempt, which is written down; None where it has none."""
        self._attempts += 1
        if self._attempts > MAX_STEPS:
            excess = TooManySteps()
            self._fail(excess)
            raise excess
        path = self.path_of(call)
        mock = self._mocks.of(path)
        if mock is not None or kind.effect is Effect.CALL:
            self.calls.append(
                RecordedCall(
                    execution_id=call.execution_id,
                    path=path,
                    type=kind.name,
                    attempt=call.attempt,
                    request=call.input,
                    mock=None if mock is None else mock.path,
                )
            )
        return None if mock is None else mock.answer(call.attempt)

    def path_of(self, call: StepCall) -> str:
        """The path of a step as mocks have it: behind those of the steps that have started its execution."""
        return self._prefix_of(call.execution_id) + call.path

    def is_known(self, call: StepCall, kind: AnyKind) -> bool:
        """True unless the step needs a stored workflow or rule that is not here."""
        if kind is SUB_WORKFLOW:
            name = cast("SubWorkflowConfig", call.step.config).workflow
            return any(row.name == name for row in self._tables.workflows.values())
        rule = cast("DataTransformConfig", call.step.config).rule if kind is DATA_TRANSFORM else None
        return rule is None or rule.name in self._tables.rules

    def _prefix_of(self, execution_id: UUID) -> str:
        found = self._prefixes.get(execution_id)
        if found is None:
            row = self._tables.executions[execution_id]
            around = "" if row.parent_id is None else self._prefix_of(row.parent_id)
            found = self._prefixes[execution_id] = "" if row.parent_id is None else f"{around}{row.parent_path}/"
        return found


class MockedSteps:
    """The executor of one kind: of its mocks, and otherwise the `real` one; None where that would call out."""

    def __init__(self, kind: AnyKind, real: StepExecutor | None, journal: Journal) -> None:
        self._kind = kind
        self._real = real
        self._journal = journal

    def execute(self, call: StepCall) -> Outcome | Awaitable[Outcome]:
        """Answer as the mock says, or run the step; a signal that no mock speaks of comes at once, without payload."""
        answer = self._journal.answer(call, self._kind)
        if answer is not None:
            return self._answered(call, answer)
        if self._real is None or not self._journal.is_known(call, self._kind):
            return Failed(error=self._not_mocked(call))
        if _awaits_signal(call):
            return self._real.execute(_with_payload(call, None))
        return self._real.execute(call)

    def _answered(self, call: StepCall, answer: MockAnswer) -> Outcome | Awaitable[Outcome]:
        patience = _patience(call) if isinstance(answer, MockedPayload) else None
        if patience is not None and answer.after >= patience:
            return self._in_vain(call, patience)
        return _late(self._outcome(call, answer), answer.after) if answer.after else self._outcome(call, answer)

    def _outcome(self, call: StepCall, answer: MockAnswer) -> Outcome:
        match answer:
            case MockedOutput(value=value):
                return Succeeded(output=value)
            case MockedFailure(error=error, status=status, retry_after=retry_after):
                return Failed(error=error, status_code=status, retry_after=retry_after)
            case MockedPayload(value=value) if self._kind is WAIT and _awaits_signal(call) and self._real is not None:
                return cast("Outcome", self._real.execute(_with_payload(call, value)))
            case MockedPayload(value=value) if self._kind is WEBHOOK_CALL and _patience(call) is not None:
                id = event_id(call.origin, call.path)
                return Succeeded(output={"eventId": id, "status": _PASSED, "callback": value}, status_code=_PASSED)
            case _:
                message = (
                    f"The mock of {self._journal.path_of(call)} has a payload, which is for steps that wait for a "
                    "signal or a callback: give it an output."
                )
                return Failed(error=StepError(code=FailureCode.NOT_MOCKED, message=message))

    async def _in_vain(self, call: StepCall, patience: timedelta) -> Outcome:
        """The outcome of waiting for a payload that comes too late."""
        await asyncio.sleep(patience.total_seconds())
        if self._kind is WAIT and self._real is not None:
            late = replace(call, checkpoint={}, called_at=call.now + patience)
            return cast("Outcome", self._real.execute(late))
        message = f"Nobody called back within {patience.total_seconds():g} s."
        return Failed(error=StepError(code=FailureCode.TIMEOUT, message=message))

    def _not_mocked(self, call: StepCall) -> StepError:
        path = self._journal.path_of(call)
        if self._kind is SUB_WORKFLOW:
            why = f"starts {cast('SubWorkflowConfig', call.step.config).workflow!r}, which is not stored here"
        elif self._kind is DATA_TRANSFORM:
            why = "applies a transformation rule that is not stored here"
        else:
            why = f"is a {self._kind.name}, which would call out, and a test does not"
        message = f"The step {call.path} {why}: mock it under {path!r}, with an output or a failure."
        return StepError(code=FailureCode.NOT_MOCKED, message=message, details={"mock": path})


async def _late(outcome: Outcome, after: timedelta) -> Outcome:
    await asyncio.sleep(after.total_seconds())
    return outcome


def _awaits_signal(call: StepCall) -> bool:
    return isinstance(call.step.config, WaitConfig) and call.step.config.signal is not None


def _patience(call: StepCall) -> timedelta | None:
    """The time for which a step waits for a signal or a callback; None where it waits for ever, or for neither."""
    match call.step.config:
        case WaitConfig(signal=signal) if signal is not None:
            return signal.timeout
        case WebhookCallConfig(await_callback=patience):
            return patience
        case _:
            return None


def _with_payload(call: StepCall, payload: JsonValue) -> StepCall:
    received: Mapping[str, JsonValue] = {"payload": payload}
    return replace(call, received=received)
