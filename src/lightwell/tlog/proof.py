"""Proof files (C2SP tlog-proof, `.tlog-proof`): one entry is in a log that a policy accepts.

c2sp.org/tlog-proof@v1
extra <base64>            optional, never trusted
index <decimal>
<base64 hash> ...         leaf's sibling first

<signed checkpoint>       verbatim
"""

from __future__ import annotations

from dataclasses import dataclass

from lightwell.tlog import checkpoint, encoding, errors, note, tree
from lightwell.tlog import policy as policies

MAGIC = "c2sp.org/tlog-proof@v1"
MAX_HASHES = 63
MAX_PROOF_BYTES = note.MAX_NOTE_BYTES + 100_000
_MAX_LINE = 65_536


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof file as read: nothing in it is trusted yet. `checkpoint_text` is the signed note."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint_text: str
    extra: bytes | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.index <= encoding.MAX_SIZE:
            raise errors.ProofError("The index in a proof file must be from 0 to 2^63 - 1.")
        if len(self.hashes) > MAX_HASHES or any(len(value) != tree.HASH_BYTES for value in self.hashes):
            raise errors.ProofError(f"A proof file holds at most {MAX_HASHES} hashes of 32 bytes each.")


@dataclass(frozen=True, slots=True)
class ProofResult:
    """What a good proof shows: where the entry is, in which tree, confirmed by whom and when."""

    index: int
    checkpoint: checkpoint.Checkpoint
    policy: policies.PolicyResult


def format_proof(proof: Proof) -> str:
    """The proof as a file."""
    lines = [MAGIC]
    if proof.extra is not None:
        lines.append(f"extra {encoding.format_base64(proof.extra)}")
    lines.append(f"index {encoding.format_decimal(proof.index)}")
    lines += [encoding.format_base64(value) for value in proof.hashes]
    return "\n".join(lines) + "\n\n" + proof.checkpoint_text


def parse_proof(data: str | bytes) -> Proof:
    """Read a proof file; `ProofError` says which part is malformed."""
    try:
        raw = data.encode() if isinstance(data, str) else data
        text = raw.decode()
    except UnicodeError as error:
        raise errors.ProofError("A proof file must be valid UTF-8.") from error
    if len(raw) > MAX_PROOF_BYTES:
        raise errors.ProofError(f"A proof file must be at most {MAX_PROOF_BYTES} bytes.")
    head, blank, checkpoint_text = text.partition("\n\n")
    lines = head.split("\n")
    if lines[0] != MAGIC:
        raise errors.ProofError(f"A proof file starts with the line {MAGIC}; this one does not.")
    if not blank or not checkpoint_text:
        raise errors.ProofError("A proof file needs an empty line and then the signed checkpoint.")
    if any(len(line) > _MAX_LINE for line in lines):
        raise errors.ProofError("A line of this proof file is too long.")
    rest = lines[1:]
    extra = None
    if rest and rest[0].startswith("extra "):
        extra = _parse_line(rest.pop(0).removeprefix("extra "), "extra data")
    if not rest or not rest[0].startswith("index "):
        raise errors.ProofError("A proof file needs the line index and a number.")
    try:
        index = encoding.parse_decimal(rest.pop(0).removeprefix("index "))
    except ValueError as error:
        raise errors.ProofError("The index in a proof file must be a plain decimal number.") from error
    return Proof(index, tuple(_parse_line(line, "hash") for line in rest), checkpoint_text, extra)


def check_proof(proof_text: str | bytes, entry_bytes: bytes, policy: policies.Policy) -> ProofResult:
    """Check a proof file against the entry itself and a policy; `ProofError` unless all of it holds."""
    proof = parse_proof(proof_text)
    verdict = policies.check_policy(policy, proof.checkpoint_text)
    if not verdict.satisfied or verdict.checkpoint is None:
        raise errors.ProofError(verdict.sentence)
    found = verdict.checkpoint
    leaf_hash = tree.hash_leaf(entry_bytes)
    tree.check_inclusion(leaf_hash, proof.index, found.size, proof.hashes, found.root)
    return ProofResult(proof.index, found, verdict)


def _parse_line(text: str, what: str) -> bytes:
    try:
        return encoding.parse_base64(text)
    except ValueError as error:
        raise errors.ProofError(f"The {what} in this proof file is not canonical base64.") from error
