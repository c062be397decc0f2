"""HTTP_REQUEST: calls a service once, again and again (`poll`), or page by page (`paginate`)."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from pydantic import Field

from domain.circuit_breakers.model import MAX_SERVICE_ID, is_service_id
from domain.expressions.templates import Template, compile_template
from domain.kernel.errors import Problem
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import HttpMethod, StepType
from domain.workflows.fields.types import (
    Boolean,
    DocumentModel,
    Integer,
    OneOf,
    PageExpression,
    PlainText,
    PositiveDuration,
    ResponseExpression,
    SentJson,
    SentText,
    StatusRange,
    TextTemplate,
)
from domain.workflows.steps.kind import StepConfig, StepKind
from domain.workflows.steps.requests import CircuitBreakerUse, address_problems, no_object, without_credentials


class BasicAuth(DocumentModel):
    """HTTP Basic."""

    username: SentText
    password: SentText


class HeaderAuth(DocumentModel):
    """A header that carries a key."""

    name: PlainText
    value: SentText


class OAuth2Auth(DocumentModel):
    """OAuth 2 client credentials."""

    token_url: TextTemplate
    client_id: SentText
    client_secret: SentText
    scope: TextTemplate | None = None


class HttpAuth(OneOf):
    """The authentication of a request."""

    bearer: SentText | None = None
    basic: BasicAuth | None = None
    header: HeaderAuth | None = None
    oauth2: OAuth2Auth | None = None


class PollConfig(DocumentModel):
    """Call again until the response meets a condition."""

    until: ResponseExpression
    """True on `response` {status, headers, body}: done."""
    interval: PositiveDuration = timedelta(seconds=5)
    timeout: PositiveDuration = timedelta(hours=1)


class PaginateConfig(DocumentModel):
    """Follow a paged API to its end and collect the items."""

    next: PageExpression
    """The next page's URL, or an object of query parameters, from `response` and `page`; nothing at the end."""
    items: PageExpression
    """The items of each page to collect; the step's body becomes the list of all."""
    max_pages: Integer = Field(default=100, ge=1, le=100_000)


class HttpRequestConfig(StepConfig):
    """One request; the output is {status, headers, body}."""

    method: HttpMethod = HttpMethod.GET
    url: SentText
    """The address, with {{ }}."""
    query: SentJson | None = None
    """Query parameters by name; a list gives one several times."""
    headers: SentJson | None = None
    """Request headers by name."""
    body: SentJson | None = None
    """A string is sent as it is, any other value as JSON."""
    expected_status: tuple[StatusRange, ...] | None = Field(default=None, min_length=1, max_length=50)
    """Status codes that are a success: 200, "2xx", "200-204". Default: "2xx"."""
    connect_timeout: PositiveDuration | None = None
    read_timeout: PositiveDuration | None = None
    follow_redirects: Boolean = False
    max_response_bytes: Integer | None = Field(default=None, ge=1, le=1 << 40)
    service_id: PlainText | None = None
    """The circuit breaker's key; default: the URL's host and port."""
    circuit_breaker: CircuitBreakerUse | None = None
    auth: HttpAuth | None = None
    poll: PollConfig | None = None
    paginate: PaginateConfig | None = None

    @classmethod
    def own_problems(cls, raw: Mapping[Any, Any]) -> Iterator[Problem]:
        yield from address_problems(raw)
        service_id = raw.get("serviceId")
        if isinstance(service_id, str) and service_id and not is_service_id(service_id):
            message = f"This must be 1 to {MAX_SERVICE_ID} characters that can be seen."
            yield Problem(path=("serviceId",), message=message, hint="Leave it out to take the URL's host and port.")
        query = raw.get("query")
        if not isinstance(query, dict):
            yield from no_object("query", query)
        if raw.get("poll") is not None and raw.get("paginate") is not None:
            message = "`poll` and `paginate` cannot both be given."
            hint = "Poll with one step, and fetch the pages with the next."
            yield Problem(path=("paginate",), message=message, hint=hint)


class HttpRequest(StepKind[HttpRequestConfig]):
    """Calls a service.

    The input is an object with `method`, `url` and, where given, `query`, `headers`, `body`, `auth`. The checkpoint is
    that of a poll, `{since, calls}`, or of the pages that were fetched, `{pages, items, next}`.
    """

    name = StepType.HTTP_REQUEST.value
    config = HttpRequestConfig
    executor = "actors.steps.http_request:executor"
    graphql_input = "graphql_api.workflows.step_inputs.http_request:HttpRequestInput"

    def inputs(self, config: HttpRequestConfig) -> Template:
        members: dict[str, JsonValue] = {"method": config.method.value, "url": config.url}
        for name in ("query", "headers", "body"):
            value = getattr(config, name)
            if value is not None:
                members[name] = value
        if config.auth is not None:
            members["auth"] = config.auth.model_dump(by_alias=True, exclude_none=True, mode="json")
        return compile_template(members)

    def expressions(self, config: HttpRequestConfig) -> Mapping[str, str]:
        sources: dict[str, str] = {}
        if config.poll is not None:
            sources["poll.until"] = config.poll.until
        if config.paginate is not None:
            sources |= {"paginate.next": config.paginate.next, "paginate.items": config.paginate.items}
        return sources

    def checkpoint_of_retry(self, checkpoint: JsonValue, *, is_other: bool) -> JsonValue:
        """A poll's count, or a list's pages unless it is another list."""
        match checkpoint:
            case {"calls": int(calls)}:
                return {"calls": calls}
            case {"pages": _, "items": _, "next": _} if not is_other:
                return checkpoint
            case _:
                return None

    def stored_input(self, input: JsonValue) -> JsonValue:
        return without_credentials(input)


HTTP_REQUEST = HttpRequest()
