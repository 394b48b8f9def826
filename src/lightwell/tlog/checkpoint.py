"""Checkpoints (C2SP tlog-checkpoint): a log's signed statement of its size and root.

Ours have exactly three lines, because ML-DSA-44 would leave extension lines unsigned; a
checkpoint with any is refused. The name of the log's keys is the origin.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lightwell.tlog import encoding, errors, note, statement, tree


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Origin of the log, number of entries, root hash over them."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        if not self.origin or any(char < " " for char in self.origin):
            raise errors.CheckpointError("The origin of a checkpoint must be one non-empty line.")
        if not 0 <= self.size <= encoding.MAX_SIZE or len(self.root) != tree.HASH_BYTES:
            raise errors.CheckpointError(
                "A checkpoint needs a size of 0 or more and a root hash of 32 bytes."
            )


@dataclass(frozen=True, slots=True)
class OpenedCheckpoint:
    """A checkpoint whose log signature was checked; `note` holds all its signatures."""

    checkpoint: Checkpoint
    note: note.OpenedNote


def format_checkpoint(checkpoint: Checkpoint) -> str:
    """The text a log signs."""
    root = encoding.format_base64(checkpoint.root)
    return f"{checkpoint.origin}\n{encoding.format_decimal(checkpoint.size)}\n{root}\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """Read a checkpoint's text, without signatures; `CheckpointError` if it is not three lines."""
    head = statement.parse_head(text)
    if head.extension:
        raise errors.CheckpointError(
            "This checkpoint has lines after the root hash, which not every key signs."
        )
    return Checkpoint(head.origin, head.size, head.root)


def sign_checkpoint(checkpoint: Checkpoint, signers: Sequence[note.Signer], timestamp: int = 0) -> str:
    """The signed note. `timestamp` is what an ML-DSA-44 line states; 0 states no time.

    Every signer must bear the origin as its name, or no policy could tie key and log together.
    """
    strangers = [signer.name for signer in signers if signer.name != checkpoint.origin]
    if strangers:
        raise errors.CheckpointError(f"The key {strangers[0]} cannot sign for the log {checkpoint.origin}.")
    text = format_checkpoint(checkpoint)
    return note.format_note(text, [note.sign_text(text, signer, timestamp) for signer in signers])


def open_checkpoint(text: str | bytes, verifiers: Iterable[note.Verifier]) -> OpenedCheckpoint:
    """Check a signed checkpoint against a log's keys; their name must be its origin.

    Raises `NoteError` (signatures) or `CheckpointError` (form).
    """
    known = list(verifiers)
    opened = note.open_note(text, known)
    checkpoint = parse_checkpoint(opened.text)
    if not any(signature.name == checkpoint.origin for signature in opened.verified):
        raise errors.CheckpointError(
            f"No trusted key of {checkpoint.origin} has signed this checkpoint, only keys of other names."
        )
    return OpenedCheckpoint(checkpoint, opened)
