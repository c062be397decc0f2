"""The console's pages of what stands beside workflows, in a browser: each is seen, changed, refused and deleted."""

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.acceptance.processes import ask
from tests.browser.conftest import Visit
from tests.browser.test_console import complaints, faults, show

pytestmark = pytest.mark.asyncio(loop_scope="module")

CONFIGURE = """
mutation ($serviceId: String!) {
  updateCircuitBreaker(serviceId: $serviceId, config: {failureThreshold: 3}) { __typename }
}
"""
APPLY = "mutation ($document: JSON!) { applyWorkflow(document: $document) { ... on Workflow { id } } }"
EXECUTE = """
mutation {
  executeWorkflow(input: {workflowName: "report", input: {region: "eu"}, waitFor: "PT20S"}) {
    ... on WorkflowExecution { id }
  }
}
"""
SAVE_SCHEDULE = "mutation ($input: ScheduleInput!) { saveSchedule(input: $input) { __typename } }"
REPORT = {
    "name": "report",
    "steps": [{"id": "count", "type": "DATA_TRANSFORM", "config": {"expression": '{"lines": [3, 4]}'}}],
}
LARGE = 12345678901234567891
"""An integer that floating point does not have."""
SAVE_RULE = "mutation ($input: TransformationRuleInput!) { saveTransformationRule(input: $input) { __typename } }"
SHEETS = {
    "Breakers": "/breakers?service=stock.example",
    "Schedules": "/schedules?name=nightly",
    "Rules": "/rules?name=net",
    "Templates": "/templates?name=polled-job",
}
"""Pages with a sheet open: what is beneath it is looked at with them."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def furnished(stepgraph_url: str) -> str:
    """The address of a Stepgraph that has one of everything."""
    await ask(stepgraph_url, CONFIGURE, serviceId="stock.example")
    report = (await ask(stepgraph_url, APPLY, document=REPORT))["applyWorkflow"]["id"]
    nightly = {"name": "nightly", "workflowId": report, "cron": "0 3 * * *", "input": {"z": LARGE, "a": 1}}
    await ask(stepgraph_url, SAVE_SCHEDULE, input=nightly)
    net = {"name": "net", "expression": "input.gross / 2", "examples": [{"input": {"gross": 4}, "output": 2}]}
    await ask(stepgraph_url, SAVE_RULE, input=net)
    return stepgraph_url


@pytest_asyncio.fixture(loop_scope="module")
async def watched(visit: Visit, furnished: str) -> AsyncIterator[Visit]:
    """A window that has asked nothing elsewhere and complained of nothing when it is closed."""
    assert visit.url == furnished
    await visit.page.emulate_media(reduced_motion="reduce")
    yield visit
    assert visit.requested_elsewhere == []
    assert complaints(visit) == []


async def test_no_page_has_a_fault_that_axe_knows_nor_is_wider_than_a_telephone(watched: Visit) -> None:
    from playwright.async_api import expect

    for heading, path in SHEETS.items():
        await watched.page.goto(watched.url + path)
        await watched.page.get_by_role("dialog").wait_for()
        await expect(watched.page.get_by_role("status", name="Loading")).to_have_count(0)
        assert await watched.page.title() == f"{heading} · Stepgraph"
        await watched.page.emulate_media(color_scheme="dark")
        assert await faults(watched) == []
        await watched.page.get_by_role("button", name="Close", exact=True).click()
        await watched.page.emulate_media(color_scheme="light")
        await watched.page.get_by_role("dialog").wait_for(state="detached")
        assert await faults(watched) == []
        await watched.page.set_viewport_size({"width": 390, "height": 844})
        assert await watched.page.evaluate("document.documentElement.scrollWidth") <= 390
        await watched.page.set_viewport_size({"width": 1400, "height": 900})
    await show(watched, "/expressions", "Expressions")
    for theme in ("light", "dark"):
        await watched.page.emulate_media(color_scheme="light" if theme == "light" else "dark")
        assert await faults(watched) == []


async def test_a_breaker_is_configured_followed_and_deleted(watched: Visit) -> None:
    from playwright.async_api import expect

    await show(watched, "/breakers", "Breakers")
    await watched.page.get_by_role("button", name="Configure a service…").click()
    sheet = watched.page.get_by_role("dialog")
    await expect(sheet.get_by_label("Service")).to_be_focused()
    await sheet.get_by_label("Service").fill("slow.example")
    await sheet.get_by_label("Stays open for").fill("2d")
    await sheet.get_by_role("button", name="Save").click()
    await expect(sheet.get_by_text("must be between PT0.1S and P1D")).to_be_visible()
    await sheet.get_by_label("Stays open for").fill("1m 30s")
    await sheet.get_by_role("button", name="Save").click()
    await expect(sheet.get_by_role("heading", name="slow.example")).to_be_visible()
    await expect(sheet.get_by_label("Stays open for")).to_have_value("1m 30s")

    await expect(watched.page.get_by_text("live", exact=True)).to_be_visible()
    change = (
        'mutation { updateCircuitBreaker(serviceId: "slow.example", config: {failureThreshold: 77}) { __typename } }'
    )
    await ask(watched.url, change)
    await expect(sheet.get_by_text("opens at 77")).to_be_visible()

    await sheet.get_by_role("button", name="Delete…").click()
    await watched.page.get_by_role("alertdialog").get_by_role("button", name="Delete it").click()
    await expect(watched.page.get_by_role("row").filter(has_text="slow.example")).to_have_count(0)
    await expect(watched.page.get_by_role("row").filter(has_text="stock.example")).to_have_count(1)


async def test_a_schedule_is_saved_disabled_without_a_digit_lost_and_deleted(watched: Visit) -> None:
    from playwright.async_api import expect

    await show(watched, "/schedules", "Schedules")
    await watched.page.get_by_role("button", name="New schedule…").click()
    sheet = watched.page.get_by_role("dialog")
    await sheet.get_by_label("Name").fill("weekly")
    await sheet.get_by_label("Workflow").fill("report")
    await sheet.get_by_label("Cron").fill("0 9 * * FUNDAY")
    await sheet.get_by_label("Input").fill(f'{{"z": {LARGE}, "a": 1}}')
    await expect(sheet.get_by_label("Cron")).to_have_attribute("aria-invalid", "true")
    await sheet.get_by_role("button", name="Save").click()
    await expect(sheet.get_by_label("Cron")).to_have_attribute("aria-invalid", "true")
    await sheet.get_by_label("Cron").fill("0 9 * * MON")
    await expect(sheet.get_by_role("region", name="Next runs").get_by_text("Mon")).to_have_count(5)
    await expect(sheet.get_by_label("Cron")).to_have_attribute("aria-invalid", "false")
    await sheet.get_by_role("button", name="Save").click()
    await expect(sheet.get_by_role("listitem").filter(has_text="Mon")).to_have_count(10)

    await sheet.get_by_role("button", name="Disable").click()
    await expect(sheet.get_by_role("button", name="Enable")).to_be_visible()
    stored = await ask(watched.url, '{ schedule(by: {name: "weekly"}) { enabled input } }')
    assert stored["schedule"] == {"enabled": False, "input": {"z": LARGE, "a": 1}}
    assert list(stored["schedule"]["input"]) == ["z", "a"]

    await sheet.get_by_role("button", name="Delete…").click()
    await watched.page.get_by_role("alertdialog").get_by_role("button", name="Delete it").click()
    await expect(watched.page.get_by_role("row").filter(has_text="weekly")).to_have_count(0)


async def test_an_expression_is_tried_on_a_recorded_run_and_its_error_has_a_place(watched: Visit) -> None:
    from playwright.async_api import expect

    run = (await ask(watched.url, EXECUTE))["executeWorkflow"]["id"]
    await show(watched, f"/expressions?run={run}", "Expressions")
    field = watched.page.get_by_label("Expression", exact=True)
    result = watched.page.get_by_role("region", name="Result")
    await field.fill("input.region & $sum(steps.count.output.lines)")
    await watched.page.get_by_role("button", name="Evaluate").click()
    await expect(result).to_contain_text("eu7")
    await field.fill("input.region input")
    await field.press("Control+Enter")
    await expect(result).to_contain_text("Syntax error")
    await expect(result.locator("pre")).to_contain_text("^")

    recorded = watched.page.get_by_label("Recorded run")
    await recorded.fill("")
    await watched.page.get_by_role("button", name="Use it").click()
    await expect(watched.page.get_by_label("Input", exact=True)).to_be_visible()
    await watched.page.go_back()
    await expect(recorded).to_have_value(run)


async def test_a_rule_is_refused_for_its_example_saved_applied_and_deleted(watched: Visit) -> None:
    from playwright.async_api import expect

    await show(watched, "/rules", "Rules")
    await watched.page.get_by_role("button", name="New rule…").click()
    sheet = watched.page.get_by_role("dialog")
    await sheet.get_by_label("Name").fill("double")
    await sheet.get_by_label("Expression").fill("input * 2")
    await sheet.get_by_role("button", name="Add an example").click()
    await sheet.get_by_label("Example 1: input").fill("4")
    await sheet.get_by_label("Example 1: output").fill("9")
    await sheet.get_by_role("button", name="Save").click()
    await expect(sheet.get_by_role("alert")).to_be_visible()
    await sheet.get_by_label("Example 1: output").fill("8")
    await sheet.get_by_role("button", name="Save").click()
    await expect(sheet.get_by_role("heading", name="double")).to_be_visible()

    await sheet.get_by_label("Value").fill("21")
    await sheet.get_by_role("button", name="Apply").click()
    await expect(sheet.get_by_role("group", name="Result")).to_contain_text("42")
    await sheet.get_by_role("button", name="Delete…").click()
    await watched.page.get_by_role("alertdialog").get_by_role("button", name="Delete it").click()
    await expect(watched.page.get_by_role("row").filter(has_text="double")).to_have_count(0)


async def test_a_template_is_stored_made_a_workflow_and_deleted(watched: Visit) -> None:
    from playwright.async_api import expect

    document = {"steps": [{"id": "say", "type": "DATA_TRANSFORM", "config": {"output": "<<word>>"}}]}
    await show(watched, "/templates", "Templates")
    await watched.page.get_by_role("button", name="New template…").click()
    sheet = watched.page.get_by_role("dialog")
    await sheet.get_by_label("Name").fill("saying")
    await sheet.get_by_role("button", name="Add a parameter").click()
    await sheet.get_by_label("Parameter 1", exact=True).nth(1).fill("word")
    await sheet.get_by_label("Document").fill(json.dumps(document))
    await sheet.get_by_role("button", name="Save").click()
    await expect(sheet.get_by_role("heading", name="saying")).to_be_visible()

    await sheet.get_by_label("Name of the workflow").fill("report")
    await sheet.get_by_role("button", name="Make the workflow").click()
    await expect(sheet.get_by_label("word")).to_have_attribute("aria-invalid", "true")
    await sheet.get_by_label("word").fill("good day")
    await sheet.get_by_role("button", name="Make the workflow").click()
    await expect(sheet.get_by_role("alert")).to_be_visible()
    await sheet.get_by_label("Name of the workflow").fill("said")
    await sheet.get_by_role("button", name="Make the workflow").click()
    await expect(sheet.get_by_role("link", name="said")).to_be_visible()

    await sheet.get_by_role("button", name="Delete…").click()
    await watched.page.get_by_role("alertdialog").get_by_role("button", name="Delete it").click()
    await expect(watched.page.get_by_role("row").filter(has_text="saying")).to_have_count(0)
