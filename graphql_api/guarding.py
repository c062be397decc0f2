"""Headers that keep a page to itself: the policy of what it may load, and how long its files may be kept."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Guarded:
    """Adds to every response of an application the headers that keep a page to itself, and let its files be cached.

    `policy` is the content security policy.
    """

    def __init__(self, app: ASGIApp, policy: str) -> None:
        self._app = app
        self._policy = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and add to the head of the answer."""

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(guarding_headers(self._policy))
                if "/assets/" in scope["path"] and message["status"] == 200:  # they are named by their content
                    headers["Cache-Control"] = "public, max-age=31536000, immutable"
            await send(message)

        await self._app(scope, receive, send_guarded)


def guarding_headers(policy: str) -> dict[str, str]:
    """The headers of a page that is asked for anew each time, and may load what this policy lets it."""
    return {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-cache",
    }
