"""Log lines: what is in them, and what must not be."""

import asyncio
import json
import logging
import subprocess
import sys
from collections.abc import Iterator

import pytest
import structlog

from stepgraph.settings import LogFormat
from stepgraph.telemetry.logging import configure_logging
from tests.costs import least_seconds

PASSWORD = "a-password-" + "0123456789"
CHATTY = ("uvicorn.error", "websockets", "httpx", "httpcore", "aiohttp", "strawberry", "dramatiq", "redis")
CHANGED = (None, "uvicorn", "uvicorn.access", "tortoise", "asyncio", *CHATTY)


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """Restores logging after the test."""
    loggers = [logging.getLogger(name) for name in CHANGED]
    before = [(logger, logger.handlers[:], logger.level, logger.propagate) for logger in loggers]
    yield
    for logger, handlers, level, propagate in before:
        logger.handlers[:], logger.propagate = handlers, propagate
        logger.setLevel(level)
    structlog.reset_defaults()


def written(capsys: pytest.CaptureFixture[str]) -> str:
    """The text on standard error, once all lines are written."""
    for handler in logging.getLogger().handlers:
        handler.flush()
    return capsys.readouterr().err


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

    shown = written(capsys)
    assert "invalid literal" in shown
    assert PASSWORD not in shown


def test_a_line_is_json_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", LogFormat.AUTO)

    logging.getLogger("stepgraph.test").info("%s is here", "somebody", extra={"path": "a"})

    line = json.loads(written(capsys))
    assert (line["event"], line["level"], line["path"]) == ("somebody is here", "info", "a")
    assert line["timestamp"].endswith("Z")


class ClientDisconnected(OSError):
    """A class with the name of uvicorn's."""


class WebSocketDisconnected(Exception):
    """A class with the name of Strawberry's."""


@pytest.mark.parametrize(
    "error",
    [
        ClientDisconnected(),
        WebSocketDisconnected(),
        ConnectionResetError(),
        BrokenPipeError(),
        asyncio.CancelledError(),
        BaseExceptionGroup("both", [ClientDisconnected(), asyncio.CancelledError()]),
    ],
)
@pytest.mark.parametrize("name", ["uvicorn.error", "strawberry.ws.task", "asyncio"])
def test_that_a_client_has_gone_is_no_news(name: str, error: BaseException, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", LogFormat.JSON)

    logging.getLogger(name).error("Exception in ASGI application", exc_info=error)
    logging.getLogger("uvicorn.error").info('%s - "WebSocket %s" [accepted]', "1.2.3.4", "/graphql")
    logging.getLogger("uvicorn.error").error("ASGI callable returned without completing handshake.")

    assert written(capsys) == ""


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("uvicorn.error", ValueError("a bug")),
        ("uvicorn.error", BaseExceptionGroup("both", [ClientDisconnected(), ValueError("a bug")])),
        ("actors.activations.pool", ConnectionResetError("of PostgreSQL")),
    ],
)
def test_what_went_wrong_here_is_news(name: str, error: BaseException, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", LogFormat.JSON)

    logging.getLogger(name).error("it failed", exc_info=error)

    assert json.loads(written(capsys))["exception"]


def test_a_bug_that_shows_when_a_client_goes_is_news(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", LogFormat.JSON)

    try:
        try:
            raise ClientDisconnected  # noqa: TRY301 - as a server would
        except ClientDisconnected:
            read("")
    except ValueError:
        logging.getLogger("uvicorn.error").exception("it failed")

    assert "invalid literal" in written(capsys)


def deep(levels: int) -> int:
    return read("") if levels == 0 else deep(levels - 1)


def test_a_traceback_on_a_terminal_costs_no_time_worth_mentioning(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", LogFormat.CONSOLE)
    logger = logging.getLogger("stepgraph.test")
    try:
        deep(40)
    except ValueError:
        spent = least_seconds(lambda: logger.exception("it failed"), enough=0.02, tries=20)

    assert "in deep" in written(capsys)
    assert spent < 0.02


UNREAD = """
import asyncio, logging
from stepgraph.telemetry.logging import configure_logging
from stepgraph.settings import LogFormat

async def main():
    for number in range(200):
        for line in range(100):
            logging.getLogger("stepgraph.test").info("%s", "x" * 1000)
        await asyncio.sleep(0)
    print("through", flush=True)

configure_logging("INFO", LogFormat.JSON)
asyncio.run(main())
"""


def test_nobody_who_reads_the_log_is_no_reason_to_stand_still() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", UNREAD], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        # 20 MB of lines are logged, and a pipe holds 64 kB of them: it is read only afterwards.
        assert process.stdout.readline() == "through\n"
        said = process.stderr.read()

    assert process.returncode == 0
    assert "log lines were left out" in said


def fail_at(url: str) -> None:
    raise OSError(f"nobody answers at {url}")


TOKEN = "AZrQv6s5cXm-3FQ1_x7yZkT0bWnH8dLpUe2GiJoKqRs4"


@pytest.mark.parametrize("format", [LogFormat.JSON, LogFormat.CONSOLE])
def test_addresses_of_hooks_are_masked_in_messages_tracebacks_and_what_is_told_besides(
    format: LogFormat, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging("DEBUG", format)
    logger = logging.getLogger("somebody.elses")

    logger.warning("POST %s", f"https://flows.example/hooks/{TOKEN}?name=approval")
    logger.warning("sent", extra={"url": f"https%3A%2F%2Fflows.example%2Fhooks%2F{TOKEN}"})
    try:
        fail_at(f"http://127.0.0.1:1/hooks/{TOKEN}")
    except OSError:
        logger.exception("it failed")

    shown = written(capsys)
    assert TOKEN not in shown
    assert "/hooks/***?name=approval" in shown
    assert "nobody answers at http://127.0.0.1:1/hooks/***" in shown


@pytest.mark.parametrize("name", CHATTY)
def test_libraries_do_not_write_what_is_sent_and_received(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("DEBUG", LogFormat.JSON)

    logging.getLogger(name).debug("> Authorization: Bearer %s", TOKEN)

    assert TOKEN not in written(capsys)
