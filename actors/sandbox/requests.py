"""Requests to a sandbox child as bytes, and the problems that it answers with."""

from collections.abc import Mapping
from datetime import datetime
from typing import cast

from actors.sandbox.child import CHECK, COMPILE, EVALUATE, REQUEST
from domain.expressions.expression import Expression
from domain.kernel.errors import Problem
from domain.kernel.json.text import JsonValue, dumps, loads
from domain.sandbox.shares import SchemaTooCostly

_MAX_SEED = 2**63 - 1
_MAX_DATA = 4 * 2**20


def evaluate_request(expression: Expression, data: Mapping[str, JsonValue], now: datetime, seed: int) -> bytes:
    """The request to evaluate an expression. Raises `ExpressionError` where the data are not JSON, or too large."""
    try:
        text = dumps(data).encode()
        if len(text) > _MAX_DATA:
            text = dumps(expression.pruned(data, through_arrays=True)).encode()
    except ValueError as error:
        raise expression.failed(f"its data are {error}") from error
    if len(text) > _MAX_DATA:
        raise expression.too_costly(f"it reads {len(text):,} bytes of data; {_MAX_DATA:,} are allowed.")
    return _request(EVALUATE, expression.source, text, round(now.timestamp() * 1000), seed & _MAX_SEED)


def schema_request(schema: JsonValue, value: JsonValue) -> bytes:
    """The request to check a value against a schema. Raises `SchemaTooCostly` where it is not JSON, or too large."""
    try:
        source, text = dumps(schema), dumps(value).encode()
    except ValueError as error:
        raise SchemaTooCostly(f"it is {error}") from error
    if len(text) > _MAX_DATA:
        raise SchemaTooCostly(f"it has {len(text):,} bytes; {_MAX_DATA:,} are allowed.")
    return _request(CHECK, source, text)


def compile_request(schema: JsonValue) -> bytes:
    """The request to compile a schema. Raises `SchemaTooCostly` where it is not JSON."""
    try:
        return _request(COMPILE, dumps(schema), b"")
    except ValueError as error:
        raise SchemaTooCostly(f"it is {error}") from error


def read_problems(text: bytes) -> list[Problem]:
    """The problems that `actors.sandbox.work` has listed."""
    listed = cast("list[tuple[list[str], str, str | None]]", loads(text))
    return [Problem(path=tuple(path), message=message, hint=hint) for path, message, hint in listed]


def _request(kind: bytes, source: str, data: bytes, now: int = 0, seed: int = 0) -> bytes:
    encoded = source.encode()
    return REQUEST.pack(kind, len(encoded) + len(data), now, seed, len(encoded)) + encoded + data
