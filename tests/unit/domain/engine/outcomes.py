"""Reports of what attempts gave, in the fewest words."""

from collections.abc import Mapping
from datetime import datetime

from domain.engine.outcomes import Deferred, Failed, Opened, Succeeded
from domain.engine.reports import OutcomeReported
from domain.engine.state import WaitReason
from domain.kernel.failures import StepError
from domain.kernel.json.text import JsonValue


def success(path: str, attempt: int, output: JsonValue) -> OutcomeReported:
    return OutcomeReported(path, attempt, Succeeded(output=output))


def failure(
    path: str, attempt: int, error: StepError, chance: float = 0.0, retry_wanted: bool | None = None
) -> OutcomeReported:
    return OutcomeReported(path, attempt, Failed(error=error), chance=chance, retry_wanted=retry_wanted)


def deferral(
    path: str,
    attempt: int,
    until: datetime | None,
    reason: WaitReason,
    output: JsonValue = None,
    checkpoint: JsonValue = None,
) -> OutcomeReported:
    return OutcomeReported(path, attempt, Deferred(until=until, reason=reason, output=output, checkpoint=checkpoint))


def opening(path: str, attempt: int, checkpoint: Mapping[str, JsonValue]) -> OutcomeReported:
    return OutcomeReported(path, attempt, Opened(checkpoint=checkpoint))
