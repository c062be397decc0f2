"""The time from a commit to the picture of a page that shows it, in a browser that has the page open."""

import uuid
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.async_api import Page

Ask = Callable[[str, Mapping[str, Any]], Awaitable[dict[str, Any]]]
"""A call that answers a query or a mutation, with its variables, with its data."""

_BEGIN = "mutation ($input: OrchestrateInput!) { orchestrate(input: $input) { ... on WorkflowExecution { id } } }"
_SIGNAL = "mutation ($id: ID!, $name: String!) { signalExecution(id: $id, name: $name) { __typename } }"
_CANCEL = "mutation ($id: ID!) { cancelExecution(id: $id) { __typename } }"
_STEPS = "query ($id: ID!) { execution(id: $id) { steps(first: 100) { nodes { path finishedAt } } } }"
_EXECUTIONS = "query ($filter: ExecutionFilter) { executions(filter: $filter, first: 100) { nodes { id finishedAt } } }"

# A row that has changed is seen in the next picture at the latest; a task after that picture notes the time.
_WATCH = """
({ rows, name, word }) => {
  window.seen = {};
  const found = new Set();
  const look = () => {
    for (const row of document.querySelectorAll(rows)) {
      const key = row.textContent.includes(word) ? row.innerHTML.match(name)?.[0] : undefined;
      if (key === undefined || found.has(key)) continue;
      found.add(key);
      requestAnimationFrame(() => setTimeout(() => { window.seen[key] = Date.now() / 1000; }));
    }
  };
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
}
"""
_SEEN = "key => key in window.seen"


async def seconds_to_the_run(page: "Page", url: str, ask: Ask, *, changes: int) -> list[float]:
    """The time of each of so many changes (100 at most) of a run, from the end of a step to the picture that shows it.

    A step ends a little before its end is committed, so the times are rather too long. The page is that of a browser on
    this machine, whose clock is that of the workers, and `url` that of the console. Each change is made when the one
    before it has been seen.
    """
    names = [f"gate{number:02}" for number in range(changes)]
    id = await _begin(ask, names)
    await page.set_viewport_size({"width": 1400, "height": 600 + 30 * changes})  # rows out of sight are not in the page
    await page.goto(f"{url}/executions/{id}")
    await page.get_by_role("treegrid").get_by_role("row").filter(has_text="waiting").first.wait_for()
    await page.evaluate(_WATCH, {"rows": "[role=treegrid] [role=row]", "name": r"gate\d\d", "word": "completed"})
    for name in names:
        await ask(_SIGNAL, {"id": id, "name": name})
        await page.wait_for_function(_SEEN, arg=name)
    seen: dict[str, float] = await page.evaluate("window.seen")
    steps = (await ask(_STEPS, {"id": id}))["execution"]["steps"]["nodes"]
    return [seen[step["path"]] - _moment(step["finishedAt"]) for step in steps]


async def seconds_to_the_list(page: "Page", url: str, ask: Ask, *, changes: int) -> list[float]:
    """The time of each of so many changes (50 at most) of the list, from an end to the picture that shows it.

    Otherwise as `seconds_to_the_run`.
    """
    label = uuid.uuid4().hex
    ids = [await _begin(ask, ["gate"], label=label) for _ in range(changes)]
    await page.goto(f"{url}/executions?label=pixels={label}")
    await page.get_by_role("row").filter(has_text="waiting").nth(changes - 1).wait_for()
    await page.get_by_text("live", exact=True).wait_for()
    await page.evaluate(_WATCH, {"rows": "main tbody tr", "name": "ex_[0-9a-z]{26}", "word": "cancelled"})
    for id in ids:
        await ask(_CANCEL, {"id": id})
        await page.wait_for_function(_SEEN, arg=id)
    seen: dict[str, float] = await page.evaluate("window.seen")
    ended = (await ask(_EXECUTIONS, {"filter": {"labels": {"pixels": label}}}))["executions"]["nodes"]
    return [seen[each["id"]] - _moment(each["finishedAt"]) for each in ended]


async def _begin(ask: Ask, gates: list[str], label: str = "") -> str:
    """The id of a new execution, whose steps wait for the signals of their names, one after the other."""
    steps = [{"id": name, "config": {"wait": {"signal": {"name": name}}}} for name in gates]
    return str((await ask(_BEGIN, {"input": {"steps": steps, "labels": {"pixels": label}}}))["orchestrate"]["id"])


def _moment(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()
