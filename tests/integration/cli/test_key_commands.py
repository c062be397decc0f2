"""`stepgraph keys …`, `secrets …` and `audit` as people read them, against an API on memory."""

from collections.abc import Iterator

import pytest

from tests.integration.cli.test_breaker_commands import in_a_thread
from tests.integration.commands import data, lines, refused, told
from tests.integration.graphql_api.api import LiveServer


@pytest.fixture
def server() -> Iterator[LiveServer]:
    with in_a_thread() as server:
        yield server


def test_a_key_from_its_making_to_its_end(server: LiveServer) -> None:
    [token] = lines(server, "keys", "create", "night [/b]", "--role", "OPERATOR", "--expires", "2031-01-31")
    prefix = token[:15]
    head, line = lines(server, "keys", "list")
    assert head == "id name role prefix expires last used"
    id, rest = line.split(" ", 1)
    assert rest == f"night [/b] OPERATOR {prefix} 2031-01-31 00:00:00"
    assert lines(server, "keys", "revoke", id) == [f"revoked {id}"]
    assert lines(server, "keys", "list") == [head]
    assert lines(server, "audit") == [
        "at principal action target outcome",
        f"2030-01-01 12:00:00 anybody revokeApiKey {id} Deleted",
        "2030-01-01 12:00:00 anybody createApiKey night [/b] ApiKeyCreated",
    ]


def test_who_asks_is_told_with_what_may_not_be_done(server: LiveServer) -> None:
    assert lines(server, "whoami") == ["anybody: ADMIN, the API asks for no keys", "may use everything"]
    assert data(server, "whoami") == {"name": "anybody", "role": "ADMIN", "apiKeyId": None, "deniedFields": []}


def test_the_audit_is_read_page_by_page(server: LiveServer) -> None:
    for name in ("a", "b", "c"):
        lines(server, "keys", "create", name)
    *_, more = lines(server, "audit", "--first", "2")
    assert more.startswith("more: --after ")
    page = lines(server, "audit", "--first", "2", *more.removeprefix("more: ").split())
    assert [line.split()[4] for line in page[1:]] == ["a"]
    assert [entry["target"] for entry in data(server, "audit", "--first", "1")] == ["c"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("create", ""), "  name: A name has 1 to 200 characters"),
        (("create", "a", "--expires", "2020-01-01"), "  expiresAt: This is over already."),
        (("revoke", "ak_01kaz1v8q3e0x9m6s4t7c2b5d8"), "There is no API key 'ak_01kaz1v8q3e0x9m6s4t7c2b5d8'."),
        (("revoke", "night"), "id: 'night' is not an id that starts with ak_."),
    ],
)
def test_what_is_wrong_is_told(server: LiveServer, words: tuple[str, ...], said: str) -> None:
    assert refused(server, "keys", *words).startswith(said)


def test_secrets_as_people_read_them(server: LiveServer) -> None:
    assert lines(server, "secrets", "set", "token", input="piped-in-0123456789\n") == ["token is set"]
    assert lines(server, "secrets", "list") == [
        "name created updated",
        "token 2030-01-01 12:00:00 2030-01-01 12:00:00",
    ]
    wrong = told(server, "secrets", "set", "no name", input="piped-in-0123456789")
    assert wrong.stderr.splitlines() == [
        "  name: This is no name of a secret.",
        "      Names are letters, digits and underscores, at most 64, and do not begin with a digit.",
    ]
    assert lines(server, "secrets", "delete", "token") == ["deleted token"]
    assert refused(server, "secrets", "delete", "token") == "There is no secret 'token'.\n"
