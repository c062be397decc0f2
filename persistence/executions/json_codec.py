"""Parts of executions and steps as JSON, the same in columns and in messages: errors, reasons to wait, attempts."""

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from domain.engine.state import Attempt, Delay, WaitReason
from domain.kernel.failures import StepError
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import WaitKind


def plain(value: Any) -> Any:
    """Dataclasses, enums, ids and times as JSON values, the way orjson writes them."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    return value


def error_of(value: JsonValue) -> StepError | None:
    """The error from the JSON of `dataclass_text`."""
    return None if value is None else StepError.from_json(cast("Mapping[str, JsonValue]", value))


def wait_reason_of(value: Any) -> WaitReason | None:
    """The reason from the JSON of `dataclass_text`."""
    if value is None:
        return None
    return WaitReason(kind=WaitKind(value["kind"]), until=time_of(value["until"]), detail=value["detail"])


def time_of(text: str | None) -> datetime | None:
    """The time from its RFC 3339 text."""
    return None if text is None else datetime.fromisoformat(text)


def attempts_of(values: Any) -> tuple[Attempt, ...]:
    """The attempts from the JSON of `attempts_text`."""
    if not values:
        return ()
    return tuple(
        Attempt(
            number=value["number"],
            started_at=datetime.fromisoformat(value["started_at"]),
            finished_at=time_of(value["finished_at"]),
            error=error_of(value["error"]),
            status_code=value["status_code"],
            delay=_delay_of(value.get("delay")),
        )
        for value in values
    )


def _delay_of(value: Any) -> Delay | None:
    if value is None:
        return None
    return Delay(timed_from=datetime.fromisoformat(value["timed_from"]), since=time_of(value["since"]))
