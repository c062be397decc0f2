"""Handlers of slow operations: jobs that are done after some polls, accounts, pagers that are acknowledged."""

import asyncio
import json
from typing import Any
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener
from urllib.request import Request as OutgoingRequest

from example_service.messages import Request, Routes, json_response
from example_service.shop import accepted

_POLLS = 3
_THINKING_SECONDS = 0.2
_CALLBACK_TRIES = 20
_CALLBACK_PAUSE = 0.25
_WHO_SLEEPS = "alice"
_DIRECTLY = build_opener(ProxyHandler({}))
"""Opens the URLs of callbacks without a proxy: Stepgraph runs on the same machine."""


def _create_job(request: Request) -> bytes:
    """`{polls?, …}`: a job that is done when it has been asked about so often, three times by default."""
    members = request.members()
    job = f"job-{request.key()}"
    request.service.store("jobs", job, int(members.get("polls", _POLLS)))
    return json_response(202, {"jobId": job, "status": "queued"})


def _job(request: Request) -> bytes:
    job = request.segment(1)
    polls = request.service.tables["jobs"].get(job)
    if polls is None:
        return json_response(404, {"error": f"there is no job {job}"})
    asked = request.service.attempt(f"poll {job}")
    if asked < polls:
        return json_response(200, {"jobId": job, "status": "running", "percent": round(100 * asked / polls)})
    return json_response(200, {"jobId": job, "status": "done", "percent": 100, "result": {"url": f"/files/{job}.mp4"}})


def _account(request: Request) -> bytes:
    """`{name}` opens an account in a system."""
    system, name = request.segment(1), str(request.members()["name"])
    return json_response(201, {"system": system, "account": name.lower().replace(" ", ".")})


def _page(request: Request) -> bytes:
    """A webhook that wakes somebody, who acknowledges by calling back. Alice is asleep and never does."""
    person, event = request.segment(1), request.members()
    url = event.get("callbackUrl")
    if url is not None and person != _WHO_SLEEPS:
        request.service.later(_acknowledge(str(url), {"acknowledgedBy": person}))
    return json_response(202, {"paged": person})


async def _acknowledge(url: str, body: dict[str, Any]) -> None:
    """Calls back after a moment, and again as long as nobody takes it."""
    if not url.startswith("http://"):
        raise ValueError(f"{url} is not an address to call back")
    await asyncio.sleep(_THINKING_SECONDS)
    for _ in range(_CALLBACK_TRIES):
        if await asyncio.to_thread(_post, url, json.dumps(body).encode()):
            return
        await asyncio.sleep(_CALLBACK_PAUSE)


def _post(url: str, body: bytes) -> bool:
    headers = {"content-type": "application/json"}
    try:
        request = OutgoingRequest(url, data=body, headers=headers, method="POST")  # noqa: S310 - http, as was seen to
        with _DIRECTLY.open(request, timeout=5):
            return True
    except (URLError, OSError):
        return False


OPERATIONS: Routes = {
    ("POST", "jobs"): _create_job,
    ("GET", "jobs"): _job,
    ("POST", "accounts"): _account,
    ("POST", "pager"): _page,
    ("POST", "tickets"): accepted("ticket"),
}
