"""Ports of which a test takes over methods: a database that is away, a late answer, calls that are counted."""

from collections.abc import Callable
from typing import Any

from persistence.memory import MemoryStorage

INTERRUPTIBLE = ("executions", "queries", "webhooks", "workflows")


class Interruptible:
    """Hands every call on to another object, but those of methods that were taken over."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self._taken: dict[str, Callable[..., Any]] = {}

    def __getattr__(self, name: str) -> Any:
        return self._taken.get(name) or getattr(self._inner, name)

    def take_over(self, method: str, by: Callable[..., Any]) -> None:
        """Let `by` answer what `method` is asked from now on."""
        assert callable(getattr(self._inner, method))
        self._taken[method] = by

    def fail(self, method: str, error: Exception) -> None:
        """Let `method` raise `error` from now on."""

        async def failing(*_args: object, **_named: object) -> None:
            raise error

        self.take_over(method, failing)


def interruptible(port: object) -> Interruptible:
    """A port of an `interruptible_storage`, as what it is."""
    assert isinstance(port, Interruptible)
    return port


def interruptible_storage() -> MemoryStorage:
    """A storage in memory; the stores that INTERRUPTIBLE names are each an `Interruptible`."""
    storage = MemoryStorage()
    for name in INTERRUPTIBLE:
        setattr(storage, name, Interruptible(getattr(storage, name)))
    return storage
