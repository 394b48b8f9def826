"""What a witness decides (C2SP tlog-witness, add-checkpoint), as one pure function.

A witness cosigns a checkpoint only if the log signed it and a proof shows that it extends the
last checkpoint cosigned for the same origin. Whoever calls `decide` must hold that origin's lock
from reading the last checkpoint until the new one is durable; nothing is stored or signed here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lightwell.tlog import checkpoint, encoding, errors, note, tree

MAX_HASHES = 63
MAX_REQUEST_BYTES = note.MAX_NOTE_BYTES + 10_000
SIZE_TYPE = "text/x.tlog.size"

OK, MALFORMED, FORBIDDEN, UNKNOWN, CONFLICT, UNPROVEN = 200, 400, 403, 404, 409, 422


@dataclass(frozen=True, slots=True)
class Request:
    """An add-checkpoint request as read; nothing in it is trusted yet."""

    old_size: int
    proof: tuple[bytes, ...]
    checkpoint_text: str

    def __post_init__(self) -> None:
        if not 0 <= self.old_size <= encoding.MAX_SIZE:
            raise errors.RequestError("The old size must be from 0 to 2^63 - 1.")
        if len(self.proof) > MAX_HASHES or any(len(value) != tree.HASH_BYTES for value in self.proof):
            raise errors.RequestError(f"A request holds at most {MAX_HASHES} hashes of 32 bytes each.")


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer. `latest` is what the witness must hold from now on: the new checkpoint when the
    status is 200, else the one it had. `size` is set when the answer is the size it last cosigned.
    """

    status: int
    sentence: str
    latest: checkpoint.Checkpoint | None
    size: int | None = None


def format_request(request: Request) -> str:
    """The body of the POST."""
    lines = [f"old {encoding.format_decimal(request.old_size)}"]
    lines += [encoding.format_base64(value) for value in request.proof]
    return "\n".join(lines) + "\n\n" + request.checkpoint_text


def parse_request(data: str | bytes) -> Request:
    """Read a request's body; `RequestError` if it is malformed (status 400)."""
    try:
        raw = data.encode() if isinstance(data, str) else data
        text = raw.decode()
    except UnicodeError as error:
        raise errors.RequestError("A request must be valid UTF-8.") from error
    if len(raw) > MAX_REQUEST_BYTES:
        raise errors.RequestError(f"A request must be at most {MAX_REQUEST_BYTES} bytes.")
    head, blank, checkpoint_text = text.partition("\n\n")
    lines = head.split("\n")
    if not blank or not checkpoint_text or not lines[0].startswith("old "):
        raise errors.RequestError(
            "A request is a line with the old size, proof lines, an empty line, a checkpoint."
        )
    try:
        old_size = encoding.parse_decimal(lines[0].removeprefix("old "))
        proof = tuple(encoding.parse_base64(line) for line in lines[1:])
    except ValueError as error:
        raise errors.RequestError("The old size or a hash in this request is malformed.") from error
    return Request(old_size, proof, checkpoint_text)


def read_origin(request: Request) -> str:
    """The origin the request claims, by which the witness finds its lock and its record."""
    return request.checkpoint_text.partition("\n")[0]


def name_origin(origin: str) -> str:
    """Hexadecimal SHA-256 of the origin: its place on the witness's read side, and a safe file name."""
    return hashlib.sha256(origin.encode(errors="surrogateescape")).hexdigest()


def decide(
    latest: checkpoint.Checkpoint | None,
    request: Request,
    log_keys: Mapping[str, Sequence[note.Verifier]],
) -> Decision:
    """Judge one request, in the order the protocol gives.

    `latest` is the last checkpoint cosigned for `read_origin(request)`, None if there is none;
    `log_keys` maps each origin this witness serves to its log's keys.
    """
    origin = read_origin(request)
    if origin not in log_keys:
        return Decision(UNKNOWN, "This witness does not know the log of this checkpoint.", latest)
    try:
        note.parse_note(request.checkpoint_text)
    except errors.NoteError as error:
        return Decision(MALFORMED, error.sentence, latest)
    try:
        offered = checkpoint.open_checkpoint(request.checkpoint_text, log_keys[origin]).checkpoint
    except errors.NoteError as error:
        return Decision(FORBIDDEN, error.sentence, latest)
    except errors.CheckpointError as error:
        return Decision(MALFORMED, error.sentence, latest)
    if request.old_size > offered.size:
        return Decision(MALFORMED, "The old size is larger than the checkpoint's size.", latest)
    known = latest or checkpoint.Checkpoint(origin, 0, tree.EMPTY_ROOT)
    if request.old_size != known.size:
        sentence = f"This witness last cosigned size {known.size}, not {request.old_size}."
        return Decision(CONFLICT, sentence, latest, known.size)
    if offered.size == known.size and offered.root != known.root:
        sentence = (
            f"At size {known.size} this witness has cosigned the root {known.root.hex()} and is now shown "
            f"{offered.root.hex()}: the log shows two histories."
        )
        return Decision(CONFLICT, sentence, latest)
    try:
        tree.check_consistency(known.size, known.root, offered.size, offered.root, request.proof)
    except errors.ProofError as error:
        return Decision(UNPROVEN, error.sentence, latest)
    return Decision(OK, f"Size {offered.size} extends size {known.size}.", offered)
