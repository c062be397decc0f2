"""GraphiQL, served from files that were built with it, under a policy that lets nothing else load."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from graphql_api.guarding import Guarded

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
        return [Mount("/graphiql", Guarded(StaticFiles(directory=built, html=True), CONTENT_SECURITY_POLICY))]

    async def not_built(_: Request) -> Response:
        return HTMLResponse(_NOT_BUILT, 404)

    return [Mount("/graphiql", Guarded(Route("/{path:path}", not_built), CONTENT_SECURITY_POLICY))]
