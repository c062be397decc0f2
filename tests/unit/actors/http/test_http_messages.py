"""JSON values as the parts of requests."""

from email import message_from_bytes
from email.policy import HTTP

import pytest

from actors.http.messages import MalformedInput, basic_credentials, encode_body, header_texts, url_with_query
from domain.kernel.json.text import JsonValue

FORM = "application/x-www-form-urlencoded"


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


def test_an_object_is_sent_in_parts_where_the_content_type_says_so() -> None:
    body: JsonValue = {"name": "Ada", "age": 36, "tags": ["a", "b"], "none": None, "meta": {"x": [1]}}
    sent, content_type = encode_body(body, "multipart/form-data")

    message = message_from_bytes(b"content-type: " + content_type.encode() + b"\r\n\r\n" + sent, policy=HTTP)
    parts = [
        (part.get_param("name", header="content-disposition"), part.get_content_type(), part.get_payload())
        for part in message.iter_parts()
    ]
    assert parts == [
        ("name", "text/plain", "Ada"),
        ("age", "text/plain", "36"),
        ("tags", "text/plain", "a"),
        ("tags", "text/plain", "b"),
        ("meta", "application/json", '{"x":[1]}'),
    ]


def test_the_parts_of_a_form_are_the_same_bytes_at_every_attempt_and_its_boundary_is_in_none_of_them() -> None:
    body: JsonValue = {"text": "--stepgraph-0\r\n--"}

    assert encode_body(body, "multipart/form-data") == encode_body(body, "multipart/form-data")
    assert encode_body(body, "multipart/form-data; boundary=abc")[1] == "multipart/form-data; boundary=abc"
    with pytest.raises(MalformedInput, match="boundary"):
        encode_body({"text": "--abc"}, "multipart/form-data; boundary=abc")


def test_a_text_in_parts_is_sent_as_it_is() -> None:
    assert encode_body("--x\r\n", "multipart/form-data; boundary=x") == (b"--x\r\n", "multipart/form-data; boundary=x")
