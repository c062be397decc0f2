"""Signatures of Standard Webhooks: ours are believed by the public package, and we believe its; nothing else."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from domain.webhooks.standard_webhooks import refusal_of, secret_key, secret_text, signed_headers

NOW = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)
SECRET = secret_text(bytes(range(32)))
OTHER = secret_text(bytes(range(1, 33)))
BODY = '{"type":"order.paid","data":{"name":"Zoë"}}'.encode()
LONG_AGO = NOW - timedelta(minutes=5, seconds=2)
FAR_AHEAD = NOW + timedelta(minutes=5, seconds=2)


def signed(*secrets: str, at: datetime = NOW, body: bytes = BODY) -> dict[str, str]:
    return signed_headers(secrets or (SECRET,), id="we_1", at=at, body=body)


def test_what_we_sign_is_believed_by_the_public_package() -> None:
    headers = signed(at=datetime.now(UTC))
    assert Webhook(SECRET).verify(BODY, headers) == json.loads(BODY)
    with pytest.raises(WebhookVerificationError):
        Webhook(OTHER).verify(BODY, headers)


def test_what_the_public_package_signs_is_believed() -> None:
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(NOW.timestamp())),
        "webhook-signature": Webhook(SECRET).sign("msg_1", NOW, BODY.decode()),
    }
    assert refusal_of([SECRET], headers, BODY, NOW) is None
    assert refusal_of([OTHER], headers, BODY, NOW) is not None


def test_the_published_example_comes_out() -> None:
    headers = signed_headers(
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        at=datetime.fromtimestamp(1614265330, UTC),
        body=b'{"test": 2432232314}',
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_while_secrets_rotate_each_of_them_signs_and_any_of_them_will_do() -> None:
    now = datetime.now(UTC)
    headers = signed(SECRET, OTHER, at=now)
    assert len(headers["webhook-signature"].split(" ")) == 2
    for secret in (SECRET, OTHER):
        Webhook(secret).verify(BODY, headers)
        assert refusal_of([secret], headers, BODY, now) is None
        assert refusal_of([SECRET, OTHER], signed(secret, at=now), BODY, now) is None


@pytest.mark.parametrize("at", [LONG_AGO, FAR_AHEAD])
def test_what_is_too_far_from_now_is_refused(at: datetime) -> None:
    assert refusal_of([SECRET], signed(at=at), BODY, NOW) == "The webhook-timestamp is too far from the present."


@pytest.mark.parametrize("by", [timedelta(minutes=-4, seconds=-58), timedelta(minutes=4, seconds=58)])
def test_what_is_near_enough_is_believed(by: timedelta) -> None:
    assert refusal_of([SECRET], signed(at=NOW + by), BODY, NOW) is None


@pytest.mark.parametrize("part", ["webhook-id", "webhook-timestamp"])
def test_each_part_is_signed(part: str) -> None:
    headers = signed()
    headers[part] = headers[part][:-1] + ("2" if headers[part][-1] != "2" else "3")
    assert refusal_of([SECRET], headers, BODY, NOW) == "No signature in webhook-signature fits the message."


def test_another_body_is_refused() -> None:
    assert refusal_of([SECRET], signed(), BODY + b" ", NOW) is not None
    assert refusal_of([SECRET], signed(), b"", NOW) is not None


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("webhook-id", ""),
        ("webhook-id", "\ud800"),
        ("webhook-timestamp", "now"),
        ("webhook-timestamp", "-1"),
        ("webhook-timestamp", "1e9"),
        ("webhook-timestamp", "٣"),  # a digit, but not one of ASCII
        ("webhook-timestamp", "9" * 400),
        ("webhook-timestamp", " 1 "),
        ("webhook-signature", ","),
        ("webhook-signature", "v1"),
        ("webhook-signature", "v1,"),
        ("webhook-signature", "v1,====,,"),
        ("webhook-signature", "v1,not base64"),
        ("webhook-signature", "v1,\u00e9\u00e9"),
        ("webhook-signature", " " * 10_000),
        ("webhook-signature", "v1,AAAA " * 10_000),
    ],
)
def test_what_is_malformed_is_refused_and_raises_nothing(header: str, value: str) -> None:
    assert refusal_of([SECRET], {**signed(), header: value}, BODY, NOW) is not None


@pytest.mark.parametrize("header", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_header_that_is_missing_is_refused(header: str) -> None:
    headers = signed()
    del headers[header]
    assert refusal_of([SECRET], headers, BODY, NOW) is not None


def test_without_a_secret_nothing_is_believed() -> None:
    assert refusal_of([], signed(), BODY, NOW) is not None


def test_a_signature_of_another_version_is_none() -> None:
    headers = signed()
    code = headers["webhook-signature"].removeprefix("v1,")
    assert refusal_of([SECRET], {**headers, "webhook-signature": f"v1a,{code}"}, BODY, NOW) is not None
    assert refusal_of([SECRET], {**headers, "webhook-signature": f"v1a,{code} v1,{code}"}, BODY, NOW) is None


def test_a_good_signature_among_bad_ones_is_found() -> None:
    headers = signed()
    headers["webhook-signature"] = f"v1,AAAA v2,x nonsense {headers['webhook-signature']}"
    assert refusal_of([SECRET], headers, BODY, NOW) is None


@pytest.mark.parametrize("size", [24, 25, 32, 64])
def test_a_secret_is_24_to_64_bytes_with_or_without_its_prefix_and_padding(size: int) -> None:
    key = bytes(size)
    assert secret_key(secret_text(key)) == key
    assert secret_key(secret_text(key).removeprefix("whsec_").rstrip("=")) == key


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "whsec_é", "whsec_ a", "whsec_A", secret_text(bytes(23)), secret_text(bytes(65)), "*" * 40]
)
def test_anything_else_is_no_secret(secret: str) -> None:
    with pytest.raises(ValueError, match="24 to 64"):
        secret_key(secret)


def test_a_body_need_not_be_text() -> None:
    body = base64.b64decode("//79")
    assert refusal_of([SECRET], signed(body=body), body, NOW) is None
