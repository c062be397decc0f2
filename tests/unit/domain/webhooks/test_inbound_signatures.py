"""Signatures of inbound messages: examples that the schemes' inventors publish pass; bad, old and forged ones fail."""

import base64
import hashlib
import hmac
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from domain.kernel.statuses import InboundSignature
from domain.webhooks.inbound_signatures import DEFAULT_TYPE, event_type_of, external_id_of, refusal_of
from domain.webhooks.standard_webhooks import secret_text, signed_headers

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
SECRET = "It's a Secret to Everybody"
BODY = b"Hello, World!"
# https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation
GITHUBS_OWN = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"

STANDARD = InboundSignature.STANDARD_WEBHOOKS
GITHUB, STRIPE = InboundSignature.GITHUB, InboundSignature.STRIPE
HMAC, NONE = InboundSignature.HMAC_SHA256, InboundSignature.NONE


def by_openssl(secret: str, signed: bytes) -> str:
    """An HMAC-SHA256 in hexadecimal, made by somebody else's code."""
    command = ["openssl", "dgst", "-sha256", "-mac", "HMAC", "-macopt", f"hexkey:{secret.encode().hex()}"]
    answer = subprocess.run(command, input=signed, capture_output=True, check=True)
    return answer.stdout.decode().rpartition(" ")[2].strip()


def stripe_header(secret: str = SECRET, body: bytes = BODY, at: int = SECONDS) -> str:
    """As https://docs.stripe.com/webhooks#verify-manually describes it."""
    return f"t={at},v1={by_openssl(secret, f'{at}.'.encode() + body)}"


def refusal(
    scheme: InboundSignature, headers: Mapping[str, str], body: bytes = BODY, secrets: tuple[str, ...] = (SECRET,)
) -> str | None:
    return refusal_of(scheme, secrets, headers, body, NOW)


def test_githubs_published_example_is_believed() -> None:
    assert refusal(GITHUB, {"x-hub-signature-256": f"sha256={GITHUBS_OWN}"}) is None


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "sha256=",
        GITHUBS_OWN,
        f"sha1={GITHUBS_OWN}",
        f"sha256={GITHUBS_OWN[:-1]}",
        f"sha256={GITHUBS_OWN}0",
        f"sha256={GITHUBS_OWN[:-1]}8",
        f"sha256= {GITHUBS_OWN[:-1]}",
        f"sha256={GITHUBS_OWN[:-2]} 7",
        f"sha256={GITHUBS_OWN[:-1]}\u017f",
        f"sha256={GITHUBS_OWN}, sha256={GITHUBS_OWN}",
        f"sha256={'0' * 10_000}",
    ],
)
def test_github_is_not_believed_with(header: str | None) -> None:
    said = refusal(GITHUB, {} if header is None else {"x-hub-signature-256": header})
    assert said is not None
    assert "X-Hub-Signature-256" in said
    assert GITHUBS_OWN not in said  # it does not say what would have been right


def test_githubs_older_header_counts_for_nothing() -> None:
    sha1 = hmac.new(SECRET.encode(), BODY, hashlib.sha1).hexdigest()
    assert refusal(GITHUB, {"x-hub-signature": f"sha1={sha1}"}) is not None


def test_what_stripe_describes_is_believed() -> None:
    body = b'{"id": "evt_1", "type": "charge.succeeded"}'
    assert refusal(STRIPE, {"stripe-signature": stripe_header(body=body)}, body) is None


def test_of_several_signatures_of_stripe_one_is_enough() -> None:
    time, _, good = stripe_header().partition(",")
    header = f"{time}, v1={'0' * 64}, v0={'1' * 64}, {good}, v2=what"
    assert refusal(STRIPE, {"stripe-signature": header}) is None


@pytest.mark.parametrize("late", [301, -301])
def test_stripes_time_may_be_five_minutes_off_and_no_more(late: int) -> None:
    step = 1 if late > 0 else -1
    assert refusal(STRIPE, {"stripe-signature": stripe_header(at=SECONDS - late + step)}) is None
    said = refusal(STRIPE, {"stripe-signature": stripe_header(at=SECONDS - late)})
    assert said == "The time in Stripe-Signature is too far from the present."


def test_stripe_is_not_believed_with_a_malformed_or_foreign_header() -> None:
    time, _, good = stripe_header().partition(",")
    digits = good.removeprefix("v1=")
    for header in (
        "",
        time,
        good,
        f"{time},v0={digits}",
        f"{time},v1={digits[:-1]}",
        f"{time},v1={digits}0",
        f"{time},V1={digits}",
        f"{time},{time},{good}",
        f"t=,{good}",
        f"t=-1,{good}",
        f"t=1e9,{good}",
        f"t=٣,{good}",
        f"t={'9' * 5000},{good}",
        f"t={SECONDS + 1},{good}",
        f"{time},{good}," * 3,
        ",,,,==,=",
        "v1=" * 10_000,
        stripe_header(secret="another secret"),
        stripe_header(body=b"another body"),
    ):
        assert refusal(STRIPE, {"stripe-signature": header}) is not None, header
    assert refusal(STRIPE, {}) == "The header Stripe-Signature is missing."


