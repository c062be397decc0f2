"""The directory that `dev` and `demo` keep their data in: usable, and for its owner alone."""

import os
import stat
import tempfile
from pathlib import Path

from domain.kernel.errors import Conflict

FOLDER_MODE = 0o700
FILE_MODE = 0o600

_OURS = ("lock", "postgres", "postgres.unfinished", "sockets", "encryption.key", "encryption.new")
_OUR_LOGS = ("postgres.log", "valkey.log", "initdb.log", "example-service.log")


def prepare_data_directory(directory: Path) -> None:
    """Make it where it is missing, shut others out of it and of the files in it, and see that it can be written.

    A directory that holds other things than ours is left as it is: its owner decides who may read those. Raises
    `Conflict` with the next thing to try.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
        if _is_ours(directory):
            directory.chmod(FOLDER_MODE)
        for path in directory.iterdir():
            _shut(path)
        with tempfile.TemporaryFile(dir=directory):
            pass
    except OSError as error:
        raise unusable(directory, error) from error


def unusable(directory: Path, error: OSError) -> Conflict:
    """The error for a data directory that cannot be used, with the reason and the next thing to try."""
    reason = error.strerror or str(error)
    return Conflict(
        f"The data directory {directory} cannot be used: {reason}. Choose another with --data-dir, or set"
        " STEPGRAPH_DATA_DIR."
    )


def open_privately(path: Path) -> int:
    """A descriptor that appends to a file, which is made for its owner alone."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
    os.fchmod(descriptor, FILE_MODE)
    return descriptor


def _is_ours(directory: Path) -> bool:
    """True when everything in the directory was put there by us."""
    return all(path.name in (*_OURS, *_OUR_LOGS) for path in directory.iterdir())


def _shut(path: Path) -> None:
    """Make a file of ours accessible to its owner alone."""
    if path.name in (*_OURS, *_OUR_LOGS) and stat.S_ISREG(path.lstat().st_mode):
        path.chmod(FILE_MODE)
