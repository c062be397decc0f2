"""Sending one event to a registered webhook: signed as Standard Webhooks wants it, and recorded as an attempt."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta

from actors.http.client import HttpClient, HttpRequest, HttpResponse
from actors.http.retry_after import retry_after_of
from domain.kernel.clock import Clock
from domain.kernel.errors import Undecipherable
from domain.kernel.failures import StepError
from domain.kernel.ids import IdKind, to_public
from domain.kernel.json.text import dumps
from domain.secrets.ports import Cipher
from domain.webhooks.model import EXCERPT_BYTES, WebhookAttempt, WebhookEventRecord, WebhookRecord
from domain.webhooks.secrets import opened_secrets
from domain.webhooks.standard_webhooks import signed_headers

_SUCCESS = range(200, 300)
_ERROR_CHARACTERS = 1_000


class WebhookSender:
    """Makes attempts. `timeout` bounds one of them with everything in it."""

    def __init__(
        self, client: HttpClient, cipher: Cipher, clock: Clock, *, timeout: timedelta = timedelta(seconds=15)
    ) -> None:
        self._client = client
        self._cipher = cipher
        self._clock = clock
        self._timeout = timeout

    async def send(self, webhook: WebhookRecord, event: WebhookEventRecord) -> tuple[WebhookAttempt, timedelta | None]:
        """POST the event once; returns the attempt, and for how long the receiver asks to be left alone (None: not)."""
        at = self._clock.now()
        body = dumps(event.payload).encode()
        try:
            signed = signed_headers(
                opened_secrets(webhook, self._cipher, at),
                id=to_public(IdKind.WEBHOOK_EVENT, event.id),
                at=at,
                body=body,
            )
        except (Undecipherable, ValueError) as error:
            return WebhookAttempt(at=at, duration=timedelta(0), error=f"Nothing was sent: {error}"), None
        answer = await self._post(webhook.url or "", {"content-type": "application/json", **signed}, body)
        now = self._clock.now()
        retry_after = retry_after_of(answer.status, answer.headers, now) if isinstance(answer, HttpResponse) else None
        return attempt_of(answer, at, now), retry_after

    async def _post(self, url: str, headers: Mapping[str, str], body: bytes) -> HttpResponse | StepError | None:
        """The receiver's answer, or the error without one; None when there was no answer in time."""
        # No status is expected: of a body of which nothing is wanted, only the beginning is read.
        request = HttpRequest(method="POST", url=url, headers=headers, body=body, expected=())
        try:
            async with asyncio.timeout(self._timeout.total_seconds()):
                return await self._client.send(request)
        except TimeoutError:
            return None


def attempt_of(answer: HttpResponse | StepError | None, at: datetime, now: datetime) -> WebhookAttempt:
    """The record of an attempt made `at` and over `now`. `answer` None: there was no answer in time."""
    duration = max(now - at, timedelta(0))
    if answer is None:
        error = f"There was no complete answer within {duration.total_seconds():.0f} s."
        return WebhookAttempt(at=at, duration=duration, error=error)
    if isinstance(answer, StepError):
        return WebhookAttempt(at=at, duration=duration, error=_storable(answer.message)[:_ERROR_CHARACTERS])
    return WebhookAttempt(
        at=at,
        duration=duration,
        status_code=answer.status,
        error=None if answer.status in _SUCCESS else f"The receiver answered {answer.status}.",
        excerpt=_excerpt(answer.body),
    )


def _excerpt(body: bytes) -> str | None:
    """The beginning of a body as a text."""
    return _storable(body[:EXCERPT_BYTES].decode(errors="replace")) or None


def _storable(text: str) -> str:
    """The text with replacements for the characters that PostgreSQL does not store."""
    return text.replace("\x00", "\ufffd").encode(errors="replace").decode()
