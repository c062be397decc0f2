"""HTTP_REQUEST with `paginate`: a list is followed to its end, page by page."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from actors.http.client import HttpClient
from actors.steps.http_request import HttpRequestExecutor
from domain.executions.step_executor import Failed, Outcome, Succeeded
from domain.expressions.evaluator import Evaluator
from domain.expressions.expression import compile_expression
from domain.kernel.failures import FailureCode
from domain.kernel.json.text import JsonValue
from example_service import ExampleService
from tests.builders import http
from tests.calls import KEY, a_call, run
from tests.http_clients import http_client
from tests.sandboxes import AnsweringSandbox
from tests.scripted_service import HANG, Asked, Script, ScriptedService, raw_reply, reply, scripted_service

pytestmark = pytest.mark.usefixtures("transport")

BY_URL = {"next": "response.body.next", "items": "response.body.items"}
BY_NUMBER = {"next": 'response.body.more ? {"page": page + 1} : null', "items": "response.body.items"}


@dataclass
class Paged:
    """A paging step against a scripted service."""

    client: HttpClient
    service: ScriptedService

    async def call(
        self, path: str = "/list", *, paginate: Any = BY_URL, checkpoint: JsonValue = None, **config: Any
    ) -> Outcome:
        executor = HttpRequestExecutor(self.client, Evaluator(), max_items_bytes=1_000)
        url = path if path.startswith("http:") else self.service.url + path
        return await run(executor, a_call(http("list", url, paginate=paginate, **config), checkpoint=checkpoint))

    async def items(self, **given: Any) -> Any:
        outcome = await self.call(**given)
        assert isinstance(outcome, Succeeded), outcome
        assert isinstance(outcome.output, dict)
        return outcome.output["body"]

    async def failed(self, code: FailureCode, **given: Any) -> Failed:
        outcome = await self.call(**given)
        assert isinstance(outcome, Failed), outcome
        assert outcome.error.code is code
        return outcome


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as opened:
        yield opened


@pytest.fixture
async def paged(stack: AsyncExitStack) -> Paged:
    service = await stack.enter_async_context(scripted_service(pages(3)))
    client = http_client()
    return Paged(await stack.enter_async_context(client), service)


def number_of(asked: Asked) -> int:
    return int(parse_qs(urlsplit(asked.target).query).get("page", ["1"])[0])


def pages(count: int, link: Callable[[int], Any] = lambda number: f"?page={number}") -> Script:
    """Two items on each of so many pages; `link` makes the `next` of the page with this number."""

    def answer(asked: Asked) -> bytes:
        number = number_of(asked)
        more = number < count
        items = [2 * number - 1, 2 * number]
        return reply({"items": items, "more": more, "next": link(number + 1) if more else None}, page=str(number))

    return answer


async def test_all_pages_come_as_one_list(paged: Paged) -> None:
    outcome = await paged.call()

    assert isinstance(outcome, Succeeded)
    assert isinstance(outcome.output, dict)
    assert outcome.output["body"] == [1, 2, 3, 4, 5, 6]
    assert outcome.output["status"] == 200
    assert outcome.output["headers"]["page"] == "3"
    assert outcome.status_code == 200
    assert paged.service.targets == ["/list", "/list?page=2", "/list?page=3"]


@pytest.mark.parametrize(
    "link", ["/list?page={}", "list?page={}", "?page={}", "//{host}/list?page={}", "{url}/list?page={}"]
)
async def test_a_link_is_resolved_against_the_page(paged: Paged, link: str) -> None:
    url = paged.service.url
    paged.service.script = pages(3, lambda number: link.format(number, host=urlsplit(url).netloc, url=url))

    assert await paged.items() == [1, 2, 3, 4, 5, 6]


async def test_an_object_replaces_parameters_of_the_query(paged: Paged) -> None:
    assert await paged.items(path="/list?size=2&page=1", query={"sort": "a b"}, paginate=BY_NUMBER) == [
        1,
        2,
        3,
        4,
        5,
        6,
    ]
    assert paged.service.targets == [
        "/list?size=2&page=1&sort=a%20b",
        "/list?size=2&sort=a%20b&page=2",
        "/list?size=2&sort=a%20b&page=3",
    ]


@pytest.mark.parametrize("end", [None, "", {}, {"cursor": None}])
async def test_nothing_is_the_end(paged: Paged, end: Any) -> None:
    paged.service.script = lambda _: reply({"items": [1], "next": end})

    assert await paged.items() == [1]


async def test_a_missing_link_is_the_end(paged: Paged) -> None:
    paged.service.script = lambda _: reply({"items": [1]})

    assert await paged.items() == [1]
    assert await paged.items(paginate={**BY_URL, "next": '{"cursor": response.body.cursor}'}) == [1]


@pytest.mark.parametrize(
    ("items", "collected"), [([], []), (None, []), ({"id": 1}, [{"id": 1}]), ("a", ["a"]), ([[1], None], [[1], None])]
)
async def test_what_is_no_array_is_one_item_and_null_is_none(paged: Paged, items: Any, collected: Any) -> None:
    paged.service.script = lambda _: reply({"items": items})

    assert await paged.items() == collected


async def test_a_page_without_items_adds_none(paged: Paged) -> None:
    paged.service.script = lambda _: reply({"total": 0})

    assert await paged.items() == []


async def test_the_expressions_see_headers_too(paged: Paged) -> None:
    paged.service.script = lambda asked: (
        reply([1], x_next="/list?page=2") if number_of(asked) == 1 else reply([number_of(asked)])
    )

    assert await paged.items(paginate={"next": 'response.headers."x-next"', "items": "response.body"}) == [1, 2]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (reply({}, status=503), FailureCode.HTTP_STATUS),
        (raw_reply(b"{", content_type="application/json"), FailureCode.INVALID_RESPONSE),
        (b"no HTTP at all\r\n\r\n", FailureCode.INVALID_RESPONSE),
        (HANG, FailureCode.TIMEOUT),
    ],
)
async def test_a_retry_goes_on_with_the_page_that_failed(paged: Paged, answer: bytes, code: FailureCode) -> None:
    whole = pages(3)
    paged.service.script = lambda asked: answer if number_of(asked) == 2 else whole(asked)

    outcome = await paged.failed(code, readTimeout="PT0.05S")

    assert outcome.error.is_retryable
    assert outcome.checkpoint == {"pages": 1, "items": [1, 2], "next": f"{paged.service.url}/list?page=2"}
    paged.service.script = whole
    paged.service.asked.clear()
    assert await paged.items(checkpoint=outcome.checkpoint) == [1, 2, 3, 4, 5, 6]
    assert paged.service.targets == ["/list?page=2", "/list?page=3"]


async def test_a_first_page_that_fails_leaves_nothing(paged: Paged) -> None:
    paged.service.script = lambda _: reply({}, status=503)

    assert (await paged.failed(FailureCode.HTTP_STATUS)).checkpoint is None


async def test_pages_in_a_circle_are_noticed(paged: Paged) -> None:
    paged.service.script = lambda asked: reply({"items": [1], "next": f"/list?page={3 - number_of(asked)}"})

    outcome = await paged.failed(FailureCode.INVALID_RESPONSE, path="/list?page=1")

    assert outcome.error.message == f"GET {paged.service.url}/list: page 2 leads back to a page that was read already."
    assert len(paged.service.asked) == 2


async def test_there_may_be_no_more_pages_than_the_step_says(paged: Paged) -> None:
    assert await paged.items(paginate={**BY_URL, "maxPages": 3}) == [1, 2, 3, 4, 5, 6]

    outcome = await paged.failed(FailureCode.INVALID_RESPONSE, paginate={**BY_URL, "maxPages": 2})

    assert outcome.error.message == f"GET {paged.service.url}/list: there are more than 2 pages."
    assert outcome.checkpoint == {"pages": 1, "items": [1, 2], "next": f"{paged.service.url}/list?page=2"}


async def test_an_endless_list_ends_when_its_items_are_too_many(paged: Paged) -> None:
    paged.service.script = lambda asked: reply({"items": ["x" * 300], "next": f"?page={number_of(asked) + 1}"})

    outcome = await paged.failed(FailureCode.OUTPUT_TOO_LARGE)

    assert outcome.error.message == "The items of 4 pages have more than 1,000 bytes as JSON."
    assert len(paged.service.asked) == 4


@pytest.mark.parametrize("following", [7, True, [1], ["/list?page=2"]])
async def test_what_is_neither_an_address_nor_an_object_fails(paged: Paged, following: Any) -> None:
    paged.service.script = lambda _: reply({"items": [1], "next": following})

    await paged.failed(FailureCode.EXPRESSION_FAILED)


@pytest.mark.parametrize(
    ("following", "code"),
    [
        ("http://[::1", FailureCode.INVALID_RESPONSE),
        ("/" + "a" * 20_000, FailureCode.INVALID_REQUEST),
        ("/" + "a" * 70_000, FailureCode.INVALID_RESPONSE),
        ("#the-same-page", FailureCode.INVALID_RESPONSE),
        ("http://a:b:c/", FailureCode.INVALID_RESPONSE),
        ({"page": {"deep": 1}}, FailureCode.INVALID_RESPONSE),
        ("file:///etc/passwd", FailureCode.INVALID_REQUEST),
        ("http://user:secret@127.0.0.1/", FailureCode.INVALID_REQUEST),
        ("http://169.254.169.254/latest", FailureCode.DESTINATION_BLOCKED),
        ("http://10.0.0.1/", FailureCode.DESTINATION_BLOCKED),
    ],
)
async def test_a_link_to_where_nobody_may_go_is_not_followed(paged: Paged, following: Any, code: FailureCode) -> None:
    paged.service.script = lambda _: reply({"items": [1], "next": following})

    await paged.failed(code)

    assert len(paged.service.asked) == 1


@pytest.mark.parametrize(
    "auth",
    [
        {"bearer": "secret"},
        {"basic": {"username": "a", "password": "secret"}},
        {"header": {"name": "X-Api-Key", "value": "secret"}},
    ],
)
async def test_credentials_only_go_to_the_origin_of_the_first_page(
    paged: Paged, stack: AsyncExitStack, auth: Any
) -> None:
    elsewhere = await stack.enter_async_context(scripted_service(lambda _: reply({"items": [2]})))
    paged.service.script = lambda asked: reply(
        {"items": [1], "next": "?page=2" if number_of(asked) == 1 else elsewhere.url}
    )

    headers = {"Cookie": "secret", "X-Key": "secret", "Accept": "application/json"}
    assert await paged.items(auth=auth, headers=headers) == [1, 1, 2]

    name = "x-api-key" if "header" in auth else "authorization"
    assert [name in each.headers for each in paged.service.asked] == [True, True]
    [asked] = elsewhere.asked
    assert set(asked.headers) == {"host", "user-agent", "accept", "accept-encoding"}
    assert asked.headers["accept"] == "application/json"


async def test_a_list_that_leads_home_again_is_asked_with_credentials_again(
    paged: Paged, stack: AsyncExitStack
) -> None:
    elsewhere = await stack.enter_async_context(scripted_service(lambda _: reply({"items": [2], "next": home})))
    home = f"{paged.service.url}/list?page=9"
    paged.service.script = lambda asked: reply({"items": [1], "next": elsewhere.url if number_of(asked) == 1 else None})

    assert await paged.items(auth={"bearer": "token"}) == [1, 2, 1]
    assert [each.headers["authorization"] for each in paged.service.asked] == ["Bearer token"] * 2


async def test_each_page_of_a_post_has_its_own_key_and_the_same_body(paged: Paged) -> None:
    assert await paged.items(method="POST", body={"filter": 1}) == [1, 2, 3, 4, 5, 6]

    assert [each.headers["idempotency-key"] for each in paged.service.asked] == [f"{KEY}-{n}" for n in (1, 2, 3)]
    assert [each.json for each in paged.service.asked] == [{"filter": 1}] * 3


async def test_a_thousand_contacts_of_the_example_service_are_read(stack: AsyncExitStack, paged: Paged) -> None:
    service = await stack.enter_async_context(ExampleService())
    executor = HttpRequestExecutor(paged.client, Evaluator(), max_items_bytes=1_000_000)

    outcome = await run(executor, a_call(http("list", f"{service.url}/contacts?size=100", paginate=BY_URL)))

    assert isinstance(outcome, Succeeded)
    assert isinstance(outcome.output, dict)
    assert [contact["id"] for contact in outcome.output["body"]] == list(range(1, 1001))


async def test_the_expressions_may_need_the_sandbox(paged: Paged) -> None:
    items, link = "$map(response.body.items, function($i) { $i * 10 })", "$each(response.body, function($v) { $v })"

    def answer(source: str, data: Mapping[str, Any]) -> JsonValue:
        if source == items:
            return [10 * item for item in data["response"]["body"]["items"]]
        if not data["response"]["body"]["more"]:
            raise compile_expression(source).yields_nothing(data)
        return str(data["response"]["body"]["next"])

    executor = HttpRequestExecutor(paged.client, Evaluator(AnsweringSandbox(answer)), max_items_bytes=1_000)
    step = http("list", f"{paged.service.url}/list", paginate={"items": items, "next": link})
    outcome = await run(executor, a_call(step))

    assert isinstance(outcome, Succeeded), outcome
    assert isinstance(outcome.output, dict)
    assert outcome.output["body"] == [10, 20, 30, 40, 50, 60]
