"""Queries about secrets."""

import strawberry

from graphql_api.context import Info
from graphql_api.secrets.types import Secret


@strawberry.type
class SecretQueries:
    """The part of Query that is about secrets."""

    @strawberry.field(description="All secrets, by name: their names and times, never their values.")
    async def secrets(self, info: Info) -> list[Secret]:
        records = await info.context.services.secrets.list_secrets()
        info.context.spend_rows(len(records))
        return [Secret.from_record(record) for record in records]
