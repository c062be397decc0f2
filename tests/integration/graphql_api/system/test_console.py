"""The console as the API serves it: one page at every address of its own, and nothing else changed by it."""

import re
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from graphql_api.app import create_app
from graphql_api.console import PAGES
from graphql_api.context import ApiOptions
from tests.integration.graphql_api.api import Api
from tests.repository import ROOT

HTML = "text/html,application/xhtml+xml"
PAGE = '<!doctype html><link href="./favicon.svg"><script src="./assets/main-abc.js"></script>the console'


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A folder with a console that was built."""
    (tmp_path / "console" / "assets").mkdir(parents=True)
    (tmp_path / "console" / "index.html").write_text(PAGE)
    (tmp_path / "console" / "favicon.svg").write_text("<svg/>")
    (tmp_path / "console" / "assets" / "main-abc.js").write_text("1")
    return tmp_path


async def ask(
    static_files: Path, path: str, *, method: str = "GET", accept: str = HTML, options: ApiOptions | None = None
) -> httpx.Response:
    app = create_app(Api().services, options=options or ApiOptions(), static_files=static_files)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        patience = timedelta(seconds=5).total_seconds()
        return await client.request(method, path, headers={"Accept": accept}, timeout=patience)


@pytest.mark.parametrize("path", ["/", *(f"/{page}" for page in PAGES), *(f"/{page}/one/two" for page in PAGES)])
async def test_every_address_of_the_console_is_the_page(built: Path, path: str) -> None:
    page = await ask(built, path)

    assert page.status_code == 200
    assert "the console" in page.text
    assert page.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(("path", "up"), [("/", "./"), ("/workers", "./"), ("/workers/a%2Fb/c?x=/", "../../")])
async def test_the_page_names_its_files_from_where_it_is(built: Path, path: str, up: str) -> None:
    assert f'src="{up}assets/main-abc.js"' in (await ask(built, path)).text


async def test_its_policy_lets_nothing_load_but_its_own_files(built: Path) -> None:
    for path in ("/", "/no-such-page", "/favicon.svg", "/assets/main-abc.js"):
        policy = (await ask(built, path)).headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
        assert "unsafe" not in policy
        assert "http" not in policy


async def test_its_files_may_be_kept(built: Path) -> None:
    script = await ask(built, "/assets/main-abc.js", accept="*/*")

    assert script.status_code == 200
    assert "immutable" in script.headers["Cache-Control"]


async def test_an_address_that_nothing_has_is_not_found_by_people_and_by_programs(built: Path) -> None:
    page = await ask(built, "/no-such-page")
    plain = await ask(built, "/no-such-page", accept="*/*")

    assert (page.status_code, plain.status_code) == (404, 404)
    assert "the console" in page.text
    assert plain.text == "Not Found"


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/hooks/token", 405), ("GET", "/livez", 200), ("POST", "/workers", 405)]
)
async def test_other_addresses_stay_as_they_are(built: Path, method: str, path: str, status: int) -> None:
    assert (await ask(built, path, method=method)).status_code == status


async def test_a_console_that_was_not_built_says_how(tmp_path: Path) -> None:
    page = await ask(tmp_path, "/")

    assert page.status_code == 404
    assert "make console" in page.text


async def test_where_it_is_switched_off_the_front_door_leads_to_the_playground_or_says_where_the_api_is(
    built: Path,
) -> None:
    playground = await ask(built, "/", options=ApiOptions(console=False))
    nothing = await ask(built, "/", options=ApiOptions(console=False, graphiql=False))

    assert (playground.status_code, playground.headers["Location"]) == (307, "/graphiql/")
    assert nothing.json() == {"graphql": "/graphql"}
    assert (await ask(built, "/workers", options=ApiOptions(console=False))).text == "Not Found"


def test_the_pages_that_are_served_are_those_of_its_router() -> None:
    router = (ROOT / "console/app/src/router.tsx").read_text()

    assert {*re.findall(r"^  path: '/([a-z-]+)", router, re.MULTILINE)} == {*PAGES}
