"""Evaluation of expressions in the process that suits each: in this one, or in the sandbox and then in this one."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from uuid import UUID

from domain.expressions.expression import Expression, ExpressionError, Tier, compile_expression
from domain.expressions.templates import Template
from domain.json_schemas.checks import MAX_WORK_OF_REQUEST, SchemaChecks
from domain.kernel.failures import FailureCode
from domain.kernel.json.text import JsonText, JsonValue, dumps
from domain.sandbox.budget import Trial
from domain.sandbox.ports import Sandbox
from domain.sandbox.shares import SandboxUse

MAX_WORK = 4_000_000
"""The most work in one expression, as its characters times the bytes of its data, in a process that serves others.

The time for which the engine does not look at its clock, and that for reading the data, stay small up to here.
"""


class Evaluator:
    """Evaluates expressions of every tier. Without a sandbox, those that need it fail.

    An expression that is too costly for this process gets a second chance in the sandbox, with more time and room. A
    caller in a hurry may do the steps of `render` itself: `answers` for expressions known to need the sandbox, then
    `Template.render` or `Expression.evaluate` with them, and `more_answers` and once again where that was too costly.
    All methods raise `ExpressionError`, `Unavailable` where the sandbox itself does not work, and for trials
    `LimitExceeded`. `use` is the purpose of all of it, `owner` the execution, the webhook or the key that it is done
    for.
    `schemas` checks JSON Schemas by the same means, `schema_work` as its `most_here`.

    `is_here` decides on single expressions that need no sandbox, by their characters times the bytes of their data,
    whether they are evaluated in this process after all; None: they are. A plain path costs little however large its
    data is. Where there may be many on one scope, `bytes_of_paths` is the size of that, and they are decided on too.
    """

    def __init__(
        self,
        sandbox: Sandbox | None = None,
        use: SandboxUse = SandboxUse.EXECUTION,
        *,
        is_here: Callable[[int], bool] | None = None,
        bytes_of_paths: int | None = None,
        schema_work: int | None = None,
    ) -> None:
        self._sandbox = sandbox
        self._use = use
        self._is_here = is_here
        self._bytes_of_paths = bytes_of_paths
        self.schemas = SchemaChecks(sandbox, use, most_here=schema_work)

    @classmethod
    def of_trial(cls, trial: Trial, sandbox: Sandbox | None, *, context_bytes: int | None = None) -> "Evaluator":
        """The evaluator for trials of expressions and schemas, which may cost as much as the trial's budget allows.

        `context_bytes`: the size of the context, where one request may try many expressions on it.
        """
        return cls(
            trial.budgeted(sandbox),
            SandboxUse.TRIAL,
            is_here=trial.budget.spend_here,
            bytes_of_paths=context_bytes,
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
            pruned = expression.pruned(scope)
            return await self._sandbox.evaluate(
                expression.source, pruned, now=now, seed=seed, owner=owner, use=self._use
            )
        return await self._evaluate_here(expression, scope, now=now, seed=seed, owner=owner)

    async def evaluate_to_show(
        self, expression: Expression, scope: Mapping[str, JsonValue], *, now: datetime, seed: int, owner: UUID
    ) -> "JsonValue | JsonText":
        """`evaluate`, for whoever only passes the value on: what the sandbox gives is not parsed."""
        if self._sandbox is not None and self._must_be_there(expression, scope):
            pruned = expression.pruned(scope)
            return await self._sandbox.evaluate_text(
                expression.source, pruned, now=now, seed=seed, owner=owner, use=self._use
            )
        return await self._evaluate_here(expression, scope, now=now, seed=seed, owner=owner)

    async def _evaluate_here(
        self, expression: Expression, scope: Mapping[str, JsonValue], *, now: datetime, seed: int, owner: UUID
    ) -> JsonValue:
        try:
            return expression.evaluate(scope, now=now, seed=seed)
        except ExpressionError as error:
            answers = await self.more_answers(error, {}, scope, now=now, seed=seed, owner=owner)
        return answers[expression.source]

    def _must_be_there(self, expression: Expression, scope: Mapping[str, JsonValue]) -> bool:
        return expression.needs_sandbox or self._is_too_much(expression, scope)

    def _is_too_much(self, expression: Expression, scope: Mapping[str, JsonValue]) -> bool:
        if self._is_here is None:
            return False
        if expression.tier is Tier.PATH:
            size = self._bytes_of_paths
            return size is not None and not self._is_here(len(expression.source) * size)
        try:
            size = len(dumps(expression.pruned(scope)))
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
        answers = await self.answers(template.sandboxed, scope, now=now, seed=seed, owner=owner)
        while True:
            try:
                return template.render(scope, now=now, seed=seed, answers=answers)
            except ExpressionError as error:
                answers = await self.more_answers(error, answers, scope, now=now, seed=seed, owner=owner)

    async def answers(
        self,
        expressions: tuple[Expression, ...],
        scope: Mapping[str, JsonValue],
        *,
        now: datetime,
        seed: int,
        owner: UUID,
    ) -> Mapping[str, JsonValue]:
        """The sandbox's values of those expressions that need it, by their sources; all are asked for at once."""
        sandbox = self._sandbox
        asked = [expression for expression in expressions if expression.needs_sandbox]
        if sandbox is None or not asked:
            return {}
        waiting = [
            sandbox.evaluate(each.source, each.pruned(scope), now=now, seed=seed, owner=owner, use=self._use)
            for each in asked
        ]
        if len(waiting) == 1:
            return {asked[0].source: await waiting[0]}
        tasks = [asyncio.ensure_future(each) for each in waiting]
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

    async def more_answers(
        self,
        error: ExpressionError,
        answers: Mapping[str, JsonValue],
        scope: Mapping[str, JsonValue],
        *,
        now: datetime,
        seed: int,
        owner: UUID,
    ) -> Mapping[str, JsonValue]:
        """The `answers` with the sandbox's to the expression that was too costly for this process.

        Raises `error` where it is not one that the sandbox `may_answer`.
        """
        if self._sandbox is None or not self.may_answer(error, answers):
            raise error
        expression = compile_expression(error.source)
        value = await self._sandbox.evaluate(
            expression.source, expression.pruned(scope), now=now, seed=seed, owner=owner, use=self._use
        )
        return {**answers, expression.source: value}
