"""A running Stepgraph and a browser, for tests of what people see.

They need Chromium from the system (`apt-get install chromium`), the playwright package and the built playground. A
machine that lacks one of these skips the tests and says why; where CI is set in the environment it fails them.
"""

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

import pytest
import pytest_asyncio

from graphql_api.playground import STATIC_FILES
from tests.acceptance.processes import Running, free_port, running, until_ready

if TYPE_CHECKING:
    from playwright.async_api import Browser, ConsoleMessage, Page, Request, WebSocket

_CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_CHROMIUM_OPTIONS = (
    "--no-sandbox",  # as root, which containers are, there is no sandbox to be had
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

# Pasted, not typed: the editor closes brackets and quotes by itself while somebody types.
_PASTE = """
(editor, text) => {
  const clipboardData = new DataTransfer();
  clipboardData.setData("text/plain", text);
  editor.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
}
"""
_PATIENCE_MS = 20_000  # for what the page is expected to show, on a machine that does much else at the time


@dataclass
class Visit:
    """One browser window on the running Stepgraph, with everything it asked for and complained about."""

    page: "Page"
    url: str
    requested: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", self._on_request)
        self.page.on("requestfailed", lambda request: self.complaints.append(f"{request.url}: {request.failure}"))
        self.page.on("websocket", self._on_websocket)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._on_console)

    @property
    def requested_elsewhere(self) -> list[str]:
        """The requested URLs of any other origin, without data and blobs, which are in the page itself."""
        own = urlsplit(self.url).netloc
        return [url for url in self.requested if not url.startswith(("data:", "blob:")) and urlsplit(url).netloc != own]

    async def open(self, path: str = "/graphiql/", **parameters: str) -> None:
        """Open a page of this Stepgraph and wait until the editor takes input."""
        await self.page.goto(self.url + path + (f"?{urlencode(parameters)}" if parameters else ""))
        await self.page.locator(".graphiql-query-editor .monaco-editor .view-line").first.wait_for()

    async def run(self) -> None:
        """Press the button that executes the operation, or stops the one that runs."""
        await self.page.locator(".graphiql-execute-button").click()

    async def select_tab(self, name: str) -> None:
        """Go to the tab with this operation."""
        await self.page.get_by_role("tab", name=name).click()

    async def write_variables(self, text: str) -> None:
        """Replace what is in the Variables editor."""
        await self._write("Variables", text)

    async def write_headers(self, text: str) -> None:
        """Replace what is in the Headers editor."""
        await self._write("Headers", text)

    async def keep_screenshot(self, directory: Path, name: str) -> None:
        """Store a picture: in the folder that SCREENSHOTS names, else in the given one."""
        folder = Path(os.environ.get("SCREENSHOTS") or directory)
        await self.page.screenshot(path=folder / f"{name}.png")

    async def _write(self, tool: str, text: str) -> None:
        await self.page.get_by_role("button", name=tool, exact=True).click()
        await self.page.locator(".graphiql-editor-tool .graphiql-editor:not(.hidden) .monaco-editor").click()
        await self.page.keyboard.press("ControlOrMeta+a")
        await self.page.locator(":focus").evaluate(_PASTE, text)

    def _on_request(self, request: "Request") -> None:
        self.requested.append(request.url)

    def _on_websocket(self, socket: "WebSocket") -> None:
        self.requested.append(socket.url)
        socket.on("framesent", lambda frame: self.sent.append(str(frame)))

    def _on_console(self, message: "ConsoleMessage") -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)


@dataclass(frozen=True, slots=True)
class Served:
    """A Stepgraph as `stepgraph dev` runs it."""

    url: str
    process: Running

    @contextmanager
    def frozen_workers(self) -> Iterator[None]:
        """A time in which its workers are there, and do nothing."""
        workers = self.process.running("worker-process")
        for each in workers:
            each.suspend()
        try:
            yield
        finally:
            for each in workers:
                each.resume()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(browser: "Browser", tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """One for the tests of a file. Without a browser it is not even started."""
    directory = tmp_path_factory.mktemp("dev")
    port = free_port()
    arguments = ("--port", str(port), "--data-dir", str(directory / "data"), "--workers", "1", "--example-port", "0")
    async with running(directory / "dev.log", "dev", *arguments) as process:
        await until_ready(f"http://127.0.0.1:{port}", of=process)
        yield Served(f"http://127.0.0.1:{port}", process)
        await process.stop()


@pytest.fixture(scope="module")
def stepgraph_url(served: Served) -> str:
    return served.url


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator["Browser"]:
    """Chromium without a window."""
    missing = _missing()
    if missing is not None:
        give_up = pytest.fail if os.environ.get("CI") else pytest.skip
        give_up(f"There is no browser test without {missing}.")
    from playwright.async_api import async_playwright, expect

    expect.set_options(timeout=_PATIENCE_MS)
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=_chromium(), args=_CHROMIUM_OPTIONS)
        yield chromium
        await chromium.close()


@pytest_asyncio.fixture(loop_scope="module")
async def visit(browser: "Browser", stepgraph_url: str) -> AsyncIterator[Visit]:
    """A window of its own for each test: nothing is remembered from another one."""
    context = await browser.new_context(viewport={"width": 1400, "height": 900})
    yield Visit(await context.new_page(), stepgraph_url)
    await context.close()


def _missing() -> str | None:
    if _chromium() is None:
        return "Chromium: apt-get install chromium, or any of " + ", ".join(_CHROMIUM_NAMES) + " on the PATH"
    if find_spec("playwright") is None:
        return "the playwright package: run make setup"
    if not (STATIC_FILES / "graphiql" / "index.html").is_file():
        return "the built playground: run make console"
    return None


def _chromium() -> str | None:
    return next((path for name in _CHROMIUM_NAMES if (path := shutil.which(name))), None)
