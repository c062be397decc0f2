"""Values that many expressions read: each is written as JSON once, however often it is sent to the sandbox."""

from typing import Any

from domain.kernel.json.text import JsonText, JsonValue, dumps


class WrittenParts:
    """The JSON texts of objects and arrays that do not change any more; each is written when it is first asked for."""

    def __init__(self) -> None:
        self._texts: dict[int, tuple[JsonValue, JsonText]] = {}  # with the value, so that its identity stays its own
        self.size = 0
        """The characters that were written."""

    def of(self, value: Any) -> Any:
        """The text of an object or an array, and any other value as it is, also what is no JSON."""
        if not isinstance(value, dict | list):
            return value
        known = self._texts.get(id(value))
        if known is None:
            try:
                known = self._texts[id(value)] = value, JsonText(dumps(value))
            except ValueError:
                return value
            self.size += len(known[1].text)
        return known[1]
