"""Relay connections with keyset cursors: right while rows come and go, and page 1,000 costs what page 1 does.

A cursor is opaque to clients. Inside it is a tag, which names the list that it belongs to, and the key of a row.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

import strawberry

from domain.kernel.errors import InvalidInput, Problem
from domain.kernel.pages import Page

Item = TypeVar("Item")
Key = TypeVar("Key")

_POSITION = re.compile(r"[0-9.~]+")

_LONGEST_NAME = 1_000
_HEX = 32
"""The digits of an id."""

DEFAULT_PAGE = 20
LARGEST_PAGE = 100


@dataclass(frozen=True, slots=True)
class CursorKind(Generic[Key]):
    """The cursors of one kind of list: `tag` tells them from those of other lists."""

    tag: str
    write_key: Callable[[Key], str]
    read_key: Callable[[str], Key]

    def write(self, key: Key) -> str:
        """The cursor of the row with this key."""
        return urlsafe_b64encode(f"{self.tag}:{self.write_key(key)}".encode()).decode().rstrip("=")

    def read(self, cursor: str | None, name: str = "after") -> Key | None:
        """The key in a cursor, the argument `name`; None where none is given. Raises `InvalidInput` for no cursor."""
        if cursor is None or cursor is strawberry.UNSET:
            return None
        try:
            raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
            tag, separator, key = raw.decode().partition(":")
            if tag == self.tag and separator:
                return self.read_key(key)
        except (Base64Error, ValueError):
            pass
        raise InvalidInput(
            [
                Problem(
                    path=(name,),
                    message=f"{cursor[:80]!r} is not a cursor of this list.",
                    hint="Take it from pageInfo.endCursor or an edge's cursor of the same list.",
                )
            ]
        )


def _read_position(text: str) -> str:
    if not _POSITION.fullmatch(text) or len(text) > 1000:
        raise ValueError
    return text


def _read_version(text: str) -> int:
    version = int(text)
    if not 0 < version < 2**31:
        raise ValueError
    return version


def _read_name(text: str) -> str:
    if len(text) > _LONGEST_NAME or "\0" in text:
        raise ValueError
    return text


def _read_name_and_id(text: str) -> tuple[str, UUID]:
    return _read_name(text[_HEX:]), UUID(hex=text[:_HEX])


BY_WORKFLOW: CursorKind[UUID] = CursorKind("workflow", lambda key: key.hex, UUID)
BY_VERSION: CursorKind[int] = CursorKind("version", str, _read_version)
BY_AUDIT_ENTRY: CursorKind[UUID] = CursorKind("audit", lambda key: key.hex, UUID)
BY_API_KEY: CursorKind[UUID] = CursorKind("apiKey", lambda key: key.hex, UUID)
BY_SCHEDULE: CursorKind[str] = CursorKind("schedule", str, _read_name)
BY_SECRET: CursorKind[str] = CursorKind("secret", str, _read_name)
BY_READER: CursorKind[str] = CursorKind("secretReader", str, _read_name)
BY_RULE: CursorKind[str] = CursorKind("transformationRule", str, _read_name)
BY_TEMPLATE: CursorKind[str] = CursorKind("workflowTemplate", str, _read_name)
BY_SAVED_VIEW: CursorKind[tuple[str, UUID]] = CursorKind(
    "savedView", lambda key: f"{key[1].hex}{key[0]}", _read_name_and_id
)
BY_PLACE: CursorKind[int] = CursorKind("retryPlan", str, _read_version)
BY_POSITION: CursorKind[str] = CursorKind("step", str, _read_position)


def page_size(
    first: int | None, *, default: int = DEFAULT_PAGE, largest: int = LARGEST_PAGE, name: str = "first"
) -> int:
    """The number of rows to load, the argument `name`. Raises `InvalidInput` outside of 1 to `largest`."""
    if first is None:
        return default
    if not 1 <= first <= largest:
        problem = Problem(path=(name,), message=f"{name} must be between 1 and {largest}, and is {first}.")
        raise InvalidInput([problem])
    return first


@strawberry.type(description="The position of a page in its list.")
class PageInfo:
    """The position of a page in its list."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@strawberry.type(description="An item of a list and the cursor to go on from it.")
class Edge(Generic[Item]):
    """An item of a list and the cursor to go on from it."""

    node: Item
    cursor: str


@strawberry.type(description="One page of a list.")
class Connection(Generic[Item]):
    """One page of a list, with the cursors of its items; counts only when asked to."""

    nodes: list[Item]
    page_info: PageInfo
    cursors: strawberry.Private[Sequence[str]]
    count: strawberry.Private[Callable[[], Awaitable[int]]]

    @strawberry.field
    def edges(self) -> list[Edge[Item]]:
        return [Edge(node=node, cursor=cursor) for node, cursor in zip(self.nodes, self.cursors, strict=True)]

    @strawberry.field(description="The number of items in the whole list. Counted only when selected.")
    async def total_count(self) -> int:
        return await self.count()


Row = TypeVar("Row")


def connection(
    page: Page[Row],
    *,
    item: Callable[[Row], Item],
    key: Callable[[Row], Key],
    cursors: CursorKind[Key],
    is_first: bool,
    count: Callable[[], Awaitable[int]],
    is_backwards: bool = False,
) -> Connection[Item]:
    """A page of rows as a connection. `is_first`: no cursor was given, so nothing is before it.

    `is_backwards`: the rows come from the cursor on towards the start of the list, and are shown in its order.
    """
    rows = page.rows[::-1] if is_backwards else page.rows
    written = [cursors.write(key(row)) for row in rows]
    return Connection(
        nodes=[item(row) for row in rows],
        page_info=PageInfo(
            has_next_page=not is_first if is_backwards else page.has_next,
            has_previous_page=page.has_next if is_backwards else not is_first,
            start_cursor=written[0] if written else None,
            end_cursor=written[-1] if written else None,
        ),
        cursors=written,
        count=count,
    )
