"""Tables that fit the terminal: on a narrow one the less important columns go, and long names break between words."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

_GAP = 2
_LEAST = 8
"""The least width in characters of a column that is made narrower."""

_WORDS = re.compile(r"[^\s./_:\-\]]*[\s./_:\-\]]*")
"""A piece of a path, a name or an address, with what separates it from the next."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column by its heading. The one with the lowest `rank` goes first where there is no room; None never goes.

    With `least`, a width, it is rather made narrower than left out, down to that. Where what is left is still too wide,
    columns that are not `whole` get narrower, the widest first.
    """

    heading: str
    rank: int | None = None
    whole: bool = False
    least: int | None = None


class FittingTable:
    """Rows under headings. `remarks` are lines about the rows, each on the right where it fits, else below its row."""

    def __init__(self, columns: Sequence[Column], rows: Sequence[Sequence[Text]], remarks: Sequence[Text] = ()) -> None:
        self._columns = columns
        self._rows = rows
        self._remarks = remarks or [Text()] * len(rows)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        widths = self._widths(options.max_width)
        shown = [number for number, width in enumerate(widths) if width]
        heading = [Text(self._columns[number].heading, style="dim") for number in shown]
        yield _line(heading, [widths[number] for number in shown])
        used = sum(widths[number] + _GAP for number in shown)
        is_beside = options.max_width - used >= min(24, max((remark.cell_len for remark in self._remarks), default=0))
        for row, remark in zip(self._rows, self._remarks, strict=True):
            cells = [list(wrapped(row[number], widths[number])) for number in shown]
            for index in range(max(map(len, cells))):
                parts = [cell[index] if index < len(cell) else Text() for cell in cells]
                line = _line(parts, [widths[number] for number in shown])
                if index == 0 and is_beside and remark:
                    line = Text.assemble(line, _cut(remark, options.max_width - used))
                line.rstrip()
                yield line
            if remark and not is_beside:
                yield from (Text.assemble("  ", part) for part in wrapped(remark, max(_LEAST, options.max_width - 2)))

    def _widths(self, room: int) -> list[int]:
        """The width of each column; 0 for one that is left out."""
        texts = [
            [Text(column.heading), *(row[number] for row in self._rows)] for number, column in enumerate(self._columns)
        ]
        widths = [max(text.cell_len for text in cells) for cells in texts]
        ranked = sorted((column.rank, number) for number, column in enumerate(self._columns) if column.rank is not None)
        for _, number in ranked:
            excess = _total(widths) - room
            if excess <= 0:
                break
            least = self._columns[number].least
            widths[number] = widths[number] - excess if least and widths[number] - excess >= least else 0
        flexible = [number for number, column in enumerate(self._columns) if not column.whole and widths[number]]
        while _total(widths) > room and any(widths[number] > _LEAST for number in flexible):
            widest = max(flexible, key=lambda number: widths[number])
            widths[widest] -= 1
        return widths


def wrapped(text: Text, width: int) -> Iterator[Text]:
    """The text in lines of at most `width`, broken after a separator; within a word only where it is longer."""
    start, position, lines = 0, 0, [text] if text.cell_len <= width else []
    if not lines:
        for piece in _WORDS.findall(text.plain):
            end = position + len(piece)
            if text[start:end].cell_len > width and position > start:
                lines.append(text[start:position])
                start = position
            while text[start:end].cell_len > width:
                lines.append(text[start : start + width])
                start += width
            position = end
        lines.append(text[start:])
    for line in lines:
        line.rstrip()
        yield line


def _line(cells: Sequence[Text], widths: Sequence[int]) -> Text:
    line = Text()
    for cell, width in zip(cells, widths, strict=True):
        line.append_text(cell)
        line.append(" " * (width - cell.cell_len + _GAP))
    return line


def _cut(text: Text, width: int) -> Text:
    cut = text.copy()
    cut.truncate(width, overflow="ellipsis")
    return cut


def _total(widths: Sequence[int]) -> int:
    return sum(width + _GAP for width in widths if width) - _GAP
