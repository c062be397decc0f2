"""The bundled example service: what the examples rely on."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from example_service import ExampleService
from tests.waiting import wait_until


@pytest.fixture
async def service() -> AsyncIterator[ExampleService]:
    async with ExampleService() as running:
        yield running


@pytest.fixture
async def client(service: ExampleService) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=service.url) as client:
        yield client


async def test_the_pages_of_the_contacts_lead_to_all_of_them(client: httpx.AsyncClient) -> None:
    contacts: list[dict[str, Any]] = []
    pages, url = 0, "/contacts?size=150"
    while url:
        page = (await client.get(url)).json()
        contacts += page["items"]
        pages, url = pages + 1, page["next"]

    assert pages == 7
    assert [contact["id"] for contact in contacts] == list(range(1, 1001))
    assert sum("@" not in contact["email"] for contact in contacts) == 10


@pytest.mark.parametrize("query", ["page=0", "size=0", "size=501", "page=one"])
async def test_a_page_that_cannot_be_is_a_bad_request(client: httpx.AsyncClient, query: str) -> None:
    assert (await client.get(f"/contacts?{query}")).status_code == 400


async def test_a_row_that_is_stored_twice_is_stored_once(client: httpx.AsyncClient, service: ExampleService) -> None:
    for name in ("Ada", "Grace"):
        await client.put("/warehouse/people/7", json={"name": name})

    assert (await client.get("/warehouse/people")).json() == {"table": "people", "rows": 1}
    assert service.tables["warehouse people"] == {"7": {"name": "Grace"}}


async def test_a_job_is_done_when_it_has_been_asked_about_often_enough(client: httpx.AsyncClient) -> None:
    answer = await client.post("/jobs", json={"polls": 3}, headers={"idempotency-key": "k"})
    job = answer.json()["jobId"]

    answers = [(await client.get(f"/jobs/{job}")).json()["status"] for _ in range(4)]

    assert answer.status_code == 202
    assert answers == ["running", "running", "done", "done"]
    assert (await client.get("/jobs/other")).status_code == 404


async def test_a_booking_is_cancelled_with_the_second_try(client: httpx.AsyncClient) -> None:
    booked = await client.post("/bookings/hotels", json={"city": "Venice"}, headers={"idempotency-key": "k"})
    booking = booked.json()["bookingId"]
    assert (await client.get("/bookings")).json() == {"open": [booking]}

    tries = [(await client.delete(f"/bookings/{booking}")).status_code for _ in range(3)]

    assert tries == [503, 200, 200]
    assert (await client.get("/bookings")).json() == {"open": []}


async def test_there_are_no_cars_in_venice(client: httpx.AsyncClient) -> None:
    assert (await client.post("/bookings/cars", json={"city": "Venice"})).status_code == 409
    assert (await client.post("/bookings/cars", json={"city": "Lisbon"})).status_code == 201


async def test_some_companies_are_unknown_and_some_have_no_rating(client: httpx.AsyncClient) -> None:
    leads = (await client.get("/leads")).json()
    known = {lead["id"] for lead in leads if (await client.get(f"/companies/{lead['company']}")).is_success}
    rated = {lead["id"] for lead in leads if (await client.get(f"/ratings/{lead['company']}")).is_success}

    assert {lead["id"] for lead in leads} - known == {10, 20, 30, 40}
    assert {lead["id"] for lead in leads} - rated == set(range(4, 41, 4))


async def test_a_pager_calls_back(client: httpx.AsyncClient, service: ExampleService) -> None:
    """The pager calls back the service itself."""
    answer = await client.post("/pager/bob", json={"type": "alert", "callbackUrl": f"{service.url}/tickets"})

    assert answer.status_code == 202
    await wait_until(lambda: service.tables["tickets"], "it has called back")
    assert list(service.tables["tickets"].values()) == [{"acknowledgedBy": "bob"}]


async def test_alice_never_calls_back(client: httpx.AsyncClient, service: ExampleService) -> None:
    for person in ("alice", "bob"):
        await client.post(f"/pager/{person}", json={"callbackUrl": f"{service.url}/reports"})

    await wait_until(lambda: service.tables["reports"], "bob has called back")

    assert list(service.tables["reports"].values()) == [{"acknowledgedBy": "bob"}]
    assert service.counters["/reports"] == 1


async def test_what_is_accepted_has_an_id_made_of_the_key(client: httpx.AsyncClient) -> None:
    answers = [await client.post("/invoices", json={"n": 1}, headers={"idempotency-key": "k"}) for _ in range(2)]

    assert {answer.json()["invoiceId"] for answer in answers} == {"invoice_k"}


@pytest.mark.parametrize(
    ("path", "body"), [("/jobs", []), ("/bookings/cars", "text"), ("/accounts/mail", {}), ("/pager/bob", 1)]
)
async def test_a_body_that_is_not_what_is_wanted_is_a_bad_request(
    client: httpx.AsyncClient, path: str, body: Any
) -> None:
    assert (await client.post(path, json=body)).status_code == 400


async def test_a_path_that_is_too_short_is_a_bad_request_and_an_unknown_one_is_not_found(
    client: httpx.AsyncClient,
) -> None:
    assert (await client.get("/stock")).status_code == 400
    assert (await client.get("/")).status_code == 404
    assert (await client.patch("/stock/lamp")).status_code == 404


async def test_it_runs_as_a_program_that_says_where_it_is() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "example_service", "--port", "0", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    url = (await process.stdout.readline()).decode().strip()
    async with httpx.AsyncClient() as client:
        assert (await client.get(f"{url}/stock/lamp")).json()["sku"] == "lamp"

    process.send_signal(signal.SIGTERM)

    assert await asyncio.wait_for(process.wait(), 10) == 0
