"""`python -m stepgraph.settings.page`: docs/settings.md, made from the settings themselves."""

import sys
from datetime import timedelta
from typing import Any

from pydantic.fields import FieldInfo

from domain.kernel.durations import format_duration
from stepgraph.settings import UNPREFIXED, Settings

_HEAD = """<!-- Made by `python -m stepgraph.settings.page > docs/settings.md` from stepgraph/settings/. -->
# Settings

Every process reads its settings from the environment, and refuses to start with all that is wrong with them at once.
Durations are ISO 8601 (`PT8S`) or seconds, sizes are bytes, lists are separated by commas.

| variable | default | what it is |
| --- | --- | --- |
"""


def settings_page() -> str:
    """The page as Markdown."""
    return _HEAD + "".join(f"{_row(name, field)}\n" for name, field in Settings.model_fields.items())


def _row(name: str, field: FieldInfo) -> str:
    variable = f"STEPGRAPH_{name.upper()}"
    shown = f"`{name.upper()}` or `{variable}`" if name.upper() in UNPREFIXED else f"`{variable}`"
    return f"| {shown} | {_default(field.default)} | {field.description} |"


def _default(value: Any) -> str:
    if value is None or value == ():
        return ""
    if isinstance(value, timedelta):
        return f"`{format_duration(value)}`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value}`"


if __name__ == "__main__":
    sys.stdout.write(settings_page())
