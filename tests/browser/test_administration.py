"""The console where keys are asked for: signing in, and the pages of what an administrator looks after."""

import hmac
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
from tests.scripted_service import reply, scripted_service
from tests.waiting import wait_until

if TYPE_CHECKING:
    from playwright.async_api import Browser, Locator

pytestmark = pytest.mark.asyncio(loop_scope="module")

PREPARE = """
mutation ($name: String!, $document: JSON!) {
  viewer: createApiKey(name: $name, role: VIEWER) { ... on ApiKeyCreated { token } }
  operator: createApiKey(name: "night shift", role: OPERATOR) { ... on ApiKeyCreated { token } }
  editor: createApiKey(name: "authors", role: EDITOR) { ... on ApiKeyCreated { token } }
  setSecret(name: "shop_token", value: "not to be shown") { __typename }
  applyWorkflow(document: $document) { __typename }
  executeWorkflow(input: {workflowName: "deploy"}) { ... on WorkflowExecution { id } }
  createWebhook(
    input: {name: "told", direction: OUTBOUND, url: "https://receiver.example/", eventTypes: ["webhook.disabled"]}
  ) { ... on WebhookCreated { webhook { id } } }
}
"""
READ_FIRST = """
mutation {
  applyWorkflow(document: {name: "reads-first", steps: [
    {id: "call", type: "HTTP_REQUEST", config: {url: "https://a.example/{{ secrets.first }}"}}
  ]}) { __typename }
}
"""
START = 'mutation { executeWorkflow(input: {workflowName: "deploy"}) { ... on WorkflowExecution { id } } }'
REGISTER = """
mutation {
  createWebhook(
    input: {name: "teller", direction: OUTBOUND, url: "https://receiver.example/", eventTypes: ["webhook.disabled"]}
  ) { ... on WebhookCreated { webhook { id } } }
}
"""
PAGES = {"/webhooks": "Webhooks", "/secrets": "Secrets", "/keys": "Keys", "/audit": "Audit"}
ROLES = ("VIEWER", "OPERATOR", "EDITOR", "ADMIN")  # each may also do what those before it may
READERS = {"/secrets": "EDITOR", "/workflows/new": "EDITOR", "/keys": "ADMIN", "/audit": "ADMIN"}
OFFERED: dict[str, tuple[str, dict[str, str]]] = {
    "/executions": ("Executions", {"Views": "VIEWER", "All of these": "OPERATOR"}),
    "/executions/{run}": ("deploy", {"Pause": "OPERATOR", "Signal…": "OPERATOR", "Cancel…": "OPERATOR"}),
    "/workflows": ("Workflows", {"New workflow": "EDITOR"}),
    "/workflows/new": ("New workflow", {"Save…": "EDITOR"}),
    "/workflows/deploy": ("deploy", {"Start…": "OPERATOR", "Edit": "EDITOR", "More": "EDITOR"}),
    "/breakers": ("Breakers", {"Configure a service…": "EDITOR"}),
    "/schedules": ("Schedules", {"New schedule…": "EDITOR"}),
    "/rules": ("Rules", {"New rule…": "EDITOR"}),
    "/templates": ("Templates", {"New template…": "EDITOR"}),
    "/webhooks/{webhook}": ("told", {"Disable": "EDITOR", "Edit…": "EDITOR", "Delete…": "EDITOR"}),
    "/secrets": ("Secrets", {"New secret…": "ADMIN", "Delete shop_token": "ADMIN"}),
    "/keys": ("Keys", {"New key…": "ADMIN"}),
    "/audit": ("Audit", {}),
}
"""The heading of each page, and what it offers with the least role that it is offered to."""
GO = "address => { history.pushState({}, '', address); dispatchEvent(new PopStateEvent('popstate')) }"
EXPECTED = re.compile(r"net::ERR_ABORTED|\(Unauthorized\)|\(Not Found\)")
UNKNOWN_KEY = f"sg_{'x' * 12}_{'x' * 40}"


