"""GraphQL inputs of steps: a step of the portable document, member by member, in GraphQL's types."""

from datetime import timedelta

import strawberry

from graphql_api.kit.enums import CircuitBreakerUse, HttpMethod, Jitter, Join, RetryStrategy
from graphql_api.kit.scalars import JSON, Expression

OUTPUT = "An expression, or a text with {{ … }} in it: alone they keep the type of their value."


@strawberry.input(description="The number of attempts at a step, and the delays between them.")
class RetryPolicyInput:
    """The attempts at a step."""

    strategy: RetryStrategy = RetryStrategy.EXPONENTIAL
    max_attempts: int = strawberry.field(default=3, description="Calls in all, the first included.")
    delay: timedelta = timedelta(seconds=1)
    factor: float = 2.0
    max_delay: timedelta | None = timedelta(minutes=1)
    jitter: Jitter = Jitter.FULL
    max_elapsed: timedelta | None
    when: Expression | None = strawberry.field(
        description="Try again only when this is true; it sees error {code, status, message} and attempt."
    )


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


@strawberry.input(description="A stored transformation rule, and the value to apply it to.")
class RuleUseInput:
    """A stored transformation rule, and the value to apply it to."""

    name: str
    input: JSON | None = strawberry.field(description="May hold {{ … }}. By default the execution's input.")


@strawberry.input(one_of=True, description="Compute a value, in exactly one of these ways.")
class DataTransformInput:
    """Compute a value, in exactly one of these ways."""

    expression: Expression | None = strawberry.field(description=OUTPUT)
    output: JSON | None = strawberry.field(description="A JSON value that may hold {{ … }}.")
    rule: RuleUseInput | None


@strawberry.input(description="Run one of two blocks of steps, by a condition.")
class ConditionalInput:
    """Run one of two blocks of steps, by a condition."""

    if_: Expression = strawberry.field(name="if")
    then: list["StepInput"]
    else_: list["StepInput"] | None = strawberry.field(name="else")


@strawberry.input(description="A named branch of a parallel step.")
class BranchInput:
    """A named branch of a parallel step."""

    name: str
    steps: list["StepInput"]


@strawberry.input(description="Run branches at the same time.")
class ParallelInput:
    """Run branches at the same time."""

    branches: list[BranchInput]
    join: Join = Join.ALL
    max_concurrency: int | None


@strawberry.input(description="Run steps for each item of a list.")
class ForEachInput:
    """Run steps for each item of a list."""

    items: Expression
    as_: str = strawberry.field(name="as", default="item")
    steps: list["StepInput"]
    max_concurrency: int = 20
    tolerated_failures: int = 0
    tolerated_failure_percent: float | None
    output: Expression | None = strawberry.field(description=OUTPUT)


@strawberry.input(description="Wait for somebody to send a signal to the execution.")
class SignalWaitInput:
    """Wait for a signal."""

    name: str
    timeout: timedelta | None
    on_timeout: JSON | None


@strawberry.input(one_of=True, description="Wait: for a while, until a time, or for a signal.")
class WaitInput:
    """Wait."""

    duration: timedelta | None
    until: Expression | None
    signal: SignalWaitInput | None


@strawberry.input(description="Send a signed event to a webhook.")
class WebhookCallInput:
    """Send a signed event to a webhook."""

    url: str | None
    webhook_id: strawberry.ID | None
    event_type: str
    payload: JSON | None
    headers: JSON | None
    await_callback: timedelta | None = strawberry.field(description="Wait for the receiver to call back.")
    circuit_breaker: CircuitBreakerUse | None


@strawberry.input(description="A condition that data must meet.")
class ValidationRuleInput:
    """A condition that data must meet."""

    rule: Expression
    message: str


@strawberry.input(description="Fail unless data meets the given JSON Schema and rules.")
class ValidationInput:
    """Fail unless data meets the given JSON Schema and rules."""

    data: Expression | None
    schema: JSON | None
    rules: list[ValidationRuleInput] | None


@strawberry.input(description="Run another workflow as a step.")
class SubWorkflowInput:
    """Run another workflow as a step."""

    workflow: str
    version: int | None
    input: JSON | None
    wait: bool = strawberry.field(default=True, description="False: start it and go on.")


@strawberry.input(one_of=True, description="The configuration of a step: exactly one of its kinds.")
class StepConfigInput:
    """The configuration of a step."""

    http_request: HttpRequestInput | None
    data_transform: DataTransformInput | None
    conditional: ConditionalInput | None
    parallel: ParallelInput | None
    for_each: ForEachInput | None
    wait: WaitInput | None
    webhook_call: WebhookCallInput | None
    validation: ValidationInput | None
    sub_workflow: SubWorkflowInput | None


@strawberry.input(one_of=True, description="The reaction to a step's final failure. By default it fails the block.")
class OnErrorInput:
    """The reaction to a step's final failure."""

    continue_: bool | None = strawberry.field(name="continue", description="Carry on as if it had been skipped.")
    steps: list["StepInput"] | None = strawberry.field(description="Run these steps, with error in scope.")


@strawberry.input(description="A step. Without dependsOn it runs after the step written before it, with [] at once.")
class StepInput:
    """A step of a workflow."""

    id: str
    name: str | None
    depends_on: list[str] | None
    when: Expression | None = strawberry.field(description="The step is skipped when this is false.")
    retry: RetryPolicyInput | None
    timeout: timedelta | None
    on_error: OnErrorInput | None
    config: StepConfigInput
