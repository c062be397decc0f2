"""Budgets: the most that one request, one connection and one client may cost the API."""

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings

from graphql_api.budgets import RequestBudgets
from stepgraph.settings.types import CommaSeparated, Duration, networks

_DEFAULT = RequestBudgets()


class BudgetSettings(BaseSettings):
    """The rows of `RequestBudgets`, by the same names: what is set here is what the API checks. See docs/limits.md."""

    max_head_bytes: int = Field(
        _DEFAULT.max_head_bytes, ge=1024, description="The head of a request: its first line and its headers."
    )
    max_head_lines: int = Field(_DEFAULT.max_head_lines, ge=10, description="Headers of a request, trailers included.")
    max_url_bytes: int = Field(_DEFAULT.max_url_bytes, ge=256, le=8_000, description="The URL of a request.")
    head_timeout: Duration = Field(
        _DEFAULT.head_timeout, description="The time in which the head of a request must arrive."
    )
    max_body_bytes: int = Field(
        _DEFAULT.max_body_bytes, ge=1024, description="The body of a request to /graphql, or one WebSocket message."
    )
    max_hook_bytes: int = Field(_DEFAULT.max_hook_bytes, ge=1024, description="The body of a request to /hooks.")
    max_body_members: int = Field(
        _DEFAULT.max_body_members,
        ge=1000,
        description="Objects and lists of JSON in a request to /graphql, or one WebSocket message.",
    )
    max_hook_members: int = Field(
        _DEFAULT.max_hook_members, ge=1000, description="Objects and lists of JSON in a request to /hooks."
    )
    max_chunks: int = Field(_DEFAULT.max_chunks, ge=1, description="Chunks of a body in the chunked encoding.")
    body_timeout: Duration = Field(
        _DEFAULT.body_timeout, description="The time in which the body of a request must arrive."
    )
    body_grace: Duration = Field(
        _DEFAULT.body_grace, description="The time after which a body must have come at the rate below."
    )
    min_body_rate: int = Field(_DEFAULT.min_body_rate, ge=0, description="Bytes a second at which a body must arrive.")
    max_connections: int = Field(
        _DEFAULT.max_connections, ge=10, description="Connections of one API process; fewer where files run out first."
    )
    max_connections_per_address: int = Field(
        _DEFAULT.max_connections_per_address,
        ge=1,
        description="Connections of one address (of one /64 in IPv6); this machine and trusted proxies are exempt.",
    )
    max_pipelined: int = Field(
        _DEFAULT.max_pipelined, ge=1, description="Requests that may wait on a connection for the answer to one before."
    )
    idle_timeout: Duration = Field(
        _DEFAULT.idle_timeout, description="The time for which a connection is kept open without a request."
    )
    write_timeout: Duration = Field(
        _DEFAULT.write_timeout, description="The time for which a client may read an answer slower than the rate below."
    )
    min_write_rate: int = Field(
        _DEFAULT.min_write_rate, ge=0, description="Bytes a second at which a client must read what waits for it."
    )
    linger_timeout: Duration = Field(
        _DEFAULT.linger_timeout,
        description="The time for which a closed connection stays readable to a client that may still be sending.",
    )
    linger_silence: Duration = Field(
        _DEFAULT.linger_silence, description="The time without a byte after which a closed connection ends before that."
    )
    max_linger_bytes: int = Field(
        _DEFAULT.max_linger_bytes, ge=0, description="Bytes that are dropped on a closed connection before it is reset."
    )
    max_evaluations: int = Field(
        _DEFAULT.max_evaluations,
        ge=1,
        description="Expressions that one request may try with `evaluate`.",
    )
    max_sandbox_calls: int = Field(
        _DEFAULT.max_sandbox_calls,
        ge=1,
        description="Times that one request may use the sandbox to try expressions and to compile schemas.",
    )
    max_sandbox_time: Duration = Field(
        _DEFAULT.max_sandbox_time, description="The time for which one request may use the sandbox, in all."
    )
    connection_init_timeout: Duration = Field(
        _DEFAULT.connection_init_timeout, description="The time in which a WebSocket must send connection_init."
    )
    max_init_bytes: int = Field(
        _DEFAULT.max_init_bytes, ge=512, description="A WebSocket message before the connection is acknowledged."
    )
    max_ping_bytes: int = Field(
        _DEFAULT.max_ping_bytes, ge=125, description="A WebSocket message that is no subscribe: ping, pong, complete."
    )
    max_messages_per_second: int = Field(
        _DEFAULT.max_messages_per_second,
        ge=1,
        description="Messages a second that are read from a WebSocket, ten times as many at once; more have to wait.",
    )
    max_frames_per_second: int = Field(
        _DEFAULT.max_frames_per_second,
        ge=1,
        description="Frames a second that are read from a WebSocket, ten times as many at once; more have to wait.",
    )
    max_subscriptions: int = Field(
        _DEFAULT.max_subscriptions, ge=1, description="Operations that one WebSocket may have open at once."
    )
    max_query_bytes: int = Field(_DEFAULT.max_query_bytes, ge=1024, description="The text of a GraphQL document.")
    max_tokens: int = Field(_DEFAULT.max_tokens, ge=100, description="Tokens of a GraphQL document.")
    max_fragments: int = Field(_DEFAULT.max_fragments, ge=1, description="Fragments of a GraphQL document.")
    max_depth: int = Field(_DEFAULT.max_depth, ge=5, description="Levels of fields in an operation.")
    max_fields: int = Field(
        _DEFAULT.max_fields, ge=10, description="Fields of an operation, fragments counted wherever they are spread."
    )
    max_aliases: int = Field(
        _DEFAULT.max_aliases, ge=1, description="Aliases of an operation, counted like its fields."
    )
    max_variables: int = Field(_DEFAULT.max_variables, ge=1, description="Variables of a GraphQL document.")
    max_directives: int = Field(_DEFAULT.max_directives, ge=1, description="Directives in a GraphQL document.")
    max_literals: int = Field(
        _DEFAULT.max_literals,
        ge=10,
        description="Arguments, and values in lists and objects, that are written into a GraphQL document.",
    )
    max_validation_work: int = Field(
        _DEFAULT.max_validation_work,
        ge=1_000,
        description="Work that validating a GraphQL document may take, in about a microsecond: a pair of fields of one "
        "name in one place is 1, or 6 where they have fields of their own; a field, wherever it is spread, is 3.",
    )
    max_input_work: int = Field(
        _DEFAULT.max_input_work,
        ge=1_000,
        description="Work that making arguments of variables may take, in about a microsecond: a scalar in a list is "
        "1, an input 20, and one inside of a workflow or an orchestration 5; JSON is nothing.",
    )
    max_rows: int = Field(
        _DEFAULT.max_rows, ge=100, description="List items that an operation may ask for, as the product of its pages."
    )
    max_answer_values: int = Field(
        _DEFAULT.max_answer_values, ge=1_000, description="Values in the answer to an operation, or in one event."
    )
    max_answer_bytes: int = Field(
        _DEFAULT.max_answer_bytes, ge=10_000, description="Bytes of texts and JSON in an answer, or in one event."
    )
    operation_timeout: Duration = Field(
        _DEFAULT.operation_timeout, description="The time that a query or a mutation may take."
    )
    max_subscriptions_per_key: int = Field(
        _DEFAULT.max_subscriptions_per_key,
        ge=1,
        description="Subscriptions that a key, or an address without one, may have open at one API process.",
    )
    rate_requests: str = Field(_DEFAULT.rate_requests, description="Requests to /graphql from one address.")
    rate_queries: str = Field(_DEFAULT.rate_queries, description="Queries with one key.")
    rate_mutations: str = Field(_DEFAULT.rate_mutations, description="Mutations with one key.")
    rate_hooks: str = Field(_DEFAULT.rate_hooks, description="Requests to /hooks from one address.")
    rate_wrong_keys: str = Field(_DEFAULT.rate_wrong_keys, description="Wrong keys from one address.")
    rate_exempt: CommaSeparated = Field(
        _DEFAULT.rate_exempt,
        description="Networks whose requests are not counted; wrong keys are counted everywhere.",
    )

    @field_validator("rate_requests", "rate_queries", "rate_mutations", "rate_hooks", "rate_wrong_keys")
    @classmethod
    def _is_a_rate(cls, value: str) -> str:
        from limits import parse

        try:
            if value and value.lower() != "off":
                parse(value)
        except ValueError:
            raise ValueError("must be a rate such as 600/minute or 20/second, or off") from None
        return "" if value.lower() == "off" else value

    @field_validator("rate_exempt")
    @classmethod
    def _are_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return networks(value)
