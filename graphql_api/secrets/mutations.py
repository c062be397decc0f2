"""Mutations of secrets."""

from typing import Annotated, TypeAlias

import strawberry

from domain.kernel.ids import secret_id
from graphql_api.context import Info
from graphql_api.kit.deleting import Deleted, DeleteResult
from graphql_api.kit.errors import ValidationError
from graphql_api.secrets.types import Secret

SecretResult: TypeAlias = Annotated[
    Secret | ValidationError,
    strawberry.union("SecretResult", description="The secret, without its value, or why it was not stored."),
]


@strawberry.type
class SecretMutations:
    """The part of Mutation that is about secrets."""

    @strawberry.mutation(
        description="Store a secret, or a new value of it, at most 64 KiB: two seconds later no attempt "
        "begins with the old one. Send the value as a variable, so that no query text contains it."
    )
    async def set_secret(self, info: Info, name: str, value: str) -> SecretResult:
        return Secret.from_record(await info.context.services.secrets.set(name, value))

    @strawberry.mutation(
        description="Delete a secret. Refused while the newest version of a workflow that is not deleted reads it."
    )
    async def delete_secret(self, info: Info, name: str) -> DeleteResult:
        await info.context.services.secrets.delete(name)
        return Deleted(id=strawberry.ID(secret_id(name)))
