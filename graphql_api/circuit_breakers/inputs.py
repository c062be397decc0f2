"""GraphQL inputs of circuit breakers."""

from datetime import timedelta

import strawberry


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

    def to_changes(self) -> dict[str, object]:
        """The members of a `BreakerConfig` that change, by name."""
        given: dict[str, object] = {
            "failure_threshold": self.failure_threshold,
            "success_threshold": self.success_threshold,
            "reset_timeout": self.reset_timeout,
            "half_open_max_calls": self.half_open_max_calls,
        }
        return {name: value for name, value in given.items() if value is not None and value is not strawberry.UNSET}
