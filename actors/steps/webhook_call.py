"""WEBHOOK_CALL: tells a receiver of an event, and may wait until it calls back."""

import asyncio
from collections.abc import Awaitable, Mapping
from datetime import timedelta
from hashlib import blake2b
from typing import cast
from uuid import UUID

from actors.circuit_breakers.guarding import BreakerPolicy, GuardedClient
from actors.http.client import HttpClient, HttpRequest, HttpResponse
from actors.http.messages import MalformedInput, encode_body, header_texts
from actors.secrets.values import concealed_attempt
from actors.steps.http.calls import refused_status
from actors.steps.parts import StepParts
from actors.webhooks.registered_webhooks import Receiver, RegisteredWebhooks, Told
from actors.webhooks.sender import attempt_of
from domain.circuit_breakers.ports import CircuitBreakers
from domain.engine.state import WaitReason
from domain.executions.step_executor import Deferred, Failed, Outcome, StepCall, Succeeded
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.ids import IdKind, from_public, to_public
from domain.kernel.json.text import JsonValue, loads
from domain.kernel.statuses import WaitKind
from domain.kernel.times import time_text
from domain.webhooks.hook_tokens import HookAddresses
from domain.webhooks.standard_webhooks import signed_headers
from domain.workflows.steps.requests import CircuitBreakerUse
from domain.workflows.steps.webhook_call import WEBHOOK_CALL, WebhookCallConfig

_SUCCESS = range(200, 300)
_JSON = "application/json"


class WebhookCallExecutor:
    """POSTs `{type, timestamp, data, callbackUrl?}` of `{"url"?, "eventType", "payload"?, "headers"?}`.

    The headers are those of https://www.standardwebhooks.com and an Idempotency-Key; the `webhook-id` is the same for
    every attempt, and in a retry that does not know whether it arrived. To a `url` of the step's own nothing is signed;
    a registered webhook has its own address and signature, and lists every attempt among its events. Any 2xx is a
    success, whatever the body. The output is `{eventId, status, callback}`; with `awaitCallback`, the step then waits
    until somebody POSTs JSON to `callbackUrl`, which becomes `callback`, and fails with TIMEOUT when nobody does.

    `public_url` is the address of this installation, `key` its secret.
    """

    def __init__(
        self,
        client: HttpClient,
        webhooks: RegisteredWebhooks,
        *,
        key: bytes,
        public_url: str,
        breakers: CircuitBreakers | None = None,
    ) -> None:
        self._client = GuardedClient(client, breakers)
        self._webhooks = webhooks
        self._addresses = HookAddresses(key, public_url)

    def execute(self, call: StepCall) -> Outcome | Awaitable[Outcome]:
        """Deliver the event, or go on with the delivered one."""
        if WEBHOOK_CALL.is_answered(call.checkpoint):
            return _awaited(call, cast("Mapping[str, JsonValue]", call.checkpoint))
        webhook_id = _config(call).webhook_id
        if webhook_id is not None:
            return self._call_registered(call, webhook_id)
        request = self._request(call, None)
        return request if isinstance(request, Failed) else self._deliver(call, request)

    async def _call_registered(self, call: StepCall, webhook_id: str) -> Outcome:
        receiver = await self._webhooks.receiver(webhook_id, call.called_at)
        if isinstance(receiver, Failed):
            return receiver
        request = self._request(call, receiver)
        return request if isinstance(request, Failed) else await self._deliver(call, request, receiver)

    def _request(self, call: StepCall, receiver: Receiver | None) -> HttpRequest | Failed:
        try:
            return self._built(call, receiver)
        except MalformedInput as error:
            return Failed(error=StepError(code=FailureCode.INVALID_REQUEST, message=str(error)))

    def _built(self, call: StepCall, receiver: Receiver | None) -> HttpRequest:
        given = call.input
        if not isinstance(given, Mapping):
            raise MalformedInput("The step's input is not an object.")
        url, event_type = given.get("url") if receiver is None else receiver.url, given.get("eventType")
        if not isinstance(url, str) or not isinstance(event_type, str):
            raise MalformedInput("The URL or the event's type is not a text.")
        event: dict[str, JsonValue] = {
            "type": event_type,
            "timestamp": time_text(call.now),
            "data": given.get("payload"),
        }
        if _config(call).await_callback is not None:
            event["callbackUrl"] = self._addresses.of_callback(call.execution_id, call.path)
        body, content_type = encode_body(event, _JSON)
        headers = {
            "idempotency-key": call.idempotency_key,
            **header_texts(given.get("headers")),
            "content-type": content_type,
            "webhook-id": event_id(call.origin, call.path),
            "webhook-timestamp": str(int(call.called_at.timestamp())),
        }
        if receiver is not None:
            headers |= signed_headers(receiver.secrets, id=headers["webhook-id"], at=call.called_at, body=body)
        # No status is expected: of a body of which nothing is wanted, only the beginning is read.
        shown = call.shown_input.get("url") if isinstance(call.shown_input, Mapping) and receiver is None else None
        return HttpRequest(
            method="POST",
            url=url,
            headers=headers,
            body=body,
            expected=(),
            masked_url=shown if isinstance(shown, str) else None,
            mask=call.mask,
        )

    async def _deliver(self, call: StepCall, request: HttpRequest, receiver: Receiver | None = None) -> Outcome:
        if receiver is None:
            answer = await self._client.send(request, _policy(call), _as_it_is)
        else:
            answer = await self._send_and_tell(call, request, receiver)
        if isinstance(answer, Failed | Deferred):
            return answer
        if isinstance(answer, StepError):
            return Failed(error=answer)
        status = answer.status
        if status not in _SUCCESS:
            return refused_status(request, answer, call.called_at)
        delivered: dict[str, JsonValue] = {"eventId": request.headers["webhook-id"], "status": status}
        if _config(call).await_callback is not None:
            return _awaited(call, delivered)
        return Succeeded(output={**delivered, "callback": None}, status_code=status)

    async def _send_and_tell(
        self, call: StepCall, request: HttpRequest, receiver: Receiver
    ) -> HttpResponse | StepError | Failed | Deferred:
        """Send to a registered webhook, and put the attempt into its list, also when the step gives it up.

        A call that its breaker refuses, or that is given up while the breaker is asked, is no attempt.
        """
        loop = asyncio.get_running_loop()
        begun_at: float | None = None

        def begins() -> None:
            nonlocal begun_at
            begun_at = loop.time()

        answer: HttpResponse | StepError | Failed | Deferred = StepError(
            code=FailureCode.TIMEOUT, message="The step has given it up."
        )
        try:
            answer = await self._client.send(request, _policy(call), _as_it_is, begins=begins)
        finally:
            if begun_at is not None and not isinstance(answer, Failed | Deferred):
                await self._record(call, request, receiver, answer, begun_at)
        return answer

    async def _record(
        self,
        call: StepCall,
        request: HttpRequest,
        receiver: Receiver,
        answer: HttpResponse | StepError,
        begun_at: float,
    ) -> None:
        over_at = call.called_at + timedelta(seconds=asyncio.get_running_loop().time() - begun_at)
        attempt = attempt_of(answer, call.called_at, over_at)
        if call.mask is not None:
            attempt = concealed_attempt(attempt, call.mask)
        await self._webhooks.record(_told(call, request, receiver), attempt)


