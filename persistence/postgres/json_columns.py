"""Columns of type `json`: text on the way to PostgreSQL and back."""

from domain.kernel.json.text import JsonValue, dumps, loads


def json_column(value: JsonValue) -> str | None:
    """The text of a `json` column; None is NULL. Raises `ValueError` for what JSON cannot say."""
    return None if value is None else dumps(value)


def json_value(text: str | None) -> JsonValue:
    """What `json_column` stored."""
    return None if text is None else loads(text)
