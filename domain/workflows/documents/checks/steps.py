"""Checks of the steps of a raw document: their order, their expressions and templates, and unusable parts.

The walk follows the models, but reads the document as it was sent: malformed parts are skipped
(domain/workflows/documents/checks/shape.py reports it), so that one fault hides no other.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from domain.expressions.expression import SECRETS, Expression, ExpressionSyntaxError, compile_expression
from domain.expressions.scanner import OPEN
from domain.expressions.scope import RESERVED, ROOTS, STEP_ROOTS, WORDS, Frame, Scope, index_name
from domain.expressions.templates import MAX_DEPTH, TemplateError, compile_template, is_expression
from domain.json_schemas.library import InvalidSchema
from domain.json_schemas.schema import JsonSchema
from domain.kernel.errors import Problem
from domain.kernel.hints import syntax_hint
from domain.kernel.limits import Limits
from domain.workflows.documents.checks.dependencies import Dependencies
from domain.workflows.documents.checks.expression_budget import ExpressionBudget
from domain.workflows.documents.checks.secret_places import secret_problem
from domain.workflows.documents.graph import FAILURE_HANDLER, HANDLER
from domain.workflows.documents.step import OnErrorDocument, StepDocument, model_of_config
from domain.workflows.documents.workflow import WorkflowDocument
from domain.workflows.fields.members import Member, members_of
from domain.workflows.fields.types import DocumentModel
from domain.workflows.steps.for_each import ForEachConfig
from domain.workflows.steps.parallel import ParallelConfig

Path = tuple[str, ...]

_NOT_IDS = frozenset({HANDLER, FAILURE_HANDLER})
_MAX_GUESSES = 50
_OTHER_NAME = "Choose another name."
_CONSTANT = re.compile(r"""\s*(?:"[^"\\]*"|'[^'\\]*'|-?[0-9.]+|true|false|null)\s*""")
_EXPRESSION_HINT = "An expression is JSONata, for example `input.items[price > 10].name`."
_TEMPLATE_HINT = "Between `{{` and `}}` stands one expression in JSONata, for example `{{ input.id }}`."
_SCHEMA_HINT = "This is JSON Schema, draft 2020-12 where `$schema` names no other."


