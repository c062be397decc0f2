"""Requests by GET that a page of another site may have caused."""

import pytest

from graphql_api.edge.cross_site import is_forgeable

HERE = {"host": "127.0.0.1:8000"}
ELSEWHERE = {"host": "flows.example"}


@pytest.mark.parametrize(
    "headers",
    [
        {**HERE, "sec-fetch-site": "cross-site", "sec-fetch-dest": "image"},
        {**HERE, "sec-fetch-site": "same-site", "sec-fetch-dest": "script"},  # another port of this machine
        {**HERE, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"},
        {**HERE, "sec-fetch-site": "cross-site", "origin": "https://evil.example"},
        {**HERE, "sec-fetch-site": "nonsense"},
        {**HERE, "sec-fetch-site": "cross-site", "x-requested-with": "a page that CORS let through"},
        {**HERE, "origin": "null"},
        {**HERE, "origin": "https://evil.example"},
        {**HERE, "origin": "http://127.0.0.1:8001"},
        ELSEWHERE,  # to which browsers may say nothing
        {**ELSEWHERE, "content-type": "text/plain"},
        {**ELSEWHERE, "content-type": "application/x-www-form-urlencoded; charset=utf-8"},
        {**ELSEWHERE, "accept": "application/json"},
        {"host": "127.0.0.1.evil.example"},
        {"host": "localhost.evil.example"},
        {"host": "[::1"},
        {},
    ],
)
def test_a_foreign_page_may_have_caused_it(headers: dict[str, str]) -> None:
    assert is_forgeable(headers, ())


@pytest.mark.parametrize(
    "headers",
    [
        {**HERE, "sec-fetch-site": "same-origin"},
        {**HERE, "sec-fetch-site": "none"},
        {**HERE, "origin": "http://127.0.0.1:8000"},
        {**HERE, "sec-fetch-site": "cross-site", "origin": "https://app.example"},
        HERE,
        {"host": "localhost"},
        {"host": "[::1]:8000"},
        {**ELSEWHERE, "authorization": "Bearer sg_x"},
        {**ELSEWHERE, "sec-fetch-site": "cross-site", "authorization": "Bearer sg_x"},
        {**ELSEWHERE, "content-type": "application/json"},
        {**ELSEWHERE, "x-requested-with": "stepgraph"},
        {**ELSEWHERE, "apollo-require-preflight": "true"},
    ],
)
def test_nobody_but_the_client_itself_can_have_caused_it(headers: dict[str, str]) -> None:
    assert not is_forgeable(headers, ("https://app.example",))
