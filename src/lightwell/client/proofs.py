"""Proofs that fit into one file: a page with its words and picture, or one log entry with its record.

They lead to a signed checkpoint, so they are worth as much as the policy the reader brings; without one
there is nothing to check them against. What a proof cannot show: that nothing else was sealed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from lightwell.archive import logbook, page_proof
from lightwell.base import canonical, disclosure, errors
from lightwell.client import openings
from lightwell.client.bundle import name_place
from lightwell.tlog import policy, proof, tree


@dataclass(frozen=True, slots=True)
class ProofVerdict:
    """What a good proof shows: of which log, at which place and size, confirmed by whom, in one sentence."""

    sentence: str
    origin: str
    size: int
    index: int
    witnesses: Mapping[str, int]


def verify_page_proof(data: bytes, rule: policy.Policy, place: str = "proof") -> ProofVerdict:
    """Verify the proof of one page (docs/reference/bundle.md); refused with page and line."""
    with name_place(place):
        read = page_proof.parse_page_proof(canonical.decode(data, require_canonical=False))
        judged = policy.check_policy(rule, read.checkpoint)
        if not judged.satisfied or judged.checkpoint is None:
            raise errors.Refused(judged.sentence)
        found = judged.checkpoint
        leaf = tree.hash_leaf(canonical.encode(read.entry))
        tree.check_inclusion(leaf, read.index, found.size, read.path, found.root)
        commitment = _read_commitment(read)
        if (read.png is None) != (read.page.picture is None):
            raise errors.Refused("the proof names a picture that it does not hold, or the other way round")
        if read.png is not None and hashlib.sha256(read.png).hexdigest() != read.page.picture:
            raise errors.Refused(f"page {read.page.head.number}: the picture is not the one that is named")
        openings.check_page(read.page, read.png, read.header, commitment)
    shown = sum(line is not None for line in read.page.lines)
    hidden = read.page.head.lines - shown
    return ProofVerdict(
        f"page {read.page.head.number} of item {read.header.number} of {read.header.study} matches what the "
        f"provider sealed: {shown} lines shown, {hidden} hidden"
        + (", with its picture" if read.png is not None else ", words only"),
        found.origin,
        found.size,
        read.index,
        judged.witnesses,
    )


def verify_entry_proof(
    text: bytes, rule: policy.Policy, record: bytes | None = None, place: str = "proof"
) -> ProofVerdict:
    """Verify a `.tlog-proof`: its entry, which stands in `extra` or follows from the record, is in the log.

    With `record`, also that the entry names this very record. `CouldNotCheck` when the entry is nowhere.
    """
    with name_place(place):
        extra = proof.parse_proof(text).extra
        entry_bytes = extra if extra is not None else _derive_entry(record)
        result = proof.check_proof(text, entry_bytes, rule)
        value = canonical.decode(entry_bytes)
        named = "an entry"
        if isinstance(value, dict):
            named = f"the entry of type {value.get('type')}"
            if record is not None:
                digest = canonical.format_digest(hashlib.sha256(record).digest())
                if digest not in value.values():
                    raise errors.Refused(
                        f"the record given is not the one that log entry {result.index} names"
                    )
                named += " that names this record"
    return ProofVerdict(
        f"{named} is entry {result.index} of the log {result.checkpoint.origin}",
        result.checkpoint.origin,
        result.checkpoint.size,
        result.index,
        result.policy.witnesses,
    )


def _read_commitment(read: page_proof.PageProof) -> bytes:
    value = read.entry
    if set(value) != logbook.MEMBERS["item"] | {"type", "v", "at"} or value["type"] != "item":
        raise errors.Refused("the entry of the proof does not seal an item")
    if value["pages"] != read.header.pages:
        raise errors.Refused("the entry of the proof seals another number of pages")
    try:
        return bytes.fromhex(value["commitment"])
    except (TypeError, ValueError):
        raise errors.Refused("the entry of the proof has no digital fingerprint") from None


def _derive_entry(record: bytes | None) -> bytes:
    if record is None:
        raise errors.CouldNotCheck("this proof does not hold its entry; give its record with --record FILE")
    return canonical.encode(disclosure.format_log_entry(disclosure.decode_disclosure(record)))
