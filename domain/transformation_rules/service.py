"""Use cases of transformation rules: save, delete and find."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from domain.expressions.evaluator import Evaluator
from domain.expressions.expression import ExpressionError, ExpressionSyntaxError
from domain.json_schemas.library import InvalidSchema
from domain.kernel.clock import Clock
from domain.kernel.errors import Conflict, InvalidInput, NotFound, Problem
from domain.kernel.ids import new_id
from domain.kernel.json.text import JsonValue, dumps
from domain.kernel.names import is_name
from domain.kernel.pages import Page
from domain.sandbox.budget import Trial
from domain.sandbox.ports import Sandbox
from domain.transformation_rules.model import (
    CompiledRule,
    RuleExample,
    RuleRecord,
    RuleSettings,
    is_same_json,
    settings_problems,
)
from domain.transformation_rules.ports import TransformationRuleStore

TRIED_FOR = timedelta(seconds=10)
"""The time that the examples of a rule may take together: one that is not tried by then counts as not holding."""

_SEED = 0
_MAX_SHOWN = 300
_MAX_USERS = 5
_AT_ONCE = 8


class TransformationRuleService:
    """Use cases of rules. Examples are tried as a worker would: without a `sandbox`, those fail that need it."""

    def __init__(
        self,
        *,
        rules: TransformationRuleStore,
        clock: Clock,
        sandbox: Sandbox | None = None,
        tried_for: timedelta = TRIED_FOR,
        new_id: Callable[[], UUID] = new_id,
    ) -> None:
        self._rules = rules
        self._clock = clock
        self._sandbox = sandbox
        self._tried_for = tried_for.total_seconds()
        self._new_id = new_id

    async def save(self, settings: RuleSettings, trial: Trial | None = None) -> RuleRecord:
        """Create a rule, or overwrite the one with this name.

        Raises `InvalidInput` with every problem, and `LimitExceeded` where too much is being tried at once.
        """
        bench = _Bench(trial or Trial(), self._sandbox)
        problems = await asyncio.to_thread(settings_problems, settings)
        if not problems:
            problems += await bench.problems_of_schemas(settings)
        if not any(problem.path[0] in ("examples", "inputSchema", "outputSchema") for problem in problems):
            problems += await self._problems_of_examples(settings, bench)
        if problems:
            raise InvalidInput(problems)
        now = self._clock.now()
        rule = RuleRecord(id=self._new_id(), settings=settings, revision=1, created_at=now, updated_at=now)
        return await self._rules.save(rule)

    async def delete(self, name: str) -> RuleRecord:
        """Remove a rule. Raises `NotFound`, or `Conflict` while the newest version of a workflow uses it."""
        rule = await self.find(name)
        if rule is None:
            raise NotFound("transformation rule", name)
        users = await self._rules.users_of(name, limit=_MAX_USERS + 1)
        if users:
            listed = ", ".join(repr(user) for user in users[:_MAX_USERS])
            more = " and others" if len(users) > _MAX_USERS else ""
            raise Conflict(f"The rule {name!r} is used by {listed}{more}: take it out of them first.")
        if not await self._rules.delete(name):
            raise NotFound("transformation rule", name)
        return rule

    async def find(self, name: str, *, lean: bool = False) -> RuleRecord | None:
        """The rule with this name."""
        return (await self._rules.find_many([name], lean=lean)).get(name) if is_name(name) else None

    async def get(self, id: UUID, *, lean: bool = False) -> RuleRecord | None:
        """The rule with this id."""
        return (await self._rules.get_many([id], lean=lean)).get(id)

    async def page(self, *, first: int, after: str | None) -> Page[RuleRecord]:
        """Rules, by name, lean; `after` is a name."""
        return await self._rules.page(first=first, after=after, lean=True)

    async def count(self) -> int:
        """The number of rules."""
        return await self._rules.count()

    async def _problems_of_examples(self, settings: RuleSettings, bench: "_Bench") -> list[Problem]:
        """The problems of the examples of a rule, which are JSON; none where the rule itself cannot be compiled."""
        try:
            rule = CompiledRule.of(settings)
        except (ExpressionSyntaxError, InvalidSchema):
            return []
        places, loop = asyncio.Semaphore(_AT_ONCE), asyncio.get_running_loop()
        until = loop.time() + self._tried_for

        async def tried(index: int, example: RuleExample) -> list[Problem]:
            async with places:
                if loop.time() >= until:
                    message = f"This was not tried: those before it took {self._tried_for:g} seconds."
                    hint = "Make the expression cheaper, or keep fewer examples."
                    return [Problem(path=("examples", str(index)), message=message, hint=hint)]
                return [problem.under("examples", str(index)) for problem in await self._unmet(rule, example, bench)]

        found = await asyncio.gather(*(tried(index, example) for index, example in enumerate(settings.examples)))
        return [problem for problems in found for problem in problems]

    async def _unmet(self, rule: CompiledRule, example: RuleExample, bench: "_Bench") -> list[Problem]:
        problems: list[Problem] = []
        for name, schema, given in (("input", rule.input, example.input), ("output", rule.output, example.output)):
            if schema is not None:
                found = await bench.evaluator.schemas.problems_or_limit(schema, given, owner=bench.owner)
                problems += (problem.under(name) for problem in found)
        try:
            value = await bench.evaluator.evaluate(
                rule.expression, {"input": example.input}, now=self._clock.now(), seed=_SEED, owner=bench.owner
            )
        except ExpressionError as error:
            return [*problems, Problem(path=("output",), message=f"The rule gives no output: {error}")]
        if not is_same_json(value, example.output):
            hint = "Mend the expression, or what is expected of it."
            problems.append(Problem(path=("output",), message=f"The rule gives {_shown(value)} instead.", hint=hint))
        return problems


class _Bench:
    """Tries a rule out, as far as its budget goes."""

    def __init__(self, trial: Trial, sandbox: Sandbox | None) -> None:
        self.owner = trial.owner
        self.evaluator = Evaluator.of_trial(trial, sandbox)

    async def problems_of_schemas(self, settings: RuleSettings) -> list[Problem]:
        """The problems of the rule's schemas that are not valid schemas."""
        return [
            problem.under(name)
            for name, schema in (("inputSchema", settings.input_schema), ("outputSchema", settings.output_schema))
            if schema is not None
            for problem in await self.evaluator.schemas.faults(schema, owner=self.owner)
        ]


def _shown(value: JsonValue) -> str:
    try:
        text = dumps(value)
    except ValueError:
        return "what is no JSON"
    return text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 1] + "…"
