"""What the command line shows: executions and their steps as tables, live while they run; or plain JSON."""

import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from pydantic import TypeAdapter
from rich.console import Console, Group, RenderableType
from rich.json import JSON
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from domain.json_text import JsonValue, dumps

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
_ID_WIDTH = 29
_MOST_STEPS_OF_A_LOOP = 12
_DURATION = TypeAdapter(timedelta)
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
    seconds = _DURATION.validate_python(text).total_seconds()
    if seconds < 60:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def printable(text: str) -> str:
    """A text of anybody's without what a terminal would obey: other colours, the cursor set back, text reversed."""
    return _OBEYED.sub("�", text)


def plain(text: str, style: str = "") -> Text:
    """A text of anybody's as it is: nothing in it is markup, for names and messages may have brackets."""
    return Text(printable(text), style=style)


def say(sentence: str, style: str = "") -> None:
    """Print a line as it is."""
    console.print(plain(sentence, style), soft_wrap=True)


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """Rows of values under headings, nothing cut off, and nothing taken for markup."""
    shown = Table(box=None, padding=(0, 2, 0, 0))
    for heading in headings:
        shown.add_column(plain(heading), header_style="dim", overflow="fold")
    for row in rows:
        shown.add_row(*(value if isinstance(value, Text) else plain(str(value)) for value in row))
    return shown


def steps_table(steps: Iterable[Row]) -> Table:
    """The step executions, one a line; those inside a loop with many of them are counted in one."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("step", header_style="dim", overflow="fold")  # a path that is cut off says nothing
    for heading in ("type", "status", "attempts", "took", ""):
        table.add_column(heading, header_style="dim")
    shown = list(steps)
    counts = _counts_of_long_loops(shown)
    for step in shown:
        loop = _loop_of(step)
        if loop in counts:
            if (count := counts[loop]) is not None:
                table.add_row(f"{loop}[…]", "", count)
                counts[loop] = None  # once is enough
            continue
        table.add_row(
            plain(step["path"]),
            Text(step["type"], style="dim"),
            status(step["status"]),
            str(len(step["attempts"])),
            duration(step["duration"]),
            Text(printable(_remark(step)), style="dim", overflow="ellipsis", no_wrap=True),
        )
    return table


def _loop_of(step: Row) -> str | None:
    """The path of the outermost loop that a step is in."""
    path, bracket, _ = str(step["path"]).partition("[")
    return path if bracket else None


def _counts_of_long_loops(steps: Iterable[Row]) -> dict[str | None, Text | None]:
    """For each loop with many step executions how many of them have which status."""
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
    """What a step waits for, or why it failed."""
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
    head = Table.grid(padding=(0, 2))
    head.add_column()
    head.add_column(no_wrap=True, min_width=_ID_WIDTH)
    head.add_row(
        plain((execution.get("workflow") or {}).get("name") or "orchestration", style="bold"),
        status(execution["status"]),
        ProgressBar(total=100, completed=progress["percent"], width=24),
        f"{int(progress['percent'])} %",
        _counts(progress),
    )
    return Group(head, plain(f"{execution['id']}  {_waiting(execution)}".rstrip(), style="dim"), "", steps_table(steps))


def _counts(progress: Row) -> Text:
    """How many steps have COMPLETED of those that are known, and how many have failed: `✔ 399 / 1,000  ✘ 2`."""
    sign, style = _LOOKS["COMPLETED"]
    counts = Text(f"{sign} {progress['completed']:,} / {progress['total']:,}", style=style)
    if progress["failed"]:
        sign, style = _LOOKS["FAILED"]
        counts.append(f"  {sign} {progress['failed']:,}", style=style)
    return counts


def executions_table(executions: Iterable[Row]) -> Table:
    """Executions, one a line."""
    table = Table(box=None, padding=(0, 1, 0, 0))
    table.add_column("id", header_style="dim", no_wrap=True, min_width=_ID_WIDTH)  # people copy it
    table.add_column("workflow", header_style="dim", overflow="ellipsis", no_wrap=True)
    for heading in ("status", "created", "took"):
        table.add_column(heading, header_style="dim", no_wrap=True)
    for execution in executions:
        table.add_row(
            execution["id"],
            plain((execution.get("workflow") or {}).get("name") or ""),
            status(execution["status"]),
            execution["createdAt"][5:16].replace("T", " "),
            duration(execution["duration"]),
        )
    return table


def moment(text: str | None) -> str:
    """A time of the API as people read it, to the second; nothing where there is none."""
    return "" if text is None else text[:19].replace("T", " ")
