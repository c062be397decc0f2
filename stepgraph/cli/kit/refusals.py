"""Errors and problems that the API answers with, as sentences for the command line."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

_VARIABLE = re.compile(r"Variable '\$(?P<name>\w+)' has invalid value(?: at (?P<place>\S+))?: (?P<why>.*)", re.DOTALL)
_SCALAR = re.compile(
    r"Expected value of type '.+?', but encountered error '(?P<why>.*)'; found: (?P<found>.*)\.", re.DOTALL
)
_REASONS = (
    (
        re.compile(r"Expected value of type '.+?' to include required field '(\w+)', found: .*", re.DOTALL),
        r"\1 is missing.",
    ),
    (
        re.compile(r"Expected value of type '.+?' not to include unknown field '(\w+)'\.(.*?) Found: .*", re.DOTALL),
        r"There is no \1.\2",
    ),
    (re.compile(r"Expected value of type '.+?' to be an object, found: .*", re.DOTALL), "This must be an object."),
    (re.compile(r"Expected value of non-null type '.+?' not to be None\."), "This must be given."),
)


def sentences_of(errors: Iterable[Mapping[str, Any]]) -> str:
    """The messages of an answer's errors, one a line, each with the problems that it carries."""
    return "\n".join(_sentence_of(error) for error in errors)


def problems_of(refusal: Mapping[str, Any]) -> str:
    """The message of a refusal and its problems, one a line, each with its path, and its hint below it."""
    problems = refusal.get("problems") or []
    first = f"{'.'.join(problems[0]['path'])}: {problems[0]['message']}" if problems else ""
    # The message of a refusal often is its first problem; that need not be said twice.
    lines = [] if first and str(refusal["message"]).startswith(first) else [str(refusal["message"])]
    for problem in problems:
        where = ".".join(problem["path"])
        hint = f"\n      {problem['hint']}" if problem.get("hint") else ""
        step = f" (step {problem['stepId']})" if problem.get("stepId") else ""
        lines.append(f"  {where or '(the whole)'}{step}: {problem['message']}{hint}")
    return "\n".join(lines)


def _sentence_of(error: Mapping[str, Any]) -> str:
    problems = (error.get("extensions") or {}).get("problems")
    message = str(error.get("message", error))
    return problems_of({"message": message, "problems": problems}) if problems else _readable(message)


def _readable(message: str) -> str:
    """An error about the value of a variable, in words without GraphQL's terms; any other message unchanged."""
    found = _VARIABLE.fullmatch(message)
    if found is None:
        return message
    why = _SCALAR.sub(_why_no_scalar, found["why"])
    for pattern, replacement in _REASONS:
        why = pattern.sub(replacement, why)
    return f"  {found['name']}{found['place'] or ''}: {why}"


def _why_no_scalar(error: re.Match[str]) -> str:
    why, found = error["why"], error["found"]
    return why if found in why else f"{found} is {why}"
