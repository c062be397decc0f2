"""Errors of calls to the API, as sentences that say what is wrong and the next thing to try."""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

_KEY_IS_MISSING = "The API asks for a key: set STEPGRAPH_TOKEN to the token of one."
_KEY_IS_WRONG = "The API does not know the key in STEPGRAPH_TOKEN, or not any more."
_ELSEWHERE = "Check --url or STEPGRAPH_URL, and the proxies in between."


class ApiUnreachable(Exception):
    """Stepgraph's API does not answer at this address. The message is a sentence for people."""


class ApiRefused(Exception):
    """The API answered with errors; the message holds all of them, one a line."""


def no_answer(url: str, reason: object) -> ApiUnreachable:
    """The error of an address at which nothing answers."""
    return ApiUnreachable(f"Stepgraph's API does not answer at {url} ({reason}). Is `stepgraph dev` running?")


def no_answer_in_time(url: str, seconds: float) -> ApiUnreachable:
    """The error of a request that was sent and not answered."""
    return ApiUnreachable(
        f"Stepgraph's API at {url} has not answered in {seconds:g} seconds. What was asked for may have been done:"
        " look before you repeat it."
    )


def untrusted(url: str, reason: object) -> ApiUnreachable:
    """The error of a TLS connection that cannot be trusted."""
    return ApiUnreachable(
        f"The TLS connection to {url} is not trusted ({reason}). Set SSL_CERT_FILE to a file with the certificate of"
        " the authority that signed the server's."
    )


def not_the_api(url: str, status: int, headers: Mapping[str, str]) -> ApiUnreachable:
    """The error of an answer that is a proxy's or another program's. The names of `headers` are in lower case."""
    told = f"HTTP {status} {_phrase(status)}".rstrip()
    media_type = headers.get("content-type", "").partition(";")[0].strip()
    wait = headers.get("retry-after", "")
    match status:
        case 301 | 302 | 303 | 307 | 308:
            advice = f"{url} leads to {headers.get('location', 'nowhere')}: set --url or STEPGRAPH_URL to that."
        case 429:
            advice = f"Too many requests: try again in {wait if wait.isdecimal() else 'some'} seconds. {_ELSEWHERE}"
        case 502 | 503 | 504:
            advice = "A proxy answers for it, and finds no API behind it: try again, or look whether the API runs."
        case 401 | 403 | 407:
            advice = f"What answers asks for credentials of its own. {_ELSEWHERE}"
        case _:
            advice = f"What answers is another program. {_ELSEWHERE}"
    about = f"{told}, {media_type}" if media_type else told
    return ApiUnreachable(f"Stepgraph's API does not answer at {url} ({about}). {advice}")


def refused(errors: Sequence[Mapping[str, Any]], *, status: int = 200, has_key: bool = False) -> Exception:
    """The error of an answer with `errors`: `ApiUnreachable` where the API cannot work now, else `ApiRefused`."""
    if any((error.get("extensions") or {}).get("code") == "UNAUTHENTICATED" for error in errors):
        return wrong_key(has_key=has_key)
    sentences = error_lines(errors)
    return ApiUnreachable(sentences) if status == HTTPStatus.SERVICE_UNAVAILABLE else ApiRefused(sentences)


def wrong_key(*, has_key: bool) -> ApiRefused:
    """The error of a client that is not let in, with or without a key."""
    return ApiRefused(_KEY_IS_WRONG if has_key else _KEY_IS_MISSING)


def errors_in(payload: object) -> Sequence[Mapping[str, Any]]:
    """The errors of an answer of GraphQL; none for an answer without errors, and for what is no such answer."""
    errors = payload.get("errors") if isinstance(payload, dict) else None
    return errors if isinstance(errors, list) and all(isinstance(error, dict) for error in errors) else ()


def error_lines(errors: Iterable[Mapping[str, Any]]) -> str:
    """The messages of an answer's errors, one a line, each with the problems that it carries."""
    return "\n".join(_error_line(error) for error in errors)


def problem_lines(error: Mapping[str, Any]) -> str:
    """The message of an error and its `problems`, one a line, each with its path, and its hint below it."""
    problems = error.get("problems") or []
    first = f"{'.'.join(problems[0]['path'])}: {problems[0]['message']}" if problems else ""
    # The message of an error often is its first problem; that need not be said twice.
    lines = [] if first and str(error["message"]).startswith(first) else [str(error["message"])]
    return "\n".join([*lines, *map(_problem_line, problems)])


def _error_line(error: Mapping[str, Any]) -> str:
    extensions = error.get("extensions") or {}
    problems = extensions.get("problems")
    message = str(error.get("message", error))
    if not problems:
        return message
    if extensions.get("variable"):  # the message says the same with the words of GraphQL
        return "\n".join(map(_problem_line, problems))
    return problem_lines({"message": message, "problems": problems})


def _problem_line(problem: Mapping[str, Any]) -> str:
    hint = f"\n      {problem['hint']}" if problem.get("hint") else ""
    step = f" (step {problem['stepId']})" if problem.get("stepId") else ""
    return f"  {'.'.join(problem['path']) or '(the whole)'}{step}: {problem['message']}{hint}"


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
