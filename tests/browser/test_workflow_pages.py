"""The pages of a workflow as a browser shows them: what it is, how it is started, how its next version is written, and
the page of a large run."""

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.acceptance.processes import ask
from tests.browser.conftest import Visit
from tests.repository import ROOT

if TYPE_CHECKING:
    from playwright.async_api import Locator

pytestmark = pytest.mark.asyncio(loop_scope="module")

AXE = ROOT / "console" / "app" / "node_modules" / "axe-core" / "axe.min.js"
APPLY = "mutation ($document: JSON!) { applyWorkflow(document: $document) { __typename ... on Error { message } } }"
EXECUTE = """
mutation ($input: ExecuteWorkflowInput!) {
  executeWorkflow(input: $input) { __typename ... on WorkflowExecution { id } ... on Error { message } }
}
"""
ORCHESTRATE = """
mutation ($input: OrchestrateInput!) { orchestrate(input: $input) { ... on WorkflowExecution { id } } }
"""
HOSTILE = "<script>document.title = 'taken over'</script> שלום"
MOCK = '{"fetch": {"output": {"status": 200, "body": {"greeting": "good day"}}}}'


def greeting(**changes: Any) -> dict[str, Any]:
    """A workflow that a form can start, and that asks a service which is not there."""
    return {
        "name": "greeting",
        "description": HOSTILE,
        "inputSchema": {
            "type": "object",
            "required": ["person"],
            "properties": {"person": {"type": "string"}, "loud": {"type": "boolean"}},
        },
        "steps": [
            {"id": "fetch", "type": "HTTP_REQUEST", "config": {"url": "http://127.0.0.1:9/"}, "timeout": "PT1S"},
            {"id": "say", "type": "DATA_TRANSFORM", "config": {"expression": "steps.fetch.output.body.greeting"}},
        ],
        **changes,
    }


async def show(visit: Visit, path: str, heading: str) -> "Locator":
    """Open a page of the console, and wait until it is there."""
    from playwright.async_api import expect

    await visit.page.goto(visit.url + path)
    main = visit.page.get_by_role("main")
    await expect(main.get_by_role("heading", level=1)).to_have_text(heading)
    await expect(main.get_by_role("status", name="Loading")).to_have_count(0)
    await main.get_by_role("group", name="Graph").get_by_text("say", exact=True).wait_for()
    return main


async def faults(visit: Visit) -> list[str]:
    """The violations that axe finds in either theme, and whether the page is wider than a telephone."""
    found: list[str] = []
    await visit.page.evaluate(AXE.read_text())
    for theme in ("light", "dark"):
        await visit.page.emulate_media(color_scheme="light" if theme == "light" else "dark", reduced_motion="reduce")
        violations = await visit.page.evaluate("axe.run().then(({ violations }) => violations)")
        found += [f"{theme}: {each['help']}: {[node['html'][:200] for node in each['nodes']]}" for each in violations]
    await visit.page.set_viewport_size({"width": 390, "height": 844})
    if await visit.page.evaluate("document.documentElement.scrollWidth") > 390:
        found.append("It is wider than a telephone.")
    await visit.page.set_viewport_size({"width": 1400, "height": 900})
    return found


async def test_a_workflow_shows_what_it_is_and_is_started_with_a_form(visit: Visit) -> None:
    from playwright.async_api import expect

    await ask(visit.url, APPLY, document=greeting(timeout="PT5M"))
    await ask(visit.url, APPLY, document=greeting(timeout="PT9M"))
    main = await show(visit, "/workflows/greeting", "greeting")

    await expect(main).to_contain_text(HOSTILE)
    await expect(main.get_by_label("Difference of the two versions").first).to_contain_text("PT9M")
    await main.get_by_role("button", name="Start…").click()
    await main.get_by_role("button", name="Start it").click()
    await expect(main).to_contain_text("This is needed.")
    assert await faults(visit) == []

    await main.get_by_label("person *").fill("Ann")
    await main.get_by_label("loud").select_option("true")
    await main.get_by_role("button", name="Start it").click()
    await visit.page.wait_for_url("**/executions/ex_*")
    await visit.page.go_back()
    await expect(main.get_by_role("region", name="Recent runs").get_by_role("row")).to_have_count(2)

    await main.get_by_role("button", name="More").click()
    await visit.page.get_by_role("menuitem", name="Archive").click()
    await expect(main.get_by_role("status").first).to_have_text("archived")
    assert "taken over" not in await visit.page.title()
    assert complaints(visit) == []


