"""Checks of a new or changed webhook: its name, URL, event types, input expression and secret."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID

from domain.expressions.expression import SECRETS, ExpressionSyntaxError, compile_expression
from domain.expressions.scope import Scope
from domain.kernel.errors import Problem
from domain.kernel.first_problems import MAX_GUESSES, first_problems
from domain.kernel.hints import did_you_mean, shown, syntax_hint
from domain.kernel.json.values import json_problems
from domain.kernel.names import name_problems
from domain.kernel.statuses import EventType, InboundSignature, WebhookDirection
from domain.webhooks.standard_webhooks import secret_key

INPUT_ROOTS = frozenset({"body", "headers", "query", "webhook"})
"""The names that the expression of an inbound webhook sees."""

MIN_SECRET_CHARACTERS = 16
MAX_SECRET_CHARACTERS = 1024
MAX_URL_CHARACTERS = 2048

_EVENT_TYPES = {type.value: type for type in EventType}
_WEBHOOK_MEMBERS = ("id", "name")
_LEFT_OUT = "Leave it out to have one made up."


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings:
    """The settings of a webhook, not checked yet. `event_types`: names of them, as they were sent."""

    name: str
    direction: WebhookDirection
    url: str | None
    event_types: Sequence[str]
    workflow_id: UUID | None
    input: str | None

    @property
    def types(self) -> tuple[EventType, ...]:
        """Each type once, in the order given. Raises `KeyError` where they were not checked."""
        return tuple(dict.fromkeys(_EVENT_TYPES[name] for name in self.event_types))


def settings_problems(settings: WebhookSettings, *, longest_name: int) -> list[Problem]:
    """The problems of the settings; the caller checks that the workflow exists."""
    problems = name_problems(settings.name, "For example github-pushes.", longest=longest_name)
    is_inbound = settings.direction is WebhookDirection.INBOUND
    found = _inbound_problems(settings) if is_inbound else _outbound_problems(settings)
    return [*problems, *first_problems(found)]


def secret_problems(signature: InboundSignature, secret: str | None) -> list[Problem]:
    """The problems of a chosen secret; None is valid, and a secret is generated."""
    if secret is None:
        return []
    path = ("secret",)
    if signature is InboundSignature.NONE:
        return [Problem(path=path, message="Where nothing is signed there is no secret; leave it out.")]
    if signature is InboundSignature.STANDARD_WEBHOOKS:
        try:
            secret_key(secret)
        except ValueError as error:
            return [Problem(path=path, message=str(error), hint=_LEFT_OUT)]
        return []
    if MIN_SECRET_CHARACTERS <= len(secret) <= MAX_SECRET_CHARACTERS and secret.isprintable():
        return []
    message = f"A secret has {MIN_SECRET_CHARACTERS} to {MAX_SECRET_CHARACTERS:,} characters, all of them printable."
    return [Problem(path=path, message=message, hint=_LEFT_OUT)]


def input_problems(source: str) -> list[Problem]:
    """The problems of the expression that builds an input; it sees `INPUT_ROOTS` and nothing else."""
    if json_problems(source, max_values=1):
        return [Problem(path=(), message="It holds a character that cannot be stored.")]
    try:
        expression = compile_expression(source)
    except ExpressionSyntaxError as error:
        where = "" if error.position is None else f" (at character {error.position + 1})"
        return [Problem(path=(), message=f"{error}{where}", hint=syntax_hint(source))]
    problems = map(_problem_of, sorted(expression.reads))
    return list(dict.fromkeys(problem for problem in problems if problem is not None))


def _problem_of(read: tuple[str, ...]) -> Problem | None:
    if read[0] == SECRETS:
        return Problem(path=(), message="Secrets are for steps: no execution is started with one.")
    if read[0] == "webhook" and len(read) > 1 and read[1] not in _WEBHOOK_MEMBERS:
        return Problem(path=(), message=f"There is no {shown(read[1])} in `webhook`.", hint="It is one of id and name.")
    found = Scope(INPUT_ROOTS, frozenset()).problem_of(read)
    return None if found is None else Problem(path=(), message=found[0], hint=found[1])


def _inbound_problems(settings: WebhookSettings) -> Iterator[Problem]:
    if settings.workflow_id is None:
        yield Problem(path=("workflowId",), message="An inbound webhook starts a workflow: say which.")
    if settings.url is not None:
        message = "The address of an inbound webhook is made for it; leave it out."
        yield Problem(path=("url",), message=message)
    if settings.event_types:
        message = "Event types are what outbound webhooks are told of; leave them out."
        yield Problem(path=("eventTypes",), message=message)
    if settings.input is not None:
        for problem in input_problems(settings.input):
            yield problem.under("input")


def _outbound_problems(settings: WebhookSettings) -> Iterator[Problem]:
    if settings.url is None:
        yield Problem(path=("url",), message="An outbound webhook has an address: say where to.")
    elif not _is_address(settings.url):
        message = f"{shown(settings.url)} is not an http or https address."
        hint = "For example https://example.com/hooks, without a user, a password or a fragment."
        yield Problem(path=("url",), message=message, hint=hint)
    unknown = ((index, name) for index, name in enumerate(settings.event_types) if name not in _EVENT_TYPES)
    for number, (index, name) in enumerate(unknown):
        nearest = did_you_mean(name, _EVENT_TYPES) if number < MAX_GUESSES else None
        message = f"There is no event type {shown(name)}."
        hint = nearest or f"There are {', '.join(_EVENT_TYPES)}."
        yield Problem(path=("eventTypes", str(index)), message=message, hint=hint)
    if settings.input is not None:
        yield Problem(path=("input",), message="Only inbound webhooks build an input; leave it out.")


def _is_address(url: str) -> bool:
    if len(url) > MAX_URL_CHARACTERS or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises where it is none
    except ValueError:
        return False
    has_more = parts.username is not None or parts.password is not None or bool(parts.fragment)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not has_more
