"""GraphiQL as a browser shows it: complete without any other site, and live."""

import json
import re
from pathlib import Path

import pytest

from tests.acceptance.processes import ask
from tests.browser.conftest import Visit

pytestmark = pytest.mark.asyncio(loop_scope="module")

CANCEL = "mutation ($id: ID!) { cancelExecution(id: $id) { __typename ... on Error { message } } }"
WATCH = "subscription Watch($id: ID!) { executionProgress(id: $id) { kind execution { status } } }"


async def test_the_page_is_complete_without_any_other_site(visit: Visit, tmp_path: Path) -> None:
    from playwright.async_api import expect

    await visit.open()
    await expect(visit.page).to_have_title("Stepgraph GraphiQL")
    await visit.page.get_by_label("Show Documentation Explorer").click()
    await expect(visit.page.locator(".graphiql-doc-explorer")).to_contain_text("Subscription")
    await visit.keep_screenshot(tmp_path, "graphiql-first-visit")

    assert visit.requested_elsewhere == []
    assert visit.complaints == []


async def test_the_three_tabs_of_a_first_visit_create_execute_and_watch(visit: Visit, tmp_path: Path) -> None:
    from playwright.async_api import expect

    result = visit.page.locator(".result-window")
    await visit.open()
    await visit.run()
    await expect(result).to_contain_text(re.compile(r'"wf_\w+"'))

    await visit.select_tab("ExecuteWorkflow")
    await visit.run()
    await expect(result).to_contain_text(re.compile(r'"ex_\w+"'))
    found = re.search(r'"(ex_\w+)"', await result.inner_text())
    assert found is not None

    await visit.select_tab("WatchExecution")  # which watches what was started last
    await visit.run()
    await expect(result).to_contain_text("TIMER")  # the workflow waits in its second step
    await visit.keep_screenshot(tmp_path, "graphiql-watching")
    await ask(visit.url, CANCEL, id=found[1])

    await expect(result).to_contain_text('"CANCELLED"')  # nothing was clicked: the update came by itself
    assert visit.requested_elsewhere == []
    assert visit.complaints == []


async def test_the_first_tab_can_be_run_again_and_the_third_says_what_it_needs(visit: Visit) -> None:
    from playwright.async_api import expect

    result = visit.page.locator(".result-window")
    await visit.open()
    for _ in range(2):
        await visit.run()
        await expect(result).to_contain_text(re.compile(r'"version":\s1\b'))
    await expect(result).not_to_contain_text("CONFLICT")

    await visit.select_tab("WatchExecution")
    await visit.run()
    await expect(result).to_contain_text("run the second tab first")
    assert visit.complaints == []


async def test_a_link_opens_an_operation_with_its_variables(visit: Visit) -> None:
    from playwright.async_api import expect

    evaluate = 'query Sum($context: JSON!) { evaluate(expression: "a + b", context: $context) { value error } }'
    await visit.open(query=evaluate, variables=json.dumps({"context": {"a": 40, "b": 2}}))
    await visit.run()

    await expect(visit.page.locator(".result-window")).to_contain_text('"value": 42')


async def test_the_headers_tab_reaches_queries_and_subscriptions(visit: Visit) -> None:
    from playwright.async_api import expect

    await visit.open(query="{ health { status } }")
    await visit.write_headers('{"X-Test": "from the headers tab"}')
    async with visit.page.expect_request("**/graphql") as sent:
        await visit.run()
    assert (await (await sent.value).all_headers())["x-test"] == "from the headers tab"

    await visit.open(query=WATCH, variables='{"id": "ex_00000000000000000000000000"}')
    await visit.write_headers('{"X-Test": "from the headers tab"}')
    await visit.run()

    await expect(visit.page.locator(".result-window")).to_contain_text("errors")
    first = json.loads(visit.sent[0])
    assert first == {"type": "connection_init", "payload": {"X-Test": "from the headers tab"}}
