"""ML-DSA-44 (FIPS 204), the signature that outlives Ed25519, with an empty context.

Its encodings are canonical by the standard itself (section 7.2 refuses any other hint), so
`cryptography` is asked directly. Private keys are the 32-byte seed xi.
"""

from __future__ import annotations

from cryptography import exceptions
from cryptography.hazmat.primitives.asymmetric import mldsa

from lightwell.tlog import errors

PUBLIC_KEY_BYTES = 1312
SIGNATURE_BYTES = 2420
SEED_BYTES = 32


def check_public_key(public_key: bytes) -> None:
    """Raise `NoteError` unless the bytes are an ML-DSA-44 public key with a non-zero t1."""
    if len(public_key) != PUBLIC_KEY_BYTES:
        raise errors.NoteError(f"An ML-DSA-44 public key has {PUBLIC_KEY_BYTES} bytes.")
    # With t1 = 0 anybody can sign: the key says nothing. No generated key looks like this.
    if not any(public_key[32:]):
        raise errors.NoteError("The ML-DSA-44 public key is all zeros, with which anybody could sign.")


def check_signature(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether the signature over `message` is valid."""
    if len(signature) != SIGNATURE_BYTES:
        return False
    try:
        mldsa.MLDSA44PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (exceptions.InvalidSignature, ValueError):
        return False
    return True


def sign(seed: bytes, message: bytes) -> bytes:
    """A 2,420-byte signature; two calls differ, both are valid."""
    return mldsa.MLDSA44PrivateKey.from_seed_bytes(seed).sign(message)


def derive_public_key(seed: bytes) -> bytes:
    """The 1,312-byte public key of a seed."""
    return mldsa.MLDSA44PrivateKey.from_seed_bytes(seed).public_key().public_bytes_raw()
