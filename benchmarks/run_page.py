"""The console's page of a large run in Chromium: until it can be used, what it keeps, and its frames."""

import contextlib
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from benchmarks.executions import apply, execute_to_end
from benchmarks.stack import Stack

if TYPE_CHECKING:
    from playwright.async_api import Browser, Locator, Page

_CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_CHROMIUM_OPTIONS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking")
_WIDTH, _HEIGHT = 1440, 900
_PATIENCE_MS = 30_000
_FRAMES = 240
"""Frames in which a list is scrolled from its first row to its last."""

# How long each frame takes is asked in the page itself, from one callback before a frame to the next.
_WATCH_FRAMES = """
() => {
  window.longestFrame = 0;
  let before = performance.now();
  const look = (now) => {
    window.longestFrame = Math.max(window.longestFrame, now - before);
    before = now;
    window.frameWatch = requestAnimationFrame(look);
  };
  window.frameWatch = requestAnimationFrame((now) => {
    before = now;
    window.frameWatch = requestAnimationFrame(look);
  });
}
"""
_LONGEST_FRAME = "() => { cancelAnimationFrame(window.frameWatch); return window.longestFrame; }"
_SCROLL = """
(rows, frames) => new Promise((done) => {
  const far = rows.scrollHeight - rows.clientHeight;
  let frame = 0;
  const move = () => {
    frame += 1;
    rows.scrollTop = (far * frame) / frames;
    if (frame < frames) requestAnimationFrame(move);
    else setTimeout(() => done(rows.querySelectorAll('[role=row]').length), 200);
  };
  requestAnimationFrame(move);
})
"""


def page_of_a_loop(
    *, workflow: str, items: int, steps: int
) -> tuple[Callable[[Stack], Awaitable[None]], Callable[[Stack], Awaitable[Mapping[str, float]]]]:
    """Prepare and measure: the page of a run with one loop over `items` items, each of which has `steps` transforms."""
    runs: dict[Stack, str] = {}

    async def prepare(stack: Stack) -> None:
        shapes = [
            {"id": f"shape{number}", "type": "DATA_TRANSFORM", "config": {"output": {"number": "{{ item }}"}}}
            for number in range(steps)
        ]
        config = {"items": f"[1..{items}]", "steps": shapes, "maxConcurrency": 200}
        await apply(stack.api, workflow, [{"id": "loop", "type": "FOR_EACH", "config": config}])
        runs[stack] = await execute_to_end(stack.api, workflow)

    async def measure(stack: Stack) -> Mapping[str, float]:
        async with _chromium() as browser:
            page = await browser.new_page(viewport={"width": _WIDTH, "height": _HEIGHT}, reduced_motion="reduce")
            page.set_default_timeout(_PATIENCE_MS)
            return await _measure(page, f"{stack.url}/executions/{runs[stack]}", items)

    return prepare, measure


async def _measure(page: "Page", address: str, items: int) -> Mapping[str, float]:
    """Use the page as somebody would who looks for an item: once it is there, it is clicked on, opened and scrolled."""
    started = time.perf_counter()
    await page.goto(address, wait_until="commit")
    loop = page.get_by_role("treegrid", name="Timeline").get_by_role("row").filter(has_text="loop").first
    await loop.click()
    await page.locator("[role=row][aria-selected=true]").wait_for()
    usable = time.perf_counter() - started
    await page.get_by_title(f"{items} items begun").wait_for()
    complete = time.perf_counter() - started
    figures = {"usable ms": usable * 1000, "all steps ms": complete * 1000}
    figures["longest frame ms, opening"] = await _longest_frame(page, _opened(loop, page))
    figures["longest frame ms, timeline"] = await _longest_frame(page, _scrolled(page, "Timeline"))
    await page.get_by_role("tab", name="Table").click()
    figures["longest frame ms, table"] = await _longest_frame(page, _scrolled(page, "Table of steps"))
    await page.get_by_role("tab", name="Graph").click()
    await page.get_by_role("group", name="Graph").get_by_text("[0]").first.wait_for()
    figures["longest frame ms, graph"] = await _longest_frame(page, _dragged(page))
    figures["heap MB"] = await _heap(page) / 1e6
    return figures


async def _longest_frame(page: "Page", doing: Awaitable[None]) -> float:
    """The longest time between two frames, in milliseconds, while something is done."""
    await page.evaluate(_WATCH_FRAMES)
    await doing
    return float(await page.evaluate(_LONGEST_FRAME))


async def _opened(loop: "Locator", page: "Page") -> None:
    await loop.get_by_role("button", name="Open").click()
    await page.get_by_role("row").filter(has_text="[0]").first.wait_for()


async def _scrolled(page: "Page", name: str) -> None:
    shown = int(await page.get_by_role("treegrid", name=name).evaluate(_SCROLL, _FRAMES))
    if not 10 < shown < 200:
        raise RuntimeError(f"{name} has {shown} rows in the page")


async def _dragged(page: "Page") -> None:
    """Move the graph about, and zoom."""
    box = await page.get_by_role("group", name="Graph").bounding_box()
    if box is None:
        raise RuntimeError("there is no graph to be seen")
    x, y = box["x"] + 8, box["y"] + 8
    await page.mouse.move(x, y)
    await page.mouse.down()
    for step in range(60):
        await page.mouse.move(x + step * 4, y + step * 3)
    await page.mouse.up()
    for _ in range(20):
        await page.mouse.wheel(0, -40)


async def _heap(page: "Page") -> float:
    """The bytes of the JavaScript heap, after what is not used any more was collected."""
    session = await page.context.new_cdp_session(page)
    await session.send("HeapProfiler.collectGarbage")
    usage: dict[str, Any] = await session.send("Runtime.getHeapUsage")
    return float(usage["usedSize"])


@contextlib.asynccontextmanager
async def _chromium() -> "AsyncIterator[Browser]":
    """The system's Chromium without a window, new for each round."""
    from playwright.async_api import Error, async_playwright

    path = next((path for name in _CHROMIUM_NAMES if (path := shutil.which(name))), None)
    if path is None:
        raise RuntimeError("there is no Chromium: apt-get install chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=_CHROMIUM_OPTIONS)
        try:
            yield browser
        except Error as error:
            raise RuntimeError(str(error)) from error
        finally:
            await browser.close()
