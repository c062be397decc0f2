"""Secrets, in memory."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from domain.kernel.pages import Page
from domain.secrets.model import SecretRecord
from domain.secrets.readers import SecretReader, steps_that_read
from persistence.memory.tables import MemoryTables, page_of


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

    async def readers_of(
        self, names: Collection[str], *, first: int, after: str | None
    ) -> Mapping[str, Page[SecretReader]]:
        found = self._readers(names)
        rest = {name: [each for each in found[name] if after is None or each.name > after] for name in names}
        return {name: page_of(readers, first) for name, readers in rest.items()}

    async def reader_counts(self, names: Collection[str]) -> Mapping[str, int]:
        return {name: len(readers) for name, readers in self._readers(names).items()}

    def _readers(self, names: Collection[str]) -> Mapping[str, list[SecretReader]]:
        found: dict[str, list[SecretReader]] = {name: [] for name in names}
        for workflow in sorted(self._tables.workflows.values(), key=lambda each: each.name):
            if workflow.id not in self._tables.deleted_workflows:
                for name, paths in steps_that_read(workflow.document).items():
                    if name in found:
                        found[name].append(
                            SecretReader(
                                workflow_id=workflow.id, name=workflow.name, version=workflow.version, paths=paths
                            )
                        )
        return found
