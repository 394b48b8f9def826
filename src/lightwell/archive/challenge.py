"""A challenge: is the paper that somebody holds in a company's sealed inventory? Its bytes and hashes.

The holder logs a commitment to the measure of a file, under a salt of their own, so that the log tells
nobody which file is asked about. The company answers with the three values that lead from the file to the
commitment of one sealed item, hidden under a pad that the salt alone makes: everybody sees that an answer was
given, the holder alone reads it, and nobody has to be asked for it. What the entries of a log say together
and where each challenge stands: `archive/register`. No dice here: salts are arguments.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from lightwell.archive import commitment, seal
from lightwell.base import errors
from lightwell.tlog import tree

SECRET_BYTES = commitment.SECRET_BYTES
# Days from the handover to the day by which an answer is due.
DAYS = 30
IN_INVENTORY = "in-inventory"
NOT_IN_INVENTORY = "not-in-inventory"
ANSWERS = (IN_INVENTORY, NOT_IN_INVENTORY)
# What logging a challenge costs whoever asks, as leading zero bits of a hash, and how the price rises.
FIRST_BITS = 18
CHALLENGES_A_BIT = 10
MOST_BITS = 40

_CHALLENGE = b"lightwell.challenge.v1\n"
_PAD = b"lightwell.challenge-pad.v1\n"
_WORK = b"lightwell.challenge-work.v1\n"
_PARTS = 3


@dataclass(frozen=True, slots=True)
class Route:
    """What leads from the measure of a file to the commitment of a sealed item: three values of 32 bytes."""

    header_hash: bytes
    file_salt: bytes
    pages_root: bytes

    def __post_init__(self) -> None:
        if any(len(each) != SECRET_BYTES for each in self.parts):
            raise errors.Refused(f"each of the {_PARTS} values that lead to an item has {SECRET_BYTES} bytes")

    @property
    def parts(self) -> tuple[bytes, bytes, bytes]:
        """The three values in the order in which they are written down."""
        return self.header_hash, self.file_salt, self.pages_root

    def find_commitment(self, measure: seal.FileMeasure) -> bytes:
        """Compute the commitment of the item that was sealed over this file, if this is its route."""
        file_hash = seal.hash_file(self.file_salt, measure)
        return seal.join_commitment(self.header_hash, file_hash, self.pages_root)


def commit_file(salt: bytes, measure: seal.FileMeasure) -> bytes:
    """Commit to a file without telling which: SHA-256 over a label, the salt and the measure of the file."""
    if len(salt) != SECRET_BYTES or len(measure.digest) != SECRET_BYTES or not 0 <= measure.size < 1 << 63:
        raise errors.Refused(
            f"a salt and a digest have {SECRET_BYTES} bytes, and a size is no negative number"
        )
    content = measure.digest + measure.size.to_bytes(8, "big")
    return hashlib.sha256(_CHALLENGE + salt + content).digest()


def trace_route(key: bytes, header: seal.Header, page_roots: Sequence[bytes]) -> Route:
    """Trace the route to an item from its key; neither a word nor a page of it follows from that."""
    return Route(
        seal.hash_header(key, header),
        commitment.derive_secret(key, "file"),
        tree.compute_root(list(page_roots)),
    )


def hide_route(salt: bytes, route: Route) -> tuple[bytes, ...]:
    """Hide a route from everybody but whoever knows the salt; a salt hides one route only, ever.

    Inverse: `show_route`. Under another salt something comes back that leads to no item.
    """
    return tuple(_mix(salt, k, part) for k, part in enumerate(route.parts))


def show_route(salt: bytes, hidden: Sequence[bytes]) -> Route:
    """Read what `hide_route` hid; whether it leads anywhere, the log says."""
    if len(hidden) != _PARTS or len(salt) != SECRET_BYTES:
        raise errors.Refused(f"a hidden answer has {_PARTS} values, and the salt {SECRET_BYTES} bytes")
    return Route(*(_mix(salt, k, part) for k, part in enumerate(hidden)))


def _mix(salt: bytes, place: int, part: bytes) -> bytes:
    pad = hashlib.sha256(_PAD + salt + bytes([place])).digest()
    return bytes(a ^ b for a, b in zip(pad, part, strict=True))


def count_bits(today: int) -> int:
    """Count the bits of work that the next challenge of a day takes, after `today` others.

    It doubles with each ten, so that nobody fills the log, nobody turns anybody away, and tomorrow it is
    cheap again.
    """
    return min(FIRST_BITS + today // CHALLENGES_A_BIT, MOST_BITS)


def measure_work(provider: str, sealed: bytes, nonce: int) -> int:
    """Count the leading zero bits that a nonce reaches for one challenge of one company."""
    digest = hashlib.sha256(_WORK + provider.encode() + b"\n" + sealed + nonce.to_bytes(8, "big")).digest()
    return 8 * len(digest) - int.from_bytes(digest, "big").bit_length()


def find_work(provider: str, sealed: bytes, bits: int) -> int:
    """Find the first nonce that reaches so many bits: 2 to the power of `bits` hashes on average."""
    begun = hashlib.sha256(_WORK + provider.encode() + b"\n" + sealed)
    limit = 1 << (256 - bits)
    for nonce in itertools.count():
        hashed = begun.copy()
        hashed.update(nonce.to_bytes(8, "big"))
        if int.from_bytes(hashed.digest(), "big") < limit:
            return nonce
    raise AssertionError("numbers do not end")
