"""Keys with a name and a type, written as one line: vkeys (public) and skeys (private).

    vkey  <name>+<key id, 8 hex digits>+<base64 of type byte and public key>
    skey  PRIVATE+KEY+<name>+<key id>+<base64 of type byte and 32-byte seed>

(C2SP signed-note, "Verifier keys"; the private form is that of Go's sumdb/note, which for our
other types we use alike.) A `Verifier` exists only for a key that passed the strict rules of
`ed25519`; a `Signer` is given its seed by the caller, because this room rolls no dice.
"""

from __future__ import annotations

import enum
import hashlib
import unicodedata
from dataclasses import dataclass, field
from typing import Protocol

from lightwell.tlog import ed25519, encoding, errors, mldsa44, statement

_PRIVATE = "PRIVATE+KEY+"


class KeyType(enum.IntEnum):
    """Signature types of C2SP signed-note that this project reads and writes."""

    ED25519 = 0x01
    COSIGNATURE_V1 = 0x04
    ML_DSA_44 = 0x06


TIMESTAMPED = frozenset({KeyType.COSIGNATURE_V1, KeyType.ML_DSA_44})
"""Types whose signature begins with an 8-byte time; the ones a witness may use."""

LOG_TYPES = frozenset({KeyType.ED25519, KeyType.ML_DSA_44})
"""Types a log signs its own checkpoints with."""


class _Algorithm(Protocol):
    """What `ed25519` and `mldsa44` both offer."""

    def check_public_key(self, public_key: bytes) -> None: ...
    def check_signature(self, public_key: bytes, signature: bytes, message: bytes) -> bool: ...
    def sign(self, seed: bytes, message: bytes) -> bytes: ...
    def derive_public_key(self, seed: bytes) -> bytes: ...


_ALGORITHM: dict[KeyType, _Algorithm] = {
    KeyType.ED25519: ed25519,
    KeyType.COSIGNATURE_V1: ed25519,
    KeyType.ML_DSA_44: mldsa44,
}


def is_key_name(name: str) -> bool:
    """Non-empty, no Unicode space, no plus, no control character (C2SP signed-note, "Format")."""
    return bool(name) and not any(
        char == "+" or char.isspace() or unicodedata.category(char) in ("Cc", "Cs") for char in name
    )


def compute_key_id(name: str, key_type: KeyType, public_key: bytes) -> int:
    """First four bytes of SHA-256 over name, newline, type and public key, big-endian."""
    digest = hashlib.sha256(name.encode() + b"\n" + bytes([key_type]) + public_key).digest()
    return int.from_bytes(digest[:4], "big")


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key somebody decided to trust, under a name."""

    name: str
    key_type: KeyType
    public_key: bytes
    key_id: int = field(init=False)

    def __post_init__(self) -> None:
        if not is_key_name(self.name):
            raise errors.NoteError("A key name must not be empty nor contain spaces or a plus sign.")
        _ALGORITHM[self.key_type].check_public_key(self.public_key)
        object.__setattr__(self, "key_id", compute_key_id(self.name, self.key_type, self.public_key))

    def check(self, text: str, signature: bytes) -> bool:
        """Whether `signature` (without the key id) is this key's signature on the note text."""
        timestamp, bare = 0, signature
        if self.key_type in TIMESTAMPED:
            timestamp, bare = int.from_bytes(signature[:8], "big"), signature[8:]
        try:
            message = _build_message(self.name, self.key_type, text, timestamp)
        except errors.CheckpointError:
            return False
        return _ALGORITHM[self.key_type].check_signature(self.public_key, bare, message)


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key: a name, a type and the 32-byte seed, which never shows in a representation."""

    name: str
    key_type: KeyType
    seed: bytes = field(repr=False)
    verifier: Verifier = field(init=False)

    def __post_init__(self) -> None:
        if len(self.seed) != 32:
            raise errors.NoteError("A private key is a seed of exactly 32 random bytes.")
        public_key = _ALGORITHM[self.key_type].derive_public_key(self.seed)
        object.__setattr__(self, "verifier", Verifier(self.name, self.key_type, public_key))

    def sign(self, text: str, timestamp: int = 0) -> bytes:
        """The signature (without the key id) on a note text; the time counts for 0x04 and 0x06."""
        message = _build_message(self.name, self.key_type, text, timestamp)
        bare = _ALGORITHM[self.key_type].sign(self.seed, message)
        return timestamp.to_bytes(8, "big") + bare if self.key_type in TIMESTAMPED else bare


def format_vkey(verifier: Verifier) -> str:
    """The public key as one line."""
    material = encoding.format_base64(bytes([verifier.key_type]) + verifier.public_key)
    return f"{verifier.name}+{verifier.key_id:08x}+{material}"


def parse_vkey(vkey: str) -> Verifier:
    """Read a public key line; `NoteError` names what is wrong with it."""
    name, key_id, key_type, public_key = _split_key(vkey, "public")
    verifier = Verifier(name, key_type, public_key)
    if verifier.key_id != key_id:
        raise errors.NoteError(f"The public key of {name} does not match its key id; copy it again.")
    return verifier


def format_skey(signer: Signer) -> str:
    """The private key as one line. Whoever reads it can sign."""
    material = encoding.format_base64(bytes([signer.key_type]) + signer.seed)
    return f"{_PRIVATE}{signer.name}+{signer.verifier.key_id:08x}+{material}"


def parse_skey(skey: str) -> Signer:
    """Read a private key line; the error never repeats key material."""
    if not skey.startswith(_PRIVATE):
        raise errors.NoteError("A private key line starts with PRIVATE+KEY+; this is not one.")
    name, key_id, key_type, seed = _split_key(skey.removeprefix(_PRIVATE), "private")
    signer = Signer(name, key_type, seed)
    if signer.verifier.key_id != key_id:
        raise errors.NoteError(f"The private key of {name} does not match its key id.")
    return signer


def _split_key(text: str, kind: str) -> tuple[str, int, KeyType, bytes]:
    parts = text.split("+", 2)
    if len(parts) != 3 or len(parts[1]) != 8 or not set(parts[1]) <= set("0123456789abcdef"):
        raise errors.NoteError(f"A {kind} key is written name+8 hex digits+base64; this one is not.")
    try:
        material = encoding.parse_base64(parts[2])
    except ValueError as error:
        raise errors.NoteError(f"The last part of the {kind} key of {parts[0]} is not base64.") from error
    if not material or material[0] not in set(KeyType):
        raise errors.NoteError(
            f"The {kind} key of {parts[0]} is of a type not known here; Ed25519 (1, 4) and ML-DSA-44 (6) are."
        )
    return parts[0], int(parts[1], 16), KeyType(material[0]), material[1:]


def _build_message(name: str, key_type: KeyType, text: str, timestamp: int) -> bytes:
    if not 0 <= timestamp <= encoding.MAX_SIZE:
        raise errors.CheckpointError("A signature's time must be from 0 to 2^63 - 1.")
    if key_type is KeyType.COSIGNATURE_V1:
        statement.parse_head(text)
        return statement.build_cosignature_v1(text, timestamp)
    if key_type is KeyType.ML_DSA_44:
        return statement.build_subtree_v1(name, timestamp, statement.parse_head(text))
    return text.encode()
