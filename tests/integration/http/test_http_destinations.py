"""No way into addresses that are refused: not by number, not by name, not by redirect, not by rebinding."""

from collections.abc import AsyncIterator, Sequence
from ipaddress import ip_network
from typing import Any

import pytest

from actors.http.client import HttpClient, HttpRequest, HttpResponse
from actors.http.destinations import DestinationPolicy, Lookup
from domain.kernel.failures import FailureCode, StepError
from domain.kernel.json.text import loads
from example_service import ExampleService
from tests.http_clients import http_client

pytestmark = pytest.mark.usefixtures("transport")

_NO_WAY_IN = {FailureCode.DESTINATION_BLOCKED, FailureCode.INVALID_REQUEST, FailureCode.CONNECT_FAILED}


@pytest.fixture
async def service() -> AsyncIterator[ExampleService]:
    async with ExampleService() as running:
        yield running


def client_with(policy: DestinationPolicy, lookup: Lookup | None = None) -> HttpClient:
    return http_client(policy, lookup=lookup)


def port_of(service: ExampleService) -> str:
    return service.url.rpartition(":")[2]


async def code_of(client: HttpClient, url: str, **options: Any) -> FailureCode:
    result = await client.send(HttpRequest(method="GET", url=url, **options))
    assert isinstance(result, StepError), result
    assert not result.is_retryable
    return result.code


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "localhost.",
        "LOCALHOST",
        "0x7f.1",
        "0x7f000001",
        "0177.0.0.1",
        "[::1]",
        "[::]",
        "0.0.0.0",
        "[::ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "169.254.169.254",
        "10.0.0.1",
        "2130706433",
        "017700000001",
        "127.1",
        "0",
    ],
)
async def test_no_spelling_of_a_private_address_is_connected_to(service: ExampleService, host: str) -> None:
    async with client_with(DestinationPolicy()) as client:
        result = await client.send(HttpRequest(method="GET", url=f"http://{host}:{port_of(service)}/echo"))

    assert isinstance(result, StepError)
    # Some spellings are no URL, and some no name to the system's resolver: then there is nothing to block.
    assert result.code in _NO_WAY_IN
    assert service.connections == 0
    assert service.counters.total() == 0


async def test_a_name_with_one_refused_address_among_others_is_refused(service: ExampleService) -> None:
    async def mixed(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1", "10.0.0.1"]

    async with client_with(DestinationPolicy(allow_loopback=True), mixed) as client:
        assert await code_of(client, f"http://mixed.example:{port_of(service)}/") is FailureCode.DESTINATION_BLOCKED

    assert service.counters.total() == 0


async def test_a_name_that_changes_its_address_is_checked_with_every_connection(service: ExampleService) -> None:
    answers = ["127.0.0.1", "127.0.0.2"]

    async def rebinding(host: str, port: int) -> Sequence[str]:
        return [answers.pop(0)]

    policy = DestinationPolicy(allowed_networks=(ip_network("127.0.0.1"),))
    for expected in (HttpResponse, StepError):
        client = http_client(policy, lookup=rebinding)
        async with client:
            result = await client.send(HttpRequest(method="GET", url=f"http://rebind.example:{port_of(service)}/echo"))
        assert isinstance(result, expected)

    assert service.counters["/echo"] == 1


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.2:{port}/echo",
        "http://[::1]:{port}/echo",
        "//10.0.0.1/",
        "file:///etc/passwd",
        "ftp://a/b",
        "http://user@example.com/",
    ],
)
async def test_a_redirect_finds_no_way_in(service: ExampleService, target: str) -> None:
    policy = DestinationPolicy(allowed_networks=(ip_network("127.0.0.1"),))
    url = f"{service.url}/redirect?to={target.format(port=port_of(service))}"

    async with client_with(policy) as client:
        assert await code_of(client, url, follow_redirects=True) is FailureCode.DESTINATION_BLOCKED

    assert service.counters["/echo"] == 0


