"""Reports of results: a table for people and JSON for programs."""

import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

from benchmarks.workload import CPU_PREFIX, AnyWorkload, Figures

_BEGIN, _END = "<!-- measured: begin -->", "<!-- measured: end -->"
_LIBRARIES = ("stepgraph", "strawberry-graphql", "dramatiq", "asyncpg", "aiohttp", "httpx", "uvloop", "redis")


def medians(rounds: Sequence[Figures]) -> dict[str, float]:
    """The median of each figure over the rounds."""
    return {figure: statistics.median(measured[figure] for measured in rounds) for figure in rounds[0]}


def machine() -> dict[str, Any]:
    """The date, the machine and the versions of the software that was measured."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": len(os.sched_getaffinity(0)),
        "processor": _processor(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: version for name in _LIBRARIES if (version := _version(name)) is not None},
    }


def print_table(results: Mapping[str, Sequence[Figures]], workloads: Sequence[AnyWorkload]) -> None:
    """A table for each workload: every figure's median, its rounds, and the target where it has one."""
    console = Console()
    for workload in workloads:
        rounds = results.get(workload.name)
        if not rounds:
            continue
        table = Table(title=f"{workload.name}: {workload.title}", title_justify="left", min_width=78)
        for heading in ("figure", "median", "rounds", "target"):
            table.add_column(heading, justify="left" if heading in ("figure", "target") else "right")
        targets = {target.figure: target for target in workload.targets}
        for figure, median in medians(rounds).items():
            target = targets.get(figure)
            verdict = "" if target is None else f"{target} {'reached' if target.is_met(median) else '[bold]missed[/]'}"
            shown = "  ".join(_number(measured[figure]) for measured in rounds)
            table.add_row(figure, _number(median), shown, verdict)
        console.print(table)


def write_json(
    path: Path, results: Mapping[str, Sequence[Figures]], workloads: Sequence[AnyWorkload], options: Mapping[str, Any]
) -> None:
    """Everything that was measured: the machine, the options, and every round."""
    document = {
        "machine": machine(),
        "options": dict(options),
        "workloads": {
            workload.name: {
                "title": workload.title,
                "median": medians(results[workload.name]),
                "rounds": [dict(measured) for measured in results[workload.name]],
                "targets": {target.figure: str(target) for target in workload.targets},
            }
            for workload in workloads
            if results.get(workload.name)
        },
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))


def update_document(
    path: Path, results: Mapping[str, Sequence[Figures]], workloads: Sequence[AnyWorkload], options: Mapping[str, Any]
) -> None:
    """Put these results between the two marks of a Markdown page. Raises `ValueError` where it has none."""
    before, begin, rest = path.read_text().partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"{path} has no {_BEGIN} and {_END}")
    path.write_text(f"{before}{begin}\n{_markdown(results, workloads, options)}\n{end}{after}")


def _markdown(
    results: Mapping[str, Sequence[Figures]], workloads: Sequence[AnyWorkload], options: Mapping[str, Any]
) -> str:
    where = machine()
    setting = f"{where['date'][:10]}, {where['cores']} cores ({where['processor']}), Python {where['python']}"
    lines = [
        f"{setting}, {options['workers']} worker processes, medians of {options['rounds']} rounds:",
        "",
        "| workload | figure | median | rounds | target |",
        "| --- | --- | ---: | --- | --- |",
    ]
    costs: dict[str, dict[str, float]] = {}
    for workload in workloads:
        if not results[workload.name]:
            continue
        targets = {target.figure: target for target in workload.targets}
        for figure, median in medians(results[workload.name]).items():
            if figure.startswith(CPU_PREFIX):
                costs.setdefault(workload.name, {})[figure.removeprefix(CPU_PREFIX)] = median
                continue
            shown = ", ".join(_number(measured[figure]) for measured in results[workload.name])
            lines.append(f"| {workload.name} | {figure} | {_number(median)} | {shown} | {targets.get(figure, '')} |")
    parts = sorted({part for cost in costs.values() for part in cost})
    lines += ["", f"| µs CPU a step | {' | '.join(parts)} | all |", f"| --- |{' ---: |' * (len(parts) + 1)}"]
    for name, cost in costs.items():
        cells = " | ".join(_number(cost.get(part, 0.0)) for part in parts)
        lines.append(f"| {name} | {cells} | {_number(sum(cost.values()))} |")
    return "\n".join(lines)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 20 else f"{value:.1f}"


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
