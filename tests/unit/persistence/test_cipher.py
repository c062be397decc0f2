"""Encryption at rest: what opens a sealed text, and what does not."""

import base64

import pytest

from domain.kernel.errors import Unavailable, Undecipherable
from persistence.postgres.secrets.cipher import AesGcmCipher, NoCipher
from stepgraph.composition import cipher_of
from stepgraph.settings import InvalidSettings, load_settings

OLD, NEW = bytes(32), bytes(range(32))
CIPHER = AesGcmCipher([OLD])


def test_what_was_sealed_is_opened_for_its_purpose() -> None:
    sealed = CIPHER.encrypt(b"s3cret", purpose="secret 'a'")
    assert b"s3cret" not in sealed
    assert CIPHER.decrypt(sealed, purpose="secret 'a'") == b"s3cret"


def test_the_same_text_never_looks_the_same_twice() -> None:
    assert CIPHER.encrypt(b"s3cret", purpose="a") != CIPHER.encrypt(b"s3cret", purpose="a")


def test_a_sealed_text_opens_for_no_other_purpose() -> None:
    sealed = CIPHER.encrypt(b"s3cret", purpose="secret 'a'")
    with pytest.raises(Undecipherable, match="The secret 'b' cannot be decrypted"):
        CIPHER.decrypt(sealed, purpose="secret 'b'")


def test_a_change_of_any_byte_is_noticed() -> None:
    sealed = CIPHER.encrypt(b"s3cret", purpose="a")
    for position in range(len(sealed)):
        changed = bytearray(sealed)
        changed[position] ^= 1
        with pytest.raises(Undecipherable):
            CIPHER.decrypt(bytes(changed), purpose="a")


@pytest.mark.parametrize("length", [0, 1, 5, 16, 17, 32])
def test_what_was_cut_off_is_not_opened(length: int) -> None:
    sealed = CIPHER.encrypt(b"s3cret", purpose="a")
    with pytest.raises(Undecipherable):
        CIPHER.decrypt(sealed[:length], purpose="a")


def test_a_text_of_another_version_is_not_opened() -> None:
    sealed = CIPHER.encrypt(b"s3cret", purpose="a")
    with pytest.raises(Undecipherable):
        CIPHER.decrypt(b"\x02" + sealed[1:], purpose="a")


def test_after_a_rotation_old_texts_open_and_new_ones_need_the_new_key() -> None:
    both = AesGcmCipher([NEW, OLD])
    assert both.decrypt(CIPHER.encrypt(b"old", purpose="a"), purpose="a") == b"old"
    with pytest.raises(Undecipherable):
        CIPHER.decrypt(both.encrypt(b"new", purpose="a"), purpose="a")


def test_a_text_is_sealed_anew_under_the_newest_key_and_only_once() -> None:
    both = AesGcmCipher([NEW, OLD])
    resealed = both.resealed(CIPHER.encrypt(b"s3cret", purpose="a"), purpose="a")
    assert AesGcmCipher([NEW]).decrypt(resealed, purpose="a") == b"s3cret"
    assert both.resealed(resealed, purpose="a") is resealed


def test_what_a_lost_key_has_sealed_cannot_be_sealed_anew() -> None:
    with pytest.raises(Undecipherable):
        AesGcmCipher([NEW]).resealed(CIPHER.encrypt(b"s3cret", purpose="a"), purpose="a")


def test_without_a_key_nothing_is_sealed_and_the_way_out_is_named() -> None:
    with pytest.raises(Unavailable, match=r"STEPGRAPH_ENCRYPTION_KEYS is not set.*`stepgraph encryption-key`"):
        NoCipher().encrypt(b"s3cret", purpose="secret 'a'")
    with pytest.raises(Undecipherable):
        NoCipher().decrypt(CIPHER.encrypt(b"s3cret", purpose="a"), purpose="a")


def test_the_first_key_of_the_settings_seals_and_all_of_them_open(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = ",".join(base64.b64encode(key).decode() for key in (NEW, OLD))
    monkeypatch.setenv("STEPGRAPH_ENCRYPTION_KEYS", keys)
    settings = load_settings()
    cipher = cipher_of(settings)
    assert cipher.decrypt(CIPHER.encrypt(b"old", purpose="a"), purpose="a") == b"old"
    assert AesGcmCipher([NEW]).decrypt(cipher.encrypt(b"new", purpose="a"), purpose="a") == b"new"
    assert all(base64.b64encode(key).decode() not in repr(settings) for key in (NEW, OLD))


@pytest.mark.parametrize("keys", ["abc", "not base64!", "AAAA", base64.b64encode(NEW).decode() + ",", "=" * 44])
def test_what_is_no_key_is_said_without_being_shown(keys: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEPGRAPH_ENCRYPTION_KEYS", keys)
    with pytest.raises(InvalidSettings, match="STEPGRAPH_ENCRYPTION_KEYS must be keys of 32 bytes") as caught:
        load_settings()
    assert keys not in str(caught.value)


def test_without_the_setting_there_is_no_cipher(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STEPGRAPH_ENCRYPTION_KEYS", raising=False)
    assert isinstance(cipher_of(load_settings()), NoCipher)
