"""Secrets: which of them a document reads, and that their values are found however they are written."""

import base64
import html
import json
import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

import pytest

from domain.secrets.mask import MASK, SecretMask
from domain.secrets.model import MAX_VALUE_BYTES, SecretRecord, secrets_named_in, value_problems

VALUE = 'pä$$ word/+"<&>:%~'
MASKED = SecretMask([VALUE])


@pytest.mark.parametrize(
    "written",
    [
        VALUE,
        quote(VALUE),
        quote(VALUE, safe=""),
        re.sub("%..", lambda escape: escape[0].lower(), quote(VALUE, safe="")),
        quote_plus(VALUE),
        urlencode({"a": VALUE}),
        json.dumps({"a": VALUE}),
        json.dumps({"a": VALUE}, ensure_ascii=False),
        html.escape(VALUE),
        VALUE.join("ab"),
    ],
)
def test_a_value_is_masked_however_it_is_written(written: str) -> None:
    shown = MASKED.text(f"401: {written}!")
    assert MASK in shown
    assert shown.startswith("401: ")
    assert shown.endswith("!")
    assert "word" not in shown


@pytest.mark.parametrize("before", ["", "a", "ab", "abc", "user:", "some other user:"])
@pytest.mark.parametrize("after", ["", "c", "cd"])
def test_nothing_of_a_value_can_be_read_out_of_base64(before: str, after: str) -> None:
    shown = MASKED.text(base64.b64encode(f"{before}{VALUE}{after}".encode()).decode())
    assert MASK in shown
    left = "".join(shown.split(MASK))
    decoded = base64.b64decode(left[: len(left) // 4 * 4]).decode(errors="replace") if len(left) > 3 else ""
    assert "word" not in decoded


def test_the_credentials_of_basic_authentication_and_of_oauth2_are_masked() -> None:
    for password in (VALUE, quote_plus(VALUE)):
        sent = base64.b64encode(f"ada:{password}".encode()).decode()
        assert SecretMask([VALUE]).text(sent) != sent
        assert base64.b64encode(password.encode()[:9]).decode() not in SecretMask([VALUE]).text(sent)


def test_the_beginning_of_a_value_is_masked_where_a_text_was_cut() -> None:
    for length in range(4, len(VALUE)):
        assert MASKED.text(f"said {VALUE[:length]}") == f"said {MASK}"
    assert MASKED.text(f"{VALUE[:6]} in the middle") == f"{VALUE[:6]} in the middle"


@pytest.mark.parametrize("quoted", ["9<999:9<", "9%3C999:9%3C", "9%3c999%3a9%3c", "9%3C999%3A9<"])
def test_a_value_that_ends_as_it_begins_is_masked_whole_at_the_end_of_a_text(quoted: str) -> None:
    assert SecretMask(["9<999:9<"]).text(f"/hooks/{quoted}") == f"/hooks/{MASK}"


def test_a_piece_that_ends_as_its_value_begins_is_masked_whole_at_the_end_of_a_text() -> None:
    assert SecretMask(["abcdxxabcd/zz"]).text("/hooks/abcdxxabcd") == f"/hooks/{MASK}"


@pytest.mark.parametrize("read", ["k;1a;2b", "k;1a;2b/c=3&d4", "c=3&d4"])
def test_the_parts_that_a_receiver_may_read_of_a_value_in_a_url_are_masked(read: str) -> None:
    assert SecretMask(["k;1a;2b/c=3&d4?e"]).text(f"asked for <{read}>") == f"asked for <{MASK}>"


def test_a_huge_value_is_masked_where_only_its_beginning_is_left() -> None:
    huge = "ab" * (MAX_VALUE_BYTES // 2)
    assert SecretMask([huge]).text(f"Bearer {huge[:2000]}") == f"Bearer {MASK}"


def test_a_value_that_holds_another_goes_as_a_whole() -> None:
    assert SecretMask(["secret-1", "secret-1-long"]).text("secret-1-long, secret-1") == f"{MASK}, {MASK}"


def test_an_output_without_a_value_is_the_very_same_object() -> None:
    output: Any = {"status": 200, "body": [{"id": "word"}]}
    assert MASKED.output(output) is output


def test_a_value_is_masked_wherever_it_is_in_an_output() -> None:
    output: Any = {"a": [VALUE, {VALUE: f"Bearer {VALUE}"}, 1, None, True], "b": json.dumps([VALUE])}
    assert MASKED.output(output) == {"a": [MASK, {MASK: f"Bearer {MASK}"}, 1, None, True], "b": f'["{MASK}"]'}


@pytest.mark.parametrize("body", [json.dumps([VALUE]), json.dumps(json.dumps(VALUE)), f"key={quote(VALUE)}", VALUE])
def test_a_value_is_found_in_a_text_within_an_output(body: str) -> None:
    assert MASKED.hides({"body": body})
    assert "word" not in str(MASKED.output({"body": body}))


def test_a_slash_may_be_written_as_some_do_in_json() -> None:
    assert SecretMask(["abcd/efgh"]).output(["{abcd\\/efgh}"]) == [f"{{{MASK}}}"]


def test_headers_that_hold_a_value_are_named() -> None:
    assert MASKED.names_of({"x-key": f"Key {VALUE}", "accept": "*/*"}) == {"x-key"}


def test_a_number_that_is_a_value_is_masked() -> None:
    assert SecretMask(["12345678"]).output([12345678, 1234567, 123456789]) == [MASK, 1234567, 123456789]


def test_a_short_value_stays_in_outputs_and_leaves_errors() -> None:
    mask = SecretMask(["admin"])
    assert mask.output({"role": "admin"}) == {"role": "admin"}
    assert mask.text("admin is unknown") == f"{MASK} is unknown"
    assert mask.shown({"body": ["admin"]}) == {"body": [MASK]}


def test_a_mask_of_nothing_changes_nothing() -> None:
    assert SecretMask([]).text("as it is") == "as it is"
    assert SecretMask([]).output(["as it is"]) == ["as it is"]


@pytest.mark.parametrize(
    ("document", "names"),
    [
        ("{{ secrets.a }}", {"a"}),
        ("Bearer {{secrets.a}}{{ secrets . `b` }}", {"a", "b"}),
        ({"x": ["{{ secrets.a }}", {"y": "{{ input.secrets.b }}"}]}, {"a"}),
        (r"\{{ secrets.a }}", set()),
        ("secrets.a", set()),
        ("{{ secrets.a", set()),
        ("{{ secrets }}", set()),
        ({"secrets.a": 1, "b": None}, set()),
    ],
)
def test_the_secrets_that_a_document_reads_are_found(document: Any, names: set[str]) -> None:
    assert secrets_named_in(document) == names


def test_a_value_has_a_size_and_is_not_quoted_where_it_is_refused() -> None:
    assert value_problems("ä" * (MAX_VALUE_BYTES // 2)) == []
    for refused in ("", "ä" * (MAX_VALUE_BYTES // 2) + "b", "half \ud800"):
        [problem] = value_problems(refused)
        assert problem.path == ("value",)
        assert not refused or refused not in problem.message


def test_a_record_does_not_show_what_is_sealed() -> None:
    now = datetime(2030, 1, 1, tzinfo=UTC)
    assert "sealed" not in repr(SecretRecord(name="a", sealed=b"x", created_at=now, updated_at=now))
