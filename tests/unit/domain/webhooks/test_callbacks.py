"""Hook tokens: only what was given out is understood, and as what it was given out."""

import base64
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.webhooks.hook_tokens import (
    CallbackHook,
    HookAddresses,
    SignalHook,
    WebhookHook,
    callback_token,
    read_hook_token,
    signal_token,
    webhook_token,
)

KEY = b"k" * 32
EXECUTION = UUID("01890000-0000-7000-8000-000000000001")


@given(st.uuids(), st.text(min_size=1, max_size=200).filter(lambda text: text.isprintable()))
def test_a_token_names_the_step_that_it_was_made_for(execution_id: UUID, path: str) -> None:
    assert read_hook_token(KEY, callback_token(KEY, execution_id, path)) == CallbackHook(execution_id, path)


def test_a_token_fits_into_a_path_of_a_url_as_it_is() -> None:
    token = callback_token(KEY, EXECUTION, "loop[17].choose.then.ask_somebody")

    assert token.replace("-", "").replace("_", "").isalnum()
    assert len(token) < 100


def test_a_token_is_the_same_each_time() -> None:
    assert callback_token(KEY, EXECUTION, "ask") == callback_token(KEY, EXECUTION, "ask")


def test_a_long_path_still_has_a_token() -> None:
    path = ".".join("a" * 64 for _ in range(20))

    assert read_hook_token(KEY, callback_token(KEY, EXECUTION, path)) == CallbackHook(EXECUTION, path)


def test_any_changed_character_makes_a_token_worthless() -> None:
    token = callback_token(KEY, EXECUTION, "ask")

    for index, character in enumerate(token):
        other = "A" if character != "A" else "B"
        assert read_hook_token(KEY, token[:index] + other + token[index + 1 :]) is None


def test_a_token_has_one_spelling() -> None:
    token = callback_token(KEY, EXECUTION, "ask")  # 35 bytes: two bits of its last character mean nothing

    others = [
        token[:-1] + character for character in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    ]
    assert [other for other in others if read_hook_token(KEY, other) is not None] == [token]


@pytest.mark.parametrize("key", [b"", b"other", b"k" * 31, b"k" * 100])
def test_a_token_of_another_installation_is_none_of_ours(key: bytes) -> None:
    assert read_hook_token(key, callback_token(KEY, EXECUTION, "ask")) is None


def test_a_key_may_be_longer_than_the_algorithm_takes() -> None:
    key = b"long" * 100

    assert read_hook_token(key, callback_token(key, EXECUTION, "ask")) == CallbackHook(EXECUTION, "ask")
    assert read_hook_token(key[:-1], callback_token(key, EXECUTION, "ask")) is None


@pytest.mark.parametrize(
    "token", ["", "A", "AAAA", "=", "a b", "ü", "A" * 42, "A" * 43, "A" * 100, "A" * 5000, "../x", "\x00"]
)
def test_garbage_is_no_token(token: str) -> None:
    assert read_hook_token(KEY, token) is None


def test_a_token_for_no_path_is_refused() -> None:
    assert read_hook_token(KEY, callback_token(KEY, uuid4(), "")) is None


@given(st.uuids())
def test_each_kind_of_token_names_what_it_was_made_for_and_nothing_of_another_kind(id: UUID) -> None:
    webhook, signals, callback = webhook_token(KEY, id), signal_token(KEY, id), callback_token(KEY, id, "ask")

    assert read_hook_token(KEY, webhook) == WebhookHook(id)
    assert read_hook_token(KEY, signals) == SignalHook(id)
    assert read_hook_token(KEY, callback) == CallbackHook(id, "ask")
    assert len({webhook, signals, callback}) == 3


@pytest.mark.parametrize("make", [webhook_token, signal_token])
def test_any_change_makes_a_token_of_any_kind_worthless(make: Callable[[bytes, UUID], str]) -> None:
    token = make(KEY, EXECUTION)

    for index, character in enumerate(token):
        other = "A" if character != "A" else "B"
        assert read_hook_token(KEY, token[:index] + other + token[index + 1 :]) is None
    for other in (token[:-1], token + "A", "A" + token, token[:22] + token, f"{token}=", token.lower()):
        assert read_hook_token(KEY, other) is None
    assert read_hook_token(b"another", token) is None


def test_a_path_that_is_no_path_never_comes_out_of_a_shortened_token() -> None:
    # Cut behind the UUID, a callback's token has the length of the other kinds, and another code.
    token = callback_token(KEY, EXECUTION, "a")
    content = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    cut = base64.urlsafe_b64encode(content[:32]).rstrip(b"=").decode()

    assert read_hook_token(KEY, cut) is None


def test_addresses_begin_where_others_reach_the_api() -> None:
    addresses = HookAddresses(KEY, "https://flows.example/api/")

    for address, hook in (
        (addresses.of_callback(EXECUTION, "ask"), CallbackHook(EXECUTION, "ask")),
        (addresses.of_webhook(EXECUTION), WebhookHook(EXECUTION)),
        (addresses.of_signals(EXECUTION), SignalHook(EXECUTION)),
    ):
        base, _, token = address.rpartition("/")
        assert base == "https://flows.example/api/hooks"
        assert read_hook_token(KEY, token) == hook
    assert addresses.of_signals(EXECUTION, "a b&c/ü") == f"{addresses.of_signals(EXECUTION)}?name=a%20b%26c%2F%C3%BC"
