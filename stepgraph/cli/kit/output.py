"""Output of the command line: tables of executions and steps, redrawn while they run; or plain JSON."""

import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.json import JSON
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from domain.kernel.json.text import JsonValue, dumps
from stepgraph.cli.kit.tables import Column, FittingTable

_UNWRAPPED = 1000
"""Characters of a line that goes to a program or into a file: one row of a table is one line there."""

console = Console(width=None if sys.stdout.isatty() else _UNWRAPPED)

_LOOKS = {
    "PENDING": ("·", "dim"),
    "RUNNING": ("▶", "cyan"),
    "WAITING": ("◔", "yellow"),
    "PAUSED": ("‖", "yellow"),
    "COMPLETED": ("✔", "green"),
    "FAILED": ("✘", "red"),
    "SKIPPED": ("↷", "dim"),
    "CANCELLED": ("⊘", "magenta"),
    "TIMED_OUT": ("⧖", "red"),
}
_OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_MOST_STEPS_OF_A_LOOP = 12
Row = Mapping[str, Any]


def print_json(value: JsonValue) -> None:
    """Plain JSON on standard output: indented for a terminal, one line for a pipe."""
    if console.is_terminal:
        console.print(JSON(dumps(value)))
    else:
        print(dumps(value))


def status(name: str) -> Text:
    """A status with its sign and colour."""
    sign, style = _LOOKS.get(name, ("?", ""))
    return Text(f"{sign} {name}", style=style)


def duration(text: str | None) -> str:
    """An ISO 8601 duration for people: `0.12 s`, `3 min 5 s`."""
    if text is None:
        return ""
    from domain.kernel.durations import parse_duration  # what a command that is only explained does without

    seconds = parse_duration(text).total_seconds()
    if seconds < 60:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def printable(text: str) -> str:
    """A text without control characters that a terminal would obey: colours, cursor movements, reversed text."""
    return _OBEYED.sub("�", text)


def plain(text: str, style: str = "") -> Text:
    """A text shown literally: brackets in names and messages are not read as markup."""
    return Text(printable(text), style=style)


def say(sentence: str, style: str = "") -> None:
    """Print a line as it is."""
    console.print(plain(sentence, style), soft_wrap=True)


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> FittingTable:
    """Rows of values under headings, nothing cut off, and nothing taken for markup. The first column is never left out.

    On a narrow terminal the last ones go first.
    """
    columns = [
        Column(printable(heading), rank=None if number == 0 else -number) for number, heading in enumerate(headings)
    ]
    return FittingTable(
        columns if len(columns) > 2 else [Column(printable(heading)) for heading in headings], _cells(rows)
    )


def _cells(rows: Iterable[Sequence[object]]) -> list[list[Text]]:
    return [[value if isinstance(value, Text) else plain(str(value)) for value in row] for row in rows]


_STEP_COLUMNS = (
    Column("step"),
    Column("type", rank=2),
    Column("status", whole=True),
    Column("attempts", rank=1),
    Column("took", rank=3),
)


def steps_table(steps: Iterable[Row]) -> FittingTable:
    """The step executions, one a line; those inside a loop with many of them are counted in one."""
    shown = list(steps)
    counts = _counts_of_long_loops(shown)
    rows: list[list[Text]] = []
    remarks: list[Text] = []
    for step in shown:
        loop = _loop_of(step)
        if loop in counts:
            if (count := counts[loop]) is not None:
                rows.append([plain(f"{loop}[…]"), Text(), count, Text(), Text()])
                remarks.append(Text())
                counts[loop] = None  # once is enough
            continue
        rows.append(
            [
                plain(step["path"]),
                Text(step["type"], style="dim"),
                status(step["status"]),
                Text(str(len(step["attempts"]))),
                Text(duration(step["duration"])),
            ]
        )
        remarks.append(plain(_remark(step), style="dim"))
    return FittingTable(_STEP_COLUMNS, rows, remarks)


def _loop_of(step: Row) -> str | None:
    """The path of the outermost loop that a step is in."""
    path, bracket, _ = str(step["path"]).partition("[")
    return path if bracket else None


def _counts_of_long_loops(steps: Iterable[Row]) -> dict[str | None, Text | None]:
    """The number of step executions in each status, for each loop that has many of them."""
    found: dict[str, Counter[str]] = {}
    for step in steps:
        if (loop := _loop_of(step)) is not None:
            found.setdefault(loop, Counter())[step["status"]] += 1
    return {
        loop: Text("  ").join(
            Text(f"{sign} {counter[name]:,}", style=style) for name, (sign, style) in _LOOKS.items() if counter[name]
        )
        for loop, counter in found.items()
        if counter.total() > _MOST_STEPS_OF_A_LOOP
    }


def _remark(row: Row) -> str:
    """The reason for which a step waits, or the error with which it failed; empty for any other step."""
    error = row.get("error")
    return _waiting(row) or (f"{error['code']}: {error['message']}" if error else "")


def _waiting(row: Row) -> str:
    reason = row.get("waitingFor")
    if not reason:
        return ""
    until = f"until {moment(reason['until'])}" if reason["until"] else None
    return " ".join(filter(None, (reason["kind"], reason["detail"], until)))


def execution_view(execution: Row, steps: Iterable[Row]) -> RenderableType:
    """An execution with its progress and its steps."""
    progress = execution["progress"]
    name = plain((execution.get("workflow") or {}).get("name") or "orchestration", style="bold")
    head = Table.grid(padding=(0, 2))
    head.add_column(no_wrap=True)
    head.add_column(min_width=8, max_width=24)
    head.add_column(no_wrap=True)
    head.add_column(no_wrap=True)
    head.add_row(
        status(execution["status"]),
        ProgressBar(total=100, completed=progress["percent"], width=None),
        f"{int(progress['percent'])} %",
        _counts(progress),
    )
    return Group(
        name, head, plain(f"{execution['id']}  {_waiting(execution)}".rstrip(), style="dim"), "", steps_table(steps)
    )


def _counts(progress: Row) -> Text:
    """Completed of all known steps, and failed ones if there are any: `✔ 399 / 1,000  ✘ 2`."""
    sign, style = _LOOKS["COMPLETED"]
    counts = Text(f"{sign} {progress['completed']:,} / {progress['total']:,}", style=style)
    if progress["failed"]:
        sign, style = _LOOKS["FAILED"]
        counts.append(f"  {sign} {progress['failed']:,}", style=style)
    return counts


_EXECUTION_COLUMNS = (
    Column("id", whole=True),  # people copy it
    Column("workflow", rank=3, least=12),
    Column("status", whole=True),
    Column("created", rank=2, whole=True),
    Column("took", rank=1, whole=True),
)


def executions_table(executions: Iterable[Row]) -> FittingTable:
    """Executions, one a line."""
    rows = (
        (
            execution["id"],
            (execution.get("workflow") or {}).get("name") or "",
            status(execution["status"]),
            execution["createdAt"][5:16].replace("T", " "),
            duration(execution["duration"]),
        )
        for execution in executions
    )
    return FittingTable(_EXECUTION_COLUMNS, _cells(rows))


def moment(text: str | None) -> str:
    """A time of the API as people read it, to the second; nothing where there is none."""
    return "" if text is None else text[:19].replace("T", " ")
