"""The most problems that are reported at once: as many as can be fixed at once, not as many as a request can have."""

from collections.abc import Iterable
from itertools import islice

from domain.kernel.errors import Problem

MAX_PROBLEMS = 100
"""The most problems of one value. Each costs microseconds and hundreds of bytes, and a megabyte may hold 100,000."""

MAX_GUESSES = 20
"""The most problems with a hint that needs a search among names, which costs a hundred times what the problem does."""


def first_problems(found: Iterable[Problem], most: int = MAX_PROBLEMS) -> list[Problem]:
    """The first of the problems found, and one that there are more. Those are never made if `found` is lazy."""
    problems = list(islice(found, most + 1))
    if len(problems) > most:
        message = f"There are more problems than these {most:,}."
        problems[most] = Problem(path=(), message=message, hint="Mend those that are listed first.")
    return problems
