"""Workflow documents from files, and their problems at the lines on which they stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from domain.kernel.json.text import JsonValue
from stepgraph.cli.kit.exit_codes import read_documents

if TYPE_CHECKING:
    from stepgraph.cli.kit.document_lines import DocumentLines

SUFFIXES = frozenset({".yaml", ".yml", ".json"})


@dataclass(frozen=True, slots=True)
class Document:
    """A document, the file that it was read from, and the lines of its members; None where these are not known."""

    value: JsonValue
    file: Path | None = None
    lines: DocumentLines | None = None

    def place(self, path: Iterable[str]) -> str:
        """`orders.yaml:12` for a member, `orders.yaml` without its lines, nothing without a file."""
        if self.file is None:
            return ""
        return str(self.file) if self.lines is None else f"{self.file}:{self.lines.of(path)}"


def read_workflows(file: Path) -> list[Document]:
    """The documents in a YAML or JSON file. Leaves with exit code 2 where it cannot be read."""
    from stepgraph.cli.kit.document_lines import lines_in

    values = read_documents(file)
    lines = lines_in(file.read_text(encoding="utf-8"))
    if len(lines) != len(values):
        return [Document(value, file) for value in values]
    return [Document(value, file, where) for value, where in zip(values, lines, strict=True)]


def told_problems(document: Document, problems: Iterable[Mapping[str, Any]]) -> str:
    """Each problem on a line that editors and CI understand, `file:line: where: what`, its hint below it."""
    lines: list[str] = []
    for problem in problems:
        path = problem["path"]
        step = f" (step {problem['stepId']})" if problem.get("stepId") else ""
        parts = [document.place(path), f"{'.'.join(path) or 'document'}{step}", problem["message"]]
        lines.append(": ".join(part for part in parts if part))
        if problem.get("hint"):
            lines.append(f"    {problem['hint']}")
    return "\n".join(lines)
