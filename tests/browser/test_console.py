"""The console as a browser shows it: every page with real data, in both themes, complete without any other site."""

import re
from collections.abc import AsyncIterator
from typing import Any, Final, Literal

import pytest
import pytest_asyncio

from tests.acceptance.processes import ask
from tests.browser.conftest import Served, Visit
from tests.repository import ROOT

pytestmark = pytest.mark.asyncio(loop_scope="module")

AXE = ROOT / "console" / "app" / "node_modules" / "axe-core" / "axe.min.js"
APPLY = "mutation ($document: JSON!) { applyWorkflow(document: $document) { __typename ... on Error { message } } }"
EXECUTE = """
mutation ($input: ExecuteWorkflowInput!) {
  executeWorkflow(input: $input) { __typename ... on WorkflowExecution { id } ... on Error { message } }
}
"""
EXECUTE_MANY = "mutation ($inputs: [ExecuteWorkflowInput!]!) { executeWorkflows(inputs: $inputs) { __typename } }"
HOSTILE = "<script>document.title = 'taken over'</script> שלום"
FAILING = {
    "name": "failing",
    "description": HOSTILE,
    "steps": [
        {
            "id": "check",
            "type": "VALIDATION",
            "config": {"data": "input", "rules": [{"rule": "false", "message": HOSTILE}]},
        }
    ],
}
WAITING = {"name": "waiting", "steps": [{"id": "ask", "type": "WAIT", "config": {"signal": {"name": "go"}}}]}
THEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
PAGES = {
    "Overview": "/",
    "Executions": "/executions",
    "Workflows": "/workflows",
    "Workers": "/workers",
    "There is no such page": "/no-such-page",
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lived(stepgraph_url: str) -> str:
    """The address of a Stepgraph in which things have happened, some of them with hostile text in them."""
    for document in (FAILING, WAITING):
        await ask(stepgraph_url, APPLY, document=document)
    await start(stepgraph_url, "failing", labels={"text": HOSTILE}, waitFor="PT20S")
    await start(stepgraph_url, "waiting", labels={"tenant": "acme"})
    return stepgraph_url


async def start(url: str, workflow: str, **input: Any) -> str:
    """The id of a new execution."""
    answer = (await ask(url, EXECUTE, input={"workflowName": workflow, **input}))["executeWorkflow"]
    assert "message" not in answer
    return str(answer["id"])


@pytest_asyncio.fixture(loop_scope="module")
async def watched(visit: Visit, lived: str) -> AsyncIterator[Visit]:
    """A window that has asked nothing elsewhere and complained of nothing when it is closed."""
    assert visit.url == lived
    yield visit
    assert visit.requested_elsewhere == []
    assert complaints(visit) == []


def complaints(visit: Visit) -> list[str]:
    """The complaints of the browser, besides those of requests of pages that were left, and of missing addresses."""
    return [each for each in visit.complaints if "net::ERR_ABORTED" not in each and "404 (Not Found)" not in each]


async def show(visit: Visit, path: str, heading: str) -> None:
    """Open a page of the console and wait until what it asks for is there."""
    from playwright.async_api import expect

    await visit.page.goto(visit.url + path)
    await expect(visit.page.get_by_role("main").get_by_role("heading", level=1)).to_have_text(heading)
    await expect(visit.page.get_by_role("status", name="Loading")).to_have_count(0)


async def faults(visit: Visit) -> list[str]:
    """The violations that axe finds on the page as it is."""
    await visit.page.evaluate(AXE.read_text())
    found = await visit.page.evaluate("axe.run().then(({ violations }) => violations)")
    return [f"{each['id']}: {each['help']}: {[node['html'][:200] for node in each['nodes']]}" for each in found]


async def faults_in_either_theme(visit: Visit) -> list[str]:
    found: list[str] = []
    for theme in THEMES:
        await visit.page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        found += await faults(visit)
    return found


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("heading", PAGES)
async def test_a_page_has_its_heading_its_title_and_no_fault_that_axe_knows(
    visit: Visit, lived: str, heading: str, theme: Literal["light", "dark"]
) -> None:
    await visit.page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    await show(visit, PAGES[heading], heading)

    assert await visit.page.title() == f"{heading} · Stepgraph"
    assert await faults(visit) == []
    assert visit.requested_elsewhere == []
    assert complaints(visit) == []


async def test_the_list_shows_what_is_new_when_it_is_asked_to_and_changes_rows_where_they_are(watched: Visit) -> None:
    from playwright.async_api import expect

    await show(watched, "/executions?workflow=waiting", "Executions")
    rows = watched.page.get_by_role("row")
    await expect(watched.page.get_by_text("live", exact=True)).to_be_visible()
    before = await rows.count()

    id = await start(watched.url, "waiting")
    new = watched.page.get_by_role("button", name=re.compile("1 new"))
    await expect(new).to_be_visible()
    assert await rows.count() == before
    await new.click()
    await expect(rows).to_have_count(before + 1)

    first = rows.nth(1)
    await expect(first).to_contain_text("waiting")
    cancel = "mutation ($id: ID!) { cancelExecution(id: $id) { __typename } }"
    await ask(watched.url, cancel, id=id)
    await expect(first).to_contain_text("cancelled")


async def test_a_filter_is_typed_and_lives_in_the_address(watched: Visit) -> None:
    from playwright.async_api import expect

    await show(watched, "/executions", "Executions")
    field = watched.page.get_by_label("Filter", exact=True)
    await field.fill("status:FAILED label:nothing")
    await field.press("Enter")
    await expect(watched.page.get_by_role("alert")).to_contain_text("lacks its value")
    await field.fill("status:FAILED workflow:failing")
    await field.press("Enter")

    await expect(watched.page).to_have_url(f"{watched.url}/executions?workflow=failing&status=FAILED")
    await expect(watched.page.get_by_role("row")).to_have_count(2)
    await watched.page.reload()
    await expect(watched.page.get_by_role("row")).to_have_count(2)
    await watched.page.get_by_role("button", name="Remove workflow: failing").click()
    await expect(watched.page).to_have_url(f"{watched.url}/executions?status=FAILED")


async def test_a_list_is_saved_as_a_view_and_cancelled_as_a_whole_after_its_number_was_typed(watched: Visit) -> None:
    from playwright.async_api import expect

    page = watched.page
    await ask(watched.url, APPLY, document={**WAITING, "name": "many"})
    await ask(watched.url, EXECUTE_MANY, inputs=[{"workflowName": "many", "labels": {"bulk": "yes"}}] * 101)
    await show(watched, "/executions?label=bulk=yes&since=24h&without=labels", "Executions")
    await choose(watched, "Views", "Save this list…")
    await page.get_by_label("Name", exact=True).fill("mine")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_text("The view mine was saved.")).to_be_visible()
    await show(watched, "/executions", "Executions")
    await choose(watched, "Views", "mine")
    await expect(page).to_have_url(f"{watched.url}/executions?label=bulk=yes&since=24h&without=labels")
    await choose(watched, "Views", "Change views…")
    view = page.get_by_role("region", name="mine")
    await view.get_by_role("button", name="Delete").click()
    await page.get_by_role("alertdialog").get_by_role("button", name="Delete it").click()
    await expect(page.get_by_text("There is no view any more.")).to_be_visible()
    await page.keyboard.press("Escape")

    await choose(watched, "All of these", "Cancel all…")
    sheet = page.get_by_role("dialog", name="Cancel all of these")
    await expect(sheet.get_by_role("listitem")).to_have_count(10)
    begin = sheet.get_by_role("button", name="Cancel 101 executions")
    await expect(begin).to_be_disabled()
    await sheet.get_by_label("Type 101 to go on").fill("101")
    await page.emulate_media(reduced_motion="reduce")
    assert await faults(watched) == []
    await begin.click()
    await expect(sheet.get_by_text("It has ended: 101 of 101 done.")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="cancelled 101")).to_be_visible()

    await show(watched, "/executions", "Executions")
    await choose(watched, "All of these", "Delete all…")
    await expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("The filter leaves nothing out")


