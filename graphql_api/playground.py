"""GraphiQL, served from files that were built with it, under a policy that lets nothing else load."""

from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

STATIC_FILES = Path(__file__).with_name("static")

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; "
    "img-src 'self' data:; worker-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)

_NOT_BUILT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Stepgraph</title></head>
<body><h1>The playground is not built</h1>
<p>Run <code>make console</code> and start again. The API itself is there: send a POST to <code>/graphql</code>.</p>
</body></html>
"""


def playground(static_files: Path) -> list[BaseRoute]:
    """The routes of the playground; where it was not built, a page that says how to build it."""
    built = static_files / "graphiql"
    if (built / "index.html").is_file():
        return [Mount("/graphiql", Guarded(StaticFiles(directory=built, html=True)))]

    async def not_built(_: Request) -> Response:
        return HTMLResponse(_NOT_BUILT, 404)

    return [Mount("/graphiql", Guarded(Route("/{path:path}", not_built)))]


class Guarded:
    """Adds to every response of an application the headers that keep a page to itself, and let its files be cached."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and add to the head of the answer."""

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "no-referrer"
                is_asset = "/assets/" in scope["path"] and message["status"] == 200  # named by their content
                headers["Cache-Control"] = "public, max-age=31536000, immutable" if is_asset else "no-cache"
            await send(message)

        await self._app(scope, receive, send_guarded)
