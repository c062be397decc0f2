"""The web console, served from files that were built: one page at every address of it, under a strict policy."""

import re
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from graphql_api.guarding import Guarded, guarding_headers

PAGES = (
    "audit",
    "breakers",
    "executions",
    "expressions",
    "keys",
    "rules",
    "schedules",
    "secrets",
    "templates",
    "webhooks",
    "workers",
    "workflows",
)
"""The first parts of the addresses of its pages. Whatever follows is the console's to read."""

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; connect-src 'self'; "
    "worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_NOT_BUILT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Stepgraph</title></head>
<body><h1>The console is not built</h1>
<p>Run <code>make console</code> and start again. The API itself is there: send a POST to <code>/graphql</code>.</p>
</body></html>
"""
_RELATIVE = re.compile(r'(?<=")\./')


class Console:
    """The console that was built into a folder; where it was not built, a page that says how to build it."""

    def __init__(self, static_files: Path) -> None:
        self._files = static_files / "console"
        page = self._files / "index.html"
        self._is_built = page.is_file()
        self._page = page.read_text() if self._is_built else _NOT_BUILT

    def routes(self) -> list[BaseRoute]:
        """The routes of its pages and its files."""
        addresses = ["/", *(f"/{page}{rest}" for page in PAGES for rest in ("", "/{rest:path}"))]
        routes: list[BaseRoute] = [Route(address, self._answer) for address in addresses]
        if self._is_built:
            assets = Guarded(StaticFiles(directory=self._files / "assets"), CONTENT_SECURITY_POLICY)
            routes += [Mount("/assets", assets), Route("/favicon.svg", self._icon)]
        return routes

    async def not_found(self, request: Request, problem: Exception) -> Response:
        """The answer where nothing has the address: to browsers the page, which says so."""
        if self._is_built and request.method == "GET" and "text/html" in request.headers.get("accept", ""):
            return self._page_for(request, 404)
        return PlainTextResponse(problem.detail if isinstance(problem, HTTPException) else "Not Found", 404)

    async def _answer(self, request: Request) -> Response:
        return self._page_for(request, 200 if self._is_built else 404)

    async def _icon(self, _: Request) -> Response:
        return FileResponse(self._files / "favicon.svg", headers=guarding_headers(CONTENT_SECURITY_POLICY))

    def _page_for(self, request: Request, status: int) -> Response:
        """The page, which names its files from the address that it is at: so a proxy may add a path in front."""
        path: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
        up = "../" * (path.partition(b"?")[0].count(b"/") - 1)
        return HTMLResponse(_RELATIVE.sub(up or "./", self._page), status, guarding_headers(CONTENT_SECURITY_POLICY))