def test_stripe_signatures_beyond_what_anybody_sends_are_not_looked_at() -> None:
    time, _, good = stripe_header().partition(",")
    header = ",".join([time, *["v1=" + "0" * 64] * 50, good])
    assert refusal(STRIPE, {"stripe-signature": header}) is not None


@pytest.mark.parametrize("name", ["x-signature-256", "x-signature"])
@pytest.mark.parametrize("prefix", ["", "sha256="])
def test_a_generic_signature_has_four_spellings_in_two_headers(name: str, prefix: str) -> None:
    digits = by_openssl(SECRET, BODY)
    encoded = base64.b64encode(bytes.fromhex(digits)).decode()
    for text in (digits, digits.upper(), encoded, encoded.rstrip("=")):
        assert refusal(HMAC, {name: f"{prefix}{text}"}) is None


def test_the_more_exact_generic_header_decides() -> None:
    digits = by_openssl(SECRET, BODY)
    assert refusal(HMAC, {"x-signature-256": "0" * 64, "x-signature": digits}) is not None
    assert refusal(HMAC, {"x-signature-256": digits, "x-signature": "0" * 64}) is None


@pytest.mark.parametrize("header", ["", "sha256=", "é", "0" * 63, "0" * 65, "A" * 43 + "==", "A-_" * 15, "0" * 100_000])
def test_no_generic_signature_is(header: str) -> None:
    assert refusal(HMAC, {"x-signature-256": header}) is not None
    assert refusal(HMAC, {}) == "The headers X-Signature-256 and X-Signature are missing."


def test_what_the_public_package_signs_is_believed() -> None:
    secret = secret_text(b"k" * 32)
    body = '{"type": "käse"}'
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(SECONDS),
        "webhook-signature": Webhook(secret).sign("msg_1", NOW, body),
    }
    assert refusal(STANDARD, headers, body.encode(), (secret,)) is None
    assert refusal(STANDARD, {**headers, "webhook-id": "msg_2"}, body.encode(), (secret,)) is not None
    assert refusal(STANDARD, headers, body.encode() + b" ", (secret,)) is not None


def test_the_public_package_believes_what_is_signed_here() -> None:
    secrets = [secret_text(b"k" * 32), secret_text(b"l" * 32)]
    headers = signed_headers(secrets, id="msg_1", at=datetime.now(UTC), body=b'{"a": 1}')
    for secret in secrets:
        assert Webhook(secret).verify(b'{"a": 1}', headers) == {"a": 1}


SIGNED: Mapping[InboundSignature, Mapping[str, str]] = {
    STANDARD: signed_headers([secret_text(b"k" * 32)], id="msg_1", at=NOW, body=BODY),
    GITHUB: {"x-hub-signature-256": f"sha256={GITHUBS_OWN}"},
    STRIPE: {"stripe-signature": stripe_header()},
    HMAC: {"x-signature-256": GITHUBS_OWN},
}


def secret_of(scheme: InboundSignature) -> str:
    return secret_text(b"k" * 32) if scheme is STANDARD else SECRET


@pytest.mark.parametrize("scheme", SIGNED)
def test_during_a_rotation_either_secret_is_good(scheme: InboundSignature) -> None:
    mine, other = secret_of(scheme), secret_text(b"o" * 32)
    for secrets in ((mine,), (mine, other), (other, mine)):
        assert refusal(scheme, SIGNED[scheme], BODY, secrets) is None
    assert refusal(scheme, SIGNED[scheme], BODY, (other,)) is not None


@pytest.mark.parametrize("scheme", SIGNED)
def test_without_a_secret_nothing_is_believed(scheme: InboundSignature) -> None:
    empty = hmac.new(b"", BODY, hashlib.sha256).hexdigest()
    forged = {"x-hub-signature-256": f"sha256={empty}", "x-signature-256": empty}
    for secrets in ((), ("",), ("", "")):
        assert refusal(scheme, {**SIGNED[scheme], **forged}, BODY, secrets) is not None


@pytest.mark.parametrize("scheme", SIGNED)
def test_any_changed_byte_of_the_body_is_noticed(scheme: InboundSignature) -> None:
    for index in range(len(BODY)):
        changed = BODY[:index] + bytes([BODY[index] ^ 1]) + BODY[index + 1 :]
        assert refusal(scheme, SIGNED[scheme], changed, (secret_of(scheme),)) is not None
    assert refusal(scheme, SIGNED[scheme], b"", (secret_of(scheme),)) is not None


