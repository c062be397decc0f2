"""Asking the API for a command: over a connection of its own; what it refuses becomes a sentence and an exit code."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from domain.kernel.json.text import JsonValue
from stepgraph.cli.kit.exit_codes import fail, run
from stepgraph.cli.kit.output import print_json, say
from stepgraph.cli.kit.refusals import problems_of

if TYPE_CHECKING:
    from stepgraph.cli.kit.client import ApiClient

Answer = TypeVar("Answer")
_PAGE = 100
"""Items of a list in one page: the most that the API gives."""


def asked(url: str | None, question: Callable[[ApiClient], Coroutine[Any, Any, Answer]]) -> Answer:
    """Connect to the API, run `question` with the client, and return its result."""
    from stepgraph.cli.kit.client import connected  # what a command that is only explained does without
    from stepgraph.settings import load_settings

    async def main() -> Answer:
        async with connected(url or load_settings().url) as client:
            return await question(client)

    return run(main())


def ask(url: str | None, operation: str, **variables: JsonValue) -> Any:
    """Execute one operation over a new connection, and return the value of its only field."""
    return asked(url, lambda client: value_of(client, operation, **variables))


def ask_all(url: str | None, operation: str, **variables: JsonValue) -> list[dict[str, Any]]:
    """Everything in a list: page after page of a connection, to its end."""
    return asked(url, lambda client: all_of(client, operation, None, **variables))


async def all_of(
    client: ApiClient, operation: str, /, member: str | None = None, **variables: JsonValue
) -> list[dict[str, Any]]:
    """The nodes of all pages of a connection, read by an operation that takes `$first` and `$after`.

    `member` is the name of the connection inside the operation's field; None when the field is the connection.
    """
    found: list[dict[str, Any]] = []
    after = None
    while True:
        value = await value_of(client, operation, first=_PAGE, after=after, **variables)
        page = value if member is None else value[member]
        found += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]


def change(url: str | None, operation: str, **variables: JsonValue) -> dict[str, Any]:
    """The result of a mutation. Leaves with exit code 1 and every problem where it is refused."""
    return accepted(ask(url, operation, **variables))


async def value_of(client: ApiClient, operation: str, **variables: JsonValue) -> Any:
    """Execute one operation over an open connection, and return the value of its only field."""
    [value] = (await client.execute(operation, **variables)).values()
    return value


def accepted(result: dict[str, Any]) -> dict[str, Any]:
    """Return the result of a mutation, or leave with exit code 1 and every problem when it is an error."""
    if result["__typename"].endswith("Error"):
        fail(problems_of(result))
    return result


async def save_all(
    client: ApiClient, operation: str, documents: Sequence[dict[str, JsonValue]]
) -> list[dict[str, Any]]:
    """Save the documents one after the other, each as the `input` of an operation, and return the results in order.

    Leaves with exit code 1 at the first that is refused, which is named where there are several.
    """
    from stepgraph.cli.kit.api_errors import ApiRefused

    results: list[dict[str, Any]] = []
    for document in documents:
        title = f"{document.get('name')}:\n" if len(documents) > 1 else ""
        try:
            result: dict[str, Any] = await value_of(client, operation, input=document)
        except ApiRefused as error:
            fail(f"{title}{error}")
        if result["__typename"].endswith("Error"):
            fail(f"{title}{problems_of(result)}")
        results.append(result)
    return results


def report(result: Any, sentence: str, *, as_json: bool) -> None:
    """Print what was done: as the API has put it, or as a sentence."""
    if as_json:
        print_json(result)
    else:
        say(sentence)
