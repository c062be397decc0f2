"""SUB_WORKFLOW: starts an execution of another workflow, and may wait until it has ended."""

from collections.abc import Awaitable, Mapping
from datetime import timedelta
from typing import cast

from actors.steps.parts import StepParts
from domain.engine.state import WaitReason
from domain.executions.children import ChildRequest, ChildStarter
from domain.executions.records import ExecutionRecord
from domain.executions.step_executor import Deferred, Failed, Outcome, StepCall, Succeeded
from domain.kernel.errors import InvalidInput, LimitExceeded, StepgraphError
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.ids import IdKind, to_public
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import ExecutionStatus, WaitKind
from domain.workflows.steps.sub_workflow import SubWorkflowConfig
from persistence.connections.retrying import until_available

_SOONEST = timedelta(seconds=1)
_LONGEST_DOUBLED = 5


class SubWorkflowExecutor:
    """Starts a child with `{"input": …}`; the output is `{executionId, status, output}`.

    A child that ends in any other way than COMPLETED fails the step with STEP_FAILED and details `{executionId, status,
    error}`; one that cannot be started fails it with INVALID_REQUEST, or LIMIT_EXCEEDED. Without `wait` the step is
    done once the child exists. However often an attempt is made, it has one child: also when the answer to its start
    was lost, for while the database is away it is asked for again. A later attempt, and a retry of the execution, go on
    with the existing child; where that has not ended yet they look again, after 1 s to 32 s.
    """

    def __init__(self, children: ChildStarter) -> None:
        self._children = children

    def execute(self, call: StepCall) -> Outcome | Awaitable[Outcome]:
        """Start or find the child, or complete the step with the message of the child's end."""
        match call.checkpoint, call.received:
            case {"child": id}, {"payload": Mapping() as told} if told.get("executionId") == id:
                return _ended(told)
            case _:  # the child of an attempt that was given up may end later than the next one begins
                return self._start(call)

    async def _start(self, call: StepCall) -> Outcome:
        config = cast("SubWorkflowConfig", call.step.config)
        given = call.input if isinstance(call.input, Mapping) else {}
        try:
            request = ChildRequest(
                parent_id=call.execution_id,
                parent_path=call.path,
                attempt=call.attempt,
                workflow=config.workflow,
                version=config.version,
                input=given.get("input"),
                labels={},
                carried=call.carried,
            )
            child = await until_available(lambda: self._children.start(request), "the start of a sub-workflow")
        except StepgraphError as error:
            return Failed(error=_refusal(config.workflow, error))
        id = to_public(IdKind.EXECUTION, child.id)
        if not config.wait:
            return Succeeded(output={"executionId": id, "status": child.status.value, "output": None})
        if child.status.is_terminal:
            return _ended(_told(id, child))
        if child.idempotency_key != request.key:
            return _until_it_has_ended(call, id)
        return Deferred(until=None, reason=WaitReason(kind=WaitKind.DEPENDENCY, detail=id), checkpoint={"child": id})


def _until_it_has_ended(call: StepCall, id: str) -> Outcome:
    """Wait for a child that was started for another execution or attempt, and does not send its end to this step."""
    match call.checkpoint:
        case {"awaited": int(times)}:
            pass
        case _:
            times = 0
    until = call.called_at + _SOONEST * 2 ** min(times, _LONGEST_DOUBLED)
    reason = WaitReason(kind=WaitKind.DEPENDENCY, until=until, detail=id)
    return Deferred(until=until, reason=reason, checkpoint={"awaited": times + 1})


def _told(id: str, child: ExecutionRecord) -> Mapping[str, JsonValue]:
    error = None if child.error is None else child.error.to_json()
    return {"executionId": id, "status": child.status.value, "output": child.output, "error": error}


def _ended(told: Mapping[str, JsonValue]) -> Outcome:
    """The outcome for a child that has ended, from `{executionId, status, output, error}`."""
    id, status, error = told["executionId"], told["status"], told.get("error")
    if status == ExecutionStatus.COMPLETED.value:
        return Succeeded(output={"executionId": id, "status": status, "output": told.get("output")})
    message = f"The execution {id} ended as {status}"
    match error:
        case {"message": str(reason)}:
            message += f": {reason}"
        case _:
            message += "."
    details: dict[str, JsonValue] = {"executionId": id, "status": status, "error": error}
    return Failed(error=StepError(code=FailureCode.STEP_FAILED, message=message, details=details))


def _refusal(workflow: str, error: StepgraphError) -> StepError:
    details: dict[str, JsonValue] | None = None
    if isinstance(error, InvalidInput):
        problems = [{"path": list(problem.path), "message": problem.message} for problem in error.problems]
        details = {"problems": problems}
    message = f"The workflow {workflow!r} cannot be started: {error}"
    code = FailureCode.LIMIT_EXCEEDED if isinstance(error, LimitExceeded) else FailureCode.INVALID_REQUEST
    return StepError(code=code, message=message, details=details)


def executor(parts: StepParts) -> SubWorkflowExecutor:
    """The executor of SUB_WORKFLOW."""
    return SubWorkflowExecutor(parts.children)
