"""The input of a step: a step of the portable document, member by member, in GraphQL's types."""

from datetime import timedelta
from pkgutil import resolve_name
from typing import Any

import strawberry

from domain.workflows.steps.kind import AnyKind, StepConfig
from domain.workflows.steps.registry import step_kinds
from graphql_api.kit.enums import Jitter, RetryStrategy
from graphql_api.kit.scalars import Expression
from graphql_api.workflows.step_inputs.derived import derived_input


@strawberry.input(description="The number of attempts at a step, and the delays between them.")
class RetryPolicyInput:
    """The attempts at a step."""

    strategy: RetryStrategy = RetryStrategy.EXPONENTIAL
    max_attempts: int = strawberry.field(default=3, description="Calls in all, the first included.")
    delay: timedelta = timedelta(seconds=1)
    factor: float = 2.0
    max_delay: timedelta | None = timedelta(minutes=1)
    jitter: Jitter = Jitter.FULL
    max_elapsed: timedelta | None
    when: Expression | None = strawberry.field(
        description="Try again only when this is true; it sees error {code, status, message} and attempt."
    )


def _input_of(kind: AnyKind) -> Any:
    config: type[StepConfig] = kind.config
    return derived_input(config) if kind.graphql_input is None else resolve_name(kind.graphql_input)


class StepConfigInput:
    """The configuration of a step: a member for each kind."""

    __annotations__ = {kind.input_member: _input_of(kind) | None for kind in step_kinds().values()}


strawberry.input(one_of=True, description="The configuration of a step: exactly one of its kinds.")(StepConfigInput)


@strawberry.input(one_of=True, description="The reaction to a step's final failure. By default it fails the block.")
class OnErrorInput:
    """The reaction to a step's final failure."""

    continue_: bool | None = strawberry.field(name="continue", description="Carry on as if it had been skipped.")
    steps: list["StepInput"] | None = strawberry.field(description="Run these steps, with error in scope.")


@strawberry.input(description="A step. Without dependsOn it runs after the step written before it, with [] at once.")
class StepInput:
    """A step of a workflow."""

    id: str
    name: str | None
    depends_on: list[str] | None
    when: Expression | None = strawberry.field(description="The step is skipped when this is false.")
    retry: RetryPolicyInput | None
    timeout: timedelta | None
    on_error: OnErrorInput | None
    config: StepConfigInput
