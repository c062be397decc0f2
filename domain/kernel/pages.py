"""A page of rows: the result of every list query."""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Row]):
    """A slice of a list in its keyset order; `has_next` is True when more rows follow it."""

    rows: tuple[Row, ...] = field(default=())
    has_next: bool = False
