"""Checks, in the sandbox, of the schemas of a document that are too costly to compile in this process."""

from uuid import UUID

from domain.json_schemas.checks import SchemaChecks
from domain.kernel.errors import Problem
from domain.kernel.json.text import dumps
from domain.workflows.documents.reading import CheckedDocument

MAX_COSTLY_SCHEMAS = 100
"""The most different schemas of one document that only the sandbox compiles."""

_HINT = "Write one schema for all in a workflow of its own, or leave out patterns and references back to themselves."


async def with_schemas_compiled(checked: CheckedDocument, checks: SchemaChecks, *, owner: UUID) -> CheckedDocument:
    """The document's check with the faults of schemas that were not compiled yet; equal ones are compiled once.

    Raises `Unavailable`, and `LimitExceeded` where too much is being tried at once.
    """
    if not checked.schemas:
        return checked
    found: dict[str, list[Problem]] = {}
    problems: list[Problem] = []
    for path, schema in checked.schemas:
        text = dumps(schema)
        if text not in found:
            if len(found) >= MAX_COSTLY_SCHEMAS:
                message = f"A document has at most {MAX_COSTLY_SCHEMAS} schemas that may cost much; this is one more."
                problems.append(Problem(path=path, message=message, hint=_HINT))
                break
            found[text] = await checks.faults(schema, owner=owner)
        problems += (problem.under(*path) for problem in found[text])
    return checked.and_also(problems) if problems else checked
