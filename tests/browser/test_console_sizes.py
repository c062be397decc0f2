"""The size of the console as it was built, compressed as browsers are sent it."""

import gzip
import os
import re
from pathlib import Path

import pytest

from graphql_api.playground import STATIC_FILES

CONSOLE = STATIC_FILES / "console"
_IMPORTED = re.compile(r'(?:from|import)"\./([\w.-]+\.js)"')


@pytest.fixture(autouse=True)
def built() -> None:
    """The built console; without it there is nothing to weigh."""
    if not (CONSOLE / "index.html").is_file():
        (pytest.fail if os.environ.get("CI") else pytest.skip)("The console is not built: run make console")


@pytest.mark.parametrize("page", ["Overview", "Executions"])
def test_the_first_page_is_small(page: str) -> None:
    styles = set((CONSOLE / "assets").glob(f"{page}-*.css"))

    assert weight(first_page() | with_imports(asset(page, ".js")) | styles) <= 180_000


def test_the_page_of_a_run_adds_little_and_loads_its_graph_when_that_is_opened() -> None:
    page = with_imports(asset("Run", ".js")) - first_page()
    names = {file.name.partition("-")[0] for file in page}
    styles = {file for file in (CONSOLE / "assets").glob("*.css") if file.name.partition("-")[0] in names}

    assert weight(page | styles) <= 90_000
    assert asset("Graph", ".js") not in page


def test_the_editor_adds_no_more_than_it_may_and_is_loaded_when_it_is_opened() -> None:
    editor = with_imports(asset("Editor", ".js")) - first_page()
    names = {file.name.partition("-")[0] for file in editor}
    styles = {file for file in (CONSOLE / "assets").glob("*.css") if file.name.partition("-")[0] in names}

    assert weight(editor | styles) <= 220_000
    for page in ("Overview", "Executions", "Run", "Workflow", "Workflows"):
        assert asset("Editor", ".js") not in with_imports(asset(page, ".js"))


def first_page() -> set[Path]:
    """The files that the page itself names, and what these import."""
    named = re.findall(r"assets/[\w.-]+\.(?:js|css)", (CONSOLE / "index.html").read_text())
    return set().union(*(with_imports(CONSOLE / name) for name in named))


def with_imports(file: Path) -> set[Path]:
    """A file and all that it imports at once, not only when it is needed."""
    found: set[Path] = set()
    left = [file]
    while left:
        each = left.pop()
        if each not in found:
            found.add(each)
            left += [each.parent / name for name in _IMPORTED.findall(each.read_text())]
    return found


def asset(name: str, suffix: str) -> Path:
    [found] = (CONSOLE / "assets").glob(f"{name}-*{suffix}")
    return found


def weight(files: set[Path]) -> int:
    """The bytes of all of them, compressed."""
    return sum(len(gzip.compress(file.read_bytes())) for file in files)
