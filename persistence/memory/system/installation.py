"""The key of an installation that lasts as long as its process."""

import secrets


class MemoryInstallation:
    """Implements `domain.system.ports.Installation`."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    async def key(self) -> bytes:
        return self._key
