"""Step kinds of installed distributions: what is refused of them, and with which sentence."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from pkgutil import resolve_name

import pytest

from domain.kernel.errors import InvalidStepKind
from domain.workflows.steps.installed import installed_kinds
from domain.workflows.steps.kind import StepKind
from domain.workflows.steps.registry import SHIPPED
from tests.acceptance.distributions import install
from tests.repository import ROOT

HEAD = """
from domain.workflows.fields.types import TextTemplate
from domain.workflows.steps.for_each import ForEachConfig
from domain.workflows.steps.kind import Effect, StepConfig, StepKind

class Config(StepConfig):
    text: TextTemplate

class Kind(StepKind[Config]):
    name = "SAY"
    config = Config
    executor = "said:executor"
"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Path]:
    """A directory on the path of this process, for one test."""
    sys.path.insert(0, str(tmp_path / "site"))
    yield tmp_path
    sys.path.remove(str(tmp_path / "site"))
    for module in ("said", "shouting"):
        sys.modules.pop(module, None)


def found(site: Path, body: str, kinds: dict[str, str] | None = None) -> list[str]:
    """The names of the kinds of a distribution whose module ends with `body`."""
    install(site, module="said", source=f"{HEAD}{body}\n", kinds=kinds or {"SAY": "said:KIND"})
    return [kind.name for kind in installed_kinds({kind.name: kind for kind in SHIPPED})]


def test_a_kind_is_found_by_its_entry_point(site: Path) -> None:
    assert found(site, "KIND = Kind()") == ["SAY"]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("import missing_module", "cannot be loaded from said:KIND: ModuleNotFoundError: No module named"),
        ("KIND = Kind", "said:KIND is no instance of StepKind"),
        ("class Other(Kind):\n    name = 'SHOUT'\nKIND = Other()", "it calls itself 'SHOUT'"),
        ("class Other(Kind):\n    config = dict\nKIND = Other()", "its config is no subclass of StepConfig"),
        ("class Other(Kind):\n    config = ForEachConfig\nKIND = Other()", "only the kinds that ship hold steps"),
        ("class Other(Kind):\n    is_container = True\nKIND = Other()", "only the kinds that ship hold steps"),
        ("class Other(Kind):\n    effect = Effect.CHILD\nKIND = Other()", "only the kinds that ship start executions"),
        ("class Other(Kind):\n    executor = ''\nKIND = Other()", "'' does not name an object as module:name"),
        (
            "class Other(Kind):\n    graphql_input = 'Say'\nKIND = Other()",
            "'Say' does not name an object as module:name",
        ),
    ],
)
def test_a_kind_that_cannot_be_used_is_refused_with_the_reason(site: Path, body: str, sentence: str) -> None:
    with pytest.raises(InvalidStepKind) as refused:
        found(site, body)

    assert sentence in str(refused.value)
    assert "of said 1.0" in str(refused.value)
    assert "uninstall it" in str(refused.value)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("WAIT", "Stepgraph has one of that name"),
        ("say", "a name is at most 32 capital letters"),
        ("S" * 33, "a name is at most 32 capital letters"),
        ("SAY__IT", "a name is at most 32 capital letters"),
    ],
)
def test_a_name_is_free_and_one_that_graphql_can_have(site: Path, name: str, sentence: str) -> None:
    with pytest.raises(InvalidStepKind, match=sentence):
        found(site, f"class Other(Kind):\n    name = {name!r}\nKIND = Other()", {name: "said:KIND"})


def test_two_kinds_may_not_have_one_member_in_graphql(site: Path) -> None:
    body = "class A(Kind):\n    name = 'A_1'\nclass B(Kind):\n    name = 'A1'\nONE, TWO = A(), B()"
    with pytest.raises(InvalidStepKind, match="GraphQL would call it a1, as it does A1"):
        found(site, body, {"A1": "said:TWO", "A_1": "said:ONE"})


def test_the_kind_on_the_page_is_one_that_can_be_used(site: Path) -> None:
    page = (ROOT / "docs" / "step-kinds.md").read_text()
    [source] = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    [point] = re.findall(r'^SHOUT = "(.*)"$', page, re.MULTILINE)
    install(site, module="shouting", source=source, kinds={"SHOUT": point})

    [kind] = installed_kinds({kind.name: kind for kind in SHIPPED})

    assert list(kind.config.own_problems({"text": "LOUD"}))
    assert callable(resolve_name(kind.executor))
    template = kind.inputs(kind.config(text="{{ input }}", token="{{ secrets.megaphone }}"))
    assert template.secrets == {"megaphone"}


def test_the_page_tells_of_every_member_of_a_kind() -> None:
    page = (ROOT / "docs" / "step-kinds.md").read_text()
    section = page.partition("## The kind")[2].partition("## The executor")[0]
    told = set(re.findall(r"^\| `(\w+)", section, re.MULTILINE))
    members = {name for name in {*vars(StepKind), *StepKind.__annotations__} if not name.startswith("_")}

    assert told == members - {"is_container", "is_pure", "input_member", "child_in"}
