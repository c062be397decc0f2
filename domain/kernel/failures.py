"""Failures of steps and executions: codes decide, prose explains."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from domain.kernel.json.text import JsonValue


class FailureCode(StrEnum):
    """The reason for which a step failed. It decides, mostly alone, if trying again may help: see `is_retryable`."""

    HTTP_STATUS = "HTTP_STATUS"
    TIMEOUT = "TIMEOUT"
    CONNECT_FAILED = "CONNECT_FAILED"
    CONNECTION_LOST = "CONNECTION_LOST"
    INVALID_RESPONSE = "INVALID_RESPONSE"
    DESTINATION_BLOCKED = "DESTINATION_BLOCKED"
    INVALID_REQUEST = "INVALID_REQUEST"
    SECRET_UNAVAILABLE = "SECRET_UNAVAILABLE"  # noqa: S105 - a code, and no secret
    RESPONSE_TOO_LARGE = "RESPONSE_TOO_LARGE"
    CIRCUIT_OPEN = "CIRCUIT_OPEN"
    EXPRESSION_FAILED = "EXPRESSION_FAILED"
    EXPRESSION_LIMIT = "EXPRESSION_LIMIT"
    VALIDATION_FAILED = "VALIDATION_FAILED"
    SCHEMA_LIMIT = "SCHEMA_LIMIT"
    OUTPUT_TOO_LARGE = "OUTPUT_TOO_LARGE"
    STEP_FAILED = "STEP_FAILED"
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
    CANCELLED = "CANCELLED"
    POISONED = "POISONED"
    NOT_MOCKED = "NOT_MOCKED"
    INTERNAL = "INTERNAL"


_RETRYABLE = frozenset(
    {
        FailureCode.TIMEOUT,
        FailureCode.CONNECT_FAILED,
        FailureCode.CONNECTION_LOST,
        FailureCode.INVALID_RESPONSE,
        FailureCode.INTERNAL,
    }
)
_CODES = {code.value: code for code in FailureCode}
_RETRYABLE_STATUSES = frozenset({408, 425, 429})
_PASSING_WHERE_TOLD = frozenset({403, 409, 413, 420, 423})
"""Statuses of a limit, size, conflict or lock, which pass when the service says when to try again."""
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})  # https://www.rfc-editor.org/rfc/rfc9110#section-9.2.1


@dataclass(frozen=True, slots=True, kw_only=True)
class StepError:
    """A step's or an execution's failure. `path` names the step that it came from."""

    code: FailureCode
    message: str
    path: str | None = None
    details: Mapping[str, JsonValue] | None = None

    @property
    def is_retryable(self) -> bool:
        """True when trying again may help; that depends on the code and, for some, on the service's answer.

        HTTP_STATUS: 5xx, 408, 425, 429; and 403, 409, 413, 420, 423 where the answer says when to come again
        (`details.retryAfter`).
        INVALID_RESPONSE: unless the service has taken a request that may have changed something and answered it.
        """
        details = self.details or {}
        if self.code is FailureCode.HTTP_STATUS:
            status = details.get("status")
            is_passing = isinstance(status, int) and (status >= 500 or status in _RETRYABLE_STATUSES)
            return is_passing or (status in _PASSING_WHERE_TOLD and "retryAfter" in details)
        if self.code is FailureCode.INVALID_RESPONSE and "status" in details:
            return details.get("method") in _SAFE_METHODS
        return self.code in _RETRYABLE

    def to_json(self) -> dict[str, JsonValue]:
        """The error as it is stored and as expressions see it: `{code, message, path?, details?}`."""
        value: dict[str, JsonValue] = {"code": self.code.value, "message": self.message}
        if self.path is not None:
            value["path"] = self.path
        if self.details is not None:
            value["details"] = dict(self.details)
        return value

    @classmethod
    def from_json(cls, value: Mapping[str, JsonValue]) -> "StepError":
        """The error that `to_json` wrote; a code of a newer release reads as INTERNAL."""
        path, details = value.get("path"), value.get("details")
        return cls(
            code=_CODES.get(str(value["code"]), FailureCode.INTERNAL),
            message=str(value["message"]),
            path=path if isinstance(path, str) else None,
            details=details if isinstance(details, Mapping) else None,
        )
