"""Content negotiation: the form of an answer by the Accept headers, as RFC 9110 has it."""

import pytest

from graphql_api.protocol.negotiation import acceptance_of
from tests.costs import least_seconds

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"
STREAM = "text/event-stream"
URQL = f"{GRAPHQL}, application/graphql+json, {JSON}, {STREAM}, multipart/mixed"


@pytest.mark.parametrize(
    ("accept", "answer"),
    [
        ([], JSON),
        ([""], JSON),
        (["*/*"], JSON),
        (["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"], JSON),
        ([URQL], GRAPHQL),
        ([STREAM], STREAM),
        ([f"{STREAM}, {JSON}"], STREAM),
        ([f"{JSON}, {STREAM}"], JSON),
        ([f"{STREAM};q=0.5, {JSON}"], JSON),
        ([f"{STREAM};q=0.001, {JSON};q=0.002"], JSON),
        ([f"{STREAM};Q=0.9, {JSON};q=0.8"], STREAM),
        ([f"*/*, {STREAM}"], JSON),
        (["text/*"], STREAM),
        ([f"text/*, {STREAM};q=0, {JSON};q=0.1"], JSON),
        (["application/*;q=0.5, application/json;q=0.1"], GRAPHQL),
        ([f"*/*;q=0.1, {JSON};q=0"], GRAPHQL),
        ([f"{JSON};q=0, {GRAPHQL};q=0, {STREAM};q=0, */*"], None),
        (["text/html"], None),
        ([f"{JSON};q=0"], None),
        (["text/html", JSON], JSON),
        ([f"{JSON};q=0.1", f"{GRAPHQL};q=0.2"], GRAPHQL),
        ([f"{JSON}; charset=UTF-8"], JSON),
        ([f"{JSON}; charset=iso-8859-1"], None),
        ([f'{JSON};x="a,b;q=0", {STREAM};q=0.1'], STREAM),
        ([JSON.upper()], JSON),
    ],
)
def test_the_answer_is_what_the_client_likes_best(accept: list[str], answer: str | None) -> None:
    assert acceptance_of(accept).answer == answer


@pytest.mark.parametrize(
    "malformed",
    [",", ";", "json", "/", "*/json", "a/b/c", f"{JSON};q=2", f"{JSON};q=-1", f"{JSON};q", f"{JSON};=", "é/é"],
)
def test_what_cannot_be_read_counts_as_not_written(malformed: str) -> None:
    assert acceptance_of([malformed]) == acceptance_of([])
    assert acceptance_of([f"{malformed}, {STREAM}"]).answer == STREAM


@pytest.mark.parametrize(
    ("accept", "streams"),
    [
        ([URQL], True),
        ([f"{JSON}, {STREAM};q=0.1"], True),
        (["text/*"], True),
        ([], False),
        (["*/*"], False),
        ([f"*/*, {STREAM};q=0"], False),
        ([JSON], False),
    ],
)
def test_a_subscription_is_streamed_to_who_names_streams(accept: list[str], *, streams: bool) -> None:
    assert acceptance_of(accept).streams is streams


@pytest.mark.parametrize(
    "hostile", [";" * 60_000, " ;" * 30_000, '"' * 60_001, '\\"' * 30_000, f"{JSON}," * 4_000, "a/b" + ";x=1" * 15_000]
)
def test_no_header_takes_more_than_a_moment_to_read(hostile: str) -> None:
    assert least_seconds(lambda: acceptance_of([hostile]), enough=0.05) < 0.05
