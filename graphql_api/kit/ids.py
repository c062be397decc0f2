"""Reading ids that clients send, and the interface of everything that has one."""

from uuid import UUID

import strawberry

from domain.kernel import ids
from domain.kernel.errors import InvalidInput, Problem
from domain.kernel.ids import IdKind


@strawberry.interface(description="Any object that `node` can fetch by its id.")
class Node:
    """An object with a prefixed id of its own."""

    id: strawberry.ID = strawberry.field(
        description="Unique among all that `node` can fetch, whatever its type. Opaque to clients; its prefix says "
        "what it is: wf_… a workflow, ex_… an execution, se_… a step execution."
    )


def public_id(kind: IdKind, value: UUID) -> strawberry.ID:
    """The id as clients see it."""
    return strawberry.ID(ids.to_public(kind, value))


def step_execution_id(execution_id: UUID, path: str) -> strawberry.ID:
    """A step execution's id as clients see it."""
    return strawberry.ID(ids.step_execution_id(execution_id, path))


def read_id(text: str, kind: IdKind, *path: str) -> UUID:
    """The UUID in an id of this kind. Raises `InvalidInput` whose problem is at `path` (by default `id`)."""
    try:
        return ids.from_public(text, kind)
    except ids.MalformedId as error:
        raise malformed(error, *path) from None


def read_prefix(text: str, kind: IdKind, *path: str) -> tuple[UUID, UUID]:
    """The first and the last id of a kind that begins with a text. Raises `InvalidInput` whose problem is at `path`."""
    try:
        return ids.ids_that_begin(text, kind)
    except ids.MalformedId as error:
        raise malformed(error, *path) from None


def read_kind(text: str) -> IdKind:
    """The kind of object that an id names. Raises `InvalidInput` where its prefix is unknown."""
    try:
        return ids.kind_of(text)
    except ids.MalformedId as error:
        raise malformed(error) from None


def read_step_execution_id(text: str) -> tuple[UUID, str]:
    """The execution and the path in a step execution's id. Raises `InvalidInput`."""
    try:
        return ids.parse_step_execution_id(text)
    except ids.MalformedId as error:
        raise malformed(error) from None


def read_workflow_version_id(text: str) -> tuple[UUID, int]:
    """The workflow and the number in a version's id. Raises `InvalidInput`."""
    try:
        return ids.parse_workflow_version_id(text)
    except ids.MalformedId as error:
        raise malformed(error) from None


def read_secret_id(text: str) -> str:
    """The name in a secret's id. Raises `InvalidInput`."""
    try:
        return ids.parse_secret_id(text)
    except ids.MalformedId as error:
        raise malformed(error) from None


@strawberry.input(
    one_of=True, description="Names one thing, by its id or by its name: exactly one of the two is given."
)
class IdOrName:
    """Names one thing, by its id or by its name."""

    id: strawberry.ID | None = strawberry.UNSET
    name: str | None = strawberry.UNSET


def malformed(error: ids.MalformedId, *path: str) -> InvalidInput:
    """The problem with an id, at the argument that carried it."""
    return InvalidInput([Problem(path=path or ("id",), message=f"{error}.")])
