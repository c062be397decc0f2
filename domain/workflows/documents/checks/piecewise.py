"""Reading of a large document by its models, each object by itself, until so many faults were found.

The models tell all faults of what they are given, and nothing else in the process runs while they do: a megabyte that
is wrong everywhere has half a million. So the objects of a large document are given to them one after the other.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from domain.kernel.errors import Problem
from domain.workflows.documents.step import StepDocument, model_of_config
from domain.workflows.documents.workflow import WorkflowDocument
from domain.workflows.fields.members import members_of
from domain.workflows.fields.types import DocumentModel

MOST_MEMBERS = 1_000
"""The most members of an object that a model describes: several times as many as any of them has."""
MOST_ITEMS = 10_000
"""The most items of an array of texts or numbers, such as `dependsOn`."""
Place = tuple[str | int, ...]


class PiecewiseReading:
    """The reading of one document.

    `faults` are those that pydantic tells, with their places in the document; `oversized` those of objects and arrays
    that are not read because they have too many members or items. Reading ends after `most` of both.
    """

    def __init__(self, most: int, context: Any) -> None:
        self.faults: list[ErrorDetails] = []
        self.oversized: list[Problem] = []
        self._most = most
        self._context = context

    def read(self, raw: Mapping[str, Any]) -> WorkflowDocument | None:
        """The document as a model, or None where it has faults."""
        try:
            document = self._read(raw, WorkflowDocument, ())
        except _Enough:
            return None
        if self.faults or self.oversized:
            return None
        assert isinstance(document, WorkflowDocument)
        return document

    def _read(self, value: object, model: type[DocumentModel], place: Place) -> DocumentModel:
        """The value as this model. Where it has faults, they are noted, and something stands in for it."""
        try:
            if isinstance(value, dict):
                value = self._with_parts_read(value, model, place)
            return model.model_validate(value, by_alias=True, by_name=False, context=self._context)
        except ValidationError as error:
            self._note(error, place)
        except _Oversized:
            pass
        if len(self.faults) + len(self.oversized) > self._most:
            raise _Enough
        return model.model_construct()

    def _with_parts_read(self, value: dict[str, Any], model: type[DocumentModel], place: Place) -> dict[str, Any]:
        if len(value) > MOST_MEMBERS:
            self._refuse(place, f"This has {len(value):,} members; {MOST_MEMBERS:,} are allowed.")
        members, parts = members_of(model), dict(value)
        for name, inner in value.items():
            if not isinstance(inner, dict | list):
                continue
            member = members.get(name)
            if member is None:
                continue
            part = model_of_config(value) if model is StepDocument and name == "config" else member.model
            if part is None:
                if isinstance(inner, list) and len(inner) > MOST_ITEMS and not member.is_free:
                    self._refuse((*place, name), f"This has {len(inner):,} items; {MOST_ITEMS:,} are allowed.")
            elif isinstance(inner, list) and member.is_many:
                parts[name] = [self._read(each, part, (*place, name, at)) for at, each in enumerate(inner)]
            elif isinstance(inner, dict) and not member.is_many:
                parts[name] = self._read(inner, part, (*place, name))
        return parts

    def _refuse(self, place: Place, message: str) -> None:
        self.oversized.append(Problem(path=tuple(map(str, place)), message=message, hint="Take some out."))
        raise _Oversized

    def _note(self, error: ValidationError, place: Place) -> None:
        for details in error.errors(include_url=False):
            details["loc"] = (*place, *details["loc"])
            self.faults.append(details)


class _Oversized(Exception):
    """An object or an array has too many members to be read, which is noted."""


class _Enough(Exception):
    """Enough faults were found: no more are looked for."""
