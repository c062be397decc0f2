"""The budget of a document's expressions: parsing one takes 75 µs, or 2 µs a byte where it is long."""

from domain.kernel.errors import Problem
from domain.kernel.limits import Limits

_HINT = "Make a part of it a workflow of its own, and run that with a SUB_WORKFLOW; or keep tables of data elsewhere."


class ExpressionBudget:
    """The budget that is left for the expressions of one document, those in templates included."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._count = 0
        self._bytes = 0
        self.is_spent = False

    def spend(self, text: str, count: int) -> Problem | None:
        """Spend `count` expressions of a text; returns the problem that the budget is exceeded, once."""
        if self.is_spent:
            return None
        limits = self._limits
        self._count += count
        self._bytes += len(text)
        if self._count > limits.max_expressions:
            message = f"The document has more than {limits.max_expressions:,} expressions: this one is over."
        elif self._bytes > limits.max_expression_bytes:
            message = f"The expressions have more than {limits.max_expression_bytes:,} bytes in all: this one is over."
        else:
            return None
        self.is_spent = True
        return Problem(path=(), message=message, hint=_HINT)
