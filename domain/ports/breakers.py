"""The ports of circuit breakers: what a step asks before it calls a service, and tells afterwards."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to call a service once. A `probe` takes one of the few places that a half-open breaker has.

    `generation` is how often the breaker had changed its state when this was given: what is told of a call that began
    in an earlier state changes nothing.
    """

    service_id: str
    probe: bool = False
    generation: int = 0


@dataclass(frozen=True, slots=True)
class Refused:
    """The service is not to be called now; `until` is when a call may be tried again."""

    service_id: str
    until: datetime


class CircuitBreakers(Protocol):
    """Guards services by their `service_id`, across all workers. Nothing here raises: where Redis is away each process

    goes on with what it knows. While a service is healthy, none of these waits for anything outside of the process.
    Every permit is given back once, by one of the last three.
    """

    async def admit(self, service_id: str) -> Permit | Refused:
        """Whether a call may be made. The first one ever creates the service's breaker."""

    async def succeeded(self, permit: Permit) -> None:
        """The service has answered, be it with a complaint about the request."""

    async def failed(self, permit: Permit) -> None:
        """The service could not be reached, did not answer in time, or has answered that it is at fault."""

    def abandoned(self, permit: Permit) -> None:
        """The call was given up before it was known how it goes."""
