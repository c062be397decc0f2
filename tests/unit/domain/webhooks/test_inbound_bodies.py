"""Bodies of inbound messages, read by what their senders say of them."""

import gzip
from datetime import UTC, datetime

import pytest

from domain.kernel.errors import InvalidInput
from domain.kernel.http.media_types import encoding_of, read_text
from domain.kernel.ids import new_id
from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import InboundSignature, WebhookDirection
from domain.webhooks.inbound_messages import InboundMessage, OversizedBody, UnsupportedBody, content_of, json_of
from domain.webhooks.model import WebhookRecord
from tests.costs import least_seconds

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
JSON = "application/json"


def read(body: bytes, content_type: str = "", encoding: str = "") -> JsonValue:
    headers = {"content-type": content_type, "content-encoding": encoding}
    return content_of(WEBHOOK, InboundMessage(headers=headers, query={}, body=body)).body


@pytest.mark.parametrize(
    ("body", "content_type", "value"),
    [
        ('{"a": "é"}'.encode(), JSON, {"a": "é"}),
        (b'\xef\xbb\xbf{"a": 1}', JSON, {"a": 1}),
        (b'\xef\xbb\xbf{"a": 1}', "", {"a": 1}),
        ('{"a": "é"}'.encode("latin-1"), f"{JSON}; charset=ISO-8859-1", {"a": "é"}),
        ('{"a": "€"}'.encode("cp1252"), f'{JSON}; charset="windows-1252"', {"a": "€"}),
        ('{"a": "é"}'.encode("utf-16"), JSON, {"a": "é"}),
        ('{"a": "é"}'.encode("utf-16-be"), f"{JSON}; charset=utf-16be", {"a": "é"}),
        ('{"a": "é"}'.encode("utf-16"), "", {"a": "é"}),
        ("é".encode("shift_jis", "replace"), "text/plain; charset=shift_jis", "?"),
        ("é".encode("latin-1"), "text/plain; charset=latin1", "é"),
        (b"a=1&b=%C3%A9", "application/x-www-form-urlencoded", "a=1&b=%C3%A9"),
        (b'{"a": 1}', "text/json", {"a": 1}),
        (b'{"a": 1}', "application/problem+json", {"a": 1}),
        (b'{"a": 1}', "text/plain", '{"a": 1}'),
        (b'{"a": 1}', "application/octet-stream", '{"a": 1}'),
        (b"--x\r\n\r\n1\r\n--x--", "multipart/form-data; boundary=x", "--x\r\n\r\n1\r\n--x--"),
        (b"\x89PNG\xff", "image/png", "iVBOR/8="),
        (b"\x80\x81", "", "gIE="),
        (b" \n", JSON, None),
        (b"\xef\xbb\xbf", JSON, None),
        (b"", JSON, None),
        (b"12345678901234567890123", JSON, 12345678901234567890123),
    ],
)
def test_a_body_is_read_as_its_sender_says(body: bytes, content_type: str, value: JsonValue) -> None:
    assert read(body, content_type) == value
    assert read(gzip.compress(body), content_type, "gzip") == value


@pytest.mark.parametrize(
    "content_type",
    [f"{JSON}; charset=nonsense", "text/plain; charset=idna", f"{JSON}; charset=hex", "text/x; charset=\0"],
)
def test_an_unknown_charset_is_told_from_a_malformed_body(content_type: str) -> None:
    with pytest.raises(UnsupportedBody, match="charset"):
        read(b"{}", content_type)


@pytest.mark.parametrize(
    "body", [b"{", b'{"a": "\xe9"}', b'{"a": "\\ud800"}', b'{"a": "\\u0000"}', '"\0'.encode("utf-16")]
)
def test_json_that_is_none_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInput) as refused:
        read(body, JSON)

    assert not isinstance(refused.value, UnsupportedBody)
    assert refused.value.problems[0].path[0] == "body"


def test_the_size_counts_once_it_is_inflated() -> None:
    with pytest.raises(OversizedBody):
        read(gzip.compress(b" " * 2_000_000), JSON, "gzip")


def test_an_encoding_that_is_not_read_is_said() -> None:
    with pytest.raises(UnsupportedBody, match="br"):
        read(b"{}", JSON, "br")


@pytest.mark.parametrize("content_type", ["", JSON, "text/json", "application/x+json; charset=latin-1"])
def test_a_callback_is_json_in_all_the_same_ways(content_type: str) -> None:
    headers = {"content-type": content_type, "content-encoding": "gzip"}

    assert json_of(InboundMessage(headers=headers, query={}, body=gzip.compress(b'\xef\xbb\xbf{"a": 1}'))) == ({"a": 1})


def test_a_callback_is_nothing_but_json() -> None:
    with pytest.raises(UnsupportedBody, match="application/json"):
        json_of(InboundMessage(headers={"content-type": "text/plain"}, query={}, body=b"1"))


@pytest.mark.parametrize(
    "charset", ["idna", "punycode", "unicode_escape", "hex", "zip", "utf-7", "undefined", "\0", ""]
)
def test_codecs_that_are_no_charsets_are_not_used_for_texts(charset: str) -> None:
    assert encoding_of(charset) is None
    assert read_text("é".encode(), charset) == "é"


@pytest.mark.parametrize("content_type", ["application/json", ""])
def test_more_objects_and_lists_than_can_be_read_at_once_are_refused_before_they_are_read(content_type: str) -> None:
    body = b"[" + b"[]," * 220_000 + b"[]]"

    def refuse() -> None:
        with pytest.raises(OversizedBody, match="more than 50,000 objects and lists"):
            read(body, content_type)

    assert least_seconds(refuse, enough=0.05) < 0.05


def test_brackets_within_strings_are_no_lists() -> None:
    text = "[" * 100_000

    assert read(f'"{text}"'.encode(), JSON) == text
