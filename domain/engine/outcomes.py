"""Outcomes: what an attempt at a step gives. Executors return them, reports and facts carry them as they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.engine.state import WaitReason
from domain.kernel.failures import StepError
from domain.kernel.fast_values import fast_init
from domain.kernel.json.text import JsonValue


@fast_init
@dataclass(frozen=True, slots=True, kw_only=True)
class Succeeded:
    """The step is done. `status_code` is the HTTP status, where there was one."""

    output: JsonValue
    status_code: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The attempt failed. `retry_after` is the delay the service asked for; `checkpoint` is for the next attempt."""

    error: StepError
    retry_after: timedelta | None = None
    status_code: int | None = None
    checkpoint: JsonValue = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deferred:
    """The step waits: nothing needs to run until `until` (None: until something comes).

    Without a checkpoint the step then completes with `output`. With one it is called again, with that checkpoint: at
    `until`, or when its message comes: a signal called `reason.detail` (kind SIGNAL), or a message to its
    path (kinds CALLBACK and DEPENDENCY).
    """

    until: datetime | None
    reason: WaitReason
    output: JsonValue = None
    checkpoint: JsonValue = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A container has chosen its blocks to run: `{"branch": label}`, `{"items": [...]}`, or `{}` for all branches."""

    checkpoint: Mapping[str, JsonValue]


Outcome = Succeeded | Failed | Deferred | Opened
