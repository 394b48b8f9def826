"""Signed notes (C2SP signed-note): a text, a blank line, signature lines.

`parse_note` reads the form, `open_note` decides what is trusted: signatures of unknown keys are
ignored, one bad signature of a known key rejects the whole note, and a note without a good
signature of a known key is rejected too. Every line of a known key is checked, also repeated
ones, so that the order of lines never changes the verdict. The key types live in `key`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lightwell.tlog import encoding, errors, key

Verifier = key.Verifier
Signer = key.Signer
KeyType = key.KeyType
parse_vkey = key.parse_vkey
format_vkey = key.format_vkey
parse_skey = key.parse_skey
format_skey = key.format_skey

MAX_NOTE_BYTES = 1_000_000
MAX_SIGNATURES = 100
"""The rules ask for at least 16; Go's reader stops at 100, so do we."""

_CONTROL = re.compile("[\x00-\x09\x0b-\x1f]")  # every control character but newline
_DASH = "\u2014 "


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line. `signature` is what follows the four bytes of the key id."""

    name: str
    key_id: int
    signature: bytes

    def __post_init__(self) -> None:
        if not key.is_key_name(self.name):
            raise errors.NoteError("A signature's key name must not be empty nor contain spaces or a plus.")
        if not 0 <= self.key_id < 2**32 or not self.signature:
            raise errors.NoteError("A signature needs a four-byte key id and at least one byte more.")


@dataclass(frozen=True, slots=True)
class Note:
    """A note as read: nothing in it is trusted yet. `text` ends with its newline."""

    text: str
    signatures: tuple[Signature, ...]


@dataclass(frozen=True, slots=True)
class OpenedNote:
    """A note with at least one good signature of a known key, each known key once."""

    text: str
    verified: tuple[Signature, ...]
    unverified: tuple[Signature, ...]


def generate_signer(name: str, key_type: KeyType, seed: bytes) -> Signer:
    """A signer from 32 fresh random bytes, which the caller draws and keeps."""
    return key.Signer(name, key_type, seed)


def sign_text(text: str, signer: Signer, timestamp: int = 0) -> Signature:
    """One signature on a note text."""
    _check_text(text)
    return Signature(signer.name, signer.verifier.key_id, signer.sign(text, timestamp))


def format_signature(signature: Signature) -> str:
    """One signature line with its newline."""
    material = signature.key_id.to_bytes(4, "big") + signature.signature
    return f"{_DASH}{signature.name} {encoding.format_base64(material)}\n"


def parse_signature(line: str) -> Signature:
    """Read a signature line given without its newline."""
    name, space, material = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space:
        raise errors.NoteError("A signature line must be a dash, a key name and base64.")
    try:
        data = encoding.parse_base64(material)
    except ValueError as error:
        raise errors.NoteError("The base64 of a signature line is not in its one canonical form.") from error
    if len(data) < 5:
        raise errors.NoteError("A signature line is too short to hold a key id and a signature.")
    return Signature(name, int.from_bytes(data[:4], "big"), data[4:])


def parse_signatures(lines: str) -> tuple[Signature, ...]:
    """Read signature lines that stand alone, as a witness answers them."""
    if not lines.endswith("\n") or lines.count("\n") > MAX_SIGNATURES:
        raise errors.NoteError("Signature lines must end with a newline and be at most 100.")
    return tuple(parse_signature(line) for line in lines[:-1].split("\n"))


def format_note(text: str, signatures: Sequence[Signature]) -> str:
    """The note's text, a blank line and the signature lines."""
    _check_text(text)
    if not 1 <= len(signatures) <= MAX_SIGNATURES:
        raise errors.NoteError(f"A note carries 1 to {MAX_SIGNATURES} signatures.")
    return text + "\n" + "".join(format_signature(signature) for signature in signatures)


def parse_note(data: str | bytes) -> Note:
    """Read a note's form without trusting it; `NoteError` if the form is broken."""
    text = _decode(data)
    body, blank, lines = text.rpartition("\n\n")
    if not blank or not lines:
        raise errors.NoteError("A signed note needs a text, a blank line and a signature line.")
    note = Note(body + "\n", parse_signatures(lines))
    _check_text(note.text)
    return note


def add_signatures(data: str | bytes, signatures: Iterable[Signature]) -> str:
    """The note with further signatures after its own; a line already there is not repeated."""
    note = parse_note(data)
    return format_note(note.text, tuple(dict.fromkeys((*note.signatures, *signatures))))


def open_note(data: str | bytes, verifiers: Iterable[Verifier]) -> OpenedNote:
    """Check a note against the keys somebody trusts; `NoteError` unless one of them signed it."""
    note = parse_note(data)
    known: dict[tuple[str, int], list[Verifier]] = {}
    for verifier in dict.fromkeys(verifiers):
        known.setdefault((verifier.name, verifier.key_id), []).append(verifier)
    verified: dict[tuple[str, int], Signature] = {}
    unverified: list[Signature] = []
    for signature in note.signatures:
        identity = (signature.name, signature.key_id)
        candidates = known.get(identity, [])
        if not candidates:
            unverified.append(signature)
        elif len(candidates) > 1:
            raise errors.NoteError(f"Two trusted keys of {signature.name} share a key id; trust only one.")
        elif not candidates[0].check(note.text, signature.signature):
            raise errors.NoteError(f"The signature of {signature.name} on this note is wrong.")
        else:
            verified.setdefault(identity, signature)
    if not verified:
        raise errors.NoteError("No trusted key has signed this note.")
    return OpenedNote(note.text, tuple(verified.values()), tuple(dict.fromkeys(unverified)))


def _decode(data: str | bytes) -> str:
    try:
        # A str may hold lone surrogates, which no UTF-8 file can: encoding refuses them.
        raw = data.encode() if isinstance(data, str) else data
        text = raw.decode()
    except UnicodeError as error:
        raise errors.NoteError("A signed note must be valid UTF-8.") from error
    if len(raw) > MAX_NOTE_BYTES:
        raise errors.NoteError(f"A signed note must be at most {MAX_NOTE_BYTES} bytes.")
    if _CONTROL.search(text):
        raise errors.NoteError("A signed note must not contain control characters other than newline.")
    return text


def _check_text(text: str) -> None:
    _decode(text)
    if not text.endswith("\n"):
        raise errors.NoteError("The text of a note must end with a newline.")