async def test_a_bulk_action_is_stopped_while_it_runs_and_leaves_the_rest_as_it_is(
    watched: Visit, served: Served
) -> None:
    from playwright.async_api import expect

    await ask(watched.url, APPLY, document={**WAITING, "name": "kept"})
    await ask(watched.url, EXECUTE_MANY, inputs=[{"workflowName": "kept"}] * 2)
    await show(watched, "/executions?workflow=kept", "Executions")
    await choose(watched, "All of these", "Cancel all…")
    sheet = watched.page.get_by_role("dialog", name="Cancel all of these")
    with served.frozen_workers():
        await sheet.get_by_role("button", name="Cancel 2 executions").click()
        await sheet.get_by_role("button", name="Stop it").click()
        await expect(sheet.get_by_role("status")).to_have_text("It ends after the batch at hand: 0 of 2 done.")
    await expect(sheet.get_by_role("status")).to_have_text("It was stopped: 0 of 2 done.")
    await expect(sheet.get_by_role("button", name="Stop it")).to_have_count(0)
    await watched.page.keyboard.press("Escape")
    await expect(watched.page.get_by_role("row").filter(has_text="waiting")).to_have_count(2)


async def choose(visit: Visit, menu: str, item: str) -> None:
    """Open a menu of the page and press one of its items."""
    await visit.page.get_by_role("button", name=menu, exact=True).click()
    await visit.page.get_by_role("menuitem", name=item).click()


