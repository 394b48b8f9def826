"""The exact bytes each signature type signs.

0x01 signs the note text itself (C2SP signed-note). 0x04 signs two lines and the note text, and
0x06 a binary structure holding the cosigner's name, the time, the origin, the size and the root
(C2SP tlog-cosignature). 0x06 leaves out extension lines, which is why this project's own
checkpoints have none. Nothing here signs or checks.
"""

from __future__ import annotations

from dataclasses import dataclass

from lightwell.tlog import encoding, errors, tree

_SUBTREE_LABEL = b"subtree/v1\n\x00"


@dataclass(frozen=True, slots=True)
class Head:
    """The text of any log's checkpoint: three lines, and extension lines we pass on untouched."""

    origin: str
    size: int
    root: bytes
    extension: tuple[str, ...]


def parse_head(text: str) -> Head:
    """Read a checkpoint's text (C2SP tlog-checkpoint, "Note text"); `CheckpointError` if it is not one."""
    if not text.endswith("\n"):
        raise errors.CheckpointError("A checkpoint's text must end with a newline.")
    lines = text[:-1].split("\n")
    if len(lines) < 3 or not all(lines):
        raise errors.CheckpointError("A checkpoint's text is three non-empty lines: origin, size, root hash.")
    try:
        size = encoding.parse_decimal(lines[1])
    except ValueError as error:
        raise errors.CheckpointError("The size of a checkpoint must be a plain decimal number.") from error
    try:
        root = encoding.parse_base64(lines[2])
    except ValueError as error:
        raise errors.CheckpointError("The root hash of a checkpoint must be standard base64.") from error
    if len(root) != tree.HASH_BYTES:
        raise errors.CheckpointError("The root hash of a checkpoint must be exactly 32 bytes.")
    if size == 0 and root != tree.EMPTY_ROOT:
        raise errors.CheckpointError("A checkpoint of size 0 must carry the root hash of the empty tree.")
    return Head(lines[0], size, root, tuple(lines[3:]))


def build_cosignature_v1(text: str, timestamp: int) -> bytes:
    """What an Ed25519 cosignature signs: header line, time line, the whole note text."""
    return f"cosignature/v1\ntime {encoding.format_decimal(timestamp)}\n{text}".encode()


def build_subtree_v1(name: str, timestamp: int, head: Head) -> bytes:
    """What an ML-DSA-44 (co)signature signs for a whole tree: `cosigned_message` with start 0."""
    return b"".join(
        (
            _SUBTREE_LABEL,
            _prefix_length(name),
            timestamp.to_bytes(8, "big"),
            _prefix_length(head.origin),
            (0).to_bytes(8, "big"),
            head.size.to_bytes(8, "big"),
            head.root,
        )
    )


def _prefix_length(text: str) -> bytes:
    data = text.encode()
    if not 1 <= len(data) <= 255:
        raise errors.CheckpointError(
            "Names signed with ML-DSA-44 must be 1 to 255 bytes long; shorten the origin or the key name."
        )
    return bytes([len(data)]) + data
