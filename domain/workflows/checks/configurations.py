"""Checks of a step's members against each other: those that exclude one another, or of which one is needed."""

from collections.abc import Iterator, Mapping
from typing import Any

from domain.kernel.errors import Problem
from domain.kernel.ids import IdKind, MalformedId, from_public
from domain.workflows.checks.http_request import address_problems, request_problems
from domain.workflows.definition import CONTAINER_TYPES
from domain.workflows.document_types import DocumentModel
from domain.workflows.steps import Branch, HttpRequestConfig, StepDocument, ValidationConfig, WebhookCallConfig


def configuration_problems(model: type[DocumentModel], raw: Mapping[Any, Any]) -> Iterator[Problem]:
    """The problems of a raw object that should meet `model`, beyond those of each member by itself."""
    if model is StepDocument:
        yield from _step(raw)
    elif model is HttpRequestConfig:
        yield from request_problems(raw)
        yield from _http_request(raw)
    elif model is WebhookCallConfig:
        yield from _webhook_call(raw)
    elif model is Branch:
        yield from _branch(raw)
    elif model is ValidationConfig:
        yield from _validation(raw)


def _step(raw: Mapping[Any, Any]) -> Iterator[Problem]:
    kind = raw.get("type")
    if raw.get("retry") is not None and isinstance(kind, str) and kind in CONTAINER_TYPES:
        message = f"A {kind} is not retried: what fails are the steps in it."
        yield Problem(path=("retry",), message=message, hint="Move `retry` to the steps inside.")


def _branch(raw: Mapping[Any, Any]) -> Iterator[Problem]:
    if raw.get("steps") == []:
        message = "A branch has at least one step."
        yield Problem(path=("steps",), message=message, hint="Put a step in, or leave the branch out.")


def _http_request(raw: Mapping[Any, Any]) -> Iterator[Problem]:
    if raw.get("poll") is not None and raw.get("paginate") is not None:
        message = "`poll` and `paginate` cannot both be given."
        yield Problem(
            path=("paginate",), message=message, hint="Poll with one step, and fetch the pages with the next."
        )


def _webhook_call(raw: Mapping[Any, Any]) -> Iterator[Problem]:
    given = [f"`{name}`" for name in ("url", "webhookId") if raw.get(name) is not None]
    if len(given) != 1:
        what = f"{' and '.join(given)} are" if given else "none is"
        message = f"Exactly one of `url`, `webhookId` must be given, but {what}."
        yield Problem(path=(), message=message, hint="Say the receiver's address with `url`.")
    webhook_id = raw.get("webhookId")
    if isinstance(webhook_id, str) and webhook_id:
        try:
            from_public(webhook_id, IdKind.WEBHOOK)
        except MalformedId as error:
            hint = "`stepgraph webhooks list` shows the ids of outbound webhooks."
            yield Problem(path=("webhookId",), message=f"{error}.", hint=hint)
    yield from address_problems(raw)


def _validation(raw: Mapping[Any, Any]) -> Iterator[Problem]:
    if raw.get("schema") is None and not raw.get("rules"):
        message = "At least one of `schema`, `rules` must be given, but none is."
        hint = 'For example `schema: {"type": "object"}`, or a rule with its `message`.'
        yield Problem(path=(), message=message, hint=hint)
