"""Evaluation of expressions in the process that suits each: in this one, or in the sandbox and then in this one."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TypeVar
from uuid import UUID

from domain.expressions.expression import SECRETS, Expression, ExpressionError, Tier, compile_expression
from domain.expressions.template_parts import MAX_RENDERED, left_after, too_large
from domain.expressions.templates import FEW_EXPRESSIONS, Template
from domain.expressions.turns import TurnOver, Turns
from domain.json_schemas.checks import MAX_WORK_OF_REQUEST, SchemaChecks
from domain.kernel.failures import FailureCode
from domain.kernel.json.text import JsonText, JsonValue, dumps
from domain.sandbox.budget import Trial, TriedContext
from domain.sandbox.ports import Sandbox
from domain.sandbox.shares import SandboxUse
from domain.sandbox.written import WrittenParts

MAX_WORK = 4_000_000
"""The most work in one expression, as its characters times the bytes of its data, in a process that serves others.

The time for which the engine does not look at its clock, and that for reading the data, stay small up to here.
"""

Result = TypeVar("Result")

Compute = Callable[[Mapping[str, JsonValue], Turns | None], Result]
"""Computes with the values that are known of expressions, by their sources, and in turns; None: to the end."""

_AT_ONCE = 4
"""The most expressions of one rendering that the sandbox is asked about at a time."""

_MOST_WRITTEN = 3 * 2**20
"""Bytes below which the sandbox takes data as they are; what is larger may have to be cut through its arrays."""


class Evaluator:
    """Evaluates expressions of every tier. Without a sandbox, those that need it fail.

    An expression that is too costly for this process gets a second chance in the sandbox, with more time and room. What
    is evaluated in this process is done in `turns`, so that the event loop is not held by many together. A caller in a
    hurry may try `Template.render` or `Expression.evaluate` in the turn that it has begun, and come to `computed` where
    that turn was over, or where the sandbox `may_answer`.
    All methods raise `ExpressionError`, `Unavailable` where the sandbox itself does not work, and for trials
    `LimitExceeded`. `use` is the purpose of all of it, `owner` the execution, the webhook or the key that it is done
    for.
    `schemas` checks JSON Schemas by the same means, `schema_work` as its `most_here`.

    `is_here` decides on single expressions that need no sandbox, by their characters times the bytes of their data,
    whether they are evaluated in this process after all; None: they are. A plain path costs little however large its
    data is. Where there may be many on one `context`, they are decided on too, and what the sandbox is sent of that is
    written once.
    """

    def __init__(
        self,
        sandbox: Sandbox | None = None,
        use: SandboxUse = SandboxUse.EXECUTION,
        *,
        is_here: Callable[[int], bool] | None = None,
        context: TriedContext | None = None,
        schema_work: int | None = None,
    ) -> None:
        self._sandbox = sandbox
        self._use = use
        self._is_here = is_here
        self._context = context
        self._whole = None if context is None else context.parts.of
        self.schemas = SchemaChecks(sandbox, use, most_here=schema_work)
        self.turns = Turns()

    @classmethod
    def of_trial(cls, trial: Trial, sandbox: Sandbox | None, *, context: TriedContext | None = None) -> "Evaluator":
        """The evaluator for trials of expressions and schemas, which may cost as much as the trial's budget allows.

        `context`: the one that all of them are evaluated on, where one request may try many.
        """
        return cls(
            trial.budgeted(sandbox),
            SandboxUse.TRIAL,
            is_here=trial.budget.spend_here,
            context=context,
            schema_work=MAX_WORK_OF_REQUEST,
        )

    @classmethod
    def of_hooks(cls, sandbox: Sandbox | None) -> "Evaluator":
        """The evaluator for inputs made of messages to inbound webhooks, which anybody may send."""
        return cls(sandbox, SandboxUse.HOOK, is_here=lambda work: work <= MAX_WORK)

    async def evaluate(
        self, expression: Expression, scope: Mapping[str, JsonValue], *, now: datetime, seed: int, owner: UUID
    ) -> JsonValue:
        """`Expression.evaluate`."""
        if self._sandbox is not None and self._must_be_there(expression, scope):
            pruned = expression.pruned(scope, whole=self._whole)
            return await self._sandbox.evaluate(
                expression.source, pruned, now=now, seed=seed, owner=owner, use=self._use
            )
        return await self._evaluate_here(expression, scope, now=now, seed=seed, owner=owner)

    async def evaluate_to_show(
        self, expression: Expression, scope: Mapping[str, JsonValue], *, now: datetime, seed: int, owner: UUID
    ) -> "JsonValue | JsonText":
        """`evaluate`, for whoever only passes the value on: what the sandbox gives is not parsed."""
        if self._sandbox is not None and self._must_be_there(expression, scope):
            pruned = expression.pruned(scope, whole=self._whole)
            return await self._sandbox.evaluate_text(
                expression.source, pruned, now=now, seed=seed, owner=owner, use=self._use
            )
        return await self._evaluate_here(expression, scope, now=now, seed=seed, owner=owner)

    async def _evaluate_here(
        self, expression: Expression, scope: Mapping[str, JsonValue], *, now: datetime, seed: int, owner: UUID
    ) -> JsonValue:
        try:
            return await self.turns.do(partial(expression.evaluate, scope, now=now, seed=seed))
        except ExpressionError as error:
            if not self.may_answer(error, {}):
                raise
            return await self._second_chance(error, scope, now=now, seed=seed, owner=owner)

    def _must_be_there(self, expression: Expression, scope: Mapping[str, JsonValue]) -> bool:
        return expression.needs_sandbox or self._is_too_much(expression, scope)

    def _is_too_much(self, expression: Expression, scope: Mapping[str, JsonValue]) -> bool:
        if self._is_here is None:
            return False
        if expression.tier is Tier.PATH:
            context = self._context
            return context is not None and not self._is_here(len(expression.source) * context.size)
        try:
            size = len(dumps(expression.pruned(scope, whole=self._whole)))
        except ValueError:  # which the engine is to say
            return False
        return not self._is_here(len(expression.source) * size)

    async def is_true(
        self, expression: Expression, scope: Mapping[str, JsonValue], *, now: datetime, seed: int, owner: UUID
    ) -> bool:
        """`Expression.is_true`, in the process that suits the expression."""
        value = await self.evaluate(expression, scope, now=now, seed=seed, owner=owner)
        return expression.is_true(scope, now=now, seed=seed, answers={expression.source: value})

    async def render(
        self, template: Template, scope: Mapping[str, JsonValue], *, now: datetime, seed: int, owner: UUID
    ) -> JsonValue:
        """`Template.render`, on the scope as it is now: changes while the sandbox is asked do not matter."""
        scope = dict(scope)

        def rendered(answers: Mapping[str, JsonValue], turns: Turns | None) -> JsonValue:
            return template.render(scope, now=now, seed=seed, answers=answers, turns=turns)

        return await self.computed(template.expressions, scope, rendered, now=now, seed=seed, owner=owner)

    async def computed(
        self,
        expressions: Sequence[Expression],
        scope: Mapping[str, JsonValue],
        compute: Compute[Result],
        *,
        now: datetime,
        seed: int,
        owner: UUID,
    ) -> Result:
        """The result of `compute` with the values of those of these expressions that need the sandbox.

        It is computed again with those of others, where they cost too much here, or too much in one turn.
        """
        answers = await self._answers(expressions, scope, now=now, seed=seed, owner=owner)
        turns: Turns | None = self.turns
        while True:
            try:
                return await self.turns.do(partial(compute, answers, turns))
            except TurnOver:
                turns = None
                answers = await self._values(expressions, answers, scope, now=now, seed=seed, owner=owner)
            except ExpressionError as error:
                if not self.may_answer(error, answers):
                    raise
                value = await self._second_chance(error, scope, now=now, seed=seed, owner=owner)
                answers = {**answers, error.source: value}

    async def _values(
        self,
        expressions: Sequence[Expression],
        answers: Mapping[str, JsonValue],
        scope: Mapping[str, JsonValue],
        *,
        now: datetime,
        seed: int,
        owner: UUID,
    ) -> Mapping[str, JsonValue]:
        """The `answers` and the values of all other expressions, between which everything else goes on.

        One that fails has none: whoever computes with the values fails at it. Secrets are left out too.
        """
        found, left = dict(answers), MAX_RENDERED
        for expression in dict.fromkeys(expressions):
            if (
                expression.needs_sandbox
                or expression.source in found
                or (SECRETS,) in {r[:1] for r in expression.reads}
            ):
                continue
            try:
                value = await self.turns.do(partial(expression.evaluate, scope, now=now, seed=seed))
            except ExpressionError as error:
                if not self.may_answer(error, found):
                    continue
                value = await self._second_chance(error, scope, now=now, seed=seed, owner=owner)
            left = left_after(value, left)
            if left < 0 and len(expressions) > FEW_EXPRESSIONS:
                raise too_large(expression)
            found[expression.source] = value
        return found

    async def _answers(
        self,
        expressions: Sequence[Expression],
        scope: Mapping[str, JsonValue],
        *,
        now: datetime,
        seed: int,
        owner: UUID,
    ) -> Mapping[str, JsonValue]:
        """The sandbox's values of those expressions that need it, by their sources; a few are asked for at a time."""
        sandbox = self._sandbox
        asked = [expression for expression in dict.fromkeys(expressions) if expression.needs_sandbox]
        if sandbox is None or not asked:
            return {}
        if len(asked) == 1:
            value = await sandbox.evaluate(
                asked[0].source, asked[0].pruned(scope), now=now, seed=seed, owner=owner, use=self._use
            )
            return {asked[0].source: value}
        places = asyncio.Semaphore(_AT_ONCE)

        async def ask(expression: Expression, data: Mapping[str, JsonValue]) -> JsonValue:
            async with places:
                return await sandbox.evaluate(expression.source, data, now=now, seed=seed, owner=owner, use=self._use)

        tasks = [asyncio.ensure_future(ask(*each)) for each in zip(asked, _data_of(asked, scope), strict=True)]
        try:
            values = await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
        return {each.source: value for each, value in zip(asked, values, strict=True)}

    def may_answer(self, error: ExpressionError, answers: Mapping[str, JsonValue]) -> bool:
        """True when an expression was too costly for this process, and the sandbox has not been asked about it yet."""
        return (
            self._sandbox is not None
            and error.code is FailureCode.EXPRESSION_LIMIT
            and error.source not in answers
            and not compile_expression(error.source).needs_sandbox
        )

    async def _second_chance(
        self, error: ExpressionError, scope: Mapping[str, JsonValue], *, now: datetime, seed: int, owner: UUID
    ) -> JsonValue:
        """The sandbox's value of the expression that was too costly for this process."""
        if self._sandbox is None:
            raise error
        expression = compile_expression(error.source)
        return await self._sandbox.evaluate(
            expression.source,
            expression.pruned(scope, whole=self._whole),
            now=now,
            seed=seed,
            owner=owner,
            use=self._use,
        )


def _data_of(expressions: Sequence[Expression], scope: Mapping[str, JsonValue]) -> list[Mapping[str, JsonValue]]:
    """The data of each expression, in which what several of them read is written once, where that is not too much."""
    parts = WrittenParts()
    data = [each.pruned(scope, whole=parts.of) for each in expressions]
    return data if parts.size <= _MOST_WRITTEN else [each.pruned(scope) for each in expressions]