@pytest.mark.parametrize("scheme", [GITHUB, STRIPE, HMAC])
def test_a_secret_is_any_text_and_counts_as_its_utf_8(scheme: InboundSignature) -> None:
    secret = "Schlüssel für die Tür 🔑"
    digits = by_openssl(secret, BODY)
    headers = {
        "x-hub-signature-256": f"sha256={digits}",
        "x-signature-256": digits,
        "stripe-signature": stripe_header(secret),
    }
    assert refusal(scheme, headers, BODY, (secret,)) is None
    assert refusal(scheme, headers, BODY, (secret.replace("ü", "u"),)) is not None


@pytest.mark.parametrize("scheme", SIGNED)
def test_an_empty_body_is_signed_like_any_other(scheme: InboundSignature) -> None:
    digits = by_openssl(SECRET, b"")
    headers = {
        **signed_headers([secret_text(b"k" * 32)], id="msg_1", at=NOW, body=b""),
        "x-hub-signature-256": f"sha256={digits}",
        "x-signature-256": digits,
        "stripe-signature": stripe_header(body=b""),
    }
    assert refusal(scheme, headers, b"", (secret_of(scheme),)) is None
    assert refusal(scheme, headers, b" ", (secret_of(scheme),)) is not None


@pytest.mark.parametrize("scheme", SIGNED)
def test_every_secret_is_compared_in_constant_time_whichever_of_them_fits(
    scheme: InboundSignature, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[int, int]] = []
    compare_digest = hmac.compare_digest

    def counted(one: bytes, other: bytes) -> bool:
        compared.append((len(one), len(other)))
        return compare_digest(one, other)

    monkeypatch.setattr(hmac, "compare_digest", counted)
    mine, other = secret_of(scheme), secret_text(b"o" * 32)
    for secrets in ((mine, other), (other, mine), (other, other)):
        compared.clear()
        refusal(scheme, SIGNED[scheme], BODY, secrets)
        assert compared == [(32, 32)] * 2


@given(
    scheme=st.sampled_from([STANDARD, GITHUB, STRIPE, HMAC]),
    values=st.lists(st.text(st.characters(max_codepoint=255), max_size=200), min_size=6, max_size=6),
    body=st.binary(max_size=100),
)
def test_nothing_that_can_be_sent_raises_or_is_believed(
    scheme: InboundSignature, values: list[str], body: bytes
) -> None:
    names = ("x-hub-signature-256", "stripe-signature", "x-signature-256", "webhook-id", "webhook-timestamp")
    headers = dict(zip((*names, "webhook-signature"), values, strict=True))
    assert refusal(scheme, headers, body, (secret_of(scheme),)) is not None


def test_where_nothing_is_signed_everybody_is_believed() -> None:
    assert refusal(NONE, {}, BODY, ()) is None


def test_a_message_is_known_again_by_what_its_signature_covers() -> None:
    digest = f"sha256:{hashlib.sha256(BODY).hexdigest()}"
    assert external_id_of(STANDARD, {"webhook-id": "msg_1"}, BODY, None) == "msg_1"
    assert external_id_of(STRIPE, {}, BODY, {"id": "evt_1"}) == "evt_1"
    assert external_id_of(STRIPE, {}, BODY, "text") == external_id_of(STRIPE, {}, BODY, {"id": 7}) == digest
    for scheme in (GITHUB, HMAC):
        unsigned = {"x-github-delivery": "72d3162e", "webhook-id": "msg_1", "idempotency-key": "k"}
        assert external_id_of(scheme, unsigned, BODY, {"id": "evt_1"}) == digest


def test_where_nothing_is_signed_the_sender_may_give_an_id_or_none() -> None:
    assert external_id_of(NONE, {}, BODY, {"id": "evt_1"}) is None
    assert external_id_of(NONE, {"webhook-id": "a"}, BODY, None) == "a"
    assert external_id_of(NONE, {"idempotency-key": "b"}, BODY, None) == "b"


@pytest.mark.parametrize("id", ["x" * 129, "a\nb", "sha256:abc", "refused:abc"])
def test_an_id_that_is_no_good_as_a_key_is_replaced_by_its_digest(id: str) -> None:
    digest = f"sha256:{hashlib.sha256(id.encode()).hexdigest()}"
    assert external_id_of(STANDARD, {"webhook-id": id}, BODY, None) == digest


def test_what_a_message_is_about() -> None:
    assert event_type_of(GITHUB, {"x-github-event": "push"}, {"type": "x"}) == "push"
    assert event_type_of(STRIPE, {"x-github-event": "push"}, {"type": "charge.succeeded"}) == "charge.succeeded"
    for value in (None, "text", {}, {"type": 7}, {"type": ""}, {"type": "a\nb"}, {"type": "x" * 129}):
        assert event_type_of(STANDARD, {}, value) == DEFAULT_TYPE


def test_the_tolerance_is_five_minutes_for_standard_webhooks_too() -> None:
    secret = secret_text(b"k" * 32)
    for off, believed in ((299, True), (301, False), (-299, True), (-301, False)):
        headers = signed_headers([secret], id="a", at=NOW + timedelta(seconds=off), body=BODY)
        assert (refusal(STANDARD, headers, BODY, (secret,)) is None) is believed
