"""Inbound messages: any bytes become a value that can be stored, or are refused."""

from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.kernel.errors import InvalidInput
from domain.kernel.ids import new_id
from domain.kernel.json.text import dumps, loads
from domain.kernel.json.values import json_problems
from domain.kernel.statuses import InboundSignature, WebhookDirection
from domain.webhooks.inbound_messages import InboundMessage, content_of, scope_of
from domain.webhooks.model import WebhookRecord

NOW = datetime(2030, 1, 1, tzinfo=UTC)
WEBHOOK = WebhookRecord(
    id=new_id(),
    name="door",
    direction=WebhookDirection.INBOUND,
    signature=InboundSignature.NONE,
    secret=b"",
    created_at=NOW,
    updated_at=NOW,
)
MEDIA_TYPES = ["", "application/json", "APPLICATION/JSON; charset=utf-8", "a/b+json", "text/plain", ";;", "json"]
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


def dumps_or_nothing(value: object) -> bytes:
    try:
        return dumps(value).encode()  # type: ignore[arg-type]
    except ValueError:
        return b""


@given(
    body=st.binary(max_size=300) | JSON_VALUES.map(dumps_or_nothing),
    type=st.sampled_from(MEDIA_TYPES),
)
@example(body=b'{"a": "\\u0000"}', type="")
@example(body=b'"\\\\u0000"', type="")
@example(body=b"[" * 5_000, type="")
@example(body=b"[" * 300 + b"]" * 300, type="application/json")
@example(body=b'"\\ud800"', type="a/b+json")
@example(body=b"1" * 5_000, type="application/json")
@example(body=b"1e999", type="application/json")
@example(body=b"\xef\xbb\xbf{}", type="application/json")
def test_a_body_is_a_value_that_can_be_stored_or_it_is_refused(body: bytes, type: str) -> None:
    message = InboundMessage(headers={"content-type": type}, query={}, body=body)
    try:
        content = content_of(WEBHOOK, message)
    except InvalidInput as error:
        refused = {problem.path[0] for problem in error.problems}
    else:
        refused = {"body"}
        assert json_problems(content.body, max_values=10_000) == []
        assert loads(dumps(content.body)) == content.body
    assert refused == {"body"}


@pytest.mark.parametrize(
    "name",
    [
        "authorization",
        "proxy-authorization",
        "cookie",
        "x-hub-signature",
        "x-hub-signature-256",
        "stripe-signature",
        "webhook-signature",
        "x-signature",
        "x-gitlab-token",
        "x-api-key",
        "x-client-secret",
    ],
)
def test_what_proves_anything_about_the_sender_is_not_seen_by_expressions(name: str) -> None:
    message = InboundMessage(headers={name: "x", "x-github-event": "push"}, query={"q": "1"}, body=b"[1]")
    scope = scope_of(WEBHOOK, message, content_of(WEBHOOK, message))
    assert scope["headers"] == {"x-github-event": "push"}
    assert (scope["body"], scope["query"]) == ([1], {"q": "1"})
