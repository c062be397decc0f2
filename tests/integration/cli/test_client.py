"""The command line's client: what it does with an API, and with everything else that may answer at an address."""

import asyncio
import gzip
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol

from domain.kernel.json.text import JsonValue
from domain.kernel.statuses import Role
from graphql_api.context import ApiOptions
from stepgraph.cli.kit.api_errors import ApiRefused, ApiUnreachable
from stepgraph.cli.kit.client import connected
from stepgraph.cli.kit.operations import operation
from tests.acceptance.processes import stepgraph
from tests.integration.graphql_api.api import Api, LiveServer, serving
from tests.scripted_service import HANG, Asked, ScriptedService, raw_reply, reply, scripted_service

VERSION = "{ health { version } }"
CHANGES = "subscription { circuitBreakerUpdates { id } }"
HTML = b"<html><h1>Welcome</h1></html>"


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[ScriptedService]:
    """A service that has one answer."""
    async with scripted_service(lambda _: answer) as service:
        yield service


async def said(url: str, kind: type[Exception] = ApiUnreachable, operation: str = VERSION) -> str:
    """The sentence of the error that a query at this address ends with."""
    async with connected(url) as client:
        with pytest.raises(kind) as caught:
            await client.execute(operation)
    return str(caught.value)


async def said_of_subscription(url: str, kind: type[Exception] = ApiUnreachable) -> str:
    """The sentence of the error that a subscription at this address ends with."""
    async with connected(url) as client:
        with pytest.raises(kind) as caught:
            await anext(client.subscribe(CHANGES))
    return str(caught.value)


