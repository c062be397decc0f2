"""Columns of type `json`: text on the way to PostgreSQL and back."""

from domain.kernel.json.text import JsonValue, dumps, loads


def json_column(value: JsonValue) -> str | None:
    """The text of a `json` column; None is NULL. Raises `ValueError` for a value without JSON text."""
    return None if value is None else dumps(value)


def json_value(text: str | None) -> JsonValue:
    """The value of a text that `json_column` made."""
    return None if text is None else loads(text)
