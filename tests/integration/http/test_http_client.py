"""The outgoing client against real sockets: every way a service can misbehave ends in a code."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from actors.http.client import HttpClient, HttpRequest, HttpResponse
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.json.text import loads
from example_service import ExampleService
from tests.http_clients import http_client
from tests.waiting import wait_until

pytestmark = pytest.mark.usefixtures("transport")


@asynccontextmanager
async def open_client(**limits: Any) -> AsyncIterator[HttpClient]:
    async with http_client(**limits) as client:
        yield client


@pytest.fixture
async def service() -> AsyncIterator[ExampleService]:
    async with ExampleService() as running:
        yield running


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    async with open_client() as opened:
        yield opened


def get(url: str, **options: Any) -> HttpRequest:
    return HttpRequest(method="GET", url=url, **options)


async def answer(client: HttpClient, request: HttpRequest) -> HttpResponse:
    result = await client.send(request)
    assert isinstance(result, HttpResponse), result
    return result


async def failure(client: HttpClient, request: HttpRequest) -> StepError:
    result = await client.send(request)
    assert isinstance(result, StepError), result
    return result


async def test_a_request_arrives_as_it_was_sent(client: HttpClient, service: ExampleService) -> None:
    sent = HttpRequest(
        method="POST",
        url=f"{service.url}/echo/a%20b?q=1&q=%C3%A9",
        headers={"X-Trace": "é", "content-type": "application/json"},
        body=b'{"a":1}',
    )

    response = await answer(client, sent)

    assert response.status == 200
    assert response.headers["content-type"] == "application/json"
    echoed = loads(response.body)
    assert isinstance(echoed, dict)
    headers = echoed["headers"]
    assert echoed["method"] == "POST"
    assert echoed["path"] == "/echo/a%20b"
    assert echoed["query"] == {"q": ["1", "é"]}
    assert echoed["body"] == {"a": 1}
    assert headers["host"] == service.url.removeprefix("http://")
    assert headers["user-agent"] == "stepgraph/test"
    assert headers["accept-encoding"] == "gzip"
    assert headers["content-length"] == "7"
    assert headers["x-trace"].encode("latin-1").decode() == "é"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_every_method_works_without_a_body(client: HttpClient, service: ExampleService, method: str) -> None:
    response = await answer(client, HttpRequest(method=method, url=f"{service.url}/echo"))

    echoed = loads(response.body)
    assert isinstance(echoed, dict)
    assert echoed["method"] == method
    assert echoed["body"] is None


async def test_connections_are_kept_and_nothing_else_is(client: HttpClient, service: ExampleService) -> None:
    for _ in range(5):
        await answer(client, get(f"{service.url}/stock/a"))

    assert service.connections == 1


async def test_cookies_of_one_request_are_not_sent_with_the_next(client: HttpClient) -> None:
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            heads.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(b"HTTP/1.1 200 OK\r\nset-cookie: session=1\r\ncontent-length: 0\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        for _ in range(2):
            await answer(client, get(f"http://127.0.0.1:{port}/"))

    assert len(heads) == 2
    assert not any(b"cookie" in head.lower() for head in heads)


@pytest.mark.parametrize("status", [200, 201, 204, 302, 304, 400, 404, 418, 500, 503, 599])
async def test_every_status_is_an_answer(client: HttpClient, service: ExampleService, status: int) -> None:
    assert (await answer(client, get(f"{service.url}/status/{status}"))).status == status


async def test_a_compressed_body_is_inflated(client: HttpClient, service: ExampleService) -> None:
    assert (await answer(client, get(f"{service.url}/gzip"))).body == b'{"compressed": true}'


async def test_a_bomb_is_too_large(client: HttpClient, service: ExampleService) -> None:
    error = await failure(client, get(f"{service.url}/gzip-bomb"))

    assert error.code is FailureCode.RESPONSE_TOO_LARGE


async def test_a_chained_encoding_is_refused(client: HttpClient, service: ExampleService) -> None:
    error = await failure(client, get(f"{service.url}/gzip-bomb?layers=2"))

    assert error.code is FailureCode.INVALID_RESPONSE
    assert "gzip, gzip" in error.message


async def test_a_body_over_the_cap_is_refused_and_the_connection_closed(service: ExampleService) -> None:
    async with open_client(max_response_bytes=1000) as client:
        assert len((await answer(client, get(f"{service.url}/bytes/1000"))).body) == 1000
        error = await failure(client, get(f"{service.url}/bytes/1001"))
        assert error.code is FailureCode.RESPONSE_TOO_LARGE
        lower = await failure(client, get(f"{service.url}/bytes/600", max_response_bytes=500))
        assert lower.code is FailureCode.RESPONSE_TOO_LARGE
        higher = await failure(client, get(f"{service.url}/bytes/1001", max_response_bytes=5000))
        assert higher.code is FailureCode.RESPONSE_TOO_LARGE
        await wait_until(lambda: service.connections == 1, "only complete answers keep their connection")
        huge = await failure(client, get(f"{service.url}/bytes/50000000"))
        assert huge.code is FailureCode.RESPONSE_TOO_LARGE
        await wait_until(lambda: service.connections == 0, "the connection is closed")


async def test_a_long_body_with_an_unwanted_status_is_cut(client: HttpClient, service: ExampleService) -> None:
    response = await answer(client, get(f"{service.url}/bytes/100000", expected=frozenset({201})))

    assert response.is_cut
    assert len(response.body) == 16 * 1024


async def test_an_answer_that_is_not_http_is_invalid(client: HttpClient, service: ExampleService) -> None:
    error = await failure(client, get(f"{service.url}/garbage"))

    assert error.code is FailureCode.INVALID_RESPONSE
    assert error.is_retryable


async def test_a_service_that_hangs_up_in_the_body_is_a_lost_connection(
    client: HttpClient, service: ExampleService
) -> None:
    error = await failure(client, get(f"{service.url}/close"))

    assert error.code is FailureCode.CONNECTION_LOST
    assert error.is_retryable


async def test_a_service_that_hangs_up_before_it_answers_is_a_lost_connection(client: HttpClient) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        error = await failure(client, HttpRequest(method="POST", url=f"http://127.0.0.1:{port}/"))

    assert error.code is FailureCode.CONNECTION_LOST


async def test_a_service_that_says_nothing_runs_into_the_read_timeout(
    client: HttpClient, service: ExampleService
) -> None:
    error = await failure(client, get(f"{service.url}/hang", read_timeout=timedelta(milliseconds=50)))

    assert error.code is FailureCode.TIMEOUT
    assert "read timeout" in error.message
    await wait_until(lambda: service.connections == 0, "the connection is closed")


async def test_a_service_that_drips_runs_into_the_total_timeout(service: ExampleService) -> None:
    async with open_client(total_timeout=timedelta(milliseconds=200)) as client:
        error = await failure(client, get(f"{service.url}/drip?bytes=1000&interval_ms=10"))

    assert error.code is FailureCode.TIMEOUT
    assert "0.2 s" in error.message


async def test_a_port_where_nobody_listens_is_a_failed_connection(client: HttpClient) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        error = await failure(client, get(f"http://127.0.0.1:{taken.getsockname()[1]}/"))

    assert error.code is FailureCode.CONNECT_FAILED
    assert error.is_retryable


async def test_a_service_that_does_not_accept_runs_into_the_connect_timeout(client: HttpClient) -> None:
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for other in (first, second):  # they fill the queue that nobody empties
            other.setblocking(False)
            other.connect_ex(full.getsockname())
        url = f"http://127.0.0.1:{full.getsockname()[1]}/"
        error = await failure(client, get(url, connect_timeout=timedelta(milliseconds=50)))

    assert error.code is FailureCode.CONNECT_FAILED
    assert "connect timeout" in error.message


async def test_a_name_that_does_not_resolve_is_a_failed_connection() -> None:
    async def nowhere(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    async with open_client(lookup=nowhere) as client:
        error = await failure(client, get("http://nowhere.example/"))

    assert error.code is FailureCode.CONNECT_FAILED
    assert "Name or service not known" in error.message


async def test_a_resolver_that_hangs_is_a_failed_connection() -> None:
    async def forever(host: str, port: int) -> list[str]:
        await asyncio.Event().wait()
        return []

    async with open_client(lookup=forever, dns_timeout=timedelta(milliseconds=50)) as client:
        error = await failure(client, get("http://slow.example/"))

    assert error.code is FailureCode.CONNECT_FAILED
    assert "resolving" in error.message


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/relative",
        "example.com",
        "ftp://example.com/",
        "file:///etc/passwd",
        "unix:/tmp/socket",
        "http://",
        "http:///path",
        "http://user:password@example.com/",
        "http://example.com:99999/",
        "http://exa mple.com/",
        "http://example.com/\r\nX-Evil: 1",
        "http://[::1/",
        "http://①②⑦.0.0.1/",
        "http://127.1/",
        "http://2130706433/",
        "http://127.0.0.1.1/",
        "http://127.0.0.1\\@8.8.8.8/",
        "http://x/" + "a" * 20_000,
    ],
)
async def test_a_url_that_cannot_be_called_is_an_invalid_request(client: HttpClient, url: str) -> None:
    assert (await failure(client, get(url))).code is FailureCode.INVALID_REQUEST


async def test_a_header_with_a_line_break_is_an_invalid_request(client: HttpClient, service: ExampleService) -> None:
    error = await failure(client, get(f"{service.url}/echo", headers={"x-a": "1\r\nX-Evil: 1"}))

    assert error.code is FailureCode.INVALID_REQUEST
    assert not error.is_retryable
    assert service.counters.total() == 0


async def test_a_failure_names_the_request_but_not_its_query(client: HttpClient, service: ExampleService) -> None:
    error = await failure(client, get(f"{service.url}/close?token=secret"))

    assert error.message.startswith(f"GET {service.url}/close: ")
    assert "secret" not in error.message


async def test_cancelling_a_call_closes_its_connection_at_once(client: HttpClient, service: ExampleService) -> None:
    before_the_head = asyncio.create_task(client.send(get(f"{service.url}/hang")))
    in_the_body = asyncio.create_task(client.send(get(f"{service.url}/drip?bytes=100000&interval_ms=5")))
    await wait_until(lambda: service.connections == 2, "both calls are under way")

    for task in (before_the_head, in_the_body):
        task.cancel()
    results = await asyncio.gather(before_the_head, in_the_body, return_exceptions=True)

    assert all(isinstance(result, asyncio.CancelledError) for result in results)
    await wait_until(lambda: service.connections == 0, "the connections are closed")


async def test_a_thousand_calls_that_take_a_while_take_it_together(service: ExampleService) -> None:
    async with open_client(pool_size=1000) as client:
        started = time.monotonic()
        results = await asyncio.gather(*(client.send(get(f"{service.url}/delay/500")) for _ in range(1000)))
        elapsed = time.monotonic() - started

    assert all(isinstance(result, HttpResponse) and result.status == 200 for result in results)
    assert service.counters["/delay/500"] == 1000
    assert elapsed < 60  # one after the other they would take 500


async def test_a_full_pool_makes_calls_wait_and_loses_none(service: ExampleService) -> None:
    most = 0

    async def watch(send: Callable[[], Any]) -> Any:
        nonlocal most
        result = await send()
        most = max(most, service.connections)
        return result

    async with open_client(pool_size=5, pool_size_per_host=3) as client:
        calls = (watch(lambda: client.send(get(f"{service.url}/delay/2"))) for _ in range(60))
        results = await asyncio.gather(*calls)

    assert all(isinstance(result, HttpResponse) for result in results)
    assert most <= 3
