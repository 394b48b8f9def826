"""The beginning of an installation: its folder, the log's keys, the first master key, the policy.

Nothing that exists is ever overwritten, so that beginning again is harmless: it adds what is missing.
The database: `actions/installations`.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path

from lightwell.base import errors
from lightwell.files import durable, policies
from lightwell.files.keys import KEY_BYTES
from lightwell.files.state import SAMPLE_PREFIX, State
from lightwell.tlog import errors as log_errors
from lightwell.tlog import key, note, policy

# Before the first day of the sample's story, which then sets its own clock.
SAMPLE_BEGIN = 1_735_732_800


def lay_foundation(
    root: Path,
    *,
    origin: str | None,
    sample: bool = False,
    witnesses: Sequence[str] = (),
    quorum: int | None = None,
) -> list[str]:
    """Make what is missing in the folder `root`; returns a sentence for each thing made.

    Raises `UserMistake` when the origin cannot be a log's name, is missing, or is not the existing log's.
    A crash here leaves some of the parts, each whole; the next call adds the others.
    """
    state = State(root)
    origin = _choose_origin(state, origin, sample)
    made = []
    if not root.is_dir():
        durable.make_folders(root)
        root.chmod(0o700)
        made.append(f"folder {root}, readable by this account alone")
    if not (root / "log.key").exists():
        signers = [
            note.generate_signer(origin, kind, secrets.token_bytes(32))
            for kind in (key.KeyType.ED25519, key.KeyType.ML_DSA_44)
        ]
        lines = "".join(f"{note.format_skey(each)}\n" for each in signers)
        durable.replace_file(root / "log.key", lines.encode(), 0o600)
        made.append(f"signing keys of the log {origin} (Ed25519 and ML-DSA-44)")
    if not state.masters.list_numbers():
        state.masters.add_master(secrets.token_bytes(KEY_BYTES))
        made.append(
            "master key 1: copy the folder keys to another place, without it nothing sealed can be read"
        )
    if not (root / "policy").exists():
        verifiers = [signer.verifier for signer in state.read_signers()]
        policies.replace_policy(root, policies.make_policy(verifiers, witnesses, quorum))
        made.append(f"policy with {len(state.read_policy().witnesses)} witness keys")
    elif witnesses or quorum is not None:
        verifiers = [signer.verifier for signer in state.read_signers()]
        if policies.make_policy(verifiers, witnesses, quorum) != state.read_policy():
            raise errors.UserMistake(
                "this log has a policy with other witnesses; change it with: lightwell log witnesses"
            )
    if sample and not (root / "sample-clock").exists():
        durable.replace_file(root / "sample-clock", f"{SAMPLE_BEGIN}\n".encode())
        made.append("sample clock: this log runs on invented time and says so everywhere")
    return made


def place_log_key(root: Path, text: str, origin: str) -> None:
    """Put the signing keys of a log back; `Refused` when they are those of another log."""
    signers = [key.parse_skey(line) for line in text.splitlines() if line]
    if not signers or any(each.name != origin for each in signers):
        raise errors.Refused(f"these are not the keys of the log {origin}")
    lines = "".join(f"{note.format_skey(each)}\n" for each in signers)
    durable.replace_file(root / "log.key", lines.encode(), 0o600)


def describe_trust(state: State) -> str:
    """Say in one plain sentence what the policy is worth."""
    rule = state.read_policy()
    if rule.quorum == policy.NONE:
        return (
            "No witness is named: nobody but you can tell whether this log shows everybody the same history. "
            "Readers will be told so. Name witnesses run by others: "
            "lightwell log witnesses --witness VKEY=URL"
        )
    urls = {each.url or each.name for each in rule.witnesses}
    return f"A checkpoint is shown when the quorum {rule.quorum} of {len(urls)} witnesses has cosigned it."


def _choose_origin(state: State, origin: str | None, sample: bool) -> str:
    if (state.root / "log.key").exists():
        known = state.read_origin()
        if origin not in (None, known):
            raise errors.UserMistake(
                f"{state.root} holds the log {known}; a log never changes its name. "
                "Use another folder: --state"
            )
        origin = known
    if origin is None:
        raise errors.UserMistake("name the log by an address of yours: --origin archive.example.org/log")
    if sample != origin.startswith(SAMPLE_PREFIX):
        raise errors.UserMistake(
            f"the name of a sample's log begins with {SAMPLE_PREFIX!r} and no other does; "
            f"{'change --origin' if sample else 'change --origin, or add --sample'}"
        )
    try:
        note.generate_signer(origin, key.KeyType.ED25519, bytes(range(32)))
    except log_errors.NoteError as error:
        raise errors.UserMistake(error.sentence, place="--origin") from None
    return origin
