"""What the command line draws of an execution."""

import io
from typing import Any

from rich.console import Console

from stepgraph.commands.showing import problems_of, steps_table


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


PROBLEMS = [
    {"path": ["cron"], "message": "'61' is not right for the minute.", "hint": "It takes 0 to 59."},
    {"path": [], "message": "Nothing would ever start.", "hint": None},
]


def test_every_problem_has_its_place_and_its_hint() -> None:
    told = problems_of({"message": "This is no schedule.", "problems": PROBLEMS})
    assert told.splitlines() == [
        "This is no schedule.",
        "  cron: '61' is not right for the minute.",
        "      It takes 0 to 59.",
        "  (the whole): Nothing would ever start.",
    ]


def test_a_message_that_only_repeats_the_first_problem_is_left_out() -> None:
    message = "cron: '61' is not right for the minute. (and 1 more problem)"
    told = problems_of({"message": message, "problems": PROBLEMS})
    assert told.splitlines()[0] == "  cron: '61' is not right for the minute."
    assert problems_of({"message": "There is no schedule x."}) == "There is no schedule x."
