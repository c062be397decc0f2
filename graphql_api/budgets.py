"""The budgets of requests, connections and clients: every limit of the API in one table.

Each is a setting (`stepgraph/settings/budgets.py`) and a row of docs/limits.md. A request over one is refused with a
message that holds the number.
"""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestBudgets:
    """The limits. Sizes are in bytes as sent, `min_*_rate` in bytes a second.

    A limit is checked while the data arrives, never only after all of it was gathered.
    """

    # The head of a request: its first line and its headers, also of a WebSocket's handshake.
    max_head_bytes: int = 64_000
    max_head_lines: int = 100
    max_url_bytes: int = 8_000
    head_timeout: timedelta = timedelta(seconds=10)

    # The body of a request.
    max_body_bytes: int = 4_000_000
    max_hook_bytes: int = 1_000_000
    max_body_members: int = 150_000
    max_hook_members: int = 50_000
    max_chunks: int = 10_000
    body_timeout: timedelta = timedelta(seconds=60)
    body_grace: timedelta = timedelta(seconds=10)
    min_body_rate: int = 1_000

    # Connections.
    max_connections: int = 10_000
    max_connections_per_address: int = 500
    max_pipelined: int = 32
    idle_timeout: timedelta = timedelta(seconds=30)
    write_timeout: timedelta = timedelta(seconds=30)
    min_write_rate: int = 1_000

    # A connection that is closed while its client may still be sending: what comes then is dropped.
    linger_timeout: timedelta = timedelta(seconds=10)
    linger_silence: timedelta = timedelta(seconds=2)
    max_linger_bytes: int = 16_000_000

    # Expressions and schemas that are tried, and the sandbox.
    max_evaluations: int = 50
    max_sandbox_calls: int = 100
    max_sandbox_time: timedelta = timedelta(seconds=10)

    # WebSockets.
    connection_init_timeout: timedelta = timedelta(seconds=10)
    max_init_bytes: int = 16_000
    max_ping_bytes: int = 16_000
    max_messages_per_second: int = 100
    max_frames_per_second: int = 500
    max_subscriptions: int = 100
    max_subscriptions_per_key: int = 1_000

    # An operation, before it is executed. `max_validation_work` and `max_input_work` count about a microsecond a unit.
    max_query_bytes: int = 100_000
    max_tokens: int = 5_000
    max_fragments: int = 100
    max_depth: int = 20
    max_fields: int = 1_000
    max_aliases: int = 100
    max_variables: int = 200
    max_directives: int = 200
    max_literals: int = 1_000
    max_validation_work: int = 20_000
    max_input_work: int = 160_000

    # An operation while it is executed, and each event of a subscription.
    max_rows: int = 20_000
    max_answer_values: int = 100_000
    max_answer_bytes: int = 16_000_000
    operation_timeout: timedelta = timedelta(seconds=30)

    # Request rates: a number in a window, as the library `limits` writes it; empty for no limit.
    rate_requests: str = "24000/minute"
    rate_queries: str = "12000/minute"
    rate_mutations: str = "6000/minute"
    rate_hooks: str = "6000/minute"
    rate_wrong_keys: str = "30/minute"
    rate_exempt: tuple[str, ...] = ("127.0.0.0/8", "::1/128")
