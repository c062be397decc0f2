"""API keys and entries of the audit as clients see them."""

from datetime import datetime

import strawberry

from domain.access.model import ApiKeyRecord
from domain.access.model import AuditEntry as Entry
from domain.access.model import Principal as Holder
from domain.kernel.ids import IdKind
from graphql_api.kit.enums import Role
from graphql_api.kit.ids import Node, public_id
from graphql_api.permissions import denied_fields


@strawberry.type(description="A key to this API, without its token.")
class ApiKey(Node):
    """A key to the API."""

    name: str
    role: Role
    prefix: str = strawberry.field(description="The beginning of its token, to recognise it by.")
    created_at: datetime
    expires_at: datetime | None = strawberry.field(
        description="The time at which it expires; null for one that never does."
    )
    last_used_at: datetime | None = strawberry.field(
        description="The time of its last use, to the minute; null for one that was never used."
    )

    @classmethod
    def from_record(cls, key: ApiKeyRecord) -> "ApiKey":
        """The key as clients see it."""
        return cls(
            id=public_id(IdKind.API_KEY, key.id),
            name=key.name,
            role=key.role,
            prefix=key.prefix,
            created_at=key.created_at,
            expires_at=key.expires_at,
            last_used_at=key.last_used_at,
        )


@strawberry.type(description="A new key. The token is shown this once.")
class ApiKeyCreated:
    """A new key, with its token."""

    api_key: ApiKey
    token: str


@strawberry.type(description="A mutation that was requested: when, with which key, and with which outcome.")
class AuditEntry(Node):
    """An entry of the audit."""

    at: datetime
    principal: str = strawberry.field(description="The name of the key; `anybody` where the API requires no keys.")
    api_key_id: strawberry.ID | None = strawberry.field(
        description="The id of the key, which may be revoked by now; null where the API requires no keys."
    )
    action: str = strawberry.field(description="The name of the mutation.")
    target: str | None = strawberry.field(description="The id or the name in its arguments; null where there is none.")
    outcome: str = strawberry.field(description="The type of the answer, or the code of the error.")

    @classmethod
    def from_record(cls, entry: Entry) -> "AuditEntry":
        """The entry as clients see it."""
        return cls(
            id=public_id(IdKind.AUDIT_ENTRY, entry.id),
            at=entry.at,
            principal=entry.principal,
            api_key_id=None if entry.key_id is None else public_id(IdKind.API_KEY, entry.key_id),
            action=entry.action,
            target=entry.target,
            outcome=entry.outcome,
        )


@strawberry.type(description="The one on whose behalf an operation is executed: the holder of the key that asks.")
class Principal:
    """The one on whose behalf an operation is executed."""

    name: str = strawberry.field(description="The name of the key; `anybody` where the API requires no keys.")
    role: Role = strawberry.field(description="The role of the key; ADMIN where the API requires no keys.")
    api_key_id: strawberry.ID | None = strawberry.field(
        description="The id of the key; null where the API requires no keys."
    )
    denied_fields: list[str] = strawberry.field(
        description="The fields that need another role, as schema coordinates such as `Mutation.createApiKey`, sorted. "
        "All others may be used; of some the API lets a role use a part only, and says so."
    )

    @classmethod
    def from_record(cls, principal: Holder) -> "Principal":
        """The principal as clients see it."""
        return cls(
            name=principal.name,
            role=principal.role,
            api_key_id=None if principal.key_id is None else public_id(IdKind.API_KEY, principal.key_id),
            denied_fields=denied_fields(principal.role),
        )


@strawberry.type(
    description="A ticket that opens event streams by GET, as `ticket` in the URL, where no header can be sent: in a "
    "browser's EventSource. It stands for the key that asked for it, and opens nothing else."
)
class StreamTicket:
    """A ticket that opens event streams by GET."""

    ticket: str
    expires_at: datetime = strawberry.field(
        description="The end of its validity. A stream that is open then stays so, but needs a new ticket to reconnect."
    )
