"""The dependencies: what is imported is declared, what is declared is imported, and each has its line."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.metadata import packages_distributions
from itertools import chain
from typing import Any

import pytest

from tests.repository import ROOT

PRODUCT = ("actors", "domain", "example_service", "graphql_api", "persistence", "stepgraph")
BESIDE = ("benchmarks", "tests")
NOT_IMPORTED = {"tzdata"}  # Python reads it
OF_PEERS = {"dbos"}  # `make bench-peers` installs it into an environment of its own
_NAME = re.compile(r"[\w.-]+")


@cache
def project() -> Any:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def names(requirements: Iterable[str]) -> set[str]:
    """The distributions that requirements name, in the spelling of PEP 503."""
    return {spelled(found[0]) for each in requirements if (found := _NAME.match(each))}


def spelled(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def of_the_product() -> set[str]:
    declared = project()["project"]
    return names([*declared["dependencies"], *chain(*declared["optional-dependencies"].values())])


def of_developers() -> set[str]:
    return names(chain(*project()["dependency-groups"].values()))


@cache
def imported(folder: str) -> set[str]:
    """The modules of other projects that a folder imports, by their first name."""
    found: set[str] = set()
    for file in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                found.update(alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return found - {*PRODUCT, *BESIDE, *OF_PEERS} - sys.stdlib_module_names


def distributions(modules: Iterable[str]) -> set[str]:
    known = packages_distributions()
    return {spelled(known.get(module, [module])[0].removesuffix("-binaries")) for module in modules}


@pytest.mark.parametrize("folder", PRODUCT)
def test_what_the_product_imports_is_declared(folder: str) -> None:
    assert distributions(imported(folder)) <= of_the_product()


@pytest.mark.parametrize("folder", BESIDE)
def test_what_is_imported_beside_the_product_is_declared(folder: str) -> None:
    assert distributions(imported(folder)) <= of_the_product() | of_developers()


def test_what_the_product_declares_is_imported() -> None:
    used = set().union(*(distributions(imported(folder)) for folder in PRODUCT))
    assert of_the_product() == used | NOT_IMPORTED


def test_every_dependency_has_its_line_on_the_page() -> None:
    page = (ROOT / "docs" / "decisions" / "0011-dependencies.md").read_text()
    rows = "\n".join(re.findall(r"^\| ([^|]+) \|", page, re.MULTILINE))
    assert [name for name in sorted(of_the_product() | of_developers()) if name not in rows] == []


def test_every_name_that_is_kept_from_the_search_for_dead_code_still_occurs() -> None:
    text = "".join(file.read_text() for folder in PRODUCT for file in (ROOT / folder).rglob("*.py"))
    words = " ".join(set(re.findall(r"\w+", text)))
    kept = [name.replace("*", r"\w+") for name in project()["tool"]["vulture"]["ignore_names"]]
    assert [name for name in kept if not re.search(rf"\b{name}\b", words)] == []
