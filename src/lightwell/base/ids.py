"""Ids: short, read aloud without doubt, with a check character.

An id looks like `std-7k3m9q2wxz4h8v`: three letters that say the kind, thirteen characters
for eight random bytes, one check character. The alphabet is Crockford's base 32 (no i, l, o,
u), lower case. The check finds every single wrong character, every swap of two characters,
and one wrong letter of the prefix. Ids are pure functions of bytes handed in; no dice are thrown here.
An id tells nothing about what it names but its kind.
"""

from __future__ import annotations

from lightwell.base import errors

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
RANDOM_BYTES = 8
_BODY_LENGTH = 13  # ceil(64 bits / 5)

# Prefix of an id -> the kind it names. Disclosure kinds first; they equal the schema folders.
PREFIXES = {
    "std": "study",
    "dat": "dataset",
    "acd": "access-decision",
    "qry": "query-release",
    "fig": "figures-edition",
    "ras": "risk-assessment",
    "rep": "reputational-review",
    "enc": "encryption-review",
    "let": "letter",
    "rpl": "reply",
    "com": "commentary",
    "prv": "provider",
    "srv": "service",
    "inv": "inventory",
    "itm": "item",
    "pag": "page",
    "pub": "publication",
    "tmb": "tombstone",
    "sus": "suspension",
    "per": "person",
    "job": "job",
    "rul": "rules",
    "evt": "event",
    "chl": "challenge",
}
_PREFIX_OF_KIND = {kind: prefix for prefix, kind in PREFIXES.items()}

# Hand-typed ids: Crockford's look-alikes.


def format_id(kind: str, random_bytes: bytes) -> str:
    """Make the id of a new thing of `kind` from eight random bytes; inverse of `parse_id`."""
    if kind not in _PREFIX_OF_KIND:
        raise ValueError(f"no id prefix is registered for {kind!r}; add it to ids.PREFIXES")
    if len(random_bytes) != RANDOM_BYTES:
        raise ValueError(f"an id is made from exactly {RANDOM_BYTES} random bytes")
    number = int.from_bytes(random_bytes, "big")
    body = ""
    for _ in range(_BODY_LENGTH):
        body = ALPHABET[number & 31] + body
        number >>= 5
    prefix = _PREFIX_OF_KIND[kind]
    return f"{prefix}-{body}{_compute_check(prefix, body)}"


def parse_id(text: str) -> tuple[str, bytes]:
    """Read an id back into (kind, eight bytes); `UserMistake` names what is wrong with it."""
    prefix, hyphen, rest = text.partition("-")
    if not hyphen:
        raise errors.UserMistake(f"{text[:40]!r} is not an id: it has no hyphen after its three letters")
    if prefix not in PREFIXES:
        raise errors.UserMistake(f"{text[:40]!r} is not an id: no kind of record begins with {prefix[:10]!r}")
    if len(rest) != _BODY_LENGTH + 1:
        raise errors.UserMistake(
            f"the id {text[:40]!r} has {len(rest)} characters after the hyphen; "
            f"an id has {_BODY_LENGTH + 1}, so compare it with where it was copied from"
        )
    for character in rest:
        if character not in ALPHABET:
            raise errors.UserMistake(f"the id {text!r} holds {character!r}, which no id contains")
    body, check = rest[:-1], rest[-1]
    if _compute_check(prefix, body) != check:
        raise errors.UserMistake(f"the id {text!r} has a wrong or swapped character; copy it again")
    number = 0
    for character in body:
        number = number << 5 | ALPHABET.index(character)
    if number >> (8 * RANDOM_BYTES):
        raise errors.UserMistake(f"the id {text!r} is larger than any id can be; copy it again")
    return PREFIXES[prefix], number.to_bytes(RANDOM_BYTES, "big")


def _compute_check(prefix: str, body: str) -> str:
    """Return the check character: a polynomial over the field of 32 elements, evaluated at 2.

    Weights are distinct powers of a primitive element (x^5 + x^2 + 1), so one wrong character
    or one swap always changes the sum.
    """
    values = [ord(letter) - ord("a") + 1 for letter in prefix] + [ALPHABET.index(c) for c in body]
    total = 0
    for value in values:
        total = _double(total ^ value)
    return ALPHABET[total]


def _double(element: int) -> int:
    shifted = element << 1
    return shifted ^ 0b100101 if shifted & 0b100000 else shifted
