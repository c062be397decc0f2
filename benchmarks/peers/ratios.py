"""Ratios between what was measured in turns, as a table, as Markdown and as JSON."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson
from rich.console import Console
from rich.table import Table

from benchmarks.report import machine

_BEGIN, _END = "<!-- peers: begin -->", "<!-- peers: end -->"
OURS = "Stepgraph"

Rounds = Sequence[Mapping[str, Mapping[str, float]]]
"""What each contender's figures were, round by round; one that failed is missing from then on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One figure of one workload: the medians by contender, and the times that we are as fast as each peer."""

    workload: str
    figure: str
    medians: Mapping[str, float]
    speedups: Mapping[str, Sequence[float]]
    """By peer, of every round that both were measured in. 2 is twice as fast, whichever way the figure counts."""


def speedup(figure: str, ours: float, theirs: float) -> float:
    """Times that we are as fast: the quotient of two rates, and the inverse one of two times."""
    return ours / theirs if figure.endswith("/s") else theirs / ours


def compare(workload: str, rounds: Rounds) -> list[Comparison]:
    """Every figure of a workload. Only rounds that a contender was measured in count for it."""
    names = list(dict.fromkeys(name for each in rounds for name in each))
    figures = list(dict.fromkeys(figure for each in rounds for measured in each.values() for figure in measured))
    return [
        Comparison(
            workload=workload,
            figure=figure,
            medians={name: statistics.median(each[name][figure] for each in rounds if name in each) for name in names},
            speedups={
                name: values
                for name in names
                if name != OURS
                and (
                    values := [
                        speedup(figure, each[OURS][figure], each[name][figure])
                        for each in rounds
                        if name in each and OURS in each
                    ]
                )
            },
        )
        for figure in figures
    ]


def table_rows(comparisons: Sequence[Comparison], names: Sequence[str]) -> list[list[str]]:
    """Workload, figure, everybody's median, and for each peer the median of the ratios and their range."""
    peers = [name for name in names if name != OURS]
    return [
        [
            each.workload,
            each.figure,
            *(_number(each.medians.get(name)) for name in names),
            *(_ratio(each.speedups.get(name, ())) for name in peers),
        ]
        for each in comparisons
    ]


def headings(names: Sequence[str]) -> list[str]:
    """The headings of `table_rows`."""
    return ["workload", "figure", *names, *(f"times {name}" for name in names if name != OURS)]


def print_table(comparisons: Sequence[Comparison], names: Sequence[str]) -> None:
    """The table for people."""
    table = Table(title="Times as fast as each peer: median of the rounds (range)", title_justify="left")
    for number, heading in enumerate(headings(names)):
        table.add_column(heading, justify="left" if number < 2 else "right")
    for workload, *cells in table_rows(comparisons, names):
        table.add_row(workload.partition(":")[0], *cells)
    Console().print(table)


def write_json(
    path: Path, results: Mapping[str, Rounds], comparisons: Sequence[Comparison], options: Mapping[str, object]
) -> None:
    """Everything that was measured: the machine, the options, every round, and the ratios."""
    document = {
        "machine": machine(),
        "options": dict(options),
        "rounds": {name: [dict(each) for each in rounds] for name, rounds in results.items()},
        "times_as_fast": [
            {
                "workload": each.workload,
                "figure": each.figure,
                "medians": dict(each.medians),
                "rounds": {name: list(values) for name, values in each.speedups.items()},
                "median": {name: statistics.median(values) for name, values in each.speedups.items()},
            }
            for each in comparisons
        ],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))


def update_document(
    path: Path, comparisons: Sequence[Comparison], names: Sequence[str], versions: Mapping[str, str], rounds: int
) -> None:
    """Put the table between the two marks of a Markdown page. Raises `ValueError` where it has none."""
    before, begin, rest = path.read_text().partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"{path} has no {_BEGIN} and {_END}")
    path.write_text(f"{before}{begin}\n{markdown(comparisons, names, versions, rounds)}\n{end}{after}")


def markdown(comparisons: Sequence[Comparison], names: Sequence[str], versions: Mapping[str, str], rounds: int) -> str:
    """The table as Markdown, under a line that says where and with which versions it was measured."""
    where = machine()
    setting = f"{where['date'][:10]}, {where['cores']} cores ({where['processor']})"
    peers = ", ".join(f"{name} {version}" for name, version in versions.items())
    titles = headings(names)
    lines = [
        f"{setting}; {peers}; medians of {rounds} rounds in turns. The last columns say how many times as fast",
        "Stepgraph was, with the range of the rounds.",
        "",
        f"| {' | '.join(titles)} |",
        f"| --- | --- |{' ---: |' * (len(titles) - 2)}",
        *(f"| {' | '.join(row)} |" for row in table_rows(comparisons, names)),
    ]
    return "\n".join(lines)


def _ratio(values: Sequence[float]) -> str:
    if not values:
        return "failed"
    spread = f" ({min(values):.2f} to {max(values):.2f})" if len(values) > 1 else ""
    return f"{statistics.median(values):.2f}{spread}"


def _number(value: float | None) -> str:
    if value is None:
        return "failed"
    return f"{value:,.0f}" if value >= 20 else f"{value:.1f}"
