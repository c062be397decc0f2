"""WHERE clauses put together from the parts of a filter that are given; values only ever travel as arguments."""

from typing import Any


class Conditions:
    """Collects conditions and their arguments, numbered in the order of `add`."""

    def __init__(self, *arguments: Any) -> None:
        """`arguments` take the first numbers."""
        self.arguments: list[Any] = list(arguments)
        self._parts: list[str] = []

    def add(self, condition: str, value: Any) -> None:
        """Add a condition with `?` in the place of its value; a value of None adds nothing."""
        if value is not None:
            self._parts.append(condition.replace("?", self.argument(value)))

    def require(self, condition: str) -> None:
        """Add a condition without a value."""
        self._parts.append(condition)

    def argument(self, value: Any) -> str:
        """Add one more argument, and return its placeholder, such as `$3`."""
        self.arguments.append(value)
        return f"${len(self.arguments)}"

    def __str__(self) -> str:
        return " AND ".join(self._parts) or "true"
