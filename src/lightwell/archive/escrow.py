"""Sharing a secret among people so that any k of them restore it and k-1 learn nothing (Shamir, 1979).

Each byte of the secret is the value at 0 of its own random polynomial of degree k-1 over GF(256), with
the field of AES (FIPS 197, section 4.2); share x holds the values at x. "How to share a secret",
Communications of the ACM 22 (11). A share is written as one line with a check of its own, and bears a
check of the secret, so that a wrong mixture is refused and never restored. The random coefficients are
an argument: this room rolls no dice. The secrets here are keys of 256 random bits, whose hash tells nothing.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field

from lightwell.base import errors

LABEL = "lightwell-share-1"
MAX_SHARES = 255


@dataclass(frozen=True, slots=True)
class Share:
    """One person's part: the number of shares needed, its own number, its bytes, a check of the secret."""

    threshold: int
    number: int
    check: str
    data: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if not 2 <= self.threshold <= MAX_SHARES or not 1 <= self.number <= MAX_SHARES or not self.data:
            raise errors.Refused("a share needs a threshold from 2, a number from 1 to 255 and bytes")


def split_secret(secret: bytes, threshold: int, count: int, randomness: bytes) -> list[Share]:
    """Split a secret into `count` shares; inverse of `join_shares`.

    `randomness` is (threshold - 1) * len(secret) fresh random bytes, used once. Raises `Refused` for
    numbers that protect nothing: a threshold of 1, or more than there are shares.
    """
    if not 2 <= threshold <= count <= MAX_SHARES or not secret:
        raise errors.Refused(
            f"the number needed is from 2 to the number of shares, and there are at most {MAX_SHARES} shares"
        )
    size = len(secret)
    if len(randomness) != (threshold - 1) * size:
        raise ValueError("the randomness is (threshold - 1) bytes for each byte of the secret")
    rows = [secret, *(randomness[at : at + size] for at in range(0, len(randomness), size))]
    check = _check_secret(secret)
    return [
        Share(threshold, x, check, bytes(_evaluate([row[at] for row in rows], x) for at in range(size)))
        for x in range(1, count + 1)
    ]


def join_shares(shares: Sequence[Share]) -> bytes:
    """Restore the secret from enough shares; `Refused` when they are too few or do not fit."""
    by_number = {share.number: share for share in shares}
    if not by_number:
        raise errors.Refused("give the files of the shares")
    first = shares[0]
    if any((each.threshold, each.check, len(each.data)) != _describe(first) for each in shares):
        raise errors.Refused("these shares belong to different secrets; take those of one day together")
    if any(by_number[each.number] != each for each in shares):
        raise errors.Refused("two different shares bear the same number")
    if len(by_number) < first.threshold:
        raise errors.Refused(f"{first.threshold} different shares are needed; here are {len(by_number)}")
    chosen = [by_number[number] for number in sorted(by_number)[: first.threshold]]
    weights = [_compute_weight(share.number, [each.number for each in chosen]) for share in chosen]
    secret = bytearray(len(first.data))
    for share, weight in zip(chosen, weights, strict=True):
        for at, value in enumerate(share.data):
            secret[at] ^= _multiply(value, weight)
    if not hmac.compare_digest(_check_secret(bytes(secret)), first.check):
        raise errors.Refused("a share is wrong: together they restore another secret than was split")
    return bytes(secret)


def format_share(share: Share) -> str:
    """Write a share as one line; inverse of `parse_share`."""
    body = f"{LABEL}:{share.threshold}:{share.number}:{share.check}:{share.data.hex()}"
    return f"{body}:{_check_text(body)}\n"


def parse_share(text: str) -> Share:
    """Read a share; `Refused` when it was copied wrongly. The error never repeats its bytes."""
    body, _, check = text.strip().rpartition(":")
    if not hmac.compare_digest(_check_text(body).encode(), check.encode()):
        raise errors.Refused("this is no share, or it was copied wrongly; copy the whole line again")
    try:
        label, threshold, number, secret_check, data = body.split(":")
        if label != LABEL:
            raise ValueError(label)
        return Share(int(threshold), int(number), secret_check, bytes.fromhex(data))
    except ValueError:
        raise errors.Refused("this share is of a form not known here") from None


def _describe(share: Share) -> tuple[int, str, int]:
    return share.threshold, share.check, len(share.data)


def _check_secret(secret: bytes) -> str:
    return hashlib.sha256(b"lightwell escrow\x00" + secret).hexdigest()[:16]


def _check_text(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()[:8]


def _multiply(left: int, right: int) -> int:
    """Product in GF(256) modulo x^8 + x^4 + x^3 + x + 1 (FIPS 197, section 4.2)."""
    product = 0
    while right:
        if right & 1:
            product ^= left
        left = (left << 1) ^ (0x11B if left & 0x80 else 0)
        right >>= 1
    return product


def _invert(value: int) -> int:
    """The inverse: value to the power of 254, since the 255 others form a group."""
    result = 1
    for _ in range(254):
        result = _multiply(result, value)
    return result


def _evaluate(coefficients: Sequence[int], x: int) -> int:
    """Value of a polynomial, constant term first (Horner's rule)."""
    value = 0
    for coefficient in reversed(coefficients):
        value = _multiply(value, x) ^ coefficient
    return value


def _compute_weight(number: int, numbers: Sequence[int]) -> int:
    """Lagrange's weight of one share for the value at 0; minus is exclusive or here."""
    weight = 1
    for other in numbers:
        if other != number:
            weight = _multiply(weight, _multiply(other, _invert(other ^ number)))
    return weight
