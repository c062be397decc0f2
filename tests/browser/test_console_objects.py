"""The console's pages of what stands beside workflows, in a browser: each is seen, changed, refused and deleted."""

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
SHEETS = {"Breakers": "/breakers?service=stock.example"}
"""Pages with a sheet open: what is beneath it is looked at with them."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def furnished(stepgraph_url: str) -> str:
    """The address of a Stepgraph that has one of everything."""
    await ask(stepgraph_url, CONFIGURE, serviceId="stock.example")
    return stepgraph_url


@pytest_asyncio.fixture(loop_scope="module")
async def watched(visit: Visit, furnished: str) -> AsyncIterator[Visit]:
    """A window that has asked nothing elsewhere and complained of nothing when it is closed."""
    assert visit.url == furnished
    await visit.page.emulate_media(reduced_motion="reduce")
    yield visit
    assert visit.requested_elsewhere == []
    assert complaints(visit) == []


async def test_no_page_has_a_fault_that_axe_knows_with_its_sheet_open_or_closed(watched: Visit) -> None:
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
