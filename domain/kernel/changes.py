"""Partial changes: a member that is given overwrites the field of its name, all other fields stay as they are.

A `…Changes` value has a member for each field that can be changed, `UNSET` by default. None is given like any other
value: it removes what is stored, and is refused by the use case where the field always has a value.
"""

from dataclasses import fields
from enum import Enum
from typing import Any, Final, TypeVar

Value = TypeVar("Value")


class Unset(Enum):
    """The type of `UNSET`."""

    UNSET = "UNSET"


UNSET: Final = Unset.UNSET
"""A member that is not given."""


def given(changes: Any) -> dict[str, Any]:
    """The members of a `…Changes` value that are given, by name."""
    members = ((field.name, getattr(changes, field.name)) for field in fields(changes))
    return {name: value for name, value in members if value is not UNSET}


def changed(stored: Value, member: Value | Unset) -> Value:
    """The value of a field after its change."""
    return stored if member is UNSET else member
