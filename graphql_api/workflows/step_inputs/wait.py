"""The input of WAIT."""

from datetime import timedelta

import strawberry

from graphql_api.kit.scalars import JSON, Expression


@strawberry.input(description="Wait for somebody to send a signal to the execution.")
class SignalWaitInput:
    """Wait for a signal."""

    name: str
    timeout: timedelta | None
    on_timeout: JSON | None


@strawberry.input(one_of=True, description="Wait: for a while, until a time, or for a signal.")
class WaitInput:
    """Wait."""

    duration: timedelta | None
    until: Expression | None
    signal: SignalWaitInput | None
