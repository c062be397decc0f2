"""The console where keys are asked for: signing in, and the pages of what an administrator looks after."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import pytest_asyncio

from tests.acceptance.processes import Running, free_port, running, stepgraph, until_ready
from tests.browser.conftest import Visit
from tests.browser.test_console import HOSTILE, faults

if TYPE_CHECKING:
    from playwright.async_api import Browser

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAGES = {"/audit": "Audit"}
MAKE_KEY = "mutation ($name: String!) { createApiKey(name: $name, role: VIEWER) { ... on ApiKeyCreated { token } } }"
EXPECTED = re.compile(r"net::ERR_ABORTED|\(Unauthorized\)|\(Not Found\)")
UNKNOWN_KEY = f"sg_{'x' * 12}_{'x' * 40}"


@dataclass
class Guarded:
    """A Stepgraph that asks for keys, and two of them."""

    url: str
    admin: str
    viewer: str


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def guarded(browser: "Browser", tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Guarded]:
    """A Stepgraph that asks for keys, in which things have names that could be markup."""
    assert browser.is_connected()
    directory = tmp_path_factory.mktemp("guarded")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    arguments = ("--port", str(port), "--data-dir", str(directory / "data"), "--workers", "1", "--example-port", "0")
    extra = {"STEPGRAPH_REQUIRE_KEYS": "true"}
    async with running(directory / "dev.log", "dev", *arguments, extra=extra) as process:
        await until_ready(url, of=process)
        admin = await first_key(process)
        made = await ask(url, admin, MAKE_KEY, name=HOSTILE)
        yield Guarded(url, admin, made["createApiKey"]["token"])
        await process.stop()


async def ask(url: str, key: str, operation: str, **variables: Any) -> dict[str, Any]:
    """The data of one query or mutation that this key asks for."""
    async with httpx.AsyncClient(headers={"authorization": f"Bearer {key}"}) as client:
        answer = (await client.post(f"{url}/graphql", json={"query": operation, "variables": variables})).json()
    assert "errors" not in answer, answer
    return dict(answer["data"])


async def first_key(process: Running) -> str:
    """A key with the role ADMIN, put into the database that this Stepgraph has started for itself."""
    addresses = {each.environ().get("STEPGRAPH_DATABASE_URL") for each in process.descendants()}
    [address] = addresses - {None}
    made = await stepgraph(
        "keys", "create", "me", "--role", "ADMIN", "--in-database", extra={"DATABASE_URL": str(address)}
    )
    assert made.code == 0, made.stderr
    return made.stdout.strip()


@pytest_asyncio.fixture(loop_scope="module")
async def guest(browser: "Browser", guarded: Guarded) -> AsyncIterator[Visit]:
    """A window that has asked nothing elsewhere and complained of nothing but refused keys when it is closed."""
    context = await browser.new_context(viewport={"width": 1400, "height": 900}, reduced_motion="reduce")
    guest = Visit(await context.new_page(), guarded.url)
    yield guest
    await context.close()
    assert guest.requested_elsewhere == []
    assert [each for each in guest.complaints if not EXPECTED.search(each)] == []


async def sign_in(visit: Visit, key: str) -> None:
    await visit.page.get_by_label("Key", exact=True).fill(key)
    await visit.page.get_by_role("button", name="Sign in").click()


async def test_a_wrong_key_is_refused_a_right_one_opens_the_page_and_a_viewers_shows_what_that_may_see(
    guest: Visit, guarded: Guarded
) -> None:
    from playwright.async_api import expect

    page = guest.page
    await page.goto(f"{guarded.url}/audit")
    await sign_in(guest, "sg_short")
    await expect(page.get_by_role("main")).to_contain_text("56 characters")
    await sign_in(guest, UNKNOWN_KEY)
    await expect(page.get_by_role("main")).to_contain_text("does not know this key")
    await sign_in(guest, guarded.viewer)

    await expect(page.get_by_role("alert")).to_contain_text("ADMIN")
    await page.get_by_role("button", name="sg_").click()
    await page.get_by_role("menuitem", name="Sign out").click()
    await sign_in(guest, guarded.admin)
    await expect(page.get_by_role("row").filter(has_text="createApiKey")).to_contain_text(HOSTILE)


async def test_the_pages_of_an_administrator_have_no_fault_that_axe_knows(guest: Visit, guarded: Guarded) -> None:
    from playwright.async_api import expect

    page = guest.page
    await page.goto(guarded.url)
    await sign_in(guest, guarded.admin)
    for path, heading in PAGES.items():
        await page.goto(f"{guarded.url}{path}")
        await expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        await expect(page.get_by_role("status", name="Loading")).to_have_count(0)
        assert await page.title() == f"{heading} · Stepgraph"
        for theme in ("light", "dark"):
            await page.emulate_media(color_scheme="light" if theme == "light" else "dark")
            assert await faults(guest) == []
        await page.set_viewport_size({"width": 390, "height": 844})
        assert await page.evaluate("document.documentElement.scrollWidth") <= 390
        await page.set_viewport_size({"width": 1400, "height": 900})
