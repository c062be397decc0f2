"""The routes in CONTRIBUTING.md lead through files that exist, and through all that their examples are in."""

import re
from collections.abc import Iterator

import pytest

from tests.repository import ROOT

LAYERS = ("domain", "persistence", "actors", "graphql_api", "stepgraph")
ROUTES = {
    "A step kind": (r"\bVALIDATION\b|steps\.validation\b|step_inputs\.validation\b", 6),
    "A mutation": (r"\b(rotateWebhookSecret|rotate_webhook_secret)\b", 7),
    "A setting": (r"\bmax_signals\b", 3),
    "A column": (r"\b(catch_up_window|catchUpWindow)\b", 6),
}
"""The name of each route, what its example is found by, and its number of places."""


def route(name: str) -> str:
    """The section of a route."""
    page = (ROOT / "CONTRIBUTING.md").read_text()
    return page.partition(f"### {name}\n")[2].partition("\n##")[0]


def files_in(section: str) -> list[str]:
    """The files that a section names."""
    return re.findall(r"`([\w/]+/[\w/.-]+\.\w+)`", section)


def files_with(pattern: str) -> Iterator[str]:
    """The files of the code that have a match; what is generated of it is left out."""
    for layer in LAYERS:
        for file in sorted((ROOT / layer).rglob("*")):
            is_read = file.suffix == ".py" or file.name == "operations.graphql"
            if is_read and re.search(pattern, file.read_text()):
                yield str(file.relative_to(ROOT))


@pytest.mark.parametrize("name", ROUTES)
def test_every_file_of_a_route_exists(name: str) -> None:
    listed = files_in(route(name))

    assert listed
    assert [file for file in listed if not (ROOT / file).exists()] == []


@pytest.mark.parametrize("name", ROUTES)
def test_a_route_has_as_many_places_as_are_counted(name: str) -> None:
    assert len(re.findall(r"^\d+\. `", route(name), re.MULTILINE)) == ROUTES[name][1]


@pytest.mark.parametrize("name", ROUTES)
def test_the_example_of_a_route_is_nowhere_else(name: str) -> None:
    assert set(files_with(ROUTES[name][0])) <= set(files_in(route(name)))
