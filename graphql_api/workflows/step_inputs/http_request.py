"""The input of HTTP_REQUEST."""

from datetime import timedelta

import strawberry

from graphql_api.kit.enums import CircuitBreakerUse, HttpMethod
from graphql_api.kit.scalars import JSON, Expression


@strawberry.input(description="Call again until the response is what is wanted.")
class PollInput:
    """Call again until the response is what is wanted."""

    until: Expression = strawberry.field(description="Done when true; it sees response {status, headers, body}.")
    interval: timedelta = timedelta(seconds=5)
    timeout: timedelta = timedelta(hours=1)


@strawberry.input(description="Follow a paged API to its end and collect its items.")
class PaginateInput:
    """Follow a paged API to its end."""

    next: Expression = strawberry.field(
        description="The next page's URL, or an object of query parameters, from response and page; nothing at the end."
    )
    items: Expression = strawberry.field(
        description="The items of each page to collect; the step's body becomes the list of all."
    )
    max_pages: int = 100


@strawberry.input(description="HTTP basic authentication.")
class BasicAuthInput:
    """HTTP basic authentication."""

    username: str
    password: str


@strawberry.input(description="A header that carries a key.")
class HeaderAuthInput:
    """A header that carries a key."""

    name: str
    value: str


@strawberry.input(name="OAuth2Input", description="A token from the client credentials flow of OAuth 2.")
class OAuth2Input:
    """The client credentials flow of OAuth 2."""

    token_url: str
    client_id: str
    client_secret: str
    scope: str | None


@strawberry.input(one_of=True, description="The authentication of a request: exactly one of its kinds.")
class HttpAuthInput:
    """The authentication of a request: exactly one of its kinds."""

    bearer: str | None
    basic: BasicAuthInput | None
    header: HeaderAuthInput | None
    oauth2: OAuth2Input | None = strawberry.field(name="oauth2")


@strawberry.input(description="Call an HTTP service. Strings may hold {{ … }}.")
class HttpRequestInput:
    """Call an HTTP service."""

    method: HttpMethod = HttpMethod.GET
    url: str = strawberry.field(description="Text that may hold {{ … }}.")
    query: JSON | None
    headers: JSON | None
    body: JSON | None
    expected_status: list[JSON] | None = strawberry.field(
        description='Status codes that are a success: 200, "2xx", "200-204". By default 2xx.'
    )
    connect_timeout: timedelta | None
    read_timeout: timedelta | None
    follow_redirects: bool = False
    max_response_bytes: int | None
    service_id: str | None = strawberry.field(
        description="The circuit breaker's key. By default the URL's host and port."
    )
    circuit_breaker: CircuitBreakerUse | None
    auth: HttpAuthInput | None
    poll: PollInput | None = strawberry.field(description="Call again until the response is what is wanted.")
    paginate: PaginateInput | None = strawberry.field(
        description="Follow a paged API to its end and collect the items."
    )
