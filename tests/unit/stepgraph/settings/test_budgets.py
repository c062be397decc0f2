"""The budgets of requests: one table, whose every row is a setting and stands in docs/limits.md."""

from dataclasses import fields
from datetime import timedelta

import pytest
from pydantic import TypeAdapter

from graphql_api.budgets import RequestBudgets
from graphql_api.context import ApiOptions
from stepgraph.composition import budgets_of
from stepgraph.settings import load_settings
from stepgraph.settings.budgets import BudgetSettings
from tests.repository import ROOT

PAGE = (ROOT / "docs/limits.md").read_text()
ROWS = [row.name for row in fields(RequestBudgets)]


def test_every_budget_is_a_setting_with_the_same_default() -> None:
    settings = load_settings()

    assert set(ROWS) <= set(BudgetSettings.model_fields)
    assert budgets_of(settings) == {name: getattr(RequestBudgets(), name) for name in ROWS}


def test_what_is_set_is_what_the_api_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEPGRAPH_MAX_HEAD_BYTES", "32000")
    monkeypatch.setenv("STEPGRAPH_HEAD_TIMEOUT", "PT3S")

    options = ApiOptions(**budgets_of(load_settings()))

    assert (options.max_head_bytes, options.head_timeout) == (32_000, timedelta(seconds=3))


@pytest.mark.parametrize("name", sorted(BudgetSettings.model_fields))
def test_every_budget_stands_on_the_page_of_limits_with_its_default(name: str) -> None:
    [line] = [line for line in PAGE.splitlines() if line.startswith(f"| `STEPGRAPH_{name.upper()}`")]

    value = BudgetSettings.model_fields[name].default
    shown = TypeAdapter(timedelta).dump_python(value, mode="json") if isinstance(value, timedelta) else str(value)
    default = line.split("|")[2].strip()
    assert default in (shown, f"PT{value.total_seconds():g}S" if isinstance(value, timedelta) else shown)
