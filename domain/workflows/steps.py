"""The configuration of each step type, and the step of a document: one definition for the API and the workers.

Members, defaults and meaning are those of the GraphQL inputs of the same names; a document says them in camelCase.
"""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any

from pydantic import Field, SerializeAsAny, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from domain.kernel.statuses import HttpMethod, Jitter, RetryStrategy, StepType
from domain.workflows.document_types import (
    Boolean,
    DocumentModel,
    ExpressionText,
    Identifier,
    Integer,
    JsonTemplate,
    Number,
    OneOf,
    OutputTemplate,
    PageExpression,
    PlainText,
    PositiveDuration,
    ResponseExpression,
    RetryExpression,
    ShownName,
    StatusRange,
    TextTemplate,
)


class CircuitBreakerUse(StrEnum):
    """The effect of an open breaker on a step: it waits, it fails with CIRCUIT_OPEN, or it uses no breaker."""

    WAIT = "WAIT"
    FAIL = "FAIL"
    OFF = "OFF"


class Join(StrEnum):
    """The condition under which PARALLEL is done: all branches have succeeded, one has, or all have ended."""

    ALL = "ALL"
    ANY = "ANY"
    SETTLED = "SETTLED"


class StepConfig(DocumentModel):
    """The base of the step types' configurations."""


class BasicAuth(DocumentModel):
    """HTTP Basic."""

    username: TextTemplate
    password: TextTemplate


class HeaderAuth(DocumentModel):
    """A header that carries a key."""

    name: PlainText
    value: TextTemplate


class OAuth2Auth(DocumentModel):
    """OAuth 2 client credentials."""

    token_url: TextTemplate
    client_id: TextTemplate
    client_secret: TextTemplate
    scope: TextTemplate | None = None


class HttpAuth(OneOf):
    """The authentication of a request."""

    bearer: TextTemplate | None = None
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
    url: TextTemplate
    """The address, with {{ }}."""
    query: JsonTemplate | None = None
    """Query parameters by name; a list gives one several times."""
    headers: JsonTemplate | None = None
    """Request headers by name."""
    body: JsonTemplate | None = None
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


class RuleUse(DocumentModel):
    """A stored transformation rule, applied to `input`, by default the execution's input."""

    name: PlainText
    input: JsonTemplate | None = None


class DataTransformConfig(StepConfig, OneOf):
    """Computes a value; the output is that value."""

    expression: OutputTemplate | None = None
    """An expression, or a template: a text, an object or an array with {{ }} in it."""
    output: JsonTemplate | None = None
    """A JSON value with {{ }} in it; a text without is taken as it is."""
    rule: RuleUse | None = None


class ConditionalConfig(StepConfig):
    """Runs `then` or `else`; the output is {branch, steps}."""

    if_: ExpressionText = Field(alias="if")
    then: "tuple[StepDocument, ...]"
    else_: "tuple[StepDocument, ...] | None" = Field(default=None, alias="else")


class Branch(DocumentModel):
    """One of the branches of PARALLEL."""

    name: Identifier
    steps: "tuple[StepDocument, ...]"


class ParallelConfig(StepConfig):
    """Runs branches at the same time; the output is {branch: {id: output}}."""

    branches: tuple[Branch, ...] = Field(min_length=1)
    join: Join = Join.ALL
    max_concurrency: Integer | None = Field(default=None, ge=1)


class ForEachConfig(StepConfig):
    """Runs its steps for each item; the output is {results, succeeded, failed, failures}."""

    items: ExpressionText
    as_: Identifier = Field(default="item", alias="as")
    steps: "tuple[StepDocument, ...]" = Field(min_length=1)
    max_concurrency: Integer = Field(default=20, ge=1)
    tolerated_failures: Integer = Field(default=0, ge=0)
    tolerated_failure_percent: Number | None = Field(default=None, ge=0, le=100)
    output: OutputTemplate | None = None
    """The result of one item, an expression or a template; default: the output of its last step."""


class SignalWait(DocumentModel):
    """Waits until a signal with this name is sent."""

    name: PlainText
    timeout: PositiveDuration | None = None
    on_timeout: Any | None = None


