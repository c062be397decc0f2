"""URLs of outgoing requests: what may be called, and that what the author wrote is what is sent."""

import pytest

from actors.http.failures import InvalidExchange
from actors.http.urls import HttpUrl, is_same_origin, joined_url, without_parameters
from domain.kernel.failures import FailureCode


@pytest.mark.parametrize(
    "target",
    [
        "/a%2Fb",
        "/a%2fb",
        "/%3A%40%3D%26",
        "/%7Ealice/%41",
        "/a/%2e%2e/b",
        "/a/../b/./c",
        "//a//b/",
        "/a;v=1,2!$&'()*+:@~",
        "/?q=%2F%3A%40%2C&r=a+b&s=a%20b",
        "/?a=/?:@,;!$'()*",
        "/?filter[name]=x&sort=-created",
        "/?sig=AbC%2b%2F%3d",
        "/?",
        "/?&&a=&=b",
    ],
)
def test_what_is_written_is_what_is_sent(target: str) -> None:
    url = HttpUrl.parse(f"https://api.example.com{target}")

    assert url.target == target
    assert url.text == f"https://api.example.com{target}"
    assert HttpUrl.parse(url.text) == url


@pytest.mark.parametrize(
    ("target", "sent"),
    [
        ("", "/"),
        ("?a=1", "/?a=1"),
        ("/a b", "/a%20b"),
        ("/?q=a b", "/?q=a%20b"),
        ("/ü?q=ß", "/%C3%BC?q=%C3%9F"),
        ("/100%", "/100%25"),
        ("/%zz%4", "/%25zz%254"),
        ('/<a>"{b}|\\^`', "/%3Ca%3E%22%7Bb%7D%7C%5C%5E%60"),
        ("/a#part", "/a"),
        ("/a?b#c?d", "/a?b"),
    ],
)
def test_only_what_no_request_can_carry_is_escaped(target: str, sent: str) -> None:
    assert HttpUrl.parse(f"http://x{target}").target == sent


@pytest.mark.parametrize(
    ("text", "site"),
    [
        ("HTTPS://API.Example.COM/", "https://api.example.com/"),
        ("http://münchen.example/", "http://xn--mnchen-3ya.example/"),
        ("http://x:80/", "http://x/"),
        ("http://x:8080/", "http://x:8080/"),
        ("https://[2001:DB8::1]:8443/", "https://[2001:db8::1]:8443/"),
    ],
)
def test_a_host_has_one_way_to_be_written(text: str, site: str) -> None:
    assert HttpUrl.parse(text).text == site


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "/a",
        "//x/a",
        "ftp://x/",
        "file:///etc/passwd",
        "http:x",
        "http://",
        "http:///a",
        "http://?a",
        "http://a b/",
        "http://user@x/",
        "http://user:password@x/",
        "http://x:0x50/",
        "http://x:99999/",
        "http://x\\@y/",
        "http://x\\.y/",
        "http://[::1/",
        "http://x/a\nb",
        "http://x/a\r\nHost: y",
        "http://x/\x00",
        "http://x/\x7f",
        " http://x/",
        "http://x/\ud800",
        "http://x/" + "a" * 20_000,
    ],
)
def test_what_cannot_be_called_is_an_invalid_request(text: str) -> None:
    with pytest.raises(InvalidExchange) as caught:
        HttpUrl.parse(text)

    assert caught.value.code is FailureCode.INVALID_REQUEST


@pytest.mark.parametrize(
    ("base", "reference", "joined"),
    [
        ("http://x/a/b?c=1", "?page=2", "http://x/a/b?page=2"),
        ("http://x/a/b", "c%2Fd?q=%3A", "http://x/a/c%2Fd?q=%3A"),
        ("http://x/a/b", "/c", "http://x/c"),
        ("http://x/a/b", "../c", "http://x/c"),
        ("http://x/a", "//y/b", "http://y/b"),
        ("http://x/a", "https://y/%2e%2e/b#c", "https://y/%2e%2e/b"),
    ],
)
def test_a_reference_leads_where_rfc_3986_says_with_its_own_escapes(base: str, reference: str, joined: str) -> None:
    assert joined_url(base, reference) == joined


def test_an_origin_is_scheme_host_and_port() -> None:
    assert is_same_origin("http://x/a", "http://X:80/b?c")
    assert not is_same_origin("http://x/a", "https://x/a")
    assert not is_same_origin("http://x/a", "http://x:81/a")
    assert not is_same_origin("http://x/a", "nonsense")


def test_parameters_go_by_name_and_the_others_stay_as_they_are_written() -> None:
    url = "http://x/a?sig=%2f%2F&page=1&q=a+b&p%61ge=7&empty="

    assert without_parameters(url, frozenset({"page"})) == "http://x/a?sig=%2f%2F&q=a+b&empty="
    assert without_parameters("http://x/a?page=1", frozenset({"page"})) == "http://x/a"


def test_what_may_be_secret_is_not_in_the_representation() -> None:
    assert "secret" not in repr(HttpUrl.parse("http://secret.example/secret?secret"))
