"""Access tokens by OAuth 2 client credentials (RFC 6749, section 4.4): fetched once for many calls, and kept."""

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from urllib.parse import quote_plus, urlencode

from actors.http.client import HttpClient, HttpRequest, HttpResponse
from actors.http.messages import basic_credentials
from actors.http.retry_after import retry_after_of
from domain.executions.step_executor import Failed
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.json.text import JsonValue, dumps, loads
from domain.kernel.shared_lookups import NOT_AT_ALL, SharedLookups

_MAX_TOKENS = 1_000
_PATIENCE = 30.0
_MAX_RESPONSE_BYTES = 64 * 1024
_UNKNOWN_LIFETIME = 300.0
_LONGEST_LIFETIME = 86_400.0
_MARGIN = 30.0
_MARGIN_SHARE = 0.1

_TOKEN = re.compile(r"[\x21-\x7e]{1,16000}")
# https://www.rfc-editor.org/rfc/rfc6749#section-5.2; anything else that a server says might quote the secret.
_ERRORS = frozenset(
    {"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client"}
    | {"unsupported_grant_type", "invalid_scope"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCredentials:
    """The credentials of a client, and the server that it asks for a token."""

    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str | None = None

    @property
    def key(self) -> bytes:
        """A digest that is equal for equal credentials, and from which the secret cannot be recovered."""
        parts = [self.token_url, self.client_id, self.client_secret, self.scope]
        return blake2b(dumps(parts).encode(), digest_size=32).digest()


@dataclass(frozen=True, slots=True)
class _Token:
    text: str = field(repr=False)
    lasts: timedelta


class AccessTokens:
    """The tokens of one worker. `clock` gives seconds, and only differences count.

    A token is kept until shortly before it expires, five minutes where the server does not say when; several calls that
    want the same one wait for one request. Failures are not kept.
    """

    def __init__(self, client: HttpClient, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._tokens = SharedLookups[bytes, _Token | Failed](
            "access token",
            kept_for=lambda answer: answer.lasts if isinstance(answer, _Token) else NOT_AT_ALL,
            most=_MAX_TOKENS,
            clock=clock,
        )

    async def token(self, credentials: ClientCredentials, *, now: datetime, refused: str | None = None) -> str | Failed:
        """A token, or the failure of a step without one. `refused` is one that the called service did not accept."""
        key = credentials.key
        kept = self._tokens.kept(key)
        if isinstance(kept, _Token) and kept.text == refused:
            self._tokens.forget(key)
        answer = await self._tokens.get(key, lambda: self._fetch(credentials, now))
        return answer.text if isinstance(answer, _Token) else answer

    async def _fetch(self, credentials: ClientCredentials, now: datetime) -> _Token | Failed:
        form = {"grant_type": "client_credentials"}
        if credentials.scope is not None:
            form["scope"] = credentials.scope
        request = HttpRequest(
            method="POST",
            url=credentials.token_url,
            headers={
                # https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1: both are form-encoded first.
                "authorization": basic_credentials(
                    quote_plus(credentials.client_id), quote_plus(credentials.client_secret)
                ),
                "accept": "application/json",
                "content-type": "application/x-www-form-urlencoded",
            },
            body=urlencode(form).encode(),
            expected=(200,),
            max_response_bytes=_MAX_RESPONSE_BYTES,
        )
        try:
            async with asyncio.timeout(_PATIENCE):
                answer = await self._client.send(request)
        except TimeoutError:
            return _failed(FailureCode.TIMEOUT, f"its server did not answer within {_PATIENCE:g} s.")
        if isinstance(answer, StepError):
            return _failed(answer.code, answer.message, answer.details)
        if answer.status != 200:
            return _refused(answer, now)
        return _token_in(answer)


def _token_in(answer: HttpResponse) -> _Token | Failed:
    try:
        content = loads(answer.body)
    except (ValueError, RecursionError):
        return _failed(FailureCode.INVALID_RESPONSE, "the answer is not JSON.")
    if not isinstance(content, Mapping) or not isinstance(token := content.get("access_token"), str):
        return _failed(FailureCode.INVALID_RESPONSE, "the answer holds no access token.")
    if str(content.get("token_type", "bearer")).lower() != "bearer":
        return _failed(FailureCode.INVALID_RESPONSE, "the token is no bearer token.")
    if not _TOKEN.fullmatch(token):
        return _failed(FailureCode.INVALID_RESPONSE, "the token holds characters that no header can carry.")
    return _Token(token, timedelta(seconds=_lifetime(content.get("expires_in"))))


def _lifetime(expires_in: JsonValue) -> float:
    """The seconds for which a token is used: a little less than it is said to be good for."""
    try:
        seconds = float(expires_in) if isinstance(expires_in, int | float | str) else _UNKNOWN_LIFETIME
    except (ValueError, OverflowError):
        seconds = _UNKNOWN_LIFETIME
    if not seconds > 0:  # neither NaN nor a token that is born dead
        return 0.0
    seconds = min(seconds, _LONGEST_LIFETIME)
    return seconds - min(_MARGIN, seconds * _MARGIN_SHARE)


def _refused(answer: HttpResponse, now: datetime) -> Failed:
    said = ""
    try:
        content = loads(answer.body)
    except (ValueError, RecursionError):
        content = None
    match content:
        case {"error": str(error)} if error in _ERRORS:
            said = f" with {error}"
        case _:
            pass
    return Failed(
        error=_error(FailureCode.HTTP_STATUS, f"its server answered {answer.status}{said}.", {"status": answer.status}),
        retry_after=retry_after_of(answer.status, answer.headers, now),
    )


def _failed(code: FailureCode, why: str, details: Mapping[str, JsonValue] | None = None) -> Failed:
    return Failed(error=_error(code, why, details))


def _error(code: FailureCode, why: str, details: Mapping[str, JsonValue] | None) -> StepError:
    return StepError(code=code, message=f"There is no access token: {why}", details=details)