class WaitConfig(StepConfig, OneOf):
    """Waits for a while, until a time, or for a signal; the output is {until} or {signal, payload}."""

    duration: PositiveDuration | None = None
    until: ExpressionText | None = None
    """An expression that gives an RFC 3339 time."""
    signal: SignalWait | None = None


class WebhookCallConfig(StepConfig):
    """Delivers a signed event; the output is {eventId, status, callback}."""

    url: TextTemplate | None = None
    webhook_id: PlainText | None = None
    event_type: TextTemplate
    payload: JsonTemplate | None = None
    headers: JsonTemplate | None = None
    await_callback: PositiveDuration | None = None
    """Wait for the receiver to call back."""
    circuit_breaker: CircuitBreakerUse | None = None


class ValidationRule(DocumentModel):
    """A condition that must hold, and the message when it does not."""

    rule: ExpressionText
    message: TextTemplate


class ValidationConfig(StepConfig):
    """Checks data against a JSON Schema or rules; the output is {valid: true}."""

    data: ExpressionText | None = None
    schema_: Any | None = Field(default=None, alias="schema")
    rules: tuple[ValidationRule, ...] | None = None


class SubWorkflowConfig(StepConfig):
    """Runs another workflow; the output is {executionId, status, output}."""

    workflow: PlainText
    version: Integer | None = Field(default=None, ge=1)
    input: JsonTemplate | None = None
    wait: Boolean = True
    """False: start it and go on."""


STEP_CONFIGS: Mapping[StepType, type[StepConfig]] = {
    StepType.HTTP_REQUEST: HttpRequestConfig,
    StepType.DATA_TRANSFORM: DataTransformConfig,
    StepType.CONDITIONAL: ConditionalConfig,
    StepType.PARALLEL: ParallelConfig,
    StepType.FOR_EACH: ForEachConfig,
    StepType.WAIT: WaitConfig,
    StepType.WEBHOOK_CALL: WebhookCallConfig,
    StepType.VALIDATION: ValidationConfig,
    StepType.SUB_WORKFLOW: SubWorkflowConfig,
}


class RetryPolicyDocument(DocumentModel):
    """The number and the delays of the attempts of a failing step."""

    strategy: RetryStrategy = RetryStrategy.EXPONENTIAL
    max_attempts: Integer = Field(default=3, ge=1, le=1000)
    """Calls in all, the first included."""
    delay: PositiveDuration = timedelta(seconds=1)
    factor: Number = Field(default=2.0, ge=1, le=1000)
    max_delay: PositiveDuration | None = timedelta(minutes=1)
    jitter: Jitter = Jitter.FULL
    max_elapsed: PositiveDuration | None = None
    when: RetryExpression | None = None
    """Retry only when true; sees `error` {code, status, message} and `attempt`."""


class OnErrorDocument(OneOf):
    """The effect of a step's final failure: fail the block (default), carry on, or run these steps."""

    continue_: Boolean | None = Field(default=None, alias="continue")
    steps: "tuple[StepDocument, ...] | None" = Field(default=None, min_length=1)


class StepDocument(DocumentModel):
    """One step. No `dependsOn`: after the step written before it; []: at once."""

    id: Identifier
    name: ShownName | None = None
    type: StepType
    config: SerializeAsAny[StepConfig]
    depends_on: tuple[str, ...] | None = None
    when: ExpressionText | None = None
    """The step is SKIPPED when this is false."""
    retry: RetryPolicyDocument | None = None
    timeout: PositiveDuration | None = None
    """The time limit of one attempt."""
    on_error: OnErrorDocument | None = None

    @field_validator("config", mode="plain")
    @classmethod
    def _config_of_the_type(cls, value: Any, info: ValidationInfo) -> StepConfig:
        kind = info.data.get("type")
        if kind is None:  # the type itself is wrong, and that is said
            return StepConfig()
        model = STEP_CONFIGS[kind]
        if isinstance(value, StepConfig) and not isinstance(value, model):
            raise PydanticCustomError("config", "This is not the configuration of {kind}.", {"kind": kind.value})
        return model.model_validate(value, by_alias=True, by_name=False, context=info.context)


for _model in (ConditionalConfig, Branch, ParallelConfig, ForEachConfig, OnErrorDocument, StepDocument):
    _model.model_rebuild()  # they are defined in a circle
