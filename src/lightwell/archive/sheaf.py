"""A sheaf: some entries of a log in one file, each with its inclusion proof, under one signed state.

Whoever has a policy checks it without the rest of the log. What it cannot show: that there is no other entry
about the same thing; for that take the log or a bundle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lightwell.base import canonical, errors
from lightwell.base.canonical import Json
from lightwell.tlog import policy, tree

TYPE = "lightwell.sheaf.v1"
_MOST = 64


@dataclass(frozen=True, slots=True)
class Stalk:
    """One entry, its place and the hashes that lead from it to the root, leaf's sibling first."""

    index: int
    entry: dict[str, Json]
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Sheaf:
    """Entries in log order and the signed text of a checkpoint over all of them; nothing in it is trusted."""

    stalks: tuple[Stalk, ...]
    checkpoint: str


def format_sheaf(sheaf: Sheaf) -> dict[str, Json]:
    """Write a sheaf as a JSON object; inverse of `parse_sheaf`."""
    return {
        "type": TYPE,
        "entries": [
            {"index": each.index, "entry": each.entry, "path": [part.hex() for part in each.path]}
            for each in sheaf.stalks
        ],
        "checkpoint": sheaf.checkpoint,
    }


def parse_sheaf(value: Json) -> Sheaf:
    """Read a sheaf; `Refused` when it has another form."""
    try:
        if sorted(value) != ["checkpoint", "entries", "type"] or value["type"] != TYPE:
            raise errors.Refused("this is no sheaf of log entries")
        stalks = tuple(_parse_stalk(each) for each in value["entries"])
        text = value["checkpoint"]
        places = [each.index for each in stalks]
        if not isinstance(text, str) or not stalks or len(stalks) > _MOST or places != sorted(set(places)):
            raise errors.Refused(f"a sheaf holds 1 to {_MOST} entries in log order and a signed checkpoint")
        return Sheaf(stalks, text)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise errors.Refused("this is no sheaf of log entries: a value has another form") from None


def check_sheaf(sheaf: Sheaf, rule: policy.Policy) -> policy.PolicyResult:
    """Check every entry against the signed state, and that against a policy; `Refused` unless all holds."""
    judged = policy.check_policy(rule, sheaf.checkpoint)
    if not judged.satisfied or judged.checkpoint is None:
        raise errors.Refused(judged.sentence)
    head = judged.checkpoint
    for each in sheaf.stalks:
        leaf = tree.hash_leaf(canonical.encode(each.entry))
        tree.check_inclusion(leaf, each.index, head.size, each.path, head.root)
    return judged


def find_stalks(sheaf: Sheaf, type_name: str) -> Sequence[Stalk]:
    """Find the entries of one type, in log order."""
    return [each for each in sheaf.stalks if each.entry.get("type") == type_name]


def _parse_stalk(value: Json) -> Stalk:
    if sorted(value) != ["entry", "index", "path"]:
        raise errors.Refused("an entry of a sheaf has its place, itself and its path")
    index, entry = value["index"], value["entry"]
    if type(index) is not int or index < 0 or not isinstance(entry, dict):
        raise errors.Refused("an entry of a sheaf is an object at a place from 0 on")
    return Stalk(index, entry, tuple(bytes.fromhex(part) for part in value["path"]))
