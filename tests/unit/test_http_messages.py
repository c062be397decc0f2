"""How JSON values become requests, and responses JSON values."""

import pytest

from actors.http import HttpResponse
from actors.steps.http_messages import (
    MalformedBody,
    MalformedInput,
    basic_credentials,
    decode_body,
    encode_body,
    excerpt_of,
    header_texts,
    url_with_query,
)
from domain.json_text import JsonValue

FORM = "application/x-www-form-urlencoded"


def response(body: bytes, content_type: str | None = None, *, is_cut: bool = False) -> HttpResponse:
    headers = {} if content_type is None else {"content-type": content_type}
    return HttpResponse(status=200, headers=headers, body=body, url="http://x/", is_cut=is_cut)


@pytest.mark.parametrize(
    ("url", "query", "result"),
    [
        ("http://x/a", {}, "http://x/a"),
        ("http://x/a", None, "http://x/a"),
        ("http://x/a", {"q": "a b&c"}, "http://x/a?q=a%20b%26c"),
        ("http://x/a?z=1", {"q": 1}, "http://x/a?z=1&q=1"),
        ("http://x/a#part", {"q": 1.5}, "http://x/a?q=1.5"),
        ("http://x/a", {"q": [1, "b", True]}, "http://x/a?q=1&q=b&q=true"),
        ("http://x/a", {"q": None, "r": False}, "http://x/a?r=false"),
        ("http://x/a", {"q": []}, "http://x/a"),
        ("http://x/a", {"ü": "ß"}, "http://x/a?%C3%BC=%C3%9F"),
    ],
)
def test_query_parameters_are_added_to_the_url(url: str, query: JsonValue, result: str) -> None:
    assert url_with_query(url, query) == result


@pytest.mark.parametrize("query", ["a=1", [1], {"q": {"a": 1}}, {"q": [[1]]}, {"q": [None]}, {"q": "\ud800"}])
def test_a_query_that_is_not_flat_is_refused(query: JsonValue) -> None:
    with pytest.raises(MalformedInput):
        url_with_query("http://x/", query)


def test_headers_become_texts() -> None:
    given: JsonValue = {"X-A": "t", "X-B": 1, "X-C": True, "X-D": None, "X-E": ["a", 2]}

    assert header_texts(given) == {"x-a": "t", "x-b": "1", "x-c": "true", "x-e": "a, 2"}
    assert header_texts(None) == {}


@pytest.mark.parametrize("headers", ["a: b", [], {"x": {"a": 1}}])
def test_headers_that_are_no_object_of_texts_are_refused(headers: JsonValue) -> None:
    with pytest.raises(MalformedInput):
        header_texts(headers)


@pytest.mark.parametrize(
    ("body", "content_type", "sent", "sent_type"),
    [
        ({"a": 1}, None, b'{"a":1}', "application/json"),
        ([], None, b"[]", "application/json"),
        (None, None, b"null", "application/json"),
        (2**70, None, b"1180591620717411303424", "application/json"),
        ({"a": 1}, "application/vnd.api+json", b'{"a":1}', "application/vnd.api+json"),
        ("hé", None, "hé".encode(), "text/plain; charset=utf-8"),
        ("<a/>", "application/xml", b"<a/>", "application/xml"),
        ("a=1", FORM, b"a=1", FORM),
        ({"a": [1, 2], "b": "x y"}, FORM, b"a=1&a=2&b=x%20y", FORM),
        ({"a": 1}, f"{FORM}; charset=utf-8", b"a=1", f"{FORM}; charset=utf-8"),
    ],
)
def test_a_body_is_sent_as_its_type_says(
    body: JsonValue, content_type: str | None, sent: bytes, sent_type: str
) -> None:
    assert encode_body(body, content_type) == (sent, sent_type)


@pytest.mark.parametrize(("body", "content_type"), [({"a": {}}, FORM), ("\ud800", None), ({"a": "\ud800"}, None)])
def test_a_body_that_cannot_be_sent_is_refused(body: JsonValue, content_type: str | None) -> None:
    with pytest.raises(MalformedInput):
        encode_body(body, content_type)


def test_basic_credentials_are_encoded() -> None:
    assert basic_credentials("Aladdin", "open sesame") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    with pytest.raises(MalformedInput):
        basic_credentials("a:b", "c")


@pytest.mark.parametrize(
    ("body", "content_type", "value"),
    [
        (b"", "application/json", None),
        (b"", None, None),
        (b'{"a": 12345678901234567890123}', "application/json", {"a": 12345678901234567890123}),
        (b'\xef\xbb\xbf{"a":1}', "application/json; charset=utf-8", {"a": 1}),
        (b'["\xe9"]', "application/json; charset=iso-8859-1", ["é"]),
        (b"[1]", "application/problem+json", [1]),
        (b"[1]", "text/plain", "[1]"),
        ("é".encode("latin-1"), "text/html; charset=latin-1", "é"),
        (b"\xff", "text/plain; charset=nonsense", "\ufffd"),
        (b"<a/>", "image/svg+xml", "<a/>"),
        (b"plain", None, "plain"),
        (b"\xff\x00", None, "/wA="),
        (b"abc", "application/octet-stream", "YWJj"),
        (b"abc", "image/png", "YWJj"),
    ],
)
def test_a_response_body_is_read_as_its_type_says(body: bytes, content_type: str | None, value: JsonValue) -> None:
    assert decode_body(response(body, content_type)) == value


@pytest.mark.parametrize("body", [b'{"half": ', b"NaN", b"\xff", b'"\\ud800"', b"[" * 100_000])
def test_json_that_is_none_is_an_error(body: bytes) -> None:
    with pytest.raises(MalformedBody):
        decode_body(response(body, "application/json"))


def test_an_excerpt_is_parsed_when_short_and_cut_when_long() -> None:
    assert excerpt_of(response(b'{"a":1}', "application/json"), characters=10) == {"a": 1}
    assert excerpt_of(response(b'{"a":"long"}', "application/json"), characters=5) == '{"a":'
    assert excerpt_of(response(b'{"a":', "application/json"), characters=10) == '{"a":'
    assert excerpt_of(response(b'{"a":1}', "application/json", is_cut=True), characters=10) == '{"a":1}'
    assert excerpt_of(response(b""), characters=10) is None