async def test_a_new_version_is_written_tested_and_stored(visit: Visit) -> None:
    from playwright.async_api import expect

    await ask(visit.url, APPLY, document=greeting(name="edited"))
    main = await show(visit, "/workflows/edited/edit", "Edit edited")
    text = main.get_by_role("textbox", name="Document")

    await text.click()
    await visit.page.keyboard.press("ControlOrMeta+End")
    await visit.page.keyboard.type("nonsense: 1")
    problem = main.get_by_role("list", name="Problems").get_by_role("button")
    await expect(problem).to_contain_text("nonsense")
    await expect(main.get_by_role("button", name="Save…")).to_be_disabled()
    for _ in "nonsense: 1":
        await visit.page.keyboard.press("Backspace")
    await visit.page.keyboard.type("output: steps.fe")
    await visit.page.get_by_role("option", name="fetch").click()
    await expect(text).to_contain_text("output: steps.fetch")
    await visit.page.keyboard.type(".output.body")
    await expect(main).to_contain_text("No problem")

    await main.get_by_label("Test input").fill('{"person": "Ann"}')
    await main.get_by_label("Mocks").fill(MOCK)
    await main.get_by_role("button", name="Run the test").click()
    await expect(main.get_by_label("Output of the test").first).to_contain_text("good day")
    await expect(main.get_by_role("row").filter(has_text="say")).to_contain_text("completed")
    assert await faults(visit) == []

    await main.get_by_role("button", name="Save…").click()
    await expect(main.get_by_label("What is different from version 1").first).to_contain_text("steps.fetch.output.body")
    await main.get_by_label("Note").fill("with an output")
    await main.get_by_role("button", name="Save version 2").click()
    await visit.page.wait_for_url("**/workflows/edited")
    newest = main.get_by_role("region", name="Versions").get_by_role("row").nth(1)
    await expect(newest).to_contain_text("with an output")
    assert complaints(visit) == []
    assert visit.requested_elsewhere == []


async def test_the_recorded_run_that_was_chosen_stands_in_the_address(visit: Visit) -> None:
    from playwright.async_api import expect

    saying = {"id": "say", "type": "DATA_TRANSFORM", "config": {"expression": "input.person"}}
    await ask(visit.url, APPLY, document=greeting(name="recorded", steps=[saying]))
    begin = {"workflowName": "recorded", "waitFor": "PT20S"}
    older = (await ask(visit.url, EXECUTE, input={**begin, "input": {"person": "Ann"}}))["executeWorkflow"]["id"]
    await ask(visit.url, EXECUTE, input={**begin, "input": {"person": "Bob"}})
    main = await show(visit, "/workflows/recorded/edit", "Edit recorded")
    runs = main.get_by_label("Recorded run")
    await expect(runs).not_to_have_value(older)
    await runs.select_option(older)
    await expect(visit.page).to_have_url(f"{visit.url}/workflows/recorded/edit?run={older}")

    await visit.page.reload()
    await expect(runs).to_have_value(older)
    await main.get_by_role("button", name="Input and mocks of the recorded run").click()
    await expect(main.get_by_label("Test input")).to_have_value(re.compile("Ann"))
    await show(visit, "/workflows/recorded/edit?run=ex_01jd0000000000000000000000", "Edit recorded")
    await expect(main).to_contain_text("There is no execution with this id.")
    assert complaints(visit) == []


async def test_a_run_of_thousands_of_steps_is_usable_and_few_of_them_are_in_the_page_at_once(visit: Visit) -> None:
    from playwright.async_api import expect

    step = {"config": {"dataTransform": {"expression": "item"}}}
    wide = {"items": "[1..12]", "steps": [{"id": f"s{number}", **step} for number in range(30)]}
    many = {"items": "[1..2000]", "steps": [{"id": "same", **step}]}
    steps = [{"id": "wide", "config": {"forEach": wide}}, {"id": "many", "config": {"forEach": many}}]
    id = (await ask(visit.url, ORCHESTRATE, input={"steps": steps, "waitFor": "PT60S"}))["orchestrate"]["id"]
    await visit.page.goto(f"{visit.url}/executions/{id}")
    rows = visit.page.get_by_role("treegrid", name="Timeline")
    await expect(rows.get_by_title("2000 items begun")).to_be_visible()
    await rows.get_by_role("row").filter(has_text="many").get_by_role("button", name="Open").click()
    await expect(rows).to_have_attribute("aria-rowcount", "2003")

    await rows.evaluate("rows => rows.scrollTo(0, rows.scrollHeight / 2)")
    await expect(rows).to_contain_text("[1005]")
    assert await rows.get_by_role("row").count() < 100
    await rows.focus()
    await visit.page.keyboard.press("End")
    await expect(rows.get_by_role("row", selected=True)).to_contain_text("[1999]")
    assert await rows.get_by_role("row").count() < 100

    await visit.page.get_by_role("tab", name="Graph").click()
    graph = visit.page.get_by_role("group", name="Graph")
    await graph.get_by_role("button", name="Open wide").click()
    await expect(graph).to_contain_text("1,988 more in the timeline")
    await expect(graph.locator(".react-flow__node").nth(5)).to_be_attached()
    assert await graph.locator(".react-flow__node").count() <= 500
    assert complaints(visit) == []


def complaints(visit: Visit) -> list[str]:
    """The complaints of the browser, besides those of requests of pages that were left."""
    return [each for each in visit.complaints if "net::ERR_ABORTED" not in each]
