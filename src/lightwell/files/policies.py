"""The log's policy and every policy it had before: files that say whose cosignatures a checkpoint needs.

    policy          the one in force                  policies/<n>    those before it, from 1

Earlier ones are kept because a checkpoint may have met one of them: before a restored log signs, the
witnesses of every policy are asked (`tlog.policy.covers_every_quorum`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from lightwell.base import errors
from lightwell.files import durable
from lightwell.tlog import key, note, policy

_WITNESS = re.compile(r"(.+)=(https?://\S+)")
_SHORT = {key.KeyType.COSIGNATURE_V1: "ed25519", key.KeyType.ML_DSA_44: "ml-dsa-44"}
_ALL = "witnesses"


def make_policy(
    log_keys: Sequence[note.Verifier], witnesses: Sequence[str], quorum: int | None = None
) -> policy.Policy:
    """Make a policy from `VKEY=URL` texts; keys at one address are one witness, met by any of its keys.

    `quorum` is the number of witnesses needed, by default more than half; without witnesses it is none.
    Raises `UserMistake` with every text that is wrong.
    """
    problems: list[errors.Problem] = []
    by_url: dict[str, list[note.Verifier]] = {}
    for text in witnesses:
        found = _WITNESS.fullmatch(text.strip())
        if found is None:
            problems.append(errors.Problem(f"--witness {text[:40]}", "write it as VKEY=https://address"))
            continue
        try:
            by_url.setdefault(found[2].rstrip("/"), []).append(note.parse_vkey(found[1]))
        except errors.Refused as error:
            problems.append(errors.Problem(f"--witness {text[:40]}", error.sentence))
    needed = len(by_url) // 2 + 1 if quorum is None else quorum
    if by_url and not 1 <= needed <= len(by_url):
        problems.append(errors.Problem("--quorum", f"it is a number from 1 to {len(by_url)}"))
    if quorum is not None and not by_url:
        problems.append(errors.Problem("--quorum", "a quorum needs witnesses; add --witness VKEY=URL"))
    if problems:
        raise errors.UserMistake(problems=problems)
    logs = tuple(policy.Log(verifier) for verifier in log_keys)
    if not by_url:
        return policy.Policy(logs, (), (), policy.NONE)
    listed, groups, members = [], [], []
    for url, verifiers in by_url.items():
        name = verifiers[0].name
        names = [f"{name}-{_SHORT.get(each.key_type, 'key')}" for each in verifiers]
        listed += [policy.Witness(each, key_, url) for each, key_ in zip(names, verifiers, strict=True)]
        groups.append(policy.Group(name, 1, tuple(names)))
        members.append(name)
    groups.append(policy.Group(_ALL, needed, tuple(members)))
    return policy.Policy(logs, tuple(listed), tuple(groups), _ALL)


def replace_policy(root: Path, new: policy.Policy) -> bool:
    """Put a policy in force and keep the one before; answers whether anything changed.

    A crash here leaves the old policy in force, perhaps kept twice, or the new one with the old one kept.
    """
    data = policy.format_policy(new).encode(errors="surrogateescape")
    path = root / "policy"
    if path.exists():
        old = path.read_bytes()
        if old == data:
            return False
        numbers = _list_numbers(root)
        kept = numbers and (root / "policies" / str(numbers[-1])).read_bytes() == old
        if not kept:
            durable.replace_file(root / "policies" / str(max(numbers, default=0) + 1), old)
    durable.replace_file(path, data)
    return True


def list_policies(root: Path) -> list[policy.Policy]:
    """Read every policy this log ever had, the one in force last; `Damaged` when one cannot be read."""
    paths = [root / "policies" / str(number) for number in _list_numbers(root)]
    found = []
    for path in [*paths, root / "policy"]:
        try:
            found.append(policy.parse_policy(path.read_bytes()))
        except FileNotFoundError:
            raise errors.Damaged(f"{path} is missing; begin with: lightwell init, or restore it") from None
        except errors.UserMistake as error:
            raise errors.Damaged(f"{path} cannot be read as a policy: {error}") from None
    return found


def _list_numbers(root: Path) -> list[int]:
    folder = root / "policies"
    if not folder.is_dir():
        return []
    return sorted(int(path.name) for path in folder.iterdir() if path.name.isascii() and path.name.isdigit())