async def test_operations_share_a_connection(server: LiveServer) -> None:
    async with scripted_service(lambda _: reply({"data": {"health": {"version": "1"}}})) as service:
        connections = 0

        async def counted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal connections
            connections += 1
            inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", int(service.url.rpartition(":")[2]))

            async def piped(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
                while piece := await source.read(65_536):
                    target.write(piece)
                target.close()

            await asyncio.gather(piped(reader, inner_writer), piped(inner_reader, writer))

        between = await asyncio.start_server(counted, "127.0.0.1", 0)
        async with between, connected(f"http://127.0.0.1:{between.sockets[0].getsockname()[1]}") as client:
            for _ in range(3):
                assert await client.execute(VERSION) == {"health": {"version": "1"}}

    assert connections == 1
    assert len(service.asked) == 3


@pytest.fixture
async def server() -> AsyncIterator[LiveServer]:
    async with serving(Api()) as server:
        yield server


async def test_a_subscription_hears_what_changes_beside_queries(server: LiveServer) -> None:
    async with connected(server.url) as client:
        events = client.subscribe(CHANGES)
        heard = asyncio.create_task(anext(events))
        while not server.api.services.activity.subscriptions:
            await client.execute(VERSION)
        config: dict[str, JsonValue] = {"failureThreshold": 9}
        await client.execute(
            operation("circuit_breakers.UpdateCircuitBreaker"), serviceId="a.example:443", config=config
        )
        assert (await heard)["circuitBreakerUpdates"]["id"].startswith("cb_")
        await events.aclose()


@pytest.mark.parametrize("token", [None, "sg_nonsense"])
async def test_who_has_no_key_or_a_wrong_one_is_told_where_it_is_set(
    monkeypatch: pytest.MonkeyPatch, token: str | None
) -> None:
    if token is not None:
        monkeypatch.setenv("STEPGRAPH_TOKEN", token)
    async with serving(Api(requires_keys=True)) as server:
        sentences = {await said(server.url, ApiRefused), await said_of_subscription(server.url, ApiRefused)}

    [sentence] = sentences
    assert "STEPGRAPH_TOKEN" in sentence
    assert ("does not know" in sentence) == (token is not None)


async def test_a_key_is_sent_with_queries_and_subscriptions(monkeypatch: pytest.MonkeyPatch) -> None:
    api = Api(requires_keys=True)
    _, token = await api.access.create("me", Role.ADMIN, None)
    monkeypatch.setenv("STEPGRAPH_TOKEN", token)
    async with serving(api) as server, connected(server.url) as client:
        assert await client.execute(VERSION)
        events = client.subscribe(CHANGES)
        heard = asyncio.create_task(anext(events))
        while not api.services.activity.subscriptions:
            await client.execute(VERSION)
        heard.cancel()


async def test_a_rate_that_is_used_up_says_when_to_try_again() -> None:
    options = ApiOptions(rate_requests="1/minute", rate_exempt=())
    async with serving(Api(options=options)) as server, connected(server.url) as client:
        await client.execute(VERSION)
        with pytest.raises(ApiRefused, match="More than 1 requests in 60 seconds: try again in"):
            await client.execute(VERSION)
        assert "try again in" in await said_of_subscription(server.url, ApiRefused)


FOREIGN = {
    "another program": (raw_reply(HTML, content_type="text/html; charset=utf-8"), "HTTP 200 OK, text/html"),
    "nothing at this path": (raw_reply(HTML, 404, content_type="text/html"), "Check --url or STEPGRAPH_URL"),
    "JSON of another program": (reply({"message": "hello"}), "another program"),
    "errors of another program": (reply({"errors": "many"}, 400), "another program"),
    "a proxy without an API": (raw_reply(HTML, 502, content_type="text/html"), "A proxy answers for it"),
    "a proxy that wants credentials": (raw_reply(HTML, 401, content_type="text/html"), "credentials of its own"),
    "a proxy that limits": (raw_reply(b"", 429, retry_after="17"), "try again in 17 seconds"),
    "a redirect to elsewhere": (raw_reply(b"", 302, location="https://a.example/x"), "leads to https://a.example/x"),
}


@pytest.mark.parametrize("what", FOREIGN)
async def test_what_answers_and_is_not_the_api_is_told_apart(what: str) -> None:
    answer, sentence = FOREIGN[what]
    async with answering(answer) as service:
        told = await said(service.url)

    assert told.startswith(f"Stepgraph's API does not answer at {service.url} (HTTP ")
    assert sentence in told


async def test_a_subscription_tells_it_apart_too() -> None:
    for what in ("another program", "nothing at this path", "a proxy without an API", "a proxy that limits"):
        answer, _ = FOREIGN[what]
        async with answering(answer) as service:
            assert "does not answer at" in await said_of_subscription(service.url)


@pytest.mark.parametrize("message", ["hello", "[1]", '{"type": 5}'])
async def test_a_websocket_that_speaks_another_protocol_is_told(message: str) -> None:
    async def talk(connection: ServerConnection) -> None:
        await connection.send(message)
        await connection.wait_closed()

    async with serve(talk, "127.0.0.1", 0, subprotocols=[Subprotocol("graphql-transport-ws")]) as other:
        [listener] = other.sockets
        assert "does not answer at" in await said_of_subscription(f"http://127.0.0.1:{listener.getsockname()[1]}")


async def test_commands_end_with_exit_code_3_where_another_program_answers() -> None:
    async with answering(raw_reply(HTML, content_type="text/html")) as service:
        answer = await stepgraph("executions", "list", "--url", service.url)

    assert answer.code == 3
    assert "another program" in answer.stderr


async def test_a_redirect_to_another_port_of_the_host_is_followed(server: LiveServer) -> None:
    async with (
        answering(raw_reply(b"", 308, location=f"{server.url}/graphql")) as service,
        connected(service.url) as client,
    ):
        for _ in range(2):
            assert await client.execute(VERSION)

    assert len(service.asked) == 1


async def test_an_answer_may_be_compressed() -> None:
    body = gzip.compress(b'{"data": {"health": {"version": "1"}}}')
    answer = raw_reply(body, content_type="application/json", content_encoding="gzip")
    async with answering(answer) as service, connected(service.url) as client:
        assert await client.execute(VERSION) == {"health": {"version": "1"}}

    assert service.asked[0].headers["accept-encoding"] == "gzip"


async def test_an_address_at_which_nothing_listens_is_told() -> None:
    assert "does not answer at http://127.0.0.1:1 (" in await said("http://127.0.0.1:1")
    assert "does not answer at http://127.0.0.1:1 (" in await said_of_subscription("http://127.0.0.1:1")


@pytest.mark.parametrize("url", ["nonsense", "ftp://localhost", "http://[::1", "http://"])
async def test_what_is_no_address_is_told(url: str) -> None:
    assert "does not answer at" in await _said_at_all(url)


async def _said_at_all(url: str) -> str:
    with pytest.raises(ApiUnreachable) as caught:
        async with connected(url) as client:
            await client.execute(VERSION)
    return str(caught.value)


@pytest.mark.parametrize("answer", [HANG, b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{"], ids=["none", "a part"])
async def test_a_mutation_that_is_not_answered_in_time_is_not_sent_again(answer: bytes) -> None:
    async with answering(answer) as service, connected(service.url, answer_within=0.3) as client:
        with pytest.raises(ApiUnreachable, match=r"has not answered in 0\.3 seconds.*look before you repeat it"):
            await client.execute("mutation { x }")

    assert len(service.asked) == 1


async def test_a_mutation_whose_connection_breaks_is_not_sent_again() -> None:
    def broken(_: Asked) -> bytes:
        raise ConnectionResetError

    async with scripted_service(broken) as service:
        assert "does not answer" in await said(service.url, operation="mutation { x }")

    assert len(service.asked) == 1


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate of 127.0.0.1 that signs itself, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "stepgraph.test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "server.pem"
    pem = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    file.write_bytes(
        made.public_bytes(pem) + key.private_bytes(pem, serialization.PrivateFormat.TraditionalOpenSSL, plain)
    )
    return file


async def test_a_certificate_counts_when_the_system_or_ssl_cert_file_knows_its_authority(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"POST /api/graphql ")
        writer.write(reply({"data": {"health": {"version": "1"}}}, connection="close"))
        writer.close()

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    listener = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    async with listener:
        url = f"https://127.0.0.1:{listener.sockets[0].getsockname()[1]}/api/"
        for sentence in (await said(url), await said_of_subscription(url)):
            assert sentence.startswith(f"The TLS connection to {url} is not trusted (self-signed certificate)")
            assert "SSL_CERT_FILE" in sentence
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        async with connected(url) as client:
            assert await client.execute(VERSION) == {"health": {"version": "1"}}
