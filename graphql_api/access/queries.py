"""Queries of API keys and of the audit."""

from typing import TypeAlias

import strawberry

from graphql_api.access.types import ApiKey, AuditEntry
from graphql_api.context import Info
from graphql_api.pagination import BY_API_KEY, BY_AUDIT_ENTRY, Connection, connection, page_size

AuditEntryConnection: TypeAlias = Connection[AuditEntry]
ApiKeyConnection: TypeAlias = Connection[ApiKey]


@strawberry.type
class AccessQueries:
    """The part of Query that is about keys and the audit."""

    @strawberry.field(description="The keys of this API, oldest first, also those that have expired.")
    async def api_keys(
        self, info: Info, first: int | None = 20, after: str | None = strawberry.UNSET
    ) -> ApiKeyConnection:
        size, key = page_size(first), BY_API_KEY.read(after)
        info.context.spend_rows(size)
        keys = info.context.services.keys
        return connection(
            await keys.page(first=size, after=key),
            item=ApiKey.from_record,
            key=lambda record: record.id,
            cursors=BY_API_KEY,
            is_first=key is None,
            count=keys.count,
        )

    @strawberry.field(description="What was asked for by whom, newest first.")
    async def audit_entries(
        self, info: Info, first: int | None = 20, after: str | None = strawberry.UNSET
    ) -> AuditEntryConnection:
        size, key = page_size(first), BY_AUDIT_ENTRY.read(after)
        info.context.spend_rows(size)
        audit = info.context.services.audit
        return connection(
            await audit.page(first=size, after=key),
            item=AuditEntry.from_record,
            key=lambda entry: entry.id,
            cursors=BY_AUDIT_ENTRY,
            is_first=key is None,
            count=audit.count,
        )
