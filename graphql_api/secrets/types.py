"""Secrets as clients see them: never their values."""

from datetime import datetime

import strawberry

from domain.kernel.ids import secret_id
from domain.secrets import readers
from domain.secrets.model import SecretRecord
from graphql_api.context import Info
from graphql_api.kit.ids import Node
from graphql_api.kit.pagination import BY_READER, Connection, connection, page_size
from graphql_api.secrets.loaders import SecretLoaders
from graphql_api.workflows.loaders import WorkflowLoaders
from graphql_api.workflows.types import Workflow


@strawberry.type(description="A workflow whose newest version reads a secret.")
class SecretReader:
    """A workflow whose newest version reads a secret."""

    version: int
    paths: list[str] = strawberry.field(
        description="The paths of the steps that read it, as in the workflow's graph and in the order of the document."
    )
    record: strawberry.Private[readers.SecretReader]

    @strawberry.field(description="The workflow, at its newest version.")
    async def workflow(self, info: Info) -> Workflow:
        record = await info.context.shared(WorkflowLoaders).by_id.load(self.record.workflow_id)
        assert record is not None  # workflows are hidden, never removed
        return Workflow.from_record(record, info.context.large_values)

    @classmethod
    def from_record(cls, reader: readers.SecretReader) -> "SecretReader":
        """The reader as clients see it."""
        return cls(version=reader.version, paths=list(reader.paths), record=reader)


@strawberry.type(description="A value that workflows read as `secrets.<name>`, and that the API never returns.")
class Secret(Node):
    """A secret, without its value."""

    name: str
    created_at: datetime
    updated_at: datetime = strawberry.field(description="The time at which its value was last set.")

    @strawberry.field(
        description="The workflows whose newest version reads it, of any status and not deleted, by name. While there "
        "are any, it cannot be deleted."
    )
    async def readers(
        self, info: Info, first: int | None = 20, after: str | None = strawberry.UNSET
    ) -> Connection[SecretReader]:
        size, key = page_size(first), BY_READER.read(after)
        info.context.spend_rows(size)
        loaders = info.context.shared(SecretLoaders)
        return connection(
            await loaders.readers.load((self.name, size, key)),
            item=SecretReader.from_record,
            key=lambda record: record.name,
            cursors=BY_READER,
            is_first=key is None,
            count=lambda: loaders.reader_counts.load(self.name),
        )

    @classmethod
    def from_record(cls, secret: SecretRecord) -> "Secret":
        """The secret as clients see it."""
        return cls(
            id=strawberry.ID(secret_id(secret.name)),
            name=secret.name,
            created_at=secret.created_at,
            updated_at=secret.updated_at,
        )
