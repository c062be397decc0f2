"""Reports of measurements by kind: a table for people, and a file for each request that cost too much."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from tests.abuse.attack import SMALL, Attack

_HEADS = ("kind", "sent", "median", "< 10 kB", "< 1 MB", "sandbox", "database", "silence", "beside", "memory", "left")
_UNITS = ("", "", "ms", "ms", "ms", "ms", "ms", "ms", "ms", "MB", "MB")


@dataclass
class Row:
    """All requests of a kind: milliseconds of processor time, megabytes of memory."""

    name: str
    small: list[float] = field(default_factory=list)
    large: list[float] = field(default_factory=list)
    children: float = 0.0
    postgres: float = 0.0
    silence: float = 0.0
    beside: float | None = None
    """For kinds of executions: the longest wall time that a plain execution took beside them."""
    peak: float = 0.0
    left: float = 0.0

    def add(self, attack: Attack, own: float, children: float, postgres: float) -> None:
        """Count a request, in seconds."""
        (self.small if len(attack.wire) < SMALL else self.large).append(own * 1000)
        self.children = max(self.children, children * 1000)
        self.postgres = max(self.postgres, postgres * 1000)

    @property
    def cells(self) -> tuple[str, ...]:
        """The row as it is printed. A kind that has no small or no large request has a dash there."""
        every = [*self.small, *self.large]
        times = (median(every) if every else None, max(self.small, default=None), max(self.large, default=None))
        rest = (self.children, self.postgres, self.silence, self.beside, self.peak, self.left)
        return (self.name, str(len(every)), *("-" if each is None else f"{each:.0f}" for each in (*times, *rest)))


@dataclass
class Report:
    """All rows, and the folder that requests which were too costly are written to."""

    directory: Path
    seed: int
    slowness: float
    rows: list[Row] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def row(self, name: str) -> Row:
        """A new row; those before it are written down, for whoever waits."""
        self.directory.mkdir(parents=True, exist_ok=True)
        (self.directory / "table.txt").write_text("\n".join(self.lines()) + "\n")
        self.rows.append(Row(name))
        return self.rows[-1]

    def fault(self, name: str, attack: Attack | bytes, said: str) -> None:
        """Note a request that breaks the promise, and keep it to be sent again."""
        wire = attack if isinstance(attack, bytes) else attack.wire
        words = "".join(letter if letter.isalnum() else "-" for letter in name)
        file = self.directory / f"{len(self.faults):03}-{words}.bin"
        file.write_bytes(wire)
        self.faults.append(f"{name}: {said} ({len(wire):,} bytes: {file})")

    def must_be_kept(self, earlier: int) -> None:
        """Fail where there are more faults than so many."""
        assert len(self.faults) <= earlier, "\n".join(self.faults[earlier:])

    def lines(self) -> list[str]:
        """The table, and the faults below it."""
        head = f"seed {self.seed}, limits times {self.slowness:.2f} for this machine; the worst of each kind:"
        return [head, "", *table([_HEADS, _UNITS, *(row.cells for row in self.rows)]), "", *self.faults]


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows in columns: the first to the left, numbers to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in rows
    ]
