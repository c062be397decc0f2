"""Rows without their large values: columns are NULL where a value is left out, beside its stored size.

`pg_column_size` looks at no value: a large one is stored beside its row and stays there. The stored form may be
compressed, a thousand times at worst, so a value that seems small is looked at. A value of JSON has at least the size
that it is stored in, save the few bytes in front of it; one of `jsonb` is stored in another form.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace

import asyncpg

from domain.executions.records import ExecutionRecord, StepRecord
from persistence.executions.large_values import share_of
from persistence.postgres.executions.rows.codec import (
    SMALL_EXECUTION_COLUMNS,
    SMALL_STEP_COLUMNS,
    execution_of,
    step_of,
)

_HEADER = 4
_NO_LIMIT = 2**31 - 1


def fields(*names: str) -> Mapping[str, str]:
    """Fields that may be left out, each with the column of its size."""
    return {name: f"{name}_size" for name in names}


EXECUTION_FIELDS = fields("input", "output", "error", "labels")
STEP_FIELDS = fields("attempts", "input", "output", "error")
CHANGE_FIELDS = fields("output", "error")


def most_of(rows: int, *, lean: bool) -> int:
    """The share of `rows` rows where they are read lean; otherwise more than any value has."""
    return share_of(rows) if lean else _NO_LIMIT


def lean_columns(table: str, *columns: str, most: str, prefix: str = "") -> str:
    """Columns whose values are left out where they have more than `most` bytes (a parameter of the statement)."""
    return ", ".join(
        f"CASE WHEN pg_column_size({table}.{name}) > {most} THEN NULL"
        f" WHEN octet_length({table}.{name}::text) > {most} THEN NULL"
        f" ELSE {table}.{name} END AS {prefix}{name}, pg_column_size({table}.{name}) AS {prefix}{name}_size"
        for name in columns
    )


def lean_execution_columns(most: str) -> str:
    """The columns that `lean_execution_of` reads."""
    return f"{SMALL_EXECUTION_COLUMNS}, {lean_columns('e', *EXECUTION_FIELDS, most=most)}, NULL AS signals"


def lean_step_columns(most: str) -> str:
    """The columns that `lean_step_of` reads."""
    return f"{SMALL_STEP_COLUMNS}, {lean_columns('s', *STEP_FIELDS, most=most)}"


def left_out_of(
    row: asyncpg.Record, sizes: Mapping[str, str], *, prefix: str = "", binary: Collection[str] = ("labels",)
) -> dict[str, int]:
    """The fields that a row has left out, with the fewest bytes of each.

    `sizes` are the `fields` that it may leave out; those of `jsonb` are in `binary`.
    """
    return {
        name: 0 if name in binary else max(0, size - _HEADER)
        for name, column in sizes.items()
        if (size := row[prefix + column]) is not None and row[prefix + name] is None
    }


def lean_execution_of(row: asyncpg.Record) -> ExecutionRecord:
    """The record of a row that selects `lean_execution_columns`."""
    left_out = left_out_of(row, EXECUTION_FIELDS)
    return replace(execution_of(row), left_out=left_out) if left_out else execution_of(row)


def lean_step_of(row: asyncpg.Record) -> StepRecord:
    """The record of a row that selects `lean_step_columns`."""
    left_out = left_out_of(row, STEP_FIELDS)
    return replace(step_of(row), left_out=left_out) if left_out else step_of(row)