@dataclass
class Guarded:
    """A Stepgraph that asks for keys, one for each role, and the ids of a webhook and of a run that waits."""

    url: str
    keys: dict[str, str]
    webhook: str
    run: str


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
        document = {"name": "deploy", "steps": [{"id": "wait", "type": "WAIT", "config": {"signal": {"name": "go"}}}]}
        made = await ask(url, admin, PREPARE, name=HOSTILE, document=document)
        keys = {"ADMIN": admin, **{role: made[role.lower()]["token"] for role in ROLES[:-1]}}
        yield Guarded(url, keys, made["createWebhook"]["webhook"]["id"], made["executeWorkflow"]["id"])
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


async def open_page(visit: Visit, path: str, heading: str) -> None:
    """Go to a page of the console, and wait until what it asks for is there."""
    from playwright.async_api import expect

    await visit.page.goto(f"{visit.url}{path}")
    await expect(visit.page.get_by_role("heading", level=1)).to_have_text(heading)
    await expect(visit.page.get_by_role("status", name="Loading")).to_have_count(0)


async def send(address: str, body: bytes, secret: str) -> int:
    """The status of the answer to a message to an inbound webhook whose senders sign as HMAC_SHA256."""
    signature = hmac.digest(secret.encode(), body, "sha256").hex()
    async with httpx.AsyncClient() as client:
        return (await client.post(address, content=body, headers={"x-signature-256": signature})).status_code


async def press(visit: Visit, *names: str) -> None:
    """Press one button after the other."""
    for name in names:
        await visit.page.get_by_role("button", name=name, exact=True).click()


def row(visit: Visit, text: str) -> "Locator":
    return visit.page.get_by_role("row").filter(has_text=text)


async def test_each_role_is_offered_what_it_may_do_and_told_what_it_may_not_read(
    guest: Visit, guarded: Guarded
) -> None:
    from playwright.async_api import expect

    page, main = guest.page, guest.page.get_by_role("main")
    await page.goto(f"{guarded.url}/webhooks")
    await page.get_by_role("link", name="open an export").click()
    await expect(page.get_by_role("button", name="Choose a file")).to_be_visible()
    await page.go_back()
    await sign_in(guest, "sg_short")
    await expect(main).to_contain_text("56 characters")
    await sign_in(guest, UNKNOWN_KEY)
    await expect(main).to_contain_text("does not know this key")
    for role in ROLES:
        await sign_in(guest, guarded.keys[role])
        badge = page.get_by_role("banner").get_by_role("button", name=f", {role.lower()}")
        await expect(badge).to_be_visible()
        for path in OFFERED:
            await see_what_is_offered(guest, guarded, path, role)
        await page.get_by_role("navigation", name="Pages").get_by_role("button", name="More").click()
        for name, reader in (("Webhooks", "VIEWER"), ("Secrets", "EDITOR"), ("Keys", "ADMIN"), ("Audit", "ADMIN")):
            await expect(page.get_by_role("menuitem", name=name)).to_have_count(int(covers(role, reader)))
        await page.keyboard.press("Escape")
        await do_what_is_allowed(guest, guarded, role)
        await badge.click()
        await page.get_by_role("menuitem", name="Sign out").click()


async def see_what_is_offered(guest: Visit, guarded: Guarded, path: str, role: str) -> None:
    """Go to a page within the console: it offers to this role what the table says, or says that it is for others."""
    from playwright.async_api import expect

    main = guest.page.get_by_role("main")
    heading, offered = OFFERED[path]
    await guest.page.evaluate(GO, path.format(run=guarded.run, webhook=guarded.webhook))
    await expect(main.get_by_role("heading", level=1)).to_have_text(heading)
    if not covers(role, READERS.get(path, "VIEWER")):
        await expect(main.get_by_role("alert")).to_contain_text(re.compile(f"{READERS[path]}|{role} may not"))
    await expect(main.get_by_role("status", name="Loading")).to_have_count(0)
    for name, least in offered.items():
        control = main.get_by_role("button", name=name, exact=True).or_(main.get_by_role("link", name=name, exact=True))
        await expect(control, f"{name} on {path} for {role}").to_have_count(int(covers(role, least)))