async def test_redirects_are_only_followed_when_asked_for(service: ExampleService) -> None:
    url = f"{service.url}/redirect?to=/echo"
    async with client_with(DestinationPolicy(allow_loopback=True)) as client:
        left_alone = await client.send(HttpRequest(method="GET", url=url))
        followed = await client.send(HttpRequest(method="GET", url=url, follow_redirects=True))

    assert isinstance(left_alone, HttpResponse)
    assert left_alone.status == 302
    assert isinstance(followed, HttpResponse)
    assert followed.status == 200
    assert followed.url == f"{service.url}/echo"


async def test_redirects_without_an_end_are_given_up(service: ExampleService) -> None:
    async with client_with(DestinationPolicy(allow_loopback=True)) as client:
        result = await client.send(HttpRequest(method="GET", url=f"{service.url}/loop", follow_redirects=True))

    assert isinstance(result, StepError)
    assert result.code is FailureCode.HTTP_STATUS
    assert service.counters["/loop"] == 6


@pytest.mark.parametrize(
    ("host", "credentials_arrive"),
    [("127.0.0.1", True), ("localhost", False)],
)
async def test_credentials_do_not_follow_a_redirect_to_another_origin(
    service: ExampleService, host: str, credentials_arrive: bool
) -> None:
    target = f"http://{host}:{port_of(service)}/echo"
    request = HttpRequest(
        method="GET",
        url=f"{service.url}/redirect?to={target}",
        headers={"authorization": "Bearer t", "cookie": "a=1", "x-api-key": "k", "x-other": "o"},
        credentials=frozenset({"x-api-key"}),
        follow_redirects=True,
    )

    async with client_with(DestinationPolicy(allow_loopback=True)) as client:
        result = await client.send(request)

    assert isinstance(result, HttpResponse)
    echoed = loads(result.body)
    assert isinstance(echoed, dict)
    arrived = echoed["headers"].keys()
    assert "x-other" in arrived
    assert all((name in arrived) is credentials_arrive for name in ("authorization", "cookie", "x-api-key"))


@pytest.mark.parametrize(
    ("status", "method"),
    [(301, "GET"), (302, "GET"), (303, "GET"), (307, "POST"), (308, "POST")],
)
async def test_a_redirected_post_keeps_its_body_only_where_the_status_says_so(
    service: ExampleService, status: int, method: str
) -> None:
    request = HttpRequest(
        method="POST",
        url=f"{service.url}/redirect?to=/echo&status={status}",
        headers={"content-type": "text/plain"},
        body=b"hello",
        follow_redirects=True,
    )

    async with client_with(DestinationPolicy(allow_loopback=True)) as client:
        result = await client.send(request)

    assert isinstance(result, HttpResponse)
    echoed = loads(result.body)
    assert isinstance(echoed, dict)
    assert echoed["method"] == method
    assert echoed["body"] == ("hello" if method == "POST" else None)
    assert ("content-type" in echoed["headers"]) is (method == "POST")


async def test_an_allowed_host_is_reached_where_its_address_alone_is_not(service: ExampleService) -> None:
    async def internal(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    port = port_of(service)
    async with client_with(DestinationPolicy(allowed_hosts=("billing.internal",)), internal) as client:
        allowed = await client.send(HttpRequest(method="GET", url=f"http://billing.internal:{port}/echo"))
        other_name = await code_of(client, f"http://other.internal:{port}/echo")
        by_number = await code_of(client, f"http://127.0.0.1:{port}/echo")

    assert isinstance(allowed, HttpResponse)
    assert other_name is FailureCode.DESTINATION_BLOCKED
    assert by_number is FailureCode.DESTINATION_BLOCKED
    assert service.counters["/echo"] == 1


async def test_proxies_and_credentials_of_the_surroundings_are_not_used(
    service: ExampleService, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    async with client_with(DestinationPolicy(allow_loopback=True)) as client:
        result = await client.send(HttpRequest(method="GET", url=f"{service.url}/echo"))

    assert isinstance(result, HttpResponse)
    echoed = loads(result.body)
    assert isinstance(echoed, dict)
    assert "authorization" not in echoed["headers"]
