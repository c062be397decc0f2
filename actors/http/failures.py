"""Failures of outgoing requests, told apart by the codes that steps fail with."""

from collections.abc import Mapping

from domain.kernel.failures import FailureCode
from domain.kernel.json.text import JsonValue


class InvalidExchange(Exception):
    """A request that must not or could not be sent, or an answer that must not be used.

    The text is a clause, not a sentence.
    """

    def __init__(self, code: FailureCode, why: str, *, details: Mapping[str, JsonValue] | None = None) -> None:
        super().__init__(why)
        self.code = code
        self.details = details


SILENT = "the service sent nothing for longer than the read timeout"
NO_CONNECTION_IN_TIME = "no connection within the connect timeout"
LOST_IN_BODY = "the connection was lost in the middle of the body"


def reason_of(error: BaseException) -> str:
    """The reason that an error of the operating system or of a library gives."""
    return str(getattr(error, "strerror", None) or str(error) or type(error).__name__)


def one_line(text: str) -> str:
    """The first line of a text that a library or a service made, cut at 400 characters, as a clause."""
    line = text.strip().split("\n", 1)[0][:400]
    return line.rstrip(".:") or "no reason given"
