"""Headers: those that may be sent, and those that come, as they are read."""

import pytest

from actors.http.failures import InvalidExchange
from actors.http.headers import request_headers, response_headers
from domain.kernel.failures import FailureCode


def test_given_headers_win_over_defaults_whatever_their_case() -> None:
    sent = request_headers({"user-agent": "stepgraph", "accept": "*/*"}, {"User-Agent": "mine", "X-A": "1"})

    assert sent == {"user-agent": "mine", "accept": "*/*", "x-a": "1"}


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\rb", "a\x00b", "a\x7fb", "\ud800"])
def test_a_value_that_could_end_a_header_early_is_refused(value: str) -> None:
    with pytest.raises(InvalidExchange) as caught:
        request_headers({}, {"x-a": value})

    assert caught.value.code is FailureCode.INVALID_REQUEST
    assert value not in str(caught.value)


@pytest.mark.parametrize("name", ["", "x a", "x:a", "x\r\ny", "ü", "x" * 300])
def test_what_is_not_a_header_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidExchange):
        request_headers({}, {name: "1"})


@pytest.mark.parametrize(
    "name",
    ["Host", "Content-Length", "Transfer-Encoding", "Connection", "Proxy-Authorization", "Upgrade", "TE", "Expect"],
)
def test_headers_that_frame_the_message_or_choose_its_receiver_are_refused(name: str) -> None:
    with pytest.raises(InvalidExchange, match="cannot be set"):
        request_headers({}, {name: "1"})


def test_too_many_headers_and_too_long_ones_are_refused() -> None:
    with pytest.raises(InvalidExchange):
        request_headers({}, {f"x-{number}": "1" for number in range(101)})
    with pytest.raises(InvalidExchange):
        request_headers({}, {"x-a": "1" * 20_000})


def test_a_value_may_hold_tabs_and_letters_of_any_language() -> None:
    assert request_headers({}, {"x-a": "é\t1"}) == {"x-a": "é\t1"}


def test_repeated_response_headers_but_cookies_are_joined_and_names_are_lower_case() -> None:
    raw = [(b"Set-Cookie", b"a=1"), (b"X-B", b"\xc3\xa9"), (b"set-cookie", b"b=2"), (b"X-C", b"\xe9")]

    assert response_headers([*raw, (b"X-B", b"2")]) == {"set-cookie": ["a=1", "b=2"], "x-b": "é, 2", "x-c": "é"}


def test_cookies_are_a_list_however_many_there_are() -> None:
    expires = b"a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT"

    assert response_headers([(b"Set-Cookie", expires)]) == {"set-cookie": [expires.decode()]}
    assert response_headers([(b"set-cookie", b"a=1")] * 3) == {"set-cookie": ["a=1"] * 3}
