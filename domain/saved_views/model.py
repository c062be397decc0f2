"""Saved views as values, and what can be wrong with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.access.model import Principal
from domain.kernel.changes import UNSET, Unset
from domain.kernel.errors import Problem
from domain.kernel.json.text import JsonValue
from domain.kernel.json.values import payload_problems
from domain.kernel.statuses import Role, ViewKind

MOST_OF_ONE_OWNER = 200
MAX_NAME_CHARACTERS = 100
MAX_FILTER_BYTES = 16_384
MAX_COLUMNS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedView:
    """A view as it is stored. `owner_id` is the key that made it, None where no key was asked for, `owner` its name."""

    id: UUID
    kind: ViewKind
    name: str
    filter: Mapping[str, JsonValue]
    columns: tuple[str, ...]
    is_shared: bool
    owner_id: UUID | None
    owner: str
    created_at: datetime
    updated_at: datetime

    def is_of(self, principal: Principal) -> bool:
        """True when the principal's key has made it."""
        return self.owner_id == principal.key_id

    def may_be_seen_by(self, principal: Principal) -> bool:
        """True of a shared view, and of the principal's own."""
        return self.is_shared or self.is_of(principal)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewView:
    """The view that is asked for. `filter` is an object, or null for none."""

    kind: ViewKind
    name: str
    filter: JsonValue = None
    columns: Sequence[str] = ()
    is_shared: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewChanges:
    """The members of a view to change; see `domain.kernel.changes`."""

    name: str | Unset | None = UNSET
    filter: "JsonValue | Unset" = UNSET
    columns: Sequence[str] | Unset | None = UNSET
    is_shared: bool | Unset | None = UNSET


SHARING: Role = Role.OPERATOR
"""The role that shares views."""

TENDING: Role = Role.EDITOR
"""The role that changes and deletes the shared views of others."""


def name_problems(name: str) -> list[Problem]:
    """The problems of a name, with their path."""
    if 1 <= len(name) <= MAX_NAME_CHARACTERS and name.isprintable() and name.strip() == name:
        return []
    message = f"A name has 1 to {MAX_NAME_CHARACTERS} printable characters, and no blank at its ends."
    return [Problem(path=("name",), message=message)]


def filter_problems(filter: JsonValue) -> list[Problem]:
    """The problems of a filter, with their path."""
    if filter is not None and not isinstance(filter, Mapping):
        message = 'A filter is an object, such as {"status": ["FAILED"]}.'
        return [Problem(path=("filter",), message=message)]
    found = payload_problems(filter, max_bytes=MAX_FILTER_BYTES, what="filter")
    return [problem.under("filter") for problem in found]


def column_problems(columns: Sequence[str]) -> list[Problem]:
    """The problems of the columns, with their path."""
    if len(columns) > MAX_COLUMNS:
        return [Problem(path=("columns",), message=f"A view has at most {MAX_COLUMNS} columns.")]
    return [
        Problem(
            path=("columns", str(number)),
            message=f"A column has 1 to {MAX_NAME_CHARACTERS} printable characters.",
        )
        for number, column in enumerate(columns)
        if not 1 <= len(column) <= MAX_NAME_CHARACTERS or not column.isprintable()
    ]
