"""The places where a document may read secrets: those that are sent to a service, and no others."""

from collections.abc import Iterator
from functools import cache

from domain.workflows.fields.members import members_of
from domain.workflows.fields.types import IDENTIFIER, DocumentModel
from domain.workflows.steps.registry import step_kinds


def secret_problem(name: str, *, is_allowed: bool) -> tuple[str, str | None] | None:
    """The message and the hint about reading a secret at a place; None where it is allowed.

    The secret itself is looked up when a step needs it: it may be set later than the workflow is stored.
    """
    if not is_allowed:
        hint = f"Read it where it is used: in {_places()}."
        return "A secret cannot be read here, where its value would be computed with or stored.", hint
    if not IDENTIFIER.fullmatch(name):
        return "No secret can have this name.", "Names are letters, digits and underscores, at most 64."
    return None


@cache
def _places() -> str:
    """The members that may read secrets, of each kind of step that has any."""
    found = ((kind.name, list(_members(kind.config))) for kind in step_kinds().values())
    return ", or ".join(f"the {_listed(members)} of {_article(name)} {name}" for name, members in found if members)


def _members(model: type[DocumentModel]) -> Iterator[str]:
    """The members that may read secrets themselves, or have members that may."""
    for member in members_of(model).values():
        is_sent = member.template is not None and member.template.is_sent
        if is_sent or (member.model is not None and not member.is_block and any(_members(member.model))):
            yield f"`{member.name}`"


def _listed(names: list[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


def _article(name: str) -> str:
    return "an" if name.startswith(("A", "E", "I", "O", "U", "HTTP")) else "a"
