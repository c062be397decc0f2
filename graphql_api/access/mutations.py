"""Mutations of API keys."""

from datetime import datetime
from typing import Annotated, TypeAlias

import strawberry

from domain.kernel.ids import IdKind
from graphql_api.access.types import ApiKey, ApiKeyCreated
from graphql_api.context import Info
from graphql_api.kit.deleting import Deleted, DeleteResult
from graphql_api.kit.enums import Role
from graphql_api.kit.errors import ValidationError
from graphql_api.kit.ids import read_id

ApiKeyResult: TypeAlias = Annotated[
    ApiKeyCreated | ValidationError,
    strawberry.union("ApiKeyResult", description="A new key with its token, or why there is none."),
]


@strawberry.type
class AccessMutations:
    """The part of Mutation that is about keys."""

    @strawberry.mutation(description="Make a key. Its token is shown this once.")
    async def create_api_key(
        self, info: Info, name: str, role: Role, expires_at: datetime | None = strawberry.UNSET
    ) -> ApiKeyResult:
        key, token = await info.context.services.access.create(name, role, expires_at or None)
        return ApiKeyCreated(api_key=ApiKey.from_record(key), token=token)

    @strawberry.mutation(
        description="Revoke a key. Its requests are refused within two seconds, and its live subscriptions end."
    )
    async def revoke_api_key(self, info: Info, id: strawberry.ID) -> DeleteResult:
        await info.context.services.access.revoke(read_id(id, IdKind.API_KEY))
        return Deleted(id=id)
