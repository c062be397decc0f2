"""The key of this installation, in PostgreSQL: made by the migration, the same for every process."""

from persistence.postgres.connections.database import Database


class PostgresInstallation:
    """Implements `domain.system.ports.Installation`. The key is read once."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._key: bytes | None = None

    async def key(self) -> bytes:
        if self._key is None:
            self._key = await self._database.fetch_value("SELECT key FROM installation")
        return self._key
