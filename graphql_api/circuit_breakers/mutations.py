"""Mutations of circuit breakers."""

from typing import Annotated, TypeAlias

import strawberry

from domain.kernel.ids import IdKind
from graphql_api.circuit_breakers.inputs import CircuitBreakerConfigInput
from graphql_api.circuit_breakers.types import CircuitBreaker
from graphql_api.context import Info
from graphql_api.kit.deleting import Deleted, DeleteResult
from graphql_api.kit.errors import NotFoundError, ValidationError
from graphql_api.kit.ids import public_id

CircuitBreakerResult: TypeAlias = Annotated[
    CircuitBreaker | NotFoundError | ValidationError,
    strawberry.union("CircuitBreakerResult", description="A circuit breaker, or why there is none."),
]


@strawberry.type
class CircuitBreakerMutations:
    """The part of Mutation that is about circuit breakers."""

    @strawberry.mutation(
        description="Change the configuration of a service's breaker, also of a service that was never called yet. "
        "The breaker's state stays as it is."
    )
    async def update_circuit_breaker(
        self, info: Info, service_id: str, config: CircuitBreakerConfigInput
    ) -> CircuitBreakerResult:
        record = await info.context.services.breakers.configure(service_id, config.to_changes())
        return CircuitBreaker.from_record(record)

    @strawberry.mutation(description="Close a breaker by hand, whatever it has counted; steps that wait for it go on.")
    async def reset_circuit_breaker(self, info: Info, service_id: str) -> CircuitBreakerResult:
        return CircuitBreaker.from_record(await info.context.services.breakers.reset(service_id))

    @strawberry.mutation(
        description="Delete a breaker and its configuration. Steps that wait for it go on, and the service's next call "
        "creates a new one."
    )
    async def delete_circuit_breaker(self, info: Info, service_id: str) -> DeleteResult:
        record = await info.context.services.breakers.delete(service_id)
        return Deleted(id=public_id(IdKind.CIRCUIT_BREAKER, record.id))
