"""How many problems are told: what somebody can mend at once, and not as many as a request can have."""

from collections.abc import Iterable
from itertools import islice

from domain.kernel.errors import Problem

MAX_PROBLEMS = 100
"""Of one value. Each costs microseconds and hundreds of bytes, and a megabyte has room for a hundred thousand."""

MAX_GUESSES = 20
"""So many of them get a hint that takes a search among names, which costs a hundred times what the problem does."""


def first_problems(found: Iterable[Problem], most: int = MAX_PROBLEMS) -> list[Problem]:
    """The first of what is found, and where there are more, that there are. Those are never made if `found` is lazy."""
    problems = list(islice(found, most + 1))
    if len(problems) > most:
        message = f"There are more problems than these {most:,}."
        problems[most] = Problem(path=(), message=message, hint="Mend those that are listed first.")
    return problems
