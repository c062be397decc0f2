"""GraphQL inputs of circuit breakers."""

from datetime import timedelta

import strawberry

from domain.circuit_breakers.model import BreakerChanges
from graphql_api.kit.changes import member_that_is


@strawberry.input(description="A change of a breaker's configuration: what is left out, or null, stays as it is.")
class CircuitBreakerConfigInput:
    """A change of a breaker's configuration."""

    failure_threshold: int | None = strawberry.field(
        default=strawberry.UNSET, description="The number of failures in a row that opens it, 1 to 10,000; at first 5."
    )
    success_threshold: int | None = strawberry.field(
        default=strawberry.UNSET, description="The number of successful probes that closes it, 1 to 10,000; at first 2."
    )
    reset_timeout: timedelta | None = strawberry.field(
        default=strawberry.UNSET,
        description="The time for which it lets no call through once it is open, PT0.1S to P1D; at first PT30S.",
    )
    half_open_max_calls: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="The largest number of probes at a time, over all workers, 1 to 10,000; at first 1.",
    )

    def to_changes(self) -> BreakerChanges:
        """The changes that the service takes."""
        return BreakerChanges(
            failure_threshold=member_that_is(self.failure_threshold),
            success_threshold=member_that_is(self.success_threshold),
            reset_timeout=member_that_is(self.reset_timeout),
            half_open_max_calls=member_that_is(self.half_open_max_calls),
        )
