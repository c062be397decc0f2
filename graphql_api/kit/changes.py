"""Members of GraphQL inputs as members of partial changes."""

from typing import TypeVar

import strawberry

from domain.kernel.changes import UNSET, Unset

Value = TypeVar("Value")


def member(value: Value) -> Value | Unset:
    """A member where null is a value; UNSET where it is left out."""
    return UNSET if value is strawberry.UNSET else value


def member_that_is(value: Value | None) -> Value | Unset:
    """A member where null says no more than leaving it out: UNSET for both."""
    return UNSET if value is None or value is strawberry.UNSET else value
