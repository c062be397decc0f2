"""Addresses of hooks are masked wherever they stand in what is shown, and nothing else is."""

import base64
import random
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kernel.ids import new_id
from domain.kernel.json.text import JsonText, JsonValue, dumps
from domain.webhooks.hook_mask import HookMask
from domain.webhooks.hook_tokens import HookAddresses, callback_token, signal_token, webhook_token
from tests.costs import least_seconds

KEY = b"k" * 32
MASK = HookMask(KEY)
ID = new_id()
TOKENS = [signal_token(KEY, ID), webhook_token(KEY, ID), callback_token(KEY, ID, "loop[17].ask.käse")]
URL = HookAddresses(KEY, "https://flows.example").of_signals(ID, "approval")


@pytest.mark.parametrize("token", TOKENS, ids=["signals", "webhook", "callback"])
@pytest.mark.parametrize(
    "place",
    [
        "%s",
        "https://flows.example/hooks/%s",
        "POST to https://flows.example/hooks/%s?name=a, please.",
        "https%3A%2F%2Fflows.example%2Fhooks%2F%s%3Fname%3Da",
        "https%253A%252F%252Fflows.example%252Fhooks%252F%s",
        '{"url":"https:\\/\\/flows.example\\/hooks\\/%s"}',
        "<a href='/hooks/%s'>\n%s</a>",
        "token: %s.",
        "two: %s %s",
        "hooks\\u002f%s and hooks\\x2f%s",
        "hooks=2F%s",
        "one line\\n%s\\nanother",
        "webhook_%s",
        "webhook_%s_of_it",
        "%s-%s",
    ],
)
def test_a_token_is_masked_wherever_it_stands(token: str, place: str) -> None:
    text = place.replace("%s", token)

    for value in (text, {"a": [{"b": text}]}, {text: 1}, [None, [text]]):
        masked = dumps(MASK.masked(value))
        assert token not in masked
        assert "***" in masked


def test_the_rest_of_an_address_stays() -> None:
    assert MASK.masked({"url": URL, "n": 1}) == {"url": "https://flows.example/hooks/***?name=approval", "n": 1}
    assert MASK.masked(quote(URL, safe="")) == "https%3A%2F%2Fflows.example%2Fhooks%2F***%3Fname%3Dapproval"


def test_what_is_left_of_a_token_where_a_text_was_cut_is_masked() -> None:
    for end in range(16, len(TOKENS[0]) + 1):
        assert MASK.masked(f"https://flows.example/hooks/{TOKENS[0][:end]}") == "https://flows.example/hooks/***"


@pytest.mark.parametrize("slash", ["/", "\\/", "%2f", "%252F", "=2F", "\\u002F", "\\x2f", "&#47;", "&#x2F;"])
def test_what_is_left_of_a_token_is_masked_behind_every_spelling_of_its_address(slash: str) -> None:
    assert (
        MASK.masked(f"https://flows.example/hooks{slash}{TOKENS[1][:20]}") == f"https://flows.example/hooks{slash}***"
    )


@pytest.mark.parametrize("end", ["", "…", "..."])
@pytest.mark.parametrize("token", TOKENS, ids=["signals", "webhook", "callback"])
def test_a_token_that_was_cut_behind_the_time_of_its_id_is_masked_at_the_end_of_a_text(token: str, end: str) -> None:
    for length in range(33, len(token)):
        assert MASK.masked(f"token: {token[:length]}{end}") == f"token: ***{end}"


@pytest.mark.parametrize("written", [base64.b64encode, base64.urlsafe_b64encode], ids=["base64", "base64url"])
@pytest.mark.parametrize("token", TOKENS, ids=["signals", "webhook", "callback"])
@pytest.mark.parametrize("before", ["", "a", "ab", "abc", '{"ü?>": "', "https://flows.example/hooks/"])
def test_base64_that_holds_a_token_is_masked_as_a_whole(
    written: Callable[[bytes], bytes], token: str, before: str
) -> None:
    encoded = written(f"{before}{token}?name=ä".encode()).decode()
    unpadded = encoded.rstrip("=")

    assert MASK.masked(encoded) == "***"
    assert MASK.masked({"body": f"data:;base64,{encoded}, and"}) == {"body": "data:;base64,***, and"}
    assert MASK.masked(JsonText(dumps([f"eyJ9.{unpadded}.x"]))) == ["eyJ9.***.x"]
    for shift in ("x", "xy", "xyz"):
        assert MASK.masked(shift + encoded) == "***"


def test_base64_that_holds_the_beginning_of_an_address_is_masked_as_a_whole() -> None:
    for before in ("", "a", "ab"):
        encoded = base64.b64encode(f"{before}hooks/{TOKENS[0][:16]}".encode()).decode()
        assert MASK.masked(encoded) == "***"
        assert MASK.masked(["", encoded]) == ["", "***"]


@given(st.binary(max_size=4000))
def test_base64_of_something_else_stays_as_it_is(content: bytes) -> None:
    value = {"body": base64.b64encode(content).decode()}

    assert MASK.masked(value) is value


def test_what_is_no_token_stays_as_it_is() -> None:
    others: list[JsonValue] = [
        "f" * 64,
        "A" * 43,
        signal_token(b"another key", ID),
        "ex_01h455vb4pex5vsknk084sn02q",
        "hooks/short",
        "é" * 99,
        str(ID),
        f"file_{ID}_{ID}",
        TOKENS[0][:40] + " is not the end",
        base64.b64encode(b"nothing of any hooks is in here, and in this neither: hooks/short").decode(),
        base64.b64encode(signal_token(b"another key", ID).encode()).decode(),
    ]
    value: JsonValue = {"list": others, "n": 12345678901234567890123, "f": 1.5, "t": True, "z": None}

    assert MASK.masked(value) == value


@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_values_without_tokens_are_the_same_object(value: object) -> None:
    assert MASK.masked(value) is value  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [{"hooks": None}, ["hooks/short"], JsonText('{"hooks": "A"}')])
def test_values_that_only_speak_of_hooks_are_the_same_object(value: "JsonValue | JsonText") -> None:
    assert MASK.masked(value) is value


@pytest.mark.parametrize(
    "hostile",
    [
        "A" * 4_000_000,
        "hooks%" + "25" * 1_000_000,
        "hooks/" * 600_000,
        ("f" * 64 + " ") * 60_000,
        (TOKENS[0] + "-") * 60_000,
        (TOKENS[0] + " ") * 60_000,
        "gnnggnnnn" * 440_000,
        "n" * 4_000_000,
        "AGGnnn" * 660_000,
        ("gnnggnnnn" * 11 + " ") * 40_000,
        (signal_token(b"another key", ID) + "A") * 90_000,
        (callback_token(b"another key", ID, "a" * 3000) + " ") * 950,
        "a" * 4_000_000,
        ("a" * 60 + " ") * 65_000,
        "aG9va3Mv" * 500_000,
        "A/" * 2_000_000,
        base64.b64encode(random.Random(1).randbytes(3_000_000)).decode(),
    ],
    ids=[
        "one run",
        "escapes",
        "addresses without tokens",
        "digests",
        "tokens in a run",
        "tokens",
        "suspects",
        "versions",
        "times",
        "short runs of suspects",
        "tokens of others",
        "callbacks of others",
        "letters that may be base64",
        "words that may be base64",
        "base64 of beginnings",
        "slashes",
        "base64",
    ],
)
def test_no_text_takes_long(hostile: str) -> None:
    assert least_seconds(lambda: MASK.masked({"a": hostile}), enough=1) < 1
