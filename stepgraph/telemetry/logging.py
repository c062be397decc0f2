"""Logs: one line an event, JSON or for a terminal; whatever uvicorn, Dramatiq and others log comes out alike."""

import asyncio
import logging
import os
import sys

import structlog
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import EventDict, Processor, WrappedLogger

from domain.webhooks.hook_mask import without_addresses
from stepgraph.settings import LogFormat
from stepgraph.telemetry.log_writing import QueuedStreamHandler

PROCESS_VARIABLE = "STEPGRAPH_PROCESS"
"""The environment variable by which a supervisor names its processes, so that their lines can be told apart."""

# Without the values of local variables, which may well be secrets; and plain: one in frames, with the source around
# each line, takes sixteen times as long, and the event loop stands still for it.
_CONSOLE_TRACEBACKS = structlog.dev.plain_traceback
_JSON_TRACEBACKS = structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False))

_QUIET = {
    "uvicorn.access": logging.WARNING,
    "tortoise": logging.WARNING,
    "asyncio": logging.WARNING,
    # At lower levels these write what is sent and received: addresses, headers with keys, messages.
    "uvicorn.error": logging.INFO,
    "websockets": logging.INFO,
    "httpx": logging.WARNING,
    "httpcore": logging.INFO,
    "aiohttp": logging.INFO,
    "strawberry": logging.INFO,
    "dramatiq": logging.INFO,
    "redis": logging.INFO,
}


def configure_logging(level: str, format: LogFormat) -> None:
    """Route every log line of this process through one formatter, to standard error."""
    is_console = format is LogFormat.CONSOLE or (format is LogFormat.AUTO and sys.stderr.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        _drop_color_message,
        _ProcessName(os.environ.get(PROCESS_VARIABLE)),
    ]
    final: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if is_console:
        is_coloured = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
        final.append(structlog.dev.ConsoleRenderer(colors=is_coloured, exception_formatter=_CONSOLE_TRACEBACKS))
    else:
        final += [_JSON_TRACEBACKS, structlog.processors.JSONRenderer()]
    handler = QueuedStreamHandler(sys.stderr)
    handler.addFilter(is_no_clients_doing)
    handler.setFormatter(_WithoutAddresses(foreign_pre_chain=shared, processors=final))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "dramatiq"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    for name, least in _QUIET.items():
        logging.getLogger(name).setLevel(max(least, logging.getLevelName(level)))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


class _WithoutAddresses(structlog.stdlib.ProcessorFormatter):
    """Masks the addresses of hooks, wherever they come from: a message, an exception's text, a library's line."""

    def format(self, record: logging.LogRecord) -> str:
        """The line as it is written."""
        return without_addresses(super().format(record))


_SERVERS = ("uvicorn", "strawberry", "asyncio", "websockets", "starlette")
"""The loggers that tell of clients."""
_GONE = frozenset({"ClientDisconnect", "ClientDisconnected", "WebSocketDisconnect", "WebSocketDisconnected"})
"""The names of the exceptions that Starlette, Strawberry and uvicorn raise when a client has gone."""
_OF_CLIENTS = (
    "connection open",
    "connection closed",
    "ASGI callable returned without completing",
    "ASGI callable returned without sending",
    "Invalid UTF-8 sequence received from client",
    '%s - "WebSocket %s"',
)


def is_no_clients_doing(record: logging.LogRecord) -> bool:
    """False for a server's line that only says that a client came, went, or was gone while it was answered.

    A server has thousands of such clients.
    """
    if not record.name.startswith(_SERVERS):
        return True
    error = record.exc_info[1] if record.exc_info else None
    return not (_is_a_client_gone(error) or str(record.msg).startswith(_OF_CLIENTS))


def _is_a_client_gone(error: BaseException | None) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return all(_is_a_client_gone(each) for each in error.exceptions)
    return isinstance(error, ConnectionError | asyncio.CancelledError) or type(error).__name__ in _GONE


class _ProcessName:
    """Adds the process's name to every line, where it has one."""

    def __init__(self, name: str | None) -> None:
        self._name = name

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        if self._name:
            event.setdefault("process", self._name)
        return event


def _drop_color_message(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Drop the coloured copy of the message that uvicorn adds to every line."""
    event.pop("color_message", None)
    return event
