"""Queries of API keys and of the audit."""

from typing import TypeAlias

import strawberry

from graphql_api.access.types import ApiKey, AuditEntry
from graphql_api.context import Info
from graphql_api.pagination import BY_AUDIT_ENTRY, DEFAULT_PAGE, Connection, connection, page_size

AuditEntryConnection: TypeAlias = Connection[AuditEntry]


@strawberry.type
class AccessQueries:
    """The part of Query that is about keys and the audit."""

    @strawberry.field(description="Every key, oldest first.")
    async def api_keys(self, info: Info) -> list[ApiKey]:
        return [ApiKey.from_record(key) for key in await info.context.services.keys.all()]

    @strawberry.field(description="What was asked for by whom, newest first.")
    async def audit_entries(
        self, info: Info, first: int = DEFAULT_PAGE, after: str | None = strawberry.UNSET
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
