"""Media types: bodies of HTTP messages as JSON values."""

import pytest

from domain.kernel.http.media_types import MalformedBody, media_type, read_value
from domain.kernel.json.text import JsonValue


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
        (b'{"a":1}\n{"a":2}\n', "application/x-ndjson", '{"a":1}\n{"a":2}\n'),
        (b"a.b.c", "application/jwt", "a.b.c"),
        (b"a.b.c", "application/secevent+jwt", "a.b.c"),
        (b"a.b.c", "application/jose", "a.b.c"),
        (b'{"signatures":[]}', "application/jose+json", {"signatures": []}),
        (b"a,b", "application/csv", "a,b"),
        (b"{a: 1}", "application/json5", "{a: 1}"),
        (b'{"csp-report":{}}', "application/csp-report", {"csp-report": {}}),
        (b'{"a":1}', "application/x-json", {"a": 1}),
        (b'{"a":1}', "TEXT/X-JSON; charset=UTF-8", {"a": 1}),
        (b"a: 1", "application/openapi+yaml", "a: 1"),
        (b"select 1", "application/sql", "select 1"),
        ("\ufeffé".encode(), "text/plain", "é"),
        ("\ufeffé".encode("utf-16-le"), "text/plain", "é"),
        ('\ufeff{"a":"é"}'.encode("utf-16-be"), "application/json", {"a": "é"}),
    ],
)
def test_a_response_body_is_read_as_its_type_says(body: bytes, content_type: str | None, value: JsonValue) -> None:
    assert read_value(body, content_type or "") == value


@pytest.mark.parametrize("body", [b'{"half": ', b"NaN", b"\xff", b'"\\ud800"', b"[" * 100_000])
def test_json_that_is_none_is_an_error(body: bytes) -> None:
    with pytest.raises(MalformedBody):
        read_value(body, "application/json")


@pytest.mark.parametrize(
    "blanks", [b"", b" ", b"\r\n", b"\t \n", b"\xef\xbb\xbf", b"\xef\xbb\xbf \n", b"\xff\xfe \x00"]
)
def test_json_of_blanks_alone_is_null(blanks: bytes) -> None:
    assert read_value(blanks, "application/json") is None
    assert read_value(blanks, "application/problem+json; charset=utf-8") is None


def test_blanks_are_a_text_where_the_type_is_text() -> None:
    assert read_value(b" \n", "text/plain") == " \n"


def test_the_parameters_of_a_content_type_are_read_whatever_their_case_and_order() -> None:
    media = media_type('Multipart/Form-Data; Boundary="a b"; CHARSET=Latin-1')

    assert (media.name, media.boundary, media.charset) == ("multipart/form-data", "a b", "latin-1")