async def test_pages_are_reached_and_rows_walked_by_keys_and_by_the_palette(watched: Visit) -> None:
    from playwright.async_api import expect

    page = watched.page
    await page.emulate_media(reduced_motion="reduce")
    await show(watched, "/", "Overview")
    await expect(page.get_by_role("button", name="Search or act")).to_be_visible()
    await page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="Search or act")
    await field.fill("no such thing at all")
    await expect(page.get_by_role("dialog").get_by_role("status")).to_have_text("There is nothing like that.")
    await field.fill("workflows")
    await expect(page.get_by_role("option").first).to_contain_text("Workflows")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(f"{watched.url}/workflows")

    await page.keyboard.press("g")
    await page.keyboard.press("e")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Executions")
    await expect(page.get_by_role("row").nth(2)).to_be_visible()
    await page.keyboard.press("j")
    await page.keyboard.press("j")
    await expect(page.get_by_role("row").nth(2).get_by_role("link")).to_be_focused()
    await page.keyboard.press("/")
    await expect(page.get_by_label("Filter", exact=True)).to_be_focused()
    await page.keyboard.press("Tab")
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog", name="Keys")).to_contain_text("The filter of the page")


async def test_what_opens_above_a_page_has_no_fault_that_axe_knows_in_either_theme(watched: Visit) -> None:
    page = watched.page
    await show(watched, "/executions", "Executions")
    for menu in ("Columns", "Theme"):
        await page.get_by_role("button", name=menu, exact=True).click()
        await page.get_by_role("menu", name=menu).wait_for()
        assert await faults_in_either_theme(watched) == []
        await page.keyboard.press("Escape")
    await page.keyboard.press("Control+k")
    await page.get_by_role("dialog").get_by_role("option").first.wait_for()
    assert await faults_in_either_theme(watched) == []
    await page.keyboard.press("Escape")
    await page.keyboard.press("?")
    await page.get_by_role("dialog", name="Keys").wait_for()
    assert await faults_in_either_theme(watched) == []


async def test_a_menu_opens_by_its_first_press_and_by_keys_and_gives_the_focus_back(watched: Visit) -> None:
    from playwright.async_api import expect

    page = watched.page
    await show(watched, "/executions", "Executions")
    columns = page.get_by_role("button", name="Columns", exact=True)
    items = page.get_by_role("menu", name="Columns").get_by_role("menuitemcheckbox")
    await columns.dispatch_event("click", {"detail": 1})  # without a pointer that came near before
    await items.first.click()
    await expect(items.first).not_to_be_checked()
    await expect(columns).to_have_attribute("aria-expanded", "true")
    await columns.click()
    await expect(items).to_have_count(0)

    await columns.press("Enter")
    await expect(items.first).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await expect(items.nth(1)).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(items).to_have_count(0)
    await expect(columns).to_be_focused()
    await columns.press("ArrowUp")
    await expect(items.last).to_be_focused()
    await page.keyboard.press("Tab")
    await expect(items).to_have_count(0)
    await expect(columns).not_to_be_focused()


async def test_the_charts_of_the_overview_are_read_as_a_table_too(watched: Visit) -> None:
    from playwright.async_api import expect

    await show(watched, "/", "Overview")
    await expect(watched.page.locator("main canvas")).to_have_count(2)
    await watched.page.get_by_text("Both as a table").press("Enter")
    table = watched.page.get_by_role("table")
    await expect(table.get_by_role("columnheader")).to_contain_text(["From", "Completed", "Failed", "p50", "p95"])
    assert await faults(watched) == []
    await table.get_by_role("link").first.click()
    await expect(watched.page.get_by_role("heading", level=1)).to_have_text("Executions")


async def test_text_that_could_be_markup_is_shown_as_text(watched: Visit) -> None:
    from playwright.async_api import expect

    await show(watched, "/executions?status=FAILED", "Executions")
    await expect(watched.page.get_by_role("row").nth(1)).to_contain_text("<script>document.title")
    await show(watched, "/workflows", "Workflows")
    await expect(watched.page.get_by_role("row").filter(has_text="failing")).to_contain_text(HOSTILE)
    assert await watched.page.title() == "Workflows · Stepgraph"


@pytest.mark.parametrize("path", PAGES.values())
async def test_no_page_is_wider_than_a_telephone(visit: Visit, lived: str, path: str) -> None:
    await visit.page.set_viewport_size({"width": 390, "height": 844})
    await visit.page.goto(lived + path)
    await visit.page.get_by_role("main").wait_for()
    await visit.page.wait_for_load_state("networkidle")

    assert await visit.page.evaluate("document.documentElement.scrollWidth") <= 390


async def test_what_can_be_done_with_the_list_is_one_row_on_a_telephone(watched: Visit) -> None:
    from playwright.async_api import expect

    await watched.page.set_viewport_size({"width": 390, "height": 844})
    await show(watched, "/executions", "Executions")
    buttons = [
        watched.page.get_by_role("main").get_by_role("button", name=name, exact=True)
        for name in ("Views", "All of these", "More")
    ]
    boxes = [await button.bounding_box() for button in buttons]
    assert len({box["y"] for box in boxes if box is not None}) == 1
    await buttons[-1].click()
    await expect(watched.page.get_by_role("group", name="Columns").get_by_role("menuitemcheckbox")).to_have_count(6)
    assert await faults(watched) == []
    await watched.page.get_by_role("menuitem", name="Open an export").click()
    await expect(watched.page.get_by_role("button", name="Choose a file")).to_be_visible()
