"""Connections of the outgoing client: to the checked address, under TLS, and kept only as long as they are good."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import psutil
import pytest

from actors.http.client import HttpClient, HttpRequest, HttpResponse
from actors.http.library import HttpTransport
from domain.kernel.failures import FailureCode, StepError
from example_service import ExampleService
from tests.certificates import Certificates, certificates_for
from tests.http_clients import http_client
from tests.nodes import node
from tests.waiting import wait_until

pytestmark = pytest.mark.usefixtures("transport")

NAME = "service.test"
TWO_VERSIONS = """
const {readFileSync} = require('node:fs'), {createSecureServer} = require('node:http2');
const [certificate, key] = process.argv.slice(1);
const options = {cert: readFileSync(certificate), key: readFileSync(key), allowHTTP1: true};
const server = createSecureServer(options, (request, response) => response.end(request.httpVersion));
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
"""


async def here(host: str, port: int) -> Sequence[str]:
    """A resolver for which every name is this machine."""
    return ["127.0.0.1"]


async def answer(client: HttpClient, url: str, **options: Any) -> HttpResponse:
    result = await client.send(HttpRequest(method="GET", url=url, **options))
    assert isinstance(result, HttpResponse), result
    return result


def connections_to(port: int) -> list[Any]:
    """The connections of this process to a port."""
    return [each for each in psutil.Process().net_connections("tcp") if each.raddr and each.raddr.port == port]


async def failure(client: HttpClient, url: str, **options: Any) -> StepError:
    result = await client.send(HttpRequest(method="GET", url=url, **options))
    assert isinstance(result, StepError), result
    return result


@pytest.fixture
async def service() -> AsyncIterator[ExampleService]:
    async with ExampleService() as running:
        yield running


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates_for(NAME, tmp_path_factory.mktemp("certificates"))


@pytest.fixture
async def port_under_tls(certificates: Certificates) -> AsyncIterator[int]:
    """The port of a service that answers every request under TLS with what it was asked for."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        line = head.split(b"\r\n")[0]
        writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%s" % (len(line), line))
        writer.close()

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates.certificate, certificates.key)
    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context) as server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize(
    "host",
    ["service.test", "SERVICE.Test", "service.test.", "a_b.test", "münchen.test", "x--y.test", "0x7f.1"],
)
async def test_every_spelling_of_a_name_leads_to_the_address_that_was_checked(
    service: ExampleService, host: str
) -> None:
    asked: list[str] = []

    async def lookup(name: str, port: int) -> Sequence[str]:
        asked.append(name)
        return ["127.0.0.1"]

    async with http_client(lookup=lookup) as client:
        await answer(client, f"http://{host}:{service.url.rpartition(':')[2]}/echo")

    assert len(asked) == 1
    assert service.counters["/echo"] == 1


async def test_a_name_is_looked_up_again_and_its_old_connections_are_left(service: ExampleService) -> None:
    port = int(service.url.rpartition(":")[2])
    addresses = ["127.0.0.1"]

    async def lookup(name: str, port: int) -> Sequence[str]:
        return list(addresses)

    async with (
        ExampleService(host="127.0.0.2", port=port) as moved,
        http_client(lookup=lookup, dns_ttl=timedelta(milliseconds=1), keep_alive=timedelta(milliseconds=20)) as client,
    ):
        await answer(client, f"http://{NAME}:{port}/echo")
        addresses[:] = ["127.0.0.2"]

        async def has_moved() -> bool:
            await answer(client, f"http://{NAME}:{port}/echo")
            return moved.counters["/echo"] > 0

        await wait_until(has_moved, "the new address is called", interval=0.1)


async def test_a_certificate_of_an_authority_of_ones_own_is_trusted_where_that_is_given(
    certificates: Certificates, port_under_tls: int
) -> None:
    async with http_client(lookup=here, ca_file=certificates.authority) as client:
        response = await answer(client, f"https://{NAME}:{port_under_tls}/a%2Fb")

    assert response.body == b"GET /a%2Fb HTTP/1.1"


@pytest.mark.parametrize(("name", "is_authority_given"), [(NAME, False), ("other.test", True)])
async def test_no_other_certificate_is_trusted_and_nothing_is_sent(
    certificates: Certificates, port_under_tls: int, name: str, is_authority_given: bool
) -> None:
    async with http_client(lookup=here, ca_file=certificates.authority if is_authority_given else None) as client:
        error = await failure(client, f"https://{name}:{port_under_tls}/?token=secret")

    assert error.code is FailureCode.CONNECT_FAILED
    assert "certificate" in error.message.lower()
    assert "secret" not in error.message


async def test_a_service_that_speaks_http_2_is_spoken_to_in_it_where_the_transport_can(
    certificates: Certificates, transport: HttpTransport
) -> None:
    async with (
        node("-e", TWO_VERSIONS, certificates.certificate, certificates.key) as process,
        http_client(lookup=here, ca_file=certificates.authority) as client,
    ):
        assert process.stdout is not None
        port = int(await process.stdout.readline())
        responses = await asyncio.gather(*(answer(client, f"https://{NAME}:{port}/") for _ in range(20)))

    assert {response.body for response in responses} == {b"2.0" if transport is HttpTransport.WREQ else b"1.1"}


async def test_a_kept_connection_that_the_service_has_closed_is_no_failure(service: ExampleService) -> None:
    async def leave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        writer.close()
        await writer.wait_closed()
        left.set()

    left = asyncio.Event()
    async with await asyncio.start_server(leave, "127.0.0.1", 0) as server, http_client() as client:
        port = server.sockets[0].getsockname()[1]
        url = f"http://127.0.0.1:{port}/"
        for _ in range(3):
            left.clear()
            result = await client.send(HttpRequest(method="POST", url=url, body=b"{}"))
            assert isinstance(result, HttpResponse), result
            await left.wait()
            await wait_until(lambda: not connections_to(port), "it is closed at this end too")


async def test_calls_that_fail_or_are_cancelled_leave_their_place_to_others(service: ExampleService) -> None:
    async with http_client(pool_size=1, pool_size_per_host=1) as client:
        await failure(client, f"{service.url}/close")
        await failure(client, f"{service.url}/hang", read_timeout=timedelta(milliseconds=20))
        cancelled = asyncio.create_task(client.send(HttpRequest(method="GET", url=f"{service.url}/hang")))
        waiting = asyncio.create_task(client.send(HttpRequest(method="GET", url=f"{service.url}/echo")))
        await wait_until(lambda: service.counters["/hang"] == 2, "the second call hangs")
        assert service.counters["/echo"] == 0
        cancelled.cancel()

        assert isinstance(await waiting, HttpResponse)
        assert (await answer(client, f"{service.url}/echo")).status == 200
