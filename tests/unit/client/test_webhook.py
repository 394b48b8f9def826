"""Signatures of webhooks: the specification's scheme, checked by a twin, and round trips."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from lightwell.base import errors
from lightwell.client import webhook

KEY = bytes(range(32))
BODY = b'{"type":"lightwell.change"}'


def make_headers(signature: str, name: str = "msg_1", timestamp: str = "1700000000") -> dict[str, str]:
    return {"Webhook-Id": name, "Webhook-Timestamp": timestamp, "Webhook-Signature": signature}


def test_a_signature_is_hmac_sha256_of_id_time_and_body_joined_by_full_stops() -> None:
    mac = hmac.new(KEY, b"msg_1.1700000000." + BODY, hashlib.sha256).digest()
    assert webhook.sign_message(KEY, "msg_1", 1_700_000_000, BODY) == f"v1,{base64.b64encode(mac).decode()}"


def test_the_signature_of_the_published_libraries_is_the_same() -> None:
    # The example value in the documents of Svix, whose scheme became the specification.
    key = webhook.parse_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    signed = webhook.sign_message(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body)
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_what_was_signed_is_accepted_also_among_other_signatures() -> None:
    signed = webhook.sign_message(KEY, "msg_1", 1_700_000_000, BODY)
    for signature in (signed, f"v1a,xyz {signed}", f"v1,{'A' * 44} {signed}"):
        assert webhook.check_message(KEY, make_headers(signature), BODY, 1_700_000_100) == "msg_1"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "msg_2"}, "signature"),
        ({"name": "a.b"}, "full stop"),
        ({"name": ""}, "missing"),
        ({"timestamp": "1700000001"}, "signature"),
        ({"timestamp": "17"}, "too old"),
        ({"timestamp": "-1700000000"}, "missing"),
        ({"timestamp": "²"}, "missing"),
    ],
)
def test_what_was_changed_is_refused_with_its_reason(change: dict[str, str], said: str) -> None:
    signed = webhook.sign_message(KEY, "msg_1", 1_700_000_000, BODY)
    with pytest.raises(errors.Refused, match=said):
        webhook.check_message(KEY, make_headers(signed, **change), BODY, 1_700_000_000)


def test_a_signature_with_strange_letters_is_refused_and_no_fault() -> None:
    with pytest.raises(errors.Refused):
        webhook.check_message(KEY, make_headers("v1,ä"), BODY, 1_700_000_000)


def test_secrets_come_back_and_nothing_else_is_one() -> None:
    assert webhook.parse_secret(webhook.format_secret(KEY)) == KEY
    for text in ("", "whsec_", "whsec_AAAA", "AAAA", webhook.format_secret(bytes(65)), "whsec_%%%%"):
        with pytest.raises(errors.UserMistake):
            webhook.parse_secret(text)


def test_the_id_of_a_message_is_its_changes_and_holds_no_full_stop() -> None:
    name = webhook.name_message("tag:log.example,2026:log.example/a/e12")
    assert name == webhook.name_message("tag:log.example,2026:log.example/a/e12")
    assert name != webhook.name_message("tag:log.example,2026:log.example/a/e13")
    assert "." not in name
    with pytest.raises(ValueError, match="full stop"):
        webhook.sign_message(KEY, "a.b", 1, b"")
