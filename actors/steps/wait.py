"""WAIT: computes when the step is over and lets go of it; a due time in a row does the waiting."""

import re
from datetime import UTC, datetime

from actors.steps.executor import Deferred, Failed, Outcome, StepCall, Succeeded
from domain.durations import parse_duration
from domain.engine.state import WaitReason
from domain.failures import FailureCode, StepError
from domain.json_text import JsonValue
from domain.statuses import WaitKind

# https://www.rfc-editor.org/rfc/rfc3339#section-5.6, which `datetime.fromisoformat` is laxer than.
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


class WaitExecutor:
    """Waits for `{"duration": ISO 8601}` from the attempt's start, or `{"until": RFC 3339}`. The output is `{until}`.

    A time that has passed is no wait. What is neither fails with EXPRESSION_FAILED.
    """

    def execute(self, call: StepCall) -> Outcome:
        """Done at once, deferred or failed."""
        try:
            until = _due(call.input, call.now)
        except (ValueError, OverflowError) as error:
            return Failed(error=StepError(code=FailureCode.EXPRESSION_FAILED, message=str(error)))
        output: JsonValue = {"until": until.isoformat().replace("+00:00", "Z")}
        if until <= call.now:
            return Succeeded(output=output)
        return Deferred(until=until, reason=WaitReason(kind=WaitKind.TIMER, until=until), output=output)


def _due(value: JsonValue, now: datetime) -> datetime:
    match value:
        case {"duration": str(text)}:
            return (now + parse_duration(text)).astimezone(UTC)
        case {"until": str(text)} if _RFC_3339.fullmatch(text):
            return datetime.fromisoformat(text.upper()).astimezone(UTC)
        case {"until": other}:
            shown = repr(other)[:80]
            raise ValueError(f"`until` gave {shown}, which is not an RFC 3339 time such as 2026-01-31T08:00:00Z.")
        case _:
            raise ValueError("The step has neither a duration nor a time to wait for.")
