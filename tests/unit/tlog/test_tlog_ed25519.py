"""Crafted keys and signatures on which libraries disagree: ours give one answer, no.

Each case first shows that `cryptography` alone would say yes (or would not complain), so that
removing our rule makes the test fail.
"""

import hashlib

import pytest
from cryptography import exceptions
from cryptography.hazmat.primitives.asymmetric import ed25519 as library

from lightwell.tlog import ed25519, errors

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
SEED = bytes(range(32))
MESSAGE = b"message"
IDENTITY = (1).to_bytes(32, "little")
ORDER_8 = bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")
SMALL_ORDER = {
    "identity": IDENTITY,
    "order 2": (P - 1).to_bytes(32, "little"),
    "order 4": bytes(32),
    "order 4, other sign": bytes(31) + b"\x80",
    "order 8 a": ORDER_8,
    "order 8 b": bytes([*ORDER_8[:31], ORDER_8[31] | 0x80]),
    "order 8 c": bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
    "order 8 d": bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"),
}


def library_accepts(public_key, signature, message=MESSAGE):
    try:
        library.Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (exceptions.InvalidSignature, ValueError):
        return False
    return True


def hash_to_scalar(*parts):
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little") % L


def read_private_scalar(seed):
    number = int.from_bytes(hashlib.sha512(seed).digest()[:32], "little")
    return (number & ~7 & (2**254 - 1)) | 2**254


def encode(point):
    x, y = point[0] * pow(point[2], -1, P) % P, point[1] * pow(point[2], -1, P) % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


@pytest.mark.parametrize("name", SMALL_ORDER)
def test_a_small_order_public_key_is_refused(name):
    with pytest.raises(errors.NoteError, match="small-order"):
        ed25519.check_public_key(SMALL_ORDER[name])


def test_the_library_alone_accepts_a_signature_nobody_made_under_a_small_order_key():
    assert library_accepts(IDENTITY, IDENTITY + bytes(32))


@pytest.mark.parametrize(
    "encoded",
    [
        (P + 1).to_bytes(32, "little"),  # y = 1 written as p + 1
        P.to_bytes(32, "little"),  # y = 0 written as p
        (P + 3).to_bytes(32, "little"),
        IDENTITY[:31] + b"\x80",  # x = 0 with a sign
        b"\xff" * 32,
    ],
)
def test_a_second_spelling_of_a_point_is_refused_as_public_key(encoded):
    with pytest.raises(errors.NoteError, match="canonically"):
        ed25519.check_public_key(encoded)


def test_bytes_that_are_no_point_are_refused_as_public_key():
    with pytest.raises(errors.NoteError, match="canonically"):
        ed25519.check_public_key((2).to_bytes(32, "little"))
    with pytest.raises(errors.NoteError, match="canonically"):
        ed25519.check_public_key(bytes(31))


def test_a_public_key_with_a_small_order_part_is_refused():
    honest = ed25519._decode_point(ed25519.derive_public_key(SEED))
    mixed = encode(ed25519._add(honest, ed25519._decode_point(ORDER_8)))
    library.Ed25519PublicKey.from_public_bytes(mixed)  # the library takes it
    with pytest.raises(errors.NoteError, match="prime-order"):
        ed25519.check_public_key(mixed)


def test_an_honest_key_and_signature_pass():
    public_key = ed25519.derive_public_key(SEED)
    ed25519.check_public_key(public_key)
    assert ed25519.check_signature(public_key, ed25519.sign(SEED, MESSAGE), MESSAGE)
    assert not ed25519.check_signature(public_key, ed25519.sign(SEED, MESSAGE), b"other")


def test_a_signature_whose_r_is_the_identity_is_refused():
    public_key = ed25519.derive_public_key(SEED)
    scalar = hash_to_scalar(IDENTITY, public_key, MESSAGE) * read_private_scalar(SEED) % L
    signature = IDENTITY + scalar.to_bytes(32, "little")
    assert library_accepts(public_key, signature)
    assert not ed25519.check_signature(public_key, signature, MESSAGE)


@pytest.mark.parametrize("name", SMALL_ORDER)
def test_no_small_order_r_counts_as_strict(name):
    assert not ed25519._is_strict(SMALL_ORDER[name] + bytes(32))


def test_s_plus_l_is_refused():
    public_key = ed25519.derive_public_key(SEED)
    signature = ed25519.sign(SEED, MESSAGE)
    larger = (int.from_bytes(signature[32:], "little") + L).to_bytes(32, "little")
    assert not ed25519.check_signature(public_key, signature[:32] + larger, MESSAGE)
    assert not ed25519._is_strict(signature[:32] + larger)


def test_an_r_with_y_not_below_p_is_refused_before_any_library_is_asked():
    assert not ed25519._is_strict((P + 5).to_bytes(32, "little") + bytes(32))
    assert not ed25519._is_strict(b"\xff" * 32 + bytes(32))


@pytest.mark.parametrize("length", [0, 63, 65])
def test_a_signature_of_another_length_is_refused(length):
    assert not ed25519.check_signature(ed25519.derive_public_key(SEED), bytes(length), MESSAGE)
