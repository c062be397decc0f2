"""The work of a sandbox child: it evaluates expressions, compiles JSON Schemas and checks values against them.

The only module of the child that knows the two engines, so that they can be replaced here.
"""

from collections.abc import Sequence
from functools import lru_cache

from actors.sandbox.child import CHECK, EVALUATE, FAILED, NOTHING, TOO_COSTLY, VALUE
from domain.expressions.language.jsonata import EvaluationError, Program
from domain.json_schemas.library import InvalidSchema, SchemaValidator
from domain.kernel.errors import Problem
from domain.kernel.json.text import dumps, loads

Kind = bytes


class Work:
    """The two engines, with what they have compiled last. Every method gives the kind and the text of an answer.

    For a value longer than `longest_listed` only the first problem is listed, as each quotes the value that it is
    about.
    """

    def __init__(self, programs: int, schemas: int, longest_listed: int) -> None:
        self._program = lru_cache(maxsize=programs)(Program)
        self._validator = lru_cache(maxsize=schemas)(_validator)
        self._longest_listed = longest_listed

    def warm_up(self) -> None:
        """Do everything once, so that nothing is left to be loaded from a file."""
        self.evaluate("$sum(a) & 'b'", '{"a": [1, 2]}', 0, 0)
        self.check('{"items": {"pattern": "^a$"}, "maxItems": 1}', '["b", 1, 12345678901234567890123, 1.5]')
        self.compile('{"type": "none"}')

    def answer(self, asked: Kind, source: str, data: str, now: int, seed: int) -> tuple[Kind, str]:
        """The answer to a request, whatever memory it takes."""
        try:
            if asked == EVALUATE:
                return self.evaluate(source, data, now, seed)
            return self.check(source, data) if asked == CHECK else self.compile(source)
        except MemoryError:
            return TOO_COSTLY, "it needs too much memory."

    def evaluate(self, source: str, data: str, now: int, seed: int) -> tuple[Kind, str]:
        """The value of an expression, as JSON."""
        try:
            value = self._program(source).evaluate_text(data, now, seed)
        except EvaluationError as error:
            return (TOO_COSTLY if error.is_limit else FAILED), str(error)
        except ValueError as error:  # what cannot be parsed, or a value that JSON cannot say
            return FAILED, str(error)
        return (NOTHING, "") if value is None else (VALUE, value)

    def check(self, schema: str, value: str) -> tuple[Kind, str]:
        """The problems of a value that does not meet a schema; FAILED where the schema is not one."""
        try:
            validator = self._validator(schema)
        except InvalidSchema as error:
            return FAILED, _listed(error.problems)
        checked = loads(value)
        if validator.is_met(checked):
            return VALUE, "[]"
        is_long = len(value) > self._longest_listed
        return VALUE, _listed([validator.first_problem(checked)] if is_long else validator.problems(checked))

    def compile(self, schema: str) -> tuple[Kind, str]:
        """The problems of a value that is not a JSON Schema; none for a valid one."""
        try:
            self._validator(schema)
        except InvalidSchema as error:
            return VALUE, _listed(error.problems)
        return VALUE, "[]"


def _validator(schema: str) -> SchemaValidator:
    return SchemaValidator(loads(schema))


def _listed(problems: Sequence[Problem]) -> str:
    """Problems as JSON, as `actors.sandbox.requests` reads them."""
    return dumps([[list(problem.path), problem.message, problem.hint] for problem in problems])
