"""The data directory of `dev`: shut to others, also where it was open before; a sentence where it cannot be used."""

import os
import stat
from pathlib import Path

import pytest

from domain.kernel.errors import Conflict
from stepgraph.cli.processes.development import encryption_keys_of
from stepgraph.processes.data_directory import open_privately, prepare_data_directory
from stepgraph.settings import load_settings


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_directory_is_its_owners_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        prepare_data_directory(tmp_path / "a" / "data")
        os.close(open_privately(tmp_path / "a" / "data" / "valkey.log"))
        encryption_keys_of(load_settings(data_dir=tmp_path / "a" / "data"))
    finally:
        os.umask(before)

    assert mode(tmp_path / "a" / "data") == 0o700
    assert {path.name: mode(path) for path in (tmp_path / "a" / "data").iterdir()} == {
        "valkey.log": 0o600,
        "encryption.key": 0o600,
    }


def test_a_directory_that_was_open_before_is_shut_with_the_files_in_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o755)
    for name in ("lock", "postgres.log", "valkey.log", "initdb.log", "example-service.log", "encryption.key"):
        (data / name).touch(mode=0o644)

    prepare_data_directory(data)

    assert mode(data) == 0o700
    assert {mode(path) for path in data.iterdir()} == {0o600}


def test_a_directory_with_other_things_in_it_stays_as_open_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").touch(mode=0o644)
    (tmp_path / "valkey.log").touch(mode=0o644)
    tmp_path.chmod(0o755)

    prepare_data_directory(tmp_path)

    assert (mode(tmp_path), mode(tmp_path / "holiday.jpg"), mode(tmp_path / "valkey.log")) == (0o755, 0o644, 0o600)


@pytest.mark.parametrize("place", ["file/data", "file", "link/data"])
def test_a_directory_that_cannot_be_made_is_a_sentence_with_the_next_thing_to_try(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("link")

    with pytest.raises(Conflict, match=r"cannot be used: .*--data-dir"):
        prepare_data_directory(tmp_path / place)


def test_a_directory_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    directory = Path("/proc/self") if os.geteuid() == 0 else tmp_path
    tmp_path.chmod(0o500)

    with pytest.raises(Conflict, match=r"cannot be used: .*--data-dir"):
        prepare_data_directory(directory)


def test_a_key_that_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "encryption.key").mkdir()

    with pytest.raises(Conflict, match="cannot be used: Is a directory"):
        encryption_keys_of(load_settings(data_dir=tmp_path))
