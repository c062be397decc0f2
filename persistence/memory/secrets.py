"""Secrets, in memory."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from domain.kernel.pages import Page
from domain.secrets.model import SecretRecord, secrets_named_in
from persistence.memory.tables import MemoryTables


class MemorySecretStore:
    """Implements `domain.secrets.ports.SecretStore`."""

    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables
        self._secrets: dict[str, SecretRecord] = {}

    async def save(self, secret: SecretRecord) -> SecretRecord:
        old = self._secrets.get(secret.name)
        saved = secret if old is None else replace(secret, created_at=old.created_at)
        self._secrets[secret.name] = saved
        return saved

    async def delete(self, name: str) -> bool:
        return self._secrets.pop(name, None) is not None

    async def find_many(self, names: Collection[str]) -> Mapping[str, SecretRecord]:
        return {name: self._secrets[name] for name in names if name in self._secrets}

    async def page(self, *, first: int, after: str | None) -> Page[SecretRecord]:
        found = [self._secrets[name] for name in sorted(self._secrets) if after is None or name > after]
        return Page(rows=tuple(replace(each, sealed=b"") for each in found[:first]), has_next=len(found) > first)

    async def count(self) -> int:
        return len(self._secrets)

    async def readers_of(self, name: str, *, limit: int) -> Sequence[str]:
        tables = self._tables
        reading = [
            workflow.name
            for workflow in tables.workflows.values()
            if workflow.id not in tables.deleted_workflows and name in secrets_named_in(workflow.document)
        ]
        return sorted(reading)[:limit]
