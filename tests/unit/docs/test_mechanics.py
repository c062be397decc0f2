"""Mechanics that many need are written once, where the page on architecture says."""

import re
from pathlib import Path

import pytest

from tests.repository import ROOT

PARTS = ("domain", "persistence", "actors", "graphql_api", "stepgraph")
TRACES = {
    "exponential back-off": (r"\*\* ?\(?(failures|attempt|tries)|uniform\(", {"domain/kernel/backoff.py"}),
    "tasks that are held until they end": (r"add_done_callback\(.*discard", {"domain/kernel/background_tasks.py"}),
    "errors that nobody is left to see": (r"^ +\w+\.exception\(\)$", {"domain/kernel/shared_lookups.py"}),
    "clients of Redis": (r"\bfrom_url\b|Redis\(", {"persistence/redis/clients.py"}),
    "subscriptions of Redis": (r"\.pubsub\(", {"persistence/redis/subscriber.py"}),
    "times as text": (
        r"\.isoformat\(",
        {"domain/kernel/times.py", "persistence/executions/json_codec.py"},  # the latter in orjson's own form
    ),
}


def sources() -> list[tuple[str, str]]:
    files = (file for part in PARTS for file in (ROOT / part).rglob("*.py"))
    return [(str(file.relative_to(ROOT)), file.read_text()) for file in files]


@pytest.mark.parametrize("mechanic", TRACES)
def test_a_mechanic_is_written_in_one_place(mechanic: str) -> None:
    trace, places = TRACES[mechanic]

    assert {name for name, text in sources() if re.search(trace, text, re.MULTILINE)} == places


def test_of_the_tests_one_module_reads_processor_time() -> None:
    """It knows what else a processor is busy with; `tests/abuse` measures other processes."""
    tests = ROOT / "tests"
    readers = {
        str(file.relative_to(tests))
        for file in tests.rglob("*.py")
        if re.search(r"\b(process|thread)_time", file.read_text())
    }

    assert {name for name in readers if not name.startswith("abuse/")} == {"costs.py"}


def test_the_page_on_architecture_names_the_place_of_each_mechanic() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    table = page.partition("| mechanic |")[2].partition("\n\n")[0]
    named = re.findall(r"`((?:domain|persistence)/[\w/]+\.py)(?:: (\w+))?`", table)

    assert {place for place, _ in named} >= {"domain/kernel/backoff.py", "persistence/redis/subscriber.py"}
    for place, what in named:
        assert what in (ROOT / Path(place)).read_text()
