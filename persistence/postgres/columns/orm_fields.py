"""Column types that the ORM does not have: user payloads as `json`, kept exactly as text."""

from typing import Any

from tortoise.fields.base import Field
from tortoise.models import Model

from domain.kernel.json.text import JsonValue, dumps, loads


class JsonTextField(Field[Any]):
    """A `json` column: unlike `jsonb` it keeps the order of keys and every digit of a number. None is NULL."""

    SQL_TYPE = "JSON"
    field_type = str
    indexable = False

    def to_db_value(self, value: JsonValue, instance: "type[Model] | Model") -> str | None:
        """The value as JSON text."""
        return None if value is None else dumps(value)

    def to_python_value(self, value: Any) -> JsonValue:
        """The value of the column's text; a value that is no text, not read from a column, stays as it is."""
        return loads(value) if isinstance(value, str) else value
