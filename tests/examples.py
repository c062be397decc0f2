"""The examples, and the command that each says it is run by."""

import re
import shlex
from pathlib import Path

from tests.repository import ROOT

EXAMPLES = ROOT / "examples"
SERVICE = "http://127.0.0.1:8765"
"""The address of the example service that `stepgraph dev` runs."""


def command_of(file: Path) -> list[str]:
    """The words of the command in the first lines of an example."""
    comment = "\n".join(line.removeprefix("#").strip() for line in file.read_text().splitlines() if line[:1] == "#")
    found = re.search(r"^stepgraph run (?:.*\\\n)*.*$", comment, re.MULTILINE)
    assert found is not None, f"{file.name} does not say how it is run"
    return shlex.split(found[0].replace("\\\n", " "))
