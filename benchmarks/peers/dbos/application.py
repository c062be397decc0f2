"""The workloads as a DBOS application, run by the Python that `make bench-peers` installs DBOS for.

`application.py DATABASE-URL NAME` prints "ready". Each line of input is then a command, `{workflow, arguments,
expected, count, oneByOne}`, and is answered by a line: `{"seconds": [...]}`, or `{"error": text}`.
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import uvloop
from dbos import DBOS

_CONNECTIONS = 20  # to PostgreSQL, and threads to use them
_PAUSE_SECONDS = 0.01
_http: aiohttp.ClientSession


@DBOS.step()
async def call(url: str) -> Any:
    """GET a JSON document."""
    async with _http.get(url) as response:
        response.raise_for_status()
        return await response.json()


@DBOS.step()
async def count(before: int, sku: str) -> dict[str, Any]:
    """One further than `before`."""
    return {"count": before + 1, "sku": sku}


@DBOS.workflow()
async def calls(url: str, sku: str, steps: int) -> int:
    """`steps` calls in sequence; the number of answers."""
    answers = [await call(f"{url}/stock/{sku}") for _ in range(steps)]
    return sum(answer["sku"] == sku for answer in answers)


@DBOS.workflow()
async def items(url: str, items: int, concurrency: int) -> int:
    """`items` calls, `concurrency` at a time; the number of answers."""
    answered = 0
    for first in range(1, items + 1, concurrency):
        numbers = range(first, min(first + concurrency, items + 1))
        answers = await asyncio.gather(*(call(f"{url}/stock/{number}") for number in numbers))
        answered += sum(answer["sku"] == str(number) for answer, number in zip(answers, numbers, strict=True))
    return answered


@DBOS.workflow()
async def slow(url: str) -> int:
    """One call that takes a second; 1."""
    await call(f"{url}/delay/1000")
    return 1


@DBOS.workflow()
async def counts(sku: str, steps: int) -> int:
    """`steps` steps, each of which counts one further than the one before it; the last count."""
    reached = 0
    for _ in range(steps):
        reached = (await count(reached, sku))["count"]
    return reached


_WORKFLOWS: dict[str, Callable[..., Awaitable[int]]] = {"calls": calls, "items": items, "slow": slow, "counts": counts}


async def _result(workflow: str, arguments: dict[str, Any]) -> Any:
    handle = await DBOS.start_workflow_async(_WORKFLOWS[workflow], **arguments)
    return await handle.get_result()


async def _carry_out(command: dict[str, Any]) -> list[float]:
    seconds, results = [], []
    if command["oneByOne"]:
        for _ in range(command["count"]):
            began = time.perf_counter()
            results.append(await _result(command["workflow"], command["arguments"]))
            seconds.append(time.perf_counter() - began)
            await asyncio.sleep(_PAUSE_SECONDS)
    else:
        began = time.perf_counter()
        starting = (_result(command["workflow"], command["arguments"]) for _ in range(command["count"]))
        results = await asyncio.gather(*starting)
        seconds.append(time.perf_counter() - began)
    if set(results) != {command["expected"]}:
        raise RuntimeError(f"workflows gave {set(results)}, not {command['expected']}")
    return seconds


async def _serve(url: str, name: str) -> None:
    global _http
    DBOS(
        config={
            "name": "bench",
            "system_database_url": url,
            "executor_id": name,
            "application_version": "1",
            "log_level": "ERROR",
            "enable_otlp": False,
            "sys_db_pool_size": _CONNECTIONS,
            "max_executor_threads": _CONNECTIONS,
        }
    )
    DBOS.launch()
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as _http:
        print("ready", flush=True)
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            try:
                answer: dict[str, Any] = {"seconds": await _carry_out(json.loads(line))}
            except Exception as error:
                answer = {"error": f"{type(error).__name__}: {error}"}
            print(json.dumps(answer), flush=True)
    DBOS.destroy()


if __name__ == "__main__":
    uvloop.run(_serve(*sys.argv[1:]))
