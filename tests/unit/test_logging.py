"""Log lines: what is in them, and what must not be."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from stepgraph.logging import configure_logging
from stepgraph.settings import LogFormat

PASSWORD = "a-password-" + "0123456789"
CHANGED = (None, "uvicorn", "uvicorn.error", "uvicorn.access", "dramatiq", "tortoise", "asyncio")


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """Logging is afterwards as it was before."""
    loggers = [logging.getLogger(name) for name in CHANGED]
    before = [(logger, logger.handlers[:], logger.level, logger.propagate) for logger in loggers]
    yield
    for logger, handlers, level, propagate in before:
        logger.handlers[:], logger.propagate = handlers, propagate
        logger.setLevel(level)
    structlog.reset_defaults()


def read(password: str) -> int:
    """Fails with its argument in a local variable."""
    return int("no number", base=len(password))


@pytest.mark.parametrize("format", [LogFormat.JSON, LogFormat.CONSOLE])
def test_a_traceback_shows_where_it_failed_and_no_local_variables(
    format: LogFormat, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging("INFO", format)

    try:
        read(PASSWORD)
    except ValueError:
        logging.getLogger("stepgraph.test").exception("it failed")

    shown = capsys.readouterr().err
    assert "invalid literal" in shown
    assert PASSWORD not in shown


def test_a_line_is_json_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", LogFormat.AUTO)

    logging.getLogger("stepgraph.test").info("%s is here", "somebody", extra={"path": "a"})

    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["level"], line["path"]) == ("somebody is here", "info", "a")
    assert line["timestamp"].endswith("Z")
