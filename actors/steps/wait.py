"""WAIT: computes the step's end, or the signal that ends it, and lets go of the execution; only a row waits."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import cast

from actors.steps.parts import StepParts
from domain.engine.state import WaitReason
from domain.executions.step_executor import Deferred, Failed, Outcome, StepCall, Succeeded
from domain.kernel.durations import parse_duration
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import WaitKind
from domain.kernel.times import read_time, time_text
from domain.workflows.steps.wait import SignalWait, WaitConfig


class WaitExecutor:
    """Waits for `{"duration": ISO 8601}` from the attempt's start, `{"until": RFC 3339}`, or `{"signal": name}`.

    The output is `{until}`; a time that has passed is no wait, and a value that is no time fails with
    EXPRESSION_FAILED. A signal gives `{signal, payload}`; where none comes in time, it fails with TIMEOUT, or gives
    `{signal: null, payload}` with the payload that the step has for that case (`onTimeout`).
    """

    def execute(self, call: StepCall) -> Outcome:
        """Complete, wait or fail."""
        match call.input:
            case {"signal": str(name)}:
                return _signal(call, name)
            case _:
                return _timer(call)


def _signal(call: StepCall, name: str) -> Outcome:
    if call.received is not None:
        return Succeeded(output={"signal": name, "payload": call.received["payload"]})
    wait = cast("SignalWait", cast("WaitConfig", call.step.config).signal)
    until = None if wait.timeout is None else call.now + wait.timeout
    if call.checkpoint is None or until is None or call.called_at < until:
        return Deferred(until=until, reason=WaitReason(kind=WaitKind.SIGNAL, until=until, detail=name), checkpoint={})
    if wait.on_timeout is not None:
        return Succeeded(output={"signal": None, "payload": wait.on_timeout})
    assert wait.timeout is not None
    message = f"The signal {name!r} did not come within {wait.timeout.total_seconds():g} s."
    return Failed(error=StepError(code=FailureCode.TIMEOUT, message=message))


def _timer(call: StepCall) -> Outcome:
    try:
        until = _due(call.input, call.now)
    except (ValueError, OverflowError) as error:
        return Failed(error=StepError(code=FailureCode.EXPRESSION_FAILED, message=str(error)))
    output: JsonValue = {"until": time_text(until)}
    if until <= call.now:
        return Succeeded(output=output)
    return Deferred(until=until, reason=WaitReason(kind=WaitKind.TIMER, until=until), output=output)


def _due(value: JsonValue, now: datetime) -> datetime:
    match value:
        case {"duration": str(text)}:
            return (now + parse_duration(text)).astimezone(UTC)
        case {"until": until}:
            if isinstance(until, str):
                with suppress(ValueError):
                    return read_time(until)
            shown = repr(until)[:80]
            raise ValueError(f"`until` gave {shown}, which is not an RFC 3339 time such as 2026-01-31T08:00:00Z.")
        case _:
            raise ValueError("The step has neither a duration nor a time to wait for.")


def executor(parts: StepParts) -> WaitExecutor:
    """The executor of WAIT."""
    return WaitExecutor()
