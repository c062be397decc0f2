"""Logs: one line an event, JSON or for a terminal; whatever uvicorn, Dramatiq and others log comes out alike."""

import logging
import os
import sys

import structlog
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import EventDict, Processor, WrappedLogger

from stepgraph.settings import LogFormat

PROCESS_VARIABLE = "STEPGRAPH_PROCESS"
"""The environment variable by which a supervisor names its processes, so that their lines can be told apart."""

# Without the values of local variables, which may well be secrets.
_CONSOLE_TRACEBACKS = structlog.dev.RichTracebackFormatter(show_locals=False)
_JSON_TRACEBACKS = structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False))

_QUIET = {"uvicorn.access": logging.WARNING, "tortoise": logging.WARNING, "asyncio": logging.WARNING}


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
        final.append(structlog.dev.ConsoleRenderer(exception_formatter=_CONSOLE_TRACEBACKS))
    else:
        final += [_JSON_TRACEBACKS, structlog.processors.JSONRenderer()]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=final))
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


class _ProcessName:
    """Adds the process's name to every line, where it has one."""

    def __init__(self, name: str | None) -> None:
        self._name = name

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        if self._name:
            event.setdefault("process", self._name)
        return event


def _drop_color_message(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """uvicorn says every line twice, once in colour."""
    event.pop("color_message", None)
    return event
