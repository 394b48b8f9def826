"""Cosignatures (C2SP tlog-cosignature): a witness states that, at a time, this was the tree it saw.

Type 0x04 is Ed25519, type 0x06 ML-DSA-44; a witness gives both. A cosignature of a witness
always carries its time: it is the evidence for "not after".
"""

from __future__ import annotations

from collections.abc import Iterable

from lightwell.tlog import encoding, errors, key, note


def cosign(text: str, signer: note.Signer, timestamp: int) -> note.Signature:
    """A cosignature on a checkpoint's text (three lines, no signatures) at a Unix time."""
    if signer.key_type not in key.TIMESTAMPED:
        raise errors.NoteError("A witness key must be of type 4 (Ed25519) or 6 (ML-DSA-44), not a plain one.")
    if not 0 < timestamp <= encoding.MAX_SIZE:
        raise errors.NoteError("A cosignature needs the time at which it is made.")
    return note.sign_text(text, signer, timestamp)


def check_cosignature(text: str, signature: note.Signature, verifier: note.Verifier) -> int:
    """The Unix time stated by a good cosignature; `NoteError` for any other."""
    if (signature.name, signature.key_id) != (verifier.name, verifier.key_id):
        raise errors.NoteError(f"The signature of {signature.name} was not made by this key.")
    if not verifier.check(text, signature.signature):
        raise errors.NoteError(f"The signature of {signature.name} on this note is wrong.")
    return read_timestamp(signature, verifier)


def read_timestamp(signature: note.Signature, verifier: note.Verifier) -> int:
    """The Unix time inside a signature that was already checked; `NoteError` when there is none."""
    timestamp = int.from_bytes(signature.signature[:8], "big")
    if verifier.key_type not in key.TIMESTAMPED or timestamp == 0:
        raise errors.NoteError(f"The signature of {signature.name} states no time, so it is no cosignature.")
    return timestamp


def add_cosignatures(
    checkpoint_text: str, answered: Iterable[note.Signature], verifiers: Iterable[note.Verifier]
) -> str:
    """The signed checkpoint with the good cosignatures of known witnesses added.

    Unknown keys are ignored, a wrong signature of a known key raises `NoteError` (tlog-witness,
    add-checkpoint). A newer cosignature of a key replaces the older one: it states a later time.
    """
    known = {(verifier.name, verifier.key_id): verifier for verifier in verifiers}
    read = note.parse_note(checkpoint_text)
    good: dict[tuple[str, int], note.Signature] = {}
    for signature in answered:
        verifier = known.get((signature.name, signature.key_id))
        if verifier is not None:
            check_cosignature(read.text, signature, verifier)
            good[(signature.name, signature.key_id)] = signature
    kept = [old for old in read.signatures if (old.name, old.key_id) not in good]
    return note.format_note(read.text, [*kept, *good.values()])
