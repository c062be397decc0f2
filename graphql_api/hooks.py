"""`POST /hooks/{token}`: where whoever received a webhook answers the step that waits for a callback."""

import logging
from collections.abc import Mapping
from uuid import uuid4

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from domain.callbacks import read_callback_token
from domain.errors import InvalidInput, InvalidState, NotFound, Unavailable
from domain.ids import IdKind, to_public
from domain.json_text import JsonValue, dumps
from graphql_api.context import ApiOptions, ApiServices
from graphql_api.requests import MalformedRequest, check_content_type, problem_in, read_body, read_json

logger = logging.getLogger("stepgraph.hooks")


class Hooks:
    """The route. What is sent is JSON, or nothing, which counts as null.

    202 `{"executionId": "ex_…"}` once it is stored. 404: no step has this token. 410: the execution or the step has
    ended. 413, 415 and 400: too large, not JSON, malformed. 503: try again. Every refusal is `{"error": sentence}`.
    """

    def __init__(self, services: ApiServices, options: ApiOptions) -> None:
        self._services = services
        self._most = options.max_hook_bytes

    async def __call__(self, request: Request) -> Response:
        """Answer one request; nothing of a fault is shown but an id to find it in the log."""
        try:
            return await self._receive(request)
        except MalformedRequest as error:
            return _refusal(error.status, str(error))
        except InvalidInput as error:
            return _refusal(400, str(error))
        except NotFound:
            return _refusal(404, "There is nothing at this address.")
        except InvalidState as error:
            return _refusal(410, str(error))
        except Unavailable as error:
            return _refusal(503, str(error), {"Retry-After": "5"})
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception:
            request_id = uuid4().hex
            logger.exception("request %s to a hook failed", request_id, extra={"requestId": request_id})
            return _refusal(500, f"Something went wrong on our side. The log has the details under {request_id}.")

    async def _receive(self, request: Request) -> Response:
        named = read_callback_token(await self._services.installation.key(), request.path_params["token"])
        if named is None:
            return _refusal(404, "There is nothing at this address.")
        execution_id, path = named
        await self._services.control.call_back(execution_id, path, await self._payload(request))
        return _json(202, {"executionId": to_public(IdKind.EXECUTION, execution_id)})

    async def _payload(self, request: Request) -> JsonValue:
        body = await read_body(request, self._most)
        if not body:
            return None
        check_content_type(request.headers.get("content-type", "application/json"))
        value = read_json(body)
        problem = problem_in(body, value)
        if problem is not None:
            raise MalformedRequest(problem)
        return value


def _refusal(status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    return _json(status, {"error": message}, headers)


def _json(status: int, value: JsonValue, headers: Mapping[str, str] | None = None) -> Response:
    known = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    return Response(dumps(value), status, {**known, **(headers or {})})
