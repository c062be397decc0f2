"""Failures of outgoing requests: from what the libraries raise to the codes that steps fail with."""

from collections.abc import Iterator, Mapping

import aiohttp
import httpx

from actors.http.destinations import BlockedAddress
from domain.kernel.failures import FailureCode
from domain.kernel.json.text import JsonValue


class InvalidExchange(Exception):
    """A request that must not be sent, or an answer that must not be used. The text is a clause, not a sentence."""

    def __init__(self, code: FailureCode, why: str, *, details: Mapping[str, JsonValue] | None = None) -> None:
        super().__init__(why)
        self.code = code
        self.details = details


def failure_of(error: BaseException) -> tuple[FailureCode, str]:
    """The failure code of an error that the transport raised, and its reason as a clause.

    The transport's own mapping is too coarse (a lost connection becomes a connect timeout), so what it was raised
    from decides.
    """
    chain = tuple(_causes(error))
    for cause in chain:
        match cause:
            case BlockedAddress():
                return FailureCode.DESTINATION_BLOCKED, f"the destination is not allowed: {cause}"
            case aiohttp.ConnectionTimeoutError():
                return FailureCode.CONNECT_FAILED, "no connection within the connect timeout"
            case aiohttp.ServerTimeoutError() | httpx.TimeoutException() if _is_timeout(chain):
                return FailureCode.TIMEOUT, "the service sent nothing for longer than the read timeout"
            case aiohttp.ClientConnectorError():
                return FailureCode.CONNECT_FAILED, f"no connection: {_reason(cause.os_error)}"
            case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError() | httpx.InvalidURL():
                return FailureCode.INVALID_REQUEST, f"the URL cannot be called: {cause}"
            case aiohttp.ClientResponseError():
                return FailureCode.INVALID_RESPONSE, f"the answer is not HTTP: {cause.message}"
            case aiohttp.ClientPayloadError():
                return FailureCode.CONNECTION_LOST, "the connection was lost in the middle of the body"
            case aiohttp.ClientError():
                return FailureCode.CONNECTION_LOST, f"the connection was lost: {_reason(cause)}"
            case _:
                continue
    if isinstance(error, OSError):
        return FailureCode.CONNECTION_LOST, f"the connection was lost: {_reason(error)}"
    return FailureCode.INVALID_REQUEST, f"the request cannot be sent: {error}"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The causes of an error from the innermost outwards, so that the most exact one is met first."""
    if error is not None:
        yield from _causes(error.__cause__)
        yield error


def _is_timeout(chain: tuple[BaseException, ...]) -> bool:
    return any(isinstance(error, aiohttp.ServerTimeoutError | httpx.ReadTimeout) for error in chain)


def _reason(error: BaseException) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(text)


def one_line(text: str) -> str:
    """The first line of a text that a library or a service made, cut at 400 characters, as a clause."""
    line = text.strip().split("\n", 1)[0][:400]
    return line.rstrip(".:") or "no reason given"
