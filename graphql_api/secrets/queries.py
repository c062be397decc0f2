"""Queries about secrets."""

import strawberry

from graphql_api.context import Info
from graphql_api.kit.pagination import BY_SECRET, Connection, connection, page_size
from graphql_api.secrets.types import Secret


@strawberry.type
class SecretQueries:
    """The part of Query that is about secrets."""

    @strawberry.field(description="Secrets, by name: their names and times, never their values.")
    async def secrets(
        self, info: Info, first: int | None = 20, after: str | None = strawberry.UNSET
    ) -> Connection[Secret]:
        size, key = page_size(first), BY_SECRET.read(after)
        info.context.spend_rows(size)
        service = info.context.services.secrets
        return connection(
            await service.page(first=size, after=key),
            item=Secret.from_record,
            key=lambda record: record.name,
            cursors=BY_SECRET,
            is_first=key is None,
            count=service.count,
        )

    @strawberry.field(description="One secret, without its value; null where there is none with this name.")
    async def secret(self, info: Info, name: str) -> Secret | None:
        record = await info.context.services.secrets.find(name)
        return None if record is None else Secret.from_record(record)
