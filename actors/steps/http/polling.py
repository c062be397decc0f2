"""Polling: a call that is repeated until its answer is the wanted one; between the calls, only a database row waits."""

from collections.abc import Awaitable
from dataclasses import dataclass, replace
from datetime import datetime

from actors.steps.evaluating import StepExpressions
from actors.steps.http.calls import Answer, HttpCalls, OutgoingCall
from domain.engine.state import WaitReason
from domain.executions.step_executor import Deferred, Failed, Outcome, StepCall, Succeeded
from domain.expressions.evaluator import Evaluator
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import WaitKind
from domain.kernel.times import time_text
from domain.workflows.steps.http_request import PollConfig


@dataclass(frozen=True, slots=True)
class _Progress:
    """The step's checkpoint: since when it polls, and the number of calls that were answered."""

    since: datetime
    calls: int

    def to_json(self) -> JsonValue:
        return {"since": time_text(self.since), "calls": self.calls}


class Polling:
    """Calls every `interval` until `until` is true; gives up with TIMEOUT when it still is not after `timeout`.

    The last call is made when the time is over. Each call is an operation of its own: its Idempotency-Key ends with its
    number. A call that fails follows the step's retry policy, and does not count.
    """

    def __init__(self, calls: HttpCalls, evaluator: Evaluator) -> None:
        self._calls = calls
        self._evaluator = evaluator

    def start(self, call: StepCall, config: PollConfig) -> Awaitable[Outcome]:
        """Make the next call. Raises `MalformedInput`."""
        progress = _progress_of(call)
        outgoing = self._calls.outgoing(call, f"{call.idempotency_key}-{progress.calls + 1}")
        return self._poll(call, config, outgoing, progress, StepExpressions(self._evaluator, call))

    async def _poll(
        self,
        call: StepCall,
        config: PollConfig,
        outgoing: OutgoingCall,
        progress: _Progress,
        expressions: StepExpressions,
    ) -> Outcome:
        answer = await self._calls.send(outgoing, call.called_at)
        if isinstance(answer, Failed) or (isinstance(answer, Deferred) and progress.calls):
            return replace(answer, checkpoint=progress.to_json())
        if isinstance(answer, Deferred):
            return answer  # a circuit breaker lets not even the first call through: the time does not run yet
        is_done = await expressions.is_true("poll.until", {"response": answer.output})
        if isinstance(is_done, StepError):
            return Failed(error=is_done, status_code=answer.status, checkpoint=progress.to_json())
        if is_done:
            return Succeeded(output=answer.output, status_code=answer.status)
        return _again(call, config, answer, replace(progress, calls=progress.calls + 1))


def _again(call: StepCall, config: PollConfig, answer: Answer, progress: _Progress) -> Outcome:
    deadline = progress.since + config.timeout
    if call.called_at >= deadline:
        message = (
            f"The response was not what is wanted within {config.timeout.total_seconds():g} s, "
            f"after {progress.calls} calls; the last was answered with {answer.status}."
        )
        return Failed(error=StepError(code=FailureCode.TIMEOUT, message=message), status_code=answer.status)
    until = min(call.called_at + config.interval, deadline)
    return Deferred(
        until=until,
        reason=WaitReason(kind=WaitKind.TIMER, until=until, detail=f"polling, call {progress.calls + 1}"),
        checkpoint=progress.to_json(),
    )


def _progress_of(call: StepCall) -> _Progress:
    match call.checkpoint:
        case {"since": str(since), "calls": int(calls)}:
            return _Progress(datetime.fromisoformat(since), calls)
        case {"calls": int(calls)}:  # a retry goes on with the numbers, and begins with the time
            return _Progress(call.now + call.held_for, calls)
        case _:
            return _Progress(call.now + call.held_for, 0)
