"""Mocks as people write them, read: an object of paths, each with one answer or with a list of them."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final

from domain.kernel.durations import parse_duration
from domain.kernel.errors import InvalidInput, Problem
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.hints import did_you_mean, kind_of, one_of
from domain.kernel.json.text import JsonValue
from domain.workflow_tests.mocks import PATH, MockAnswer, MockedFailure, MockedOutput, MockedPayload, StepMock

MAX_MOCKS: Final = 1_000
MAX_ANSWERS: Final = 100
"""The most answers of one mock."""

_KINDS = ("output", "payload", "failure")
_FAILURE = ("code", "message", "status", "details", "retryAfter")
_PATH_HINT = "Paths are those of the steps, such as fetch, choose.then.fetch, loop[3].fetch, loop[*].fetch, ship/label."
_ANSWER_HINT = 'For example {"output": {"status": 200, "body": {}}}, or {"failure": {"status": 503}}.'


def read_mocks(value: JsonValue) -> list[StepMock]:
    """The mocks of `{path: answer | [answers]}`; null is none. Raises `InvalidInput` with every problem."""
    if value is None:
        return []
    if not isinstance(value, Mapping):
        raise InvalidInput([_problem((), f"Mocks are an object of paths and answers, not {kind_of(value)}.")])
    if len(value) > MAX_MOCKS:
        raise InvalidInput([_problem((), f"{len(value):,} mocks; {MAX_MOCKS:,} are allowed.", "Mock loops with [*].")])
    problems: list[Problem] = []
    mocks = []
    for path, given in value.items():
        if not PATH.fullmatch(path):
            problems.append(_problem((path,), f"{path[:80]!r} is not the path of a step.", _PATH_HINT))
        try:
            mocks.append(StepMock(path, _answers(path, given)))
        except InvalidInput as error:
            problems += error.problems
    if problems:
        raise InvalidInput(problems)
    return mocks


def _answers(path: str, given: JsonValue) -> list[MockAnswer]:
    if not isinstance(given, Sequence) or isinstance(given, str):
        return [_answer((path,), given)]
    if not 1 <= len(given) <= MAX_ANSWERS:
        message = f"A mock has one to {MAX_ANSWERS:,} answers, one for each attempt; there are {len(given):,}."
        raise InvalidInput([_problem((path,), message)])
    return [_answer((path, str(index)), each) for index, each in enumerate(given)]


def _answer(place: tuple[str, ...], given: JsonValue) -> MockAnswer:
    if not isinstance(given, Mapping):
        raise InvalidInput([_problem(place, f"An answer is an object, not {kind_of(given)}.", _ANSWER_HINT)])
    problems = list(_unknown(place, given, (*_KINDS, "after")))
    kinds = [name for name in _KINDS if name in given]
    if len(kinds) != 1:
        message = "An answer has exactly one of output, payload and failure."
        problems.append(_problem(place, message, _ANSWER_HINT))
    if problems:
        raise InvalidInput(problems)
    after = _duration((*place, "after"), given.get("after")) or timedelta(0)
    match kinds[0]:
        case "output":
            return MockedOutput(value=given["output"], after=after)
        case "payload":
            return MockedPayload(value=given["payload"], after=after)
        case _:
            return _failure((*place, "failure"), given["failure"], after)


def _failure(place: tuple[str, ...], given: JsonValue, after: timedelta) -> MockedFailure:
    if not isinstance(given, Mapping):
        raise InvalidInput([_problem(place, f"A failure is an object, not {kind_of(given)}.", _ANSWER_HINT)])
    problems = list(_unknown(place, given, _FAILURE))
    status, details, message = given.get("status"), given.get("details"), given.get("message")
    if status is not None and (type(status) is not int or not 100 <= status <= 599):
        problems.append(_problem((*place, "status"), "The status is one of HTTP: a number from 100 to 599."))
    if details is not None and not isinstance(details, Mapping):
        problems.append(_problem((*place, "details"), f"Details are an object, not {kind_of(details)}."))
    if message is not None and not isinstance(message, str):
        problems.append(_problem((*place, "message"), f"The message is a text, not {kind_of(message)}."))
    code = given.get("code", "INTERNAL" if status is None else "HTTP_STATUS")
    if not isinstance(code, str) or code not in FailureCode.__members__:
        known = list(FailureCode.__members__)
        hint = (did_you_mean(code, known) if isinstance(code, str) else None) or one_of(known)
        problems.append(_problem((*place, "code"), f"{str(code)[:80]!r} is no code of a failure.", hint))
    if problems:
        raise InvalidInput(problems)
    retry_after = _duration((*place, "retryAfter"), given.get("retryAfter"))
    told = dict(details) if isinstance(details, Mapping) else {}
    if isinstance(status, int):
        told = {"status": status, "headers": {}, "body": None, **told}
    if retry_after is not None:
        told["retryAfter"] = retry_after.total_seconds()
    shown = "the service answered" if status is None else f"the service answered {status}"
    error = StepError(
        code=FailureCode(str(code)),
        message=message if isinstance(message, str) else f"Mocked: {shown if status else f'it failed with {code}'}.",
        details=told or None,
    )
    return MockedFailure(
        error=error, status=status if isinstance(status, int) else None, retry_after=retry_after, after=after
    )


def _unknown(place: tuple[str, ...], given: Mapping[str, JsonValue], known: Sequence[str]) -> Iterator[Problem]:
    for name in given:
        if name not in known:
            hint = did_you_mean(name, known) or one_of(known)
            yield _problem((*place, name), f"There is no member {name[:80]!r} here.", hint)


def _duration(place: tuple[str, ...], given: JsonValue) -> timedelta | None:
    if given is None:
        return None
    try:
        if isinstance(given, str):
            return parse_duration(given)
    except (ValueError, OverflowError):
        pass
    raise InvalidInput([_problem(place, "A duration is a text in ISO 8601.", "For example PT0.5S, PT5M or P1D.")])


def _problem(place: tuple[str, ...], message: str, hint: str | None = None) -> Problem:
    return Problem(path=("mocks", *place), message=message, hint=hint)
