"""Secrets as clients see them: never their values."""

from datetime import datetime

import strawberry

from domain.kernel.ids import secret_id
from domain.secrets.model import SecretRecord
from graphql_api.kit.ids import Node


@strawberry.type(description="A value that workflows read as `secrets.<name>`, and that the API never returns.")
class Secret(Node):
    """A secret, without its value."""

    name: str
    created_at: datetime
    updated_at: datetime = strawberry.field(description="The time at which its value was last set.")

    @classmethod
    def from_record(cls, secret: SecretRecord) -> "Secret":
        """The secret as clients see it."""
        return cls(
            id=strawberry.ID(secret_id(secret.name)),
            name=secret.name,
            created_at=secret.created_at,
            updated_at=secret.updated_at,
        )
