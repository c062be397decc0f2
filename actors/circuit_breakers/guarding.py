"""Calls of services that circuit breakers guard: asked before each call, and told of its result."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from functools import lru_cache
from typing import Final, TypeVar
from urllib.parse import urlsplit

from actors.activations.time_limit import is_out_of_time
from actors.http.client import HttpClient, HttpRequest, HttpResponse
from domain.circuit_breakers.model import MAX_SERVICE_ID, is_service_id
from domain.circuit_breakers.ports import CircuitBreakers, Permit, Refused
from domain.engine.state import WaitReason
from domain.executions.step_executor import Deferred, Failed
from domain.kernel.background_tasks import BackgroundTasks
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.statuses import WaitKind
from domain.kernel.times import time_text
from domain.workflows.steps.requests import CircuitBreakerUse

_FAULTS: Final = frozenset(
    {FailureCode.TIMEOUT, FailureCode.CONNECT_FAILED, FailureCode.CONNECTION_LOST, FailureCode.INVALID_RESPONSE}
)
_ANSWERED: Final = frozenset({FailureCode.RESPONSE_TOO_LARGE, FailureCode.HTTP_STATUS})
_DEFAULT_PORTS = {"http": 80, "https": 443}
_TURN = timedelta(milliseconds=20)
"""The time between two steps of one process that wait for the same service, so that fifty come again in a second."""
_MOST_QUEUES = 10_000
Heard = TypeVar("Heard")


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """The breaker that a step's calls ask, and the use of it. `service_id` None: by the host and port of the URL."""

    use: CircuitBreakerUse = CircuitBreakerUse.WAIT
    service_id: str | None = None


DEFAULT: Final = BreakerPolicy()
"""The policy of calls that set nothing else."""


class _Verdict(Enum):
    ANSWERED = "answered"
    AT_FAULT = "at fault"
    UNKNOWN = "unknown"


class GuardedClient:
    """An HTTP client that calls no service whose breaker is open. Without breakers it calls every one.

    The service is to blame for these failures: no connection, no answer in time (also when the step's own timeout ended
    the call), an answer that is not HTTP, and an unexpected 5xx status. Any other answer is a success. A call that was
    given up, or never made because its destination is blocked, does not count.
    """

    def __init__(self, client: HttpClient, breakers: CircuitBreakers | None) -> None:
        self._client = client
        self._breakers = breakers
        self._last_turns: dict[str, datetime] = {}
        self._tasks = BackgroundTasks("circuit breaker")

    async def send(
        self,
        request: HttpRequest,
        policy: BreakerPolicy,
        read: Callable[[HttpResponse], Heard],
        *,
        begins: Callable[[], None] | None = None,
    ) -> Heard | StepError | Failed | Deferred:
        """The result of `read` on the answer, or the error without one. `begins` is called just before the service is.

        Where the breaker refuses the call: the step's failure, or its wait for the breaker.
        """
        breakers = self._breakers
        service_id = _service_id(request, policy)
        if breakers is None or service_id is None:
            if begins is not None:
                begins()
            answer = await self._client.send(request)
            return answer if isinstance(answer, StepError) else read(answer)
        permit = await breakers.admit(service_id)
        if isinstance(permit, Refused):
            return self._refused(permit, policy.use)
        if self._last_turns and permit.probe is None:
            self._last_turns.pop(service_id, None)  # it is closed, and nobody waits for it any more
        if begins is not None:
            begins()
        try:
            answer = await self._client.send(request)
            heard = answer if isinstance(answer, StepError) else read(answer)
        except BaseException as error:
            self._interrupted(breakers, permit, error)
            raise
        match _verdict(answer, heard, request):
            case _Verdict.ANSWERED:
                await breakers.succeeded(permit)
            case _Verdict.AT_FAULT:
                await breakers.failed(permit)
            case _Verdict.UNKNOWN:
                breakers.abandoned(permit)
        return heard

    def _interrupted(self, breakers: CircuitBreakers, permit: Permit, error: BaseException) -> None:
        if isinstance(error, asyncio.CancelledError) and is_out_of_time():
            self._tasks.start(breakers.failed(permit))  # whoever is being cancelled does not wait for it
        else:
            breakers.abandoned(permit)

    def _refused(self, refused: Refused, use: CircuitBreakerUse) -> Failed | Deferred:
        service_id = refused.service_id
        if use is CircuitBreakerUse.FAIL:
            until = time_text(refused.until)
            return Failed(
                error=StepError(
                    code=FailureCode.CIRCUIT_OPEN,
                    message=f"The circuit breaker of {service_id} is open until {until}.",
                    details={"serviceId": service_id, "until": until},
                )
            )
        turn = self._turn(service_id, refused.until)
        reason = WaitReason(kind=WaitKind.CIRCUIT_BREAKER, until=turn, detail=service_id)
        return Deferred(until=turn, reason=reason, checkpoint={})  # so that it is called again

    def _turn(self, service_id: str, until: datetime) -> datetime:
        """The time at which a refused step comes again: the more steps wait for a service, the later."""
        last = self._last_turns.get(service_id)
        # The first of each process come apart, for all have the same `until`.
        turn = until + random.random() * _TURN if last is None or last < until else last + _TURN
        if len(self._last_turns) >= _MOST_QUEUES:
            self._last_turns.clear()
        self._last_turns[service_id] = turn
        return turn


def _service_id(request: HttpRequest, policy: BreakerPolicy) -> str | None:
    """The id of the service whose breaker guards a call, with secrets masked; None for a call that is not guarded."""
    if policy.use is CircuitBreakerUse.OFF:
        return None
    return policy.service_id or service_of(request.masked_url or request.url)


def service_of(url: str) -> str | None:
    """The service that a URL belongs to: its host and port, such as `api.example.com:443`; None where it has none."""
    return _service_at("/".join(url.split("/", 3)[:3]))


@lru_cache(maxsize=2048)
def _service_at(origin: str) -> str | None:
    try:
        parts = urlsplit(origin)
        host, port = parts.hostname, parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return None
    if not host or port is None:
        return None
    name = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return name[-MAX_SERVICE_ID:] if is_service_id(name[-MAX_SERVICE_ID:]) else None


def _verdict(answer: HttpResponse | StepError, heard: object, request: HttpRequest) -> _Verdict:
    if isinstance(answer, StepError):
        if answer.code in _FAULTS:
            return _Verdict.AT_FAULT
        return _Verdict.ANSWERED if answer.code in _ANSWERED else _Verdict.UNKNOWN
    if answer.status >= 500 and answer.status not in request.expected:
        return _Verdict.AT_FAULT
    if isinstance(heard, Failed) and heard.error.code in _FAULTS:
        return _Verdict.AT_FAULT
    return _Verdict.ANSWERED
