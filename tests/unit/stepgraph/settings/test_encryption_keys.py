"""Keys that secrets are stored under: from the settings, and what happens without any."""

import base64
from pathlib import Path

import pytest

from domain.kernel.errors import Unavailable, Undecipherable
from stepgraph.cli.processes.development import encryption_keys_of
from stepgraph.composition import cipher_of
from stepgraph.settings import InvalidSettings, load_settings

OLD, NEW = (base64.b64encode(byte * 32).decode() for byte in (b"o", b"n"))


def test_the_first_key_encrypts_and_all_decrypt() -> None:
    before, after, at_last = (cipher_of(load_settings(encryption_keys=keys)) for keys in (OLD, f"{NEW}, {OLD}", NEW))
    sealed = before.encrypt(b"secret", purpose="test")
    assert after.decrypt(sealed, purpose="test") == b"secret"
    assert at_last.decrypt(after.encrypt(b"secret", purpose="test"), purpose="test") == b"secret"
    with pytest.raises(Undecipherable):
        at_last.decrypt(sealed, purpose="test")


@pytest.mark.parametrize("keys", ["secret", OLD[:-4], f"{OLD},", f"{OLD} {NEW}", base64.b64encode(b"x" * 33).decode()])
def test_what_is_no_key_of_32_bytes_is_refused(keys: str) -> None:
    with pytest.raises(InvalidSettings, match="STEPGRAPH_ENCRYPTION_KEYS must be keys of 32 bytes in base64"):
        load_settings(encryption_keys=keys)


def test_keys_are_not_shown() -> None:
    assert OLD not in repr(load_settings(encryption_keys=OLD))


def test_without_a_key_nothing_can_be_stored_and_it_says_what_to_set() -> None:
    cipher = cipher_of(load_settings())
    with pytest.raises(Unavailable, match="STEPGRAPH_ENCRYPTION_KEYS is not set"):
        cipher.encrypt(b"secret", purpose="test")
    with pytest.raises(Undecipherable):
        cipher.decrypt(b"anything", purpose="test")


def test_a_data_directory_keeps_the_key_that_was_made_for_it(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path)
    made = encryption_keys_of(settings)
    assert encryption_keys_of(settings) == made
    assert len(load_settings(encryption_keys=made).keys) == 1
    assert (tmp_path / "encryption.key").stat().st_mode & 0o077 == 0
    assert encryption_keys_of(load_settings(data_dir=tmp_path, encryption_keys=OLD)) == OLD
