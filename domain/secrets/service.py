"""Use cases of secrets: set, delete and list; none of them returns a value."""

from collections.abc import Collection, Mapping

from domain.kernel.clock import Clock
from domain.kernel.errors import Conflict, InvalidInput, NotFound, Problem
from domain.kernel.pages import Page
from domain.secrets.model import SecretRecord, purpose_of, value_problems
from domain.secrets.ports import Cipher, SecretStore
from domain.secrets.readers import SecretReader
from domain.workflows.fields.types import IDENTIFIER

_MAX_READERS = 5
_NAME_HINT = "Names are letters, digits and underscores, at most 64, and do not begin with a digit."


class SecretService:
    """Use cases of secrets."""

    def __init__(self, *, secrets: SecretStore, cipher: Cipher, clock: Clock) -> None:
        self._secrets = secrets
        self._cipher = cipher
        self._clock = clock

    async def set(self, name: str, value: str) -> SecretRecord:
        """Store a secret, or a new value of it. Raises `InvalidInput`, and `Unavailable` where no key is set."""
        problems = [] if IDENTIFIER.fullmatch(name) else [_malformed_name()]
        problems += value_problems(value)
        if problems:
            raise InvalidInput(problems)
        sealed = self._cipher.encrypt(value.encode(), purpose=purpose_of(name))
        now = self._clock.now()
        return await self._secrets.save(SecretRecord(name=name, sealed=sealed, created_at=now, updated_at=now))

    async def delete(self, name: str) -> None:
        """Remove a secret. Raises `NotFound`, or `Conflict` while the newest version of a workflow reads it."""
        if name not in await self._secrets.find_many([name]):
            raise NotFound("secret", name)
        readers = (await self._secrets.readers_of([name], first=_MAX_READERS, after=None))[name]
        if readers.rows:
            listed = ", ".join(repr(reader.name) for reader in readers.rows)
            more = " and others" if readers.has_next else ""
            raise Conflict(f"The secret {name!r} is read by {listed}{more}: take it out of them first.")
        if not await self._secrets.delete(name):
            raise NotFound("secret", name)

    async def find(self, name: str) -> SecretRecord | None:
        """The secret with this name."""
        return (await self._secrets.find_many([name])).get(name) if IDENTIFIER.fullmatch(name) else None

    async def page(self, *, first: int, after: str | None) -> Page[SecretRecord]:
        """Secrets, by name; `after` is a name."""
        return await self._secrets.page(first=first, after=after)

    async def count(self) -> int:
        """The number of secrets."""
        return await self._secrets.count()

    async def readers(
        self, names: Collection[str], *, first: int, after: str | None
    ) -> Mapping[str, Page[SecretReader]]:
        """The workflows that read each of these secrets, by name; `after` is the name of a workflow."""
        return await self._secrets.readers_of(names, first=first, after=after)

    async def reader_counts(self, names: Collection[str]) -> Mapping[str, int]:
        """The number of workflows that read each of these secrets."""
        return await self._secrets.reader_counts(names)


def _malformed_name() -> Problem:
    return Problem(path=("name",), message="This is no name of a secret.", hint=_NAME_HINT)
