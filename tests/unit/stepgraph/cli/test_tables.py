"""Tables on terminals of any width."""

import io

import pytest
from rich.console import Console
from rich.text import Text

from stepgraph.cli.kit.tables import Column, FittingTable, wrapped

COLUMNS = (Column("step"), Column("type", rank=2), Column("status", whole=True), Column("took", rank=1))
PATH = "choose.then.fetch_the_orders.loop[17].reserve_stock"


def drawn(width: int, *, remark: str = "") -> list[str]:
    """The lines of a table of one row."""
    text = io.StringIO()
    row = [Text(PATH), Text("HTTP_REQUEST"), Text("FAILED"), Text("1.50 s")]
    Console(width=width, file=text).print(FittingTable(COLUMNS, [row], [Text(remark)]))
    return [line.rstrip() for line in text.getvalue().splitlines()]


def test_everything_is_in_one_line_where_there_is_room() -> None:
    heading, row = drawn(140, remark="HTTP_STATUS: 503")

    assert heading.split() == ["step", "type", "status", "took"]
    assert row.split("  ")[0] == PATH
    assert row.endswith("HTTP_STATUS: 503")


def test_the_less_important_columns_go_first() -> None:
    assert drawn(76)[0].split() == ["step", "type", "status"]
    assert drawn(62)[0].split() == ["step", "status"]


@pytest.mark.parametrize("width", range(24, 60))
def test_a_path_breaks_between_its_words(width: int) -> None:
    lines = [line.removesuffix("FAILED").strip() for line in drawn(width)[1:]]

    assert "".join(lines) == PATH
    assert all(line[-1] in "._]" for line in lines[:-1])
    assert max(map(len, drawn(width))) <= width


@pytest.mark.parametrize("width", [20, 40, 60, 80, 100])
def test_why_a_step_failed_is_always_told(width: int) -> None:
    text = " ".join(" ".join(drawn(width, remark="HTTP_STATUS: the service answered 503")).split())

    assert "HTTP_STATUS: the service answered 503" in text.replace("HTTP_ STATUS", "HTTP_STATUS")


def test_a_word_that_is_longer_than_a_line_is_broken() -> None:
    assert [line.plain for line in wrapped(Text("x" * 25), 10)] == ["x" * 10, "x" * 10, "x" * 5]
