"""Queries of API keys and of the audit."""

from datetime import timedelta
from typing import TypeAlias

import strawberry

from domain.access import stream_tickets
from graphql_api.access.types import ApiKey, AuditEntry, Principal, StreamTicket
from graphql_api.context import Info
from graphql_api.kit.pagination import BY_API_KEY, BY_AUDIT_ENTRY, Connection, connection, page_size

AuditEntryConnection: TypeAlias = Connection[AuditEntry]
ApiKeyConnection: TypeAlias = Connection[ApiKey]

TICKETS_LAST = timedelta(minutes=10)


@strawberry.type
class AccessQueries:
    """The part of Query that is about keys and the audit."""

    @strawberry.field(description="The one who asks: the name and the role of the key, and what it may not do.")
    async def principal(self, info: Info) -> Principal:
        return Principal.from_record(info.context.principal)

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

    @strawberry.field(description="The audit: an entry for each mutation, newest first.")
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

    @strawberry.field(
        description="A ticket for event streams in a browser's EventSource, on behalf of the key that asks for it."
    )
    async def stream_ticket(self, info: Info) -> StreamTicket:
        services, principal = info.context.services, info.context.principal
        ticket = stream_tickets.StreamTicket(principal.digest, services.clock.now() + TICKETS_LAST)
        return StreamTicket(
            ticket=ticket.write(await services.installation.key()),
            expires_at=ticket.expires_at.replace(microsecond=0),
        )