class StepChecks:
    """One walk over one document. It stops early once there are `max_problems`.

    `rules`: the transformation rules that are named, `schemas`: those that are not to be compiled here, each with its
    place.
    `is_ordered`: the workflow's own steps have ids and an order, whatever else is wrong with them.
    """

    def __init__(self, limits: Limits, max_problems: int) -> None:
        self.problems: list[Problem] = []
        self.rules: list[tuple[Path, str]] = []
        self.schemas: list[tuple[Path, Any]] = []
        self.is_ordered = False
        self._limits = limits
        self._max_problems = max_problems
        self._steps = 0
        self._budget = ExpressionBudget(limits)

    def check(self, raw: Mapping[str, Any]) -> None:
        """Walk the document."""
        variables = raw.get("variables")
        scope = Scope(ROOTS, frozenset(variables if isinstance(variables, dict) else ()))
        dependencies = self._block(raw.get("steps"), ("steps",), scope.seeing(STEP_ROOTS), 1)
        if dependencies is not None:
            self.is_ordered = not dependencies.problems
            scope = scope.inside(Frame(dependencies))
        rest = {name: value for name, value in raw.items() if name not in ("steps", "onFailure", "inputSchema")}
        self._model(WorkflowDocument, rest, (), scope, 0)
        self._block(raw.get("onFailure"), ("onFailure",), scope.seeing((*STEP_ROOTS, "error")), 1)
        self._schema(raw.get("inputSchema"), ("inputSchema",))
        if self._steps > self._limits.max_steps:
            message = f"There are {self._steps:,} steps; {self._limits.max_steps:,} are allowed."
            self.problems.append(Problem(path=("steps",), message=message, hint="Split the workflow."))

    def _block(self, steps: object, path: Path, scope: Scope, depth: int) -> Dependencies | None:
        if not isinstance(steps, list | tuple):
            return None
        self._steps += len(steps)
        if self._steps > self._limits.max_steps or len(self.problems) > self._max_problems:
            return None
        if depth > self._limits.max_depth:
            message = f"Blocks are nested more than {self._limits.max_depth} deep."
            hint = "Make the inner steps a workflow of their own, and run it with a SUB_WORKFLOW."
            self.problems.append(Problem(path=path, message=message, hint=hint))
            return None
        dependencies = Dependencies(steps)
        self._add(dependencies.problems, path)
        self._ids(dependencies, path, scope)
        for position, step in enumerate(steps):
            if isinstance(step, dict):
                inner = scope.inside(Frame(dependencies, position))
                self._model(StepDocument, step, (*path, str(position)), inner, depth)
        return dependencies

    def _ids(self, dependencies: Dependencies, path: Path, scope: Scope) -> None:
        for id, position in dependencies.index.items():
            if id in _NOT_IDS:
                message = f"The name {id!r} is taken: it is what paths call the steps that handle a failure."
            elif any(id in frame.steps.index for frame in scope.frames):
                message = f"A step around this block is called {id!r} too, so `steps.{id}` would not say which."
            else:
                continue
            self.problems.append(Problem(path=(*path, str(position), "id"), message=message, hint=_OTHER_NAME))

    def _model(self, model: type[DocumentModel] | None, raw: object, path: Path, scope: Scope, depth: int) -> None:
        if model is None or not isinstance(raw, dict) or len(self.problems) > self._max_problems:
            return
        self._add(model.own_problems(raw), path)
        if model is ForEachConfig:
            self._for_each(raw, path, scope, depth)
            raw = {name: value for name, value in raw.items() if name not in ("steps", "output")}
        elif model is ParallelConfig:
            self._branch_names(raw.get("branches"), (*path, "branches"))
        members = members_of(model)
        for name, value in raw.items():
            member = members.get(name)
            if member is not None and value is not None:
                self._member(model, member, raw, (*path, name), scope, depth)

    def _member(
        self, model: type[DocumentModel], member: Member, raw: Mapping[str, Any], path: Path, scope: Scope, depth: int
    ) -> None:
        value = raw[member.name]
        if member.expression is not None:
            self._expression(value, path, scope.seeing(member.expression.roots))
        elif member.template is not None:
            self._template(value, path, scope.seeing((SECRETS,)) if member.template.is_sent else scope)
        elif member.is_output:
            self._output(value, path, scope)
        elif member.is_schema:
            self._schema(value, path)
        elif member.is_rule_name:
            if isinstance(value, str):
                self.rules.append((path, value))
        elif member.is_block:
            self._block(value, path, scope.handling() if model is OnErrorDocument else scope, depth + 1)
        elif member.model is not None:
            below = model_of_config(raw) if model is StepDocument and member.name == "config" else member.model
            if isinstance(value, list | tuple):
                for index, item in enumerate(value):
                    self._model(below, item, (*path, str(index)), scope, depth)
            else:
                self._model(below, value, path, scope, depth)

    def _for_each(self, raw: Mapping[str, Any], path: Path, scope: Scope, depth: int) -> None:
        items = raw.get("items")
        if isinstance(items, str) and _CONSTANT.fullmatch(items):
            message = "`items` is one value, and not a list."
            self.problems.append(
                Problem(path=(*path, "items"), message=message, hint="Write `[…]` around a list of one.")
            )
        written = raw.get("as")
        name = "item" if written is None else str(written)
        if name in RESERVED or name in WORDS:
            message = f"`{name}` already means something in expressions."
            self.problems.append(Problem(path=(*path, "as"), message=message, hint=_OTHER_NAME))
        elif name in scope.items:
            message = f"The item of a loop around this one is called `{name}` too, so `{name}` would not say which."
            self.problems.append(Problem(path=(*path, "as"), message=message, hint="Call this one's something else."))
        elif any(name == index_name(item) or index_name(name) == item for item in scope.items):
            message = f"`{name}` and the index of a loop's item would be called the same."
            self.problems.append(Problem(path=(*path, "as"), message=message, hint=_OTHER_NAME))
        inner = scope.looping(name)
        dependencies = self._block(raw.get("steps"), (*path, "steps"), inner, depth + 1)
        if dependencies is not None:
            inner = inner.inside(Frame(dependencies))
        self._output(raw.get("output"), (*path, "output"), inner)

    def _branch_names(self, branches: object, path: Path) -> None:
        taken = {HANDLER}
        for index, branch in enumerate(branches if isinstance(branches, list | tuple) else ()):
            name = branch.get("name") if isinstance(branch, dict) else None
            if isinstance(name, str):
                if name in taken:
                    message = f"The name {name!r} is taken: branches are told apart by their names."
                    place = (*path, str(index), "name")
                    self.problems.append(Problem(path=place, message=message, hint=_OTHER_NAME))
                taken.add(name)

    def _expression(self, source: object, path: Path, scope: Scope) -> None:
        if not isinstance(source, str) or not source or not self._may_read(source, path):
            return
        try:
            expression = compile_expression(source)
        except ExpressionSyntaxError as error:
            where = "" if error.position is None else f" (at character {error.position + 1})"
            message = f"The expression cannot be read: {_sentence(str(error))}{where}"
            self.problems.append(Problem(path=path, message=message, hint=syntax_hint(source, _EXPRESSION_HINT)))
        else:
            self._reads(expression, path, scope)

    def _output(self, value: object, path: Path, scope: Scope) -> None:
        if not isinstance(value, str):
            self._template(value, path, scope)
        elif not self._budget.is_spent and len(self.problems) <= self._max_problems:
            check = self._expression if is_expression(value) else self._template
            check(value, path, scope)

    def _template(self, value: object, path: Path, scope: Scope, depth: int = 0) -> None:
        """Check every string by itself, so that a problem has the path within the value."""
        if isinstance(value, dict | list | tuple) and depth == MAX_DEPTH:
            message = f"The value is nested more than {MAX_DEPTH} levels deep."
            self.problems.append(Problem(path=path, message=message, hint="Make it flatter."))
        elif isinstance(value, dict):
            for name, member in value.items():
                self._template(member, (*path, str(name)), scope, depth + 1)
        elif isinstance(value, list | tuple):
            for index, item in enumerate(value):
                self._template(item, (*path, str(index)), scope, depth + 1)
        elif (
            isinstance(value, str)
            and OPEN in value
            and len(self.problems) <= self._max_problems
            and self._may_read(value, path, value.count(OPEN))
        ):
            try:
                template = compile_template(value)
            except TemplateError as error:
                for problem in error.problems:  # their messages quote the expressions
                    self._add([problem], path, syntax_hint(problem.message, _TEMPLATE_HINT))
            else:
                for expression in template.expressions:
                    self._reads(expression, path, scope)

    def _may_read(self, text: str, path: Path, count: int = 1) -> bool:
        """True when the document may have these expressions, too; the first that it may not have is a problem."""
        problem = self._budget.spend(text, count)
        if problem is not None:
            self._add([problem], path)
        return not self._budget.is_spent

    def _reads(self, expression: Expression, path: Path, scope: Scope) -> None:
        told = set()
        for read in sorted(expression.reads):
            if read[0] == SECRETS:
                found = secret_problem(read[1], is_allowed=SECRETS in scope.roots)
            else:
                found = scope.problem_of(read, guessing=len(self.problems) < _MAX_GUESSES)
            if found is not None and found not in told:  # a name that is wrong may be read with several members
                told.add(found)
                self.problems.append(Problem(path=path, message=found[0], hint=found[1]))

    def _schema(self, schema: Any, path: Path) -> None:
        if schema is None:
            return
        try:
            if JsonSchema(schema).is_costly:
                self.schemas.append((path, schema))
        except InvalidSchema as error:
            self._add(error.problems, path, _SCHEMA_HINT)

    def _add(self, problems: Iterable[Problem], path: Path, hint: str | None = None) -> None:
        """Add problems that have paths from `path` on; `hint` is for those that have none."""
        for problem in problems:
            self.problems.append(replace(problem, path=(*path, *problem.path), hint=problem.hint or hint))


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."
