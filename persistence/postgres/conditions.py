"""WHERE clauses put together from the parts of a filter that are given; values only ever travel as arguments."""

from typing import Any


class Conditions:
    """Collects conditions and their arguments, numbered in the order of `add`."""

    def __init__(self, *arguments: Any) -> None:
        """`arguments` take the first numbers."""
        self.arguments: list[Any] = list(arguments)
        self._parts: list[str] = []

    def add(self, condition: str, value: Any) -> None:
        """Add a condition with `?` where its value goes; a value of None adds nothing."""
        if value is not None:
            self._parts.append(condition.replace("?", self.argument(value)))

    def require(self, condition: str) -> None:
        """Add a condition without a value."""
        self._parts.append(condition)

    def argument(self, value: Any) -> str:
        """Hand over one more value, and get the text that stands for it."""
        self.arguments.append(value)
        return f"${len(self.arguments)}"

    def __str__(self) -> str:
        return " AND ".join(self._parts) or "true"


def containing(text: str) -> str:
    """The LIKE pattern of what contains this text, whatever characters that has."""
    escaped = text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    return f"%{escaped}%"
