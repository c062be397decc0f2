"""Drawings of an execution by the command line."""

import io
from typing import Any

import pytest
from rich.console import Console

from stepgraph.cli.kit.output import execution_view, plain, steps_table, table


def a_step(path: str, status: str = "COMPLETED") -> dict[str, Any]:
    return {"path": path, "type": "HTTP_REQUEST", "status": status, "attempts": [{"number": 1}], "duration": "PT0.5S"}


def lines_of(*steps: dict[str, Any]) -> list[str]:
    """The lines of the table, without its head."""
    text = io.StringIO()
    Console(width=160, file=text).print(steps_table(steps))
    return [" ".join(line.split()) for line in text.getvalue().splitlines()[1:]]


def test_every_step_has_its_line() -> None:
    assert lines_of(a_step("load"), a_step("load[0].store"), a_step("load[1].store", "RUNNING")) == [
        "load HTTP_REQUEST ✔ COMPLETED 1 0.50 s",
        "load[0].store HTTP_REQUEST ✔ COMPLETED 1 0.50 s",
        "load[1].store HTTP_REQUEST ▶ RUNNING 1 0.50 s",
    ]


def test_the_steps_of_a_long_loop_are_counted_in_one_line() -> None:
    inside = [a_step(f"load[{index}].store", "FAILED" if index < 3 else "COMPLETED") for index in range(1_500)]

    assert lines_of(a_step("load"), *inside, a_step("after")) == [
        "load HTTP_REQUEST ✔ COMPLETED 1 0.50 s",
        "load[…] ✔ 1,497 ✘ 3",
        "after HTTP_REQUEST ✔ COMPLETED 1 0.50 s",
    ]


@pytest.mark.parametrize(
    ("failed", "percent", "shown"),
    [(0, 39.99, "39 % ✔ 399 / 1,000"), (2, 99.99, "99 % ✔ 399 / 1,000 ✘ 2"), (0, 100.0, "100 % ✔ 399 / 1,000")],
)
def test_how_far_an_execution_is_is_said_in_steps(failed: int, percent: float, shown: str) -> None:
    progress = {"total": 1_000, "completed": 399, "failed": failed, "running": 20, "percent": percent}
    execution = {"id": "ex_1", "status": "RUNNING", "workflow": {"name": "load"}, "progress": progress}
    text = io.StringIO()

    Console(width=160, file=text).print(execution_view(execution, []))

    name, progress_line, *_ = text.getvalue().splitlines()
    assert name.strip() == "load"
    assert shown in " ".join(progress_line.split())


def test_what_anybody_has_written_is_neither_markup_nor_obeyed_by_a_terminal() -> None:
    text = io.StringIO()
    Console(width=80, file=text, force_terminal=True, color_system=None).print(
        table(("[/b]", "2"), [("[red]a[/red] [/]", plain("x\x1b[2J\u202ey"))])
    )
    assert [line.split() for line in text.getvalue().splitlines()] == [
        ["[/b]", "2"],
        ["[red]a[/red]", "[/]", "x�[2J�y"],
    ]
