"""A sandbox without children: it answers what a test says, or fails as it says."""

from collections.abc import Callable, Mapping
from datetime import datetime
from uuid import UUID

from domain.json_text import JsonValue


class AnsweringSandbox:
    """Implements `domain.ports.Sandbox`. `answer` gives the value for a source and what it reads, or raises."""

    def __init__(self, answer: Callable[[str, Mapping[str, JsonValue]], JsonValue]) -> None:
        self._answer = answer
        self.asked: list[tuple[str, UUID]] = []

    async def evaluate(
        self, source: str, data: Mapping[str, JsonValue], *, now: datetime, seed: int, owner: UUID
    ) -> JsonValue:
        """The answer."""
        self.asked.append((source, owner))
        return self._answer(source, data)
