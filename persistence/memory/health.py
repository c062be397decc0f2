"""The health of nothing: in memory every part is up, unless a test says otherwise."""

from collections.abc import Sequence
from datetime import timedelta

from domain.records import ComponentRecord


class MemoryHealthProbe:
    """Implements `domain.ports.HealthProbe`. `down` names the components that do not answer."""

    def __init__(self) -> None:
        self.down: set[str] = set()

    async def components(self, timeout: timedelta) -> Sequence[ComponentRecord]:
        return [
            ComponentRecord(
                name=name,
                is_up=name not in self.down,
                latency=None if name in self.down else timedelta(0),
                detail="switched off" if name in self.down else None,
            )
            for name in ("postgresql", "redis", "migrations")
        ]
