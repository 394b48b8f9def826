"""What the log's formats and checks refuse, as one small tree under `lightwell.base.errors`.

    Refused
    ├── ProofError        a Merkle proof or a proof file does not prove what it claims
    ├── NoteError         a signed note or a key is malformed, unsigned or wrongly signed
    ├── CheckpointError   the text of a checkpoint is malformed
    ├── RequestError      a request to a witness is malformed
    └── TileError         a tile, an entry bundle or a path of one is malformed or missing
    UserMistake
    └── PolicyError       a policy file is wrong: every line that is, at once

Each carries one sentence. Nothing here is an answer "could not check": a signature type we do
not know is an unknown key, and unknown keys are ignored by rule (C2SP signed-note).
"""

from __future__ import annotations

from lightwell.base import errors


class ProofError(errors.Refused):
    """A proof does not lead from what it starts with to the root it is checked against."""


class NoteError(errors.Refused):
    """A note, a signature line or a key string breaks the signed-note rules."""


class CheckpointError(errors.Refused):
    """A checkpoint's text is not origin, size and root."""


class RequestError(errors.Refused):
    """An add-checkpoint request cannot be read."""


class TileError(errors.Refused):
    """A tile, an entry bundle or a tile path is malformed, or one that is needed is missing."""


class PolicyError(errors.UserMistake):
    """A policy file is wrong; carries every problem with its line."""
