"""WEBHOOK_CALL: tells a receiver of an event, and may wait until it calls back."""

from collections.abc import Awaitable, Mapping
from hashlib import blake2b
from typing import cast
from uuid import UUID

from actors.http import HttpClient, HttpRequest
from actors.steps.executor import Deferred, Failed, Outcome, StepCall, Succeeded
from actors.steps.http_calls import status_error
from actors.steps.http_messages import MalformedInput, encode_body, header_texts, retry_after_of
from domain.callbacks import callback_token
from domain.engine.state import WaitReason
from domain.failures import FailureCode, StepError
from domain.ids import IdKind, to_public
from domain.json_text import JsonValue
from domain.statuses import WaitKind
from domain.steps import WebhookCallConfig

_SUCCESS = range(200, 300)
_JSON = "application/json"


class WebhookCallExecutor:
    """POSTs `{type, timestamp, data, callbackUrl?}` of `{"url", "eventType", "payload"?, "headers"?}`.

    The headers are those of https://www.standardwebhooks.com without the signature, and an Idempotency-Key; the
    `webhook-id` is the same for every attempt. Any 2xx is a success, whatever the body. The output is
    `{eventId, status, callback}`; with `awaitCallback`, the step then waits until somebody POSTs JSON to `callbackUrl`,
    which becomes `callback`, and fails with TIMEOUT when nobody does. `public_url` is where this installation can be
    reached, `key` its secret.
    """

    def __init__(self, client: HttpClient, *, key: bytes, public_url: str) -> None:
        self._client = client
        self._key = key
        self._hooks = f"{public_url.rstrip('/')}/hooks/"

    def execute(self, call: StepCall) -> Outcome | Awaitable[Outcome]:
        """Delivers, or goes on with what was delivered."""
        if call.checkpoint is not None:
            return _awaited(call, cast("Mapping[str, JsonValue]", call.checkpoint))
        try:
            request = self._request(call)
        except MalformedInput as error:
            return Failed(error=StepError(code=FailureCode.INVALID_REQUEST, message=str(error)))
        return self._deliver(call, request)

    def _request(self, call: StepCall) -> HttpRequest:
        given = call.input
        if not isinstance(given, Mapping):
            raise MalformedInput("The step's input is not an object.")
        url, event_type = given.get("url"), given.get("eventType")
        if not isinstance(url, str) or not isinstance(event_type, str):
            raise MalformedInput("The URL or the event's type is not a text.")
        event: dict[str, JsonValue] = {
            "type": event_type,
            "timestamp": call.now.isoformat().replace("+00:00", "Z"),
            "data": given.get("payload"),
        }
        if _config(call).await_callback is not None:
            event["callbackUrl"] = self._hooks + callback_token(self._key, call.execution_id, call.path)
        body, content_type = encode_body(event, _JSON)
        headers = {
            "idempotency-key": call.idempotency_key,
            **header_texts(given.get("headers")),
            "content-type": content_type,
            "webhook-id": event_id(call.execution_id, call.path),
            "webhook-timestamp": str(int(call.called_at.timestamp())),
        }
        # No status is expected: of a body of which nothing is wanted, only the beginning is read.
        return HttpRequest(method="POST", url=url, headers=headers, body=body, expected=())

    async def _deliver(self, call: StepCall, request: HttpRequest) -> Outcome:
        answer = await self._client.send(request)
        if isinstance(answer, StepError):
            return Failed(error=answer)
        status = answer.status
        if status not in _SUCCESS:
            return Failed(
                error=status_error(request, answer),
                retry_after=retry_after_of(answer, call.called_at),
                status_code=status,
            )
        delivered: dict[str, JsonValue] = {"eventId": request.headers["webhook-id"], "status": status}
        if _config(call).await_callback is not None:
            return _awaited(call, delivered)
        return Succeeded(output={**delivered, "callback": None}, status_code=status)


def event_id(execution_id: UUID, path: str) -> str:
    """The id of the event that a step execution sends: `we_…`, and as old as the execution where ids are sorted.

    It is a UUID of version 8 (RFC 9562): the execution's 48 bits of time, then a digest of the execution and the path.
    """
    digest = blake2b(path.encode(), key=execution_id.bytes, digest_size=10, person=b"webhook event").digest()
    bits = int.from_bytes(execution_id.bytes[:6] + digest)
    bits = bits & ~(0xF << 76) & ~(0x3 << 62) | 0x8 << 76 | 0x2 << 62
    return to_public(IdKind.WEBHOOK_EVENT, UUID(int=bits))


def _awaited(call: StepCall, delivered: Mapping[str, JsonValue]) -> Outcome:
    """Done with what has come, failed when the time is over, else waiting."""
    status = cast("int", delivered["status"])
    if call.received is not None:
        return Succeeded(output={**delivered, "callback": call.received["payload"]}, status_code=status)
    patience = _config(call).await_callback
    assert patience is not None
    until = call.now + patience
    if call.called_at >= until:
        message = f"Nobody called back within {patience.total_seconds():g} s."
        return Failed(error=StepError(code=FailureCode.TIMEOUT, message=message), status_code=status)
    return Deferred(
        until=until,
        reason=WaitReason(kind=WaitKind.CALLBACK, until=until, detail=cast("str", delivered["eventId"])),
        checkpoint=delivered,
    )


def _config(call: StepCall) -> WebhookCallConfig:
    return cast("WebhookCallConfig", call.step.config)
