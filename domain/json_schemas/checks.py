"""Checks of JSON Schemas that come from outside, each in the process that suits it.

Cheap checks (domain/json_schemas/cost.py) are done in this process, everything else in the sandbox,
under its deadline and its limit on memory.
"""

import asyncio
from uuid import UUID

from domain.json_schemas.cost import MAX_LISTED_WORK, MAX_WORK
from domain.json_schemas.library import InvalidSchema
from domain.json_schemas.schema import COSTS, JsonSchema, limit_problem, unreadable_problem
from domain.kernel.errors import Problem
from domain.kernel.json.text import JsonValue
from domain.sandbox.ports import Sandbox
from domain.sandbox.shares import SandboxUse, SchemaTooCostly

_NOT_HERE = "this needs the sandbox, which is not available here."


MAX_WORK_OF_REQUEST = 5 * MAX_WORK
"""The parts times bytes that one request may check in this process; more goes to the sandbox, where there is one."""


class SchemaChecks:
    """Checks schemas and values, each in the process that suits it. Without a `sandbox`, checks that need it fail.

    `owner` is the one it is done for: the sandbox is shared out among owners. `most_here`: the parts times bytes that
    are checked in this process, for all values together; None where the caller bounds them otherwise.
    """

    def __init__(
        self,
        sandbox: Sandbox | None = None,
        use: SandboxUse = SandboxUse.EXECUTION,
        *,
        most_here: int | None = None,
    ) -> None:
        self._sandbox = sandbox
        self._use = use
        self._left_here = most_here
        self._turn = asyncio.Lock()

    async def problems(self, schema: JsonSchema, value: JsonValue, *, owner: UUID) -> list[Problem]:
        """The problems of a value that does not meet a schema; none for one that does.

        Raises `SchemaTooCostly`, `InvalidSchema` for a schema that only the sandbox compiles, `Unavailable`, and
        `LimitExceeded` where the share is used up.
        """
        work = self._work_here(schema, value)
        found, is_refused = None, False
        if work is not None:
            async with self._turn:
                found = schema.problems_here(value)
                is_refused = found is None and schema.is_met_here(value) is False
                if work > MAX_LISTED_WORK:  # others are served before the next one is checked
                    await asyncio.sleep(0)
        if found is not None:
            return found
        if self._sandbox is None:
            if is_refused:
                return [schema.first_problem(value)]
            raise SchemaTooCostly(_NOT_HERE)
        try:
            return await self._sandbox.schema_problems(schema.raw, value, owner=owner, use=self._use)
        except SchemaTooCostly:
            if is_refused:
                return [schema.first_problem(value)]
            raise

    def _work_here(self, schema: JsonSchema, value: JsonValue) -> int | None:
        """Spend and return the parts times bytes of checking a value here; None where it is for the sandbox."""
        work = schema.work_here(value)
        if work is None or self._left_here is None or self._sandbox is None:
            return work
        if work > self._left_here:
            return None
        self._left_here -= work
        return work

    async def problems_or_limit(self, schema: JsonSchema, value: JsonValue, *, owner: UUID) -> list[Problem]:
        """`problems`; exceeding the limits and an invalid schema are problems too, and raise nothing."""
        try:
            return await self.problems(schema, value, owner=owner)
        except SchemaTooCostly as error:
            return [limit_problem(error)]
        except InvalidSchema as error:
            return [unreadable_problem(error)]

    async def faults(self, raw: JsonValue, *, owner: UUID) -> list[Problem]:
        """The problems of a value that is not a usable JSON Schema. Raises `Unavailable` and `LimitExceeded`."""
        try:
            if not JsonSchema(raw).is_costly:
                return []
        except InvalidSchema as error:
            return list(error.problems)
        if self._sandbox is None:
            return [Problem(path=(), message=f"The schema cannot be compiled: {_NOT_HERE}", hint=COSTS)]
        try:
            return await self._sandbox.schema_faults(raw, owner=owner, use=self._use)
        except SchemaTooCostly as error:
            return [Problem(path=(), message=f"The schema cannot be compiled: {error}", hint=COSTS)]
