"""Ed25519 with one answer: the rules under which no two of our verifiers can disagree.

RFC 8032 leaves room for crafted keys and signatures that one library accepts and another
refuses (914 published edge cases: OpenSSL accepts 208, libsodium 43). A hostile publisher could
use them to make the browser say yes and another tool no. So, before a library is asked:

* a public key is refused when its y is not below p, when it is not on the curve, or when it is
  not in the subgroup of prime order (which refuses the eight small-order points as well);
* a signature is refused when its S is not below L, or its R has y not below p, spells zero
  with a sign, or is one of the eight small-order points.

What remains is checked with the cofactorless equation by `cryptography`. Honest keys and
signatures always pass. The curve arithmetic below runs only on public values.
"""

from __future__ import annotations

import functools

from cryptography import exceptions
from cryptography.hazmat.primitives.asymmetric import ed25519

from lightwell.tlog import errors

PUBLIC_KEY_BYTES = 32
SIGNATURE_BYTES = 64
SEED_BYTES = 32

_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_SQRT_MINUS_ONE = pow(2, (_P - 1) // 4, _P)

_Point = tuple[int, int, int, int]  # extended coordinates X, Y, Z, T (RFC 8032 section 5.1.4)
_IDENTITY: _Point = (0, 1, 1, 0)


# Reading a policy checks the same few keys again and again, at 3 ms each; an answer never changes.
@functools.lru_cache(maxsize=256)
def check_public_key(public_key: bytes) -> None:
    """Raise `NoteError` unless the 32 bytes are a canonical point of prime order."""
    point = _decode_point(public_key) if len(public_key) == PUBLIC_KEY_BYTES else None
    if point is None:
        raise errors.NoteError("The Ed25519 public key is not a canonically written point of the curve.")
    if _is_identity(_multiply(8, point)):
        raise errors.NoteError("The Ed25519 public key is one of the weak small-order points.")
    if not _is_identity(_multiply(_L, point)):
        raise errors.NoteError("The Ed25519 public key lies outside the prime-order group.")


def check_signature(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether the signature is valid under a key that `check_public_key` accepted."""
    if len(signature) != SIGNATURE_BYTES or not _is_strict(signature):
        return False
    try:
        ed25519.Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (exceptions.InvalidSignature, ValueError):
        return False
    return True


def sign(seed: bytes, message: bytes) -> bytes:
    """The 64-byte signature made with a 32-byte private seed (RFC 8032 section 5.1.6)."""
    return ed25519.Ed25519PrivateKey.from_private_bytes(seed).sign(message)


def derive_public_key(seed: bytes) -> bytes:
    """The 32-byte public key of a private seed."""
    return ed25519.Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def _is_strict(signature: bytes) -> bool:
    point_r, scalar_s = signature[:32], int.from_bytes(signature[32:], "little")
    y = int.from_bytes(point_r, "little") & (2**255 - 1)
    return scalar_s < _L and y < _P and y not in _SMALL_ORDER_Y


def _decode_point(encoded: bytes) -> _Point | None:
    """RFC 8032 section 5.1.3, refusing every second spelling of a point."""
    number = int.from_bytes(encoded, "little")
    sign, y = number >> 255, number & (2**255 - 1)
    if y >= _P:
        return None
    numerator, denominator = (y * y - 1) % _P, (_D * y * y + 1) % _P
    x = numerator * pow(denominator, 3, _P) % _P
    x = x * pow(numerator * pow(denominator, 7, _P), (_P - 5) // 8, _P) % _P
    if (denominator * x * x - numerator) % _P:
        x = x * _SQRT_MINUS_ONE % _P
    if (denominator * x * x - numerator) % _P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = _P - x
    return x, y, 1, x * y % _P


def _add(left: _Point, right: _Point) -> _Point:
    """Complete addition (RFC 8032 section 5.1.4), also for doubling."""
    a = (left[1] - left[0]) * (right[1] - right[0]) % _P
    b = (left[1] + left[0]) * (right[1] + right[0]) % _P
    c = 2 * left[3] * right[3] * _D % _P
    d = 2 * left[2] * right[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _multiply(scalar: int, point: _Point) -> _Point:
    result = _IDENTITY
    while scalar:
        if scalar & 1:
            result = _add(result, point)
        point = _add(point, point)
        scalar >>= 1
    return result


def _is_identity(point: _Point) -> bool:
    return point[0] % _P == 0 and (point[1] - point[2]) % _P == 0


def _find_small_order_y() -> frozenset[int]:
    """The y coordinates of the eight points whose order divides 8: 1, -1, 0 and two more.

    A point of order 8 doubles to one of order 4, (±sqrt(-1), 0), which for this curve means
    y^2 = x^2 * -1 with -x^2 + y^2 = 1 + d x^2 y^2, that is d y^4 + 2 y^2 - 1 = 0 over the
    reals of the field: y^2 = (-1 ± sqrt(1 + d)) / d.
    """
    found = {0, 1, _P - 1}
    root = _square_root((1 + _D) % _P)
    for sign in (1, -1):
        y = _square_root((-1 + sign * root) * pow(_D, -1, _P) % _P) if root is not None else None
        if y is not None:
            found |= {y, _P - y}
    return frozenset(found)


def _square_root(square: int) -> int | None:
    root = pow(square, (_P + 3) // 8, _P)
    for candidate in (root, root * _SQRT_MINUS_ONE % _P):
        if (candidate * candidate - square) % _P == 0:
            return candidate
    return None


_SMALL_ORDER_Y = _find_small_order_y()
