"""Checks of the names and descriptions of stored objects."""

from domain.kernel.errors import Problem
from domain.kernel.json.values import payload_problems

MAX_NAME_CHARACTERS = 128
MAX_DESCRIPTION_CHARACTERS = 10_000


def is_name(name: str, *, longest: int = MAX_NAME_CHARACTERS) -> bool:
    """True when a text may be a name: any other needs no look-up."""
    return 1 <= len(name) <= longest and name.isprintable() and name == name.strip()


def name_problems(name: str, hint: str, *, longest: int = MAX_NAME_CHARACTERS) -> list[Problem]:
    """The problems of a name."""
    if is_name(name, longest=longest):
        return []
    message = f"A name has 1 to {longest} characters, all of them printable, and no space at its ends."
    return [Problem(path=("name",), message=message, hint=hint)]


def description_problems(description: str | None) -> list[Problem]:
    """The problems of a description; None is valid."""
    if description is None:
        return []
    if len(description) > MAX_DESCRIPTION_CHARACTERS:
        message = f"A description has at most {MAX_DESCRIPTION_CHARACTERS:,} characters."
        return [Problem(path=("description",), message=message, hint="Shorten it.")]
    faults = payload_problems(description, max_bytes=MAX_DESCRIPTION_CHARACTERS * 6, what="description")
    return [fault.under("description") for fault in faults]
