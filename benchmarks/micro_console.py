"""The time from a commit to the page of the console that shows it: `python -m benchmarks.micro_console`.

It starts a system of its own and Chromium, and makes one change after the other to what a page shows: steps of a run
end, executions of a list are cancelled. Nothing else goes on meanwhile.
"""

import argparse
import asyncio
import shutil
import statistics

from playwright.async_api import async_playwright
from rich.console import Console
from rich.table import Table

from benchmarks.pixels import seconds_to_the_list, seconds_to_the_run
from benchmarks.stack import running_stack

_TARGET = 0.3
"""Seconds within which 95 of 100 changes are to be seen."""
_PAGES = {"a run": seconds_to_the_run, "the list": seconds_to_the_list}


async def _measure(chromium: str, rounds: int, changes: int) -> None:
    table = Table("page", "round", "p50 ms", "p95 ms", "longest", f"p95 ≤ {_TARGET * 1e3:.0f} ms")
    async with running_stack(workers=1) as stack, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = await browser.new_page()
        for name, measure in _PAGES.items():
            for number in range(rounds):
                seconds = await measure(page, stack.url, stack.api.execute, changes=changes)
                p50, p95 = statistics.median(seconds), statistics.quantiles(seconds, n=20, method="inclusive")[-1]
                figures = (f"{each * 1e3:.0f}" for each in (p50, p95, max(seconds)))
                table.add_row(name, str(number + 1), *figures, "reached" if p95 <= _TARGET else "missed")
        await browser.close()
    Console().print(table)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.micro_console", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--changes", type=int, default=50, help="changes in a round, 50 at most")
    parser.add_argument("--chromium", default=shutil.which("chromium"), help="the browser; default: that of the PATH")
    options = parser.parse_args()
    if options.chromium is None:
        parser.error("there is no chromium on the PATH: name a browser with --chromium")
    asyncio.run(_measure(options.chromium, options.rounds, options.changes))


if __name__ == "__main__":
    main()
