"""Paging: a list that comes in pages, followed to its end and put together."""

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field, replace

from actors.http.client import HttpRequest
from actors.http.failures import InvalidExchange
from actors.http.messages import url_with_query
from actors.http.urls import HttpUrl, is_same_origin, joined_url, without_parameters
from actors.steps.evaluating import StepExpressions
from actors.steps.http.calls import Answer, HttpCalls, OutgoingCall
from domain.executions.step_executor import Deferred, Failed, Outcome, StepCall, Succeeded
from domain.expressions.evaluator import Evaluator
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.json.text import JsonValue, dumps
from domain.workflows.steps.http_request import PaginateConfig

_HARMLESS_HEADERS = frozenset({"accept", "accept-language", "content-type", "idempotency-key", "user-agent"})
"""The headers that a page of another origin is asked with: any other may say who calls."""


@dataclass(slots=True)
class _Progress:
    """The items collected so far, and the next page's URL (None: the step's own). `seen` are the URLs of this call."""

    pages: int = 0
    items: list[JsonValue] = field(default_factory=list)
    next: str | None = None
    size: int = 0
    seen: set[str] = field(default_factory=set)

    def to_json(self) -> JsonValue:
        """The step's checkpoint; None before the first page."""
        return {"pages": self.pages, "items": self.items, "next": self.next} if self.pages else None


class Paging:
    """Follows `next` from page to page, and gives the last answer with the items of all pages as its body.

    `next` gives a URL, resolved against the page's own, or an object that replaces parameters in its query; null, an
    empty text, an empty object, and nothing at all are the end. A page's items that are no array count as one item,
    null as none. A page that fails follows the step's retry policy, and the next attempt goes on with it. Only pages of
    the first one's origin are asked with credentials. Fails with INVALID_RESPONSE where pages lead in a circle or there
    are more than `maxPages`, with OUTPUT_TOO_LARGE where the items come to more than `max_items_bytes`.
    """

    def __init__(self, calls: HttpCalls, evaluator: Evaluator, *, max_items_bytes: int) -> None:
        self._calls = calls
        self._evaluator = evaluator
        self._max_items_bytes = max_items_bytes

    def start(self, call: StepCall, config: PaginateConfig) -> Awaitable[Outcome]:
        """All pages, or those that an earlier attempt did not get. Raises `MalformedInput`."""
        first = self._calls.outgoing(call, f"{call.idempotency_key}-1")
        return self._pages(call, config, first, StepExpressions(self._evaluator, call))

    async def _pages(
        self, call: StepCall, config: PaginateConfig, first: OutgoingCall, expressions: StepExpressions
    ) -> Outcome:
        progress = _progress_of(call)
        while True:
            number = progress.pages + 1
            outgoing = _page(call, first, number, progress.next)
            progress.seen.add(outgoing.request.url)
            answer = await self._calls.send(outgoing, call.called_at)
            if isinstance(answer, Failed):
                return replace(answer, checkpoint=progress.to_json())
            if isinstance(answer, Deferred):
                return replace(answer, checkpoint=progress.to_json() or answer.checkpoint)
            ended = await self._take(answer, number, config, expressions, progress)
            if isinstance(ended, StepError):
                return Failed(error=ended, status_code=answer.status, checkpoint=progress.to_json())
            if ended:
                return Succeeded(output={**answer.output, "body": progress.items}, status_code=answer.status)

    async def _take(
        self,
        answer: Answer,
        number: int,
        config: PaginateConfig,
        expressions: StepExpressions,
        progress: _Progress,
    ) -> bool | StepError:
        """Add a page to the collected items, and return True for the last one. An error leaves everything as it was."""
        added: Mapping[str, JsonValue] = {"response": answer.output, "page": number}
        found = await expressions.value("paginate.items", added)
        if isinstance(found, StepError):
            return found
        items = [] if found is None else list(found) if isinstance(found, list | tuple) else [found]
        try:
            size = progress.size + len(dumps(items).encode())
        except ValueError as error:
            return _invalid(answer, f"the items are no JSON values: {error}")
        if size > self._max_items_bytes:
            message = f"The items of {number} pages have more than {self._max_items_bytes:,} bytes as JSON."
            return StepError(code=FailureCode.OUTPUT_TOO_LARGE, message=message)
        given = await expressions.value("paginate.next", added)
        following = given if isinstance(given, StepError) else _following(answer, given)
        if isinstance(following, StepError):
            return following
        if following is not None:
            if following in progress.seen:
                return _invalid(answer, f"page {number} leads back to a page that was read already")
            if number >= config.max_pages:
                return _invalid(answer, f"there are more than {config.max_pages} pages")
        progress.pages, progress.next, progress.size = number, following, size
        progress.items += items
        return following is None


def _page(call: StepCall, first: OutgoingCall, number: int, url: str | None) -> OutgoingCall:
    """The request for a page: the step's own with the page's URL; for another origin, without credentials."""
    if url is None:
        return first
    headers = first.request.headers
    if headers.get("idempotency-key") == f"{call.idempotency_key}-1":
        headers = {**headers, "idempotency-key": f"{call.idempotency_key}-{number}"}
    request = replace(first.request, url=url, headers=headers, masked_url=_masked_url(first.request, url))
    if is_same_origin(first.request.url, url):
        return replace(first, request=request)
    headers = {name: value for name, value in headers.items() if name in _HARMLESS_HEADERS}
    return replace(first, request=replace(request, headers=headers), credentials=None)


def _masked_url(first: HttpRequest, url: str) -> str | None:
    """A page's URL as it may be shown: only the origin where the first page's URL may hold secrets."""
    if first.mask is None:
        return None
    try:
        return first.mask.text(str(HttpUrl.parse(url).site))
    except InvalidExchange:
        return ""


def _following(answer: Answer, given: JsonValue) -> str | StepError | None:
    """The URL of the page that `next` names; None at the end."""
    try:
        match given:
            case None | "":
                return None
            case str():
                return joined_url(answer.url, given)
            case Mapping():
                return _with_parameters(answer.url, given)
            case _:
                message = "`next` gave neither the URL of a page nor an object of query parameters."
                return StepError(code=FailureCode.EXPRESSION_FAILED, message=message)
    except ValueError as error:
        return _invalid(answer, f"the next page has no usable address: {str(error).rstrip('.')}")


def _with_parameters(url: str, parameters: Mapping[str, JsonValue]) -> str | None:
    """The URL with these parameters in place of those of the same names; None where all of them are null."""
    if all(value is None for value in parameters.values()):
        return None
    return url_with_query(without_parameters(url, frozenset(parameters)), parameters)


def _progress_of(call: StepCall) -> _Progress:
    match call.checkpoint:
        case {"pages": int(pages), "items": list(items), "next": str(url)}:
            return _Progress(pages=pages, items=list(items), next=url, size=len(dumps(items).encode()))
        case _:
            return _Progress()


def _invalid(answer: Answer, why: str) -> StepError:
    """The error of a page that cannot be used; `why` is a clause."""
    request = answer.request
    details: Mapping[str, JsonValue] = {"method": request.method, "status": answer.status}
    message = f"{request.method} {request.shown}: {why}."
    return StepError(code=FailureCode.INVALID_RESPONSE, message=message, details=details)