def _told(call: StepCall, request: HttpRequest, receiver: Receiver) -> Told:
    event = cast("Mapping[str, JsonValue]", loads(request.body))
    return Told(
        event_id=from_public(request.headers["webhook-id"], IdKind.WEBHOOK_EVENT),
        webhook_id=receiver.id,
        execution_id=call.execution_id,
        event_type=cast("str", event["type"]),
        payload=event,
    )


def event_id(execution_id: UUID, path: str) -> str:
    """The id of the event that a step execution sends: `we_…`, sorted by the execution's age.

    It is a UUID of version 8 (RFC 9562): the execution's 48 bits of time, then a digest of the execution and the path.
    """
    digest = blake2b(path.encode(), key=execution_id.bytes, digest_size=10, person=b"webhook event").digest()
    bits = int.from_bytes(execution_id.bytes[:6] + digest)
    bits = bits & ~(0xF << 76) & ~(0x3 << 62) | 0x8 << 76 | 0x2 << 62
    return to_public(IdKind.WEBHOOK_EVENT, UUID(int=bits))


def _awaited(call: StepCall, delivered: Mapping[str, JsonValue]) -> Outcome:
    """The outcome of a delivered event: done with a callback, failed when the time is over, otherwise waiting."""
    status = cast("int", delivered["status"])
    if call.received is not None:
        return Succeeded(output={**delivered, "callback": call.received["payload"]}, status_code=status)
    patience = _config(call).await_callback
    assert patience is not None
    until = call.now + call.held_for + patience
    if call.called_at >= until:
        message = f"Nobody called back within {patience.total_seconds():g} s."
        return Failed(error=StepError(code=FailureCode.TIMEOUT, message=message), status_code=status)
    return Deferred(
        until=until,
        reason=WaitReason(kind=WaitKind.CALLBACK, until=until, detail=cast("str", delivered["eventId"])),
        checkpoint=delivered,
    )


def _as_it_is(answer: HttpResponse) -> HttpResponse:
    return answer


def _policy(call: StepCall) -> BreakerPolicy:
    return BreakerPolicy(_config(call).circuit_breaker or CircuitBreakerUse.WAIT)


def _config(call: StepCall) -> WebhookCallConfig:
    return cast("WebhookCallConfig", call.step.config)


def executor(parts: StepParts) -> WebhookCallExecutor:
    """The executor of WEBHOOK_CALL."""
    return WebhookCallExecutor(
        parts.client, parts.webhooks, key=parts.callback_key, public_url=parts.public_url, breakers=parts.breakers
    )