async def do_what_is_allowed(guest: Visit, guarded: Guarded, role: str) -> None:
    """Do one thing that this role may and those before it may not."""
    from playwright.async_api import expect

    page, main = guest.page, guest.page.get_by_role("main")
    if role == "VIEWER":
        await page.evaluate(GO, f"/webhooks/{guarded.webhook}")
        await expect(main).to_contain_text("Nothing was sent yet")
        await expect(main).not_to_contain_text("receiver.example")
    elif role == "OPERATOR":
        await page.evaluate(GO, f"/executions/{guarded.run}")
        await press(guest, "Pause", "Resume")
        await expect(main.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    elif role == "EDITOR":
        await page.evaluate(GO, f"/webhooks/{guarded.webhook}")
        await expect(main).to_contain_text("receiver.example")
        await press(guest, "Disable", "Enable")
        await expect(main.get_by_role("button", name="Disable", exact=True)).to_be_visible()
    else:
        await page.evaluate(GO, "/audit")
        await expect(row(guest, HOSTILE).filter(has_text="createApiKey")).to_be_visible()


def covers(role: str, least: str) -> bool:
    return ROLES.index(role) >= ROLES.index(least)


async def test_the_pages_of_an_administrator_have_no_fault_that_axe_knows(guest: Visit, guarded: Guarded) -> None:
    page = guest.page
    await page.goto(guarded.url)
    await sign_in(guest, guarded.keys["ADMIN"])
    for path, heading in {**PAGES, f"/webhooks/{guarded.webhook}": "told"}.items():
        await open_page(guest, path, heading)
        assert await page.title() == f"{heading} · Stepgraph"
        for theme in ("light", "dark"):
            await page.emulate_media(color_scheme="light" if theme == "light" else "dark")
            assert await faults(guest) == []
        await page.set_viewport_size({"width": 390, "height": 844})
        assert await page.evaluate("document.documentElement.scrollWidth") <= 390
        await page.set_viewport_size({"width": 1400, "height": 900})


async def test_keys_and_secrets_are_made_and_ended_and_a_value_is_shown_once_or_never(
    guest: Visit, guarded: Guarded
) -> None:
    from playwright.async_api import expect

    page = guest.page
    await page.goto(guarded.url)
    await sign_in(guest, guarded.keys["ADMIN"])
    await open_page(guest, "/keys", "Keys")
    await expect(row(guest, HOSTILE)).to_be_visible()
    await press(guest, "New key…", "Make the key")
    name = page.get_by_label("Name", exact=True)
    await expect(name).to_have_attribute("aria-invalid", "true")
    await name.fill("reports")
    await press(guest, "Make the key")
    token = await page.get_by_label("The token", exact=True).inner_text()
    assert token.startswith("sg_")
    assert await faults(guest) == []
    await press(guest, "I have copied it")
    await expect(row(guest, "reports")).to_be_visible()
    assert token not in await page.content()
    await press(guest, "Revoke reports", "Revoke it")
    await expect(row(guest, "reports")).to_have_count(0)

    await open_page(guest, "/secrets", "Secrets")
    await press(guest, "New secret…")
    await page.get_by_label("Name", exact=True).fill("1st")
    await page.get_by_label("Value", exact=True).fill("of no use")
    await press(guest, "Store the secret")
    await expect(page.get_by_role("dialog")).to_contain_text("no name of a secret")
    await page.get_by_label("Name", exact=True).fill("first")
    await press(guest, "Store the secret")
    await expect(row(guest, "secrets.first")).to_be_visible()
    await ask(guarded.url, guarded.keys["ADMIN"], READ_FIRST)
    await page.reload()
    await expect(row(guest, "secrets.first").get_by_role("link", name="reads-first")).to_be_visible()
    await press(guest, "Delete first")
    await expect(page.get_by_role("alertdialog").get_by_role("listitem")).to_have_text("reads-first version 1: call")
    assert await faults(guest) == []
    await press(guest, "Delete it")
    await expect(page.get_by_role("alertdialog").get_by_role("alert")).to_contain_text("take it out of them")
    await press(guest, "Keep")
    await ask(guarded.url, guarded.keys["ADMIN"], READ_FIRST.replace("secrets.first", "secrets.other"))
    await press(guest, "Delete first", "Delete it")
    await expect(row(guest, "secrets.first")).to_have_count(0)
    assert "not to be shown" not in await page.content()


async def test_an_inbound_webhook_is_made_posted_to_given_a_new_secret_changed_and_deleted(
    guest: Visit, guarded: Guarded
) -> None:
    from playwright.async_api import expect

    page = guest.page
    await page.goto(guarded.url)
    await sign_in(guest, guarded.keys["ADMIN"])
    await open_page(guest, "/webhooks?direction=INBOUND", "Webhooks")
    await press(guest, "New webhook…", "Create the webhook")
    await expect(page.get_by_role("dialog")).to_contain_text("starts a workflow")
    await page.get_by_label("Name", exact=True).fill(HOSTILE)
    await page.get_by_label("Workflow", exact=True).fill("deploy")
    await page.get_by_label("Senders sign as").select_option("HMAC_SHA256")
    await press(guest, "Create the webhook")
    await expect(page.get_by_label("The secret", exact=True)).to_be_visible()
    await press(guest, "I have copied it")

    await expect(page.get_by_role("heading", level=1)).to_have_text(HOSTILE)
    await press(guest, "Rotate secret…", "Rotate the secret")
    secret = await page.get_by_label("The secret", exact=True).inner_text()
    await press(guest, "I have copied it")
    [address] = re.findall(r"http\S+/hooks/[\w-]+", await page.get_by_role("main").inner_text())[:1]
    assert await send(address, b'{"hello": "there"}', secret) == 202
    await expect(row(guest, "received")).to_be_visible()
    await row(guest, "received").get_by_role("link").first.click()
    await expect(page.get_by_role("dialog")).to_contain_text("hello")
    assert await faults(guest) == []
    await press(guest, "Close", "Disable")
    await expect(page.get_by_text("disabled", exact=True)).to_be_visible()
    await press(guest, "Edit…")
    await page.get_by_label("Name", exact=True).fill("renamed")
    await press(guest, "Save")
    await expect(page.get_by_role("heading", level=1)).to_have_text("renamed")
    await press(guest, "Delete…", "Delete it")
    await expect(page).to_have_url(f"{guarded.url}/webhooks")
    await expect(row(guest, "told")).to_be_visible()
    await expect(row(guest, "renamed")).to_have_count(0)


async def test_an_outbound_webhook_is_refused_a_wrong_address_changed_and_sends_an_event_again(
    guest: Visit, guarded: Guarded
) -> None:
    from playwright.async_api import expect

    page = guest.page
    made = await ask(guarded.url, guarded.keys["ADMIN"], REGISTER)
    await page.goto(guarded.url)
    await sign_in(guest, guarded.keys["ADMIN"])
    await open_page(guest, f"/webhooks/{made['createWebhook']['webhook']['id']}", "teller")
    async with scripted_service(lambda _: reply({"heard": "it"})) as receiver:
        await press(guest, "Edit…")
        address = page.get_by_label("Address", exact=True)
        await address.fill("nowhere")
        await press(guest, "Save")
        await expect(address).to_have_attribute("aria-invalid", "true")
        await address.fill(receiver.url)
        await page.get_by_label("execution.started").check()
        await page.get_by_label("webhook.disabled").uncheck()
        await press(guest, "Save")
        await expect(page.get_by_role("main")).to_contain_text(receiver.url)

        await ask(guarded.url, guarded.keys["ADMIN"], START)
        await wait_until(lambda: len(receiver.asked) == 1, "the receiver is told")
        await expect(row(guest, "delivered")).to_contain_text("execution.started")
        await row(guest, "delivered").get_by_role("link").first.click()
        attempts = page.get_by_role("list", name="Attempts").get_by_role("listitem")
        await expect(attempts).to_have_count(1)
        await press(guest, "Send again")
        await expect(attempts).to_have_count(2)
        await expect(attempts.first).to_contain_text("it")
        await press(guest, "Close")
        await page.get_by_label("Status").select_option("failed")
        await expect(page.get_by_role("main")).to_contain_text("No event is failed")
    assert len(receiver.asked) == 2
