"""HTTP_REQUEST: calls a service once, again and again (`poll`), or page by page (`paginate`)."""

from collections.abc import Awaitable
from typing import cast

from actors.circuit_breakers.guarding import GuardedClient
from actors.http.client import HttpClient
from actors.http.messages import MalformedInput
from actors.steps.http.calls import HttpCalls, OutgoingCall
from actors.steps.http.oauth2 import AccessTokens
from actors.steps.http.paging import Paging
from actors.steps.http.polling import Polling
from actors.steps.parts import StepParts
from domain.circuit_breakers.ports import CircuitBreakers
from domain.executions.step_executor import Deferred, Failed, Outcome, StepCall, Succeeded
from domain.expressions.evaluator import Evaluator
from domain.kernel.failures import FailureCode, StepError
from domain.workflows.steps.http_request import HttpRequestConfig


class HttpRequestExecutor:
    """Gives `{status, headers, body}` of the answer, with `paginate` the items of all pages as the body.

    `max_items_bytes`: the most bytes of those items as JSON. An input that cannot be sent fails with INVALID_REQUEST.
    Every single call is guarded by the circuit breaker of its service.
    """

    def __init__(
        self,
        client: HttpClient,
        evaluator: Evaluator,
        *,
        max_items_bytes: int,
        breakers: CircuitBreakers | None = None,
    ) -> None:
        self._calls = HttpCalls(GuardedClient(client, breakers), AccessTokens(client))
        self._polling = Polling(self._calls, evaluator)
        self._paging = Paging(self._calls, evaluator, max_items_bytes=max_items_bytes)

    def execute(self, call: StepCall) -> Outcome | Awaitable[Outcome]:
        """Fail at once for an input that cannot be sent; otherwise send it."""
        config = cast("HttpRequestConfig", call.step.config)
        try:
            if config.paginate is not None:
                return self._paging.start(call, config.paginate)
            if config.poll is not None:
                return self._polling.start(call, config.poll)
            outgoing = self._calls.outgoing(call, call.idempotency_key)
        except MalformedInput as error:
            return Failed(error=StepError(code=FailureCode.INVALID_REQUEST, message=str(error)))
        return self._send(outgoing, call)

    async def _send(self, outgoing: OutgoingCall, call: StepCall) -> Outcome:
        answer = await self._calls.send(outgoing, call.called_at)
        if isinstance(answer, Failed | Deferred):
            return answer
        return Succeeded(output=answer.output, status_code=answer.status)


def executor(parts: StepParts) -> HttpRequestExecutor:
    """The executor of HTTP_REQUEST."""
    return HttpRequestExecutor(
        parts.client, parts.evaluator, max_items_bytes=parts.max_output_bytes, breakers=parts.breakers
    )
