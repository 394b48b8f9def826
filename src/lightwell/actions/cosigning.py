"""Asking witnesses: for cosignatures on a new checkpoint, and at start for the last one they saw.

A witness that shows a larger log or another tree than ours is evidence that this copy is old or
forked: then `Damaged`, and nothing is signed. A witness that does not answer is only silent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import httpx

from lightwell.base import errors
from lightwell.client import witness as client
from lightwell.tlog import checkpoint, cosignature, note, policy
from lightwell.tlog import witness as protocol

T = TypeVar("T")

Prove = Callable[[int, int], list[bytes]]
"""prove(old_size, new_size): the consistency proof, from our own tiles."""

ReadRoot = Callable[[int], bytes]
"""read_root(size): the root of the first `size` entries, from our own tiles."""


@dataclass(frozen=True, slots=True)
class Address:
    """One witness as it is reached: a URL and every key that a policy names there."""

    url: str
    names: tuple[str, ...]
    verifiers: tuple[note.Verifier, ...]


@dataclass(frozen=True, slots=True)
class _Answer:
    """What one witness said: signatures, or why not; `contradicts` when it showed that this copy is wrong."""

    address: Address
    signatures: tuple[note.Signature, ...] = ()
    complaint: str = ""
    contradicts: bool = False


@dataclass(frozen=True, slots=True)
class _Question:
    """What every witness is asked, and what an answer is held against."""

    text: str
    head: checkpoint.Checkpoint
    log_keys: tuple[note.Verifier, ...]
    prove: Prove
    read_root: ReadRoot


def list_addresses(each: policy.Policy) -> list[Address]:
    """List a policy's witnesses by URL; those without a URL cannot be asked and are left out."""
    by_url: dict[str, list[policy.Witness]] = {}
    for witness in each.witnesses:
        if witness.url:
            by_url.setdefault(witness.url.rstrip("/"), []).append(witness)
    return [
        Address(url, tuple(w.name for w in found), tuple(w.verifier for w in found))
        for url, found in by_url.items()
    ]


def ask_cosignatures(
    text: str,
    rule: policy.Policy,
    old_sizes: Callable[[Address], int],
    prove: Prove,
    read_root: ReadRoot,
    timeout_seconds: float,
) -> tuple[str, list[str]]:
    """Ask every witness of the policy that has not cosigned `text` yet, all at once.

    Returns the text with every good cosignature and one sentence for each witness that gave none.
    Raises `Damaged` when a witness shows a larger or another tree signed with our own keys: this copy of
    the log must not go on.
    """
    read = note.parse_note(text)
    have = {(line.name, line.key_id) for line in read.signatures}
    missing = [
        address
        for address in list_addresses(rule)
        # Any key: asking again would replace a cosignature by one with a later time.
        if not any((each.name, each.key_id) in have for each in address.verifiers)
    ]
    starts = {address.url: old_sizes(address) for address in missing}
    log_keys = tuple(log.verifier for log in rule.logs)
    question = _Question(text, checkpoint.parse_checkpoint(read.text), log_keys, prove, read_root)

    def ask(address: Address) -> _Answer:
        with client.open_client(timeout_seconds) as wire:
            return _ask_one(question, address, starts[address.url], wire)

    answers = _map_all(ask, missing)
    for answer in answers:
        try:
            text = cosignature.add_cosignatures(text, answer.signatures, answer.address.verifiers)
        except errors.Refused as error:
            answers = [
                each if each is not answer else _Answer(answer.address, complaint=error.sentence)
                for each in answers
            ]
    contradictions = [answer.complaint for answer in answers if answer.contradicts]
    if contradictions:
        raise errors.Damaged(" ".join(contradictions))
    return text, [answer.complaint for answer in answers if answer.complaint]


def check_witnesses(
    *,
    origin: str,
    log_keys: Sequence[note.Verifier],
    policies: Sequence[policy.Policy],
    size: int,
    read_root: ReadRoot,
    cosigned: Callable[[Address], int],
    timeout_seconds: float = 10.0,
) -> list[str]:
    """Ask the witnesses of every policy what they saw last, and answer sentences about those that count.

    `size` is that of our newest signed checkpoint; `cosigned` gives the largest size that our own rows
    show cosigned by a witness. Raises `Damaged` when a witness saw more than we have, or another tree,
    and `CouldNotCheck` when too few answered to have seen every checkpoint that could be public.
    """
    addresses = _find_newest_addresses(policies)

    def ask(address: Address) -> str | errors.CouldNotCheck | None:
        try:
            with client.open_client(timeout_seconds) as wire:
                return client.read_checkpoint(address.url, origin, wire)
        except errors.CouldNotCheck as error:
            return error

    answered: set[note.Verifier] = set()
    sentences, complaints = [], []
    for address, found in zip(addresses, _map_all(ask, addresses), strict=True):
        if isinstance(found, errors.CouldNotCheck):
            complaints.append(found.sentence)
            continue
        seen = _read_seen(address, found, log_keys)
        if isinstance(seen, str):
            complaints.append(seen)
            continue
        if seen.size > size:
            raise errors.Damaged(
                f"the witness {address.url} has seen this log with {seen.size} entries, and this copy was "
                f"signed up to {size}: it is an old copy. Restore the newest one; nothing was signed."
            )
        if seen.size and read_root(seen.size) != seen.root:
            raise errors.Damaged(
                f"the witness {address.url} has cosigned another tree of {seen.size} entries than this copy "
                "holds: there are two histories. Restore the copy that was cosigned; nothing was signed."
            )
        if seen.size < cosigned(address):
            complaints.append(
                f"The witness {address.url} has lost its memory of this log (it cosigned {cosigned(address)} "
                f"entries and answers {seen.size}); its operator must retire its key."
            )
            continue
        answered |= set(address.verifiers)
        sentences.append(f"{address.url} saw {seen.size} entries of ours")
    for each in policies:
        names = {witness.name for witness in each.witnesses if witness.verifier in answered}
        if not policy.covers_every_quorum(each, names):
            silent = " ".join(complaints) or "A policy names witnesses without an address."
            raise errors.CouldNotCheck(
                f"Too few witnesses answered to know that this copy of the log is the newest. {silent} "
                "Nothing was signed; start the witnesses or reach their operators, then run: "
                "lightwell log checkpoint"
            )
    return sentences


def _find_newest_addresses(policies: Sequence[policy.Policy]) -> list[Address]:
    """Where each witness is reached today: a key that moved is asked at its newest address only."""
    newest: dict[note.Verifier, tuple[str, str]] = {}
    for each in policies:
        for address in list_addresses(each):
            newest |= {
                key: (address.url, name) for key, name in zip(address.verifiers, address.names, strict=True)
            }
    by_url: dict[str, list[note.Verifier]] = {}
    for verifier, (url, _) in newest.items():
        by_url.setdefault(url, []).append(verifier)
    return [
        Address(url, tuple(newest[each][1] for each in found), tuple(found)) for url, found in by_url.items()
    ]


def _read_seen(
    address: Address, text: str | None, log_keys: Sequence[note.Verifier]
) -> checkpoint.Checkpoint | str:
    """What a witness saw last, or a sentence when its answer is not to be trusted."""
    if text is None:
        return checkpoint.Checkpoint(log_keys[0].name, 0, bytes(32))
    try:
        seen = checkpoint.open_checkpoint(text, log_keys).checkpoint
        # Whoever stands at this address must hold the witness's key, or an old answer could be replayed
        # by anybody: the cosignature at least shows that the witness once gave it.
        note.open_note(text, address.verifiers)
    except errors.Refused as error:
        return f"The answer of the witness {address.url} cannot be trusted: {error.sentence}"
    return seen


def _ask_one(ask: _Question, address: Address, old_size: int, wire: httpx.Client) -> _Answer:
    size = ask.head.size
    # A second attempt with the size it names; a third because it may have grown in between.
    for _ in range(3):
        try:
            lines = client.add_checkpoint(address.url, old_size, ask.prove(old_size, size), ask.text, wire)
            return _Answer(address, lines, "" if lines else f"The witness {address.url} gave no cosignature.")
        except client.WitnessRefusal as refusal:
            if refusal.size is not None and old_size != refusal.size <= size:
                old_size = refusal.size
                continue
            if refusal.status in (protocol.CONFLICT, protocol.UNPROVEN):
                return _weigh_accusation(ask, address, refusal, wire)
            advice = f"{refusal.sentence} Ask its operator to accept the keys of {ask.head.origin}."
            return _Answer(address, complaint=advice)
        except errors.CouldNotCheck as error:
            return _Answer(address, complaint=error.sentence)
    return _Answer(address, complaint=f"The witness {address.url} keeps naming other sizes; try again later.")


def _weigh_accusation(
    ask: _Question, address: Address, refusal: client.WitnessRefusal, wire: httpx.Client
) -> _Answer:
    """A refusal accuses this copy only with a checkpoint that our own keys signed: else it is only a refusal.

    Otherwise one witness could stop the log by naming a size.
    """
    try:
        text = client.read_checkpoint(address.url, ask.head.origin, wire)
    except errors.CouldNotCheck as error:
        return _Answer(address, complaint=f"{refusal.sentence} {error.sentence}")
    seen = _read_seen(address, text, ask.log_keys)
    if isinstance(seen, str):
        return _Answer(address, complaint=f"{refusal.sentence} {seen}")
    if seen.size > ask.head.size:
        words = f"has cosigned {seen.size} entries of this log and this copy has {ask.head.size}"
        return _Answer(
            address,
            complaint=f"The witness {address.url} {words}: it is an old copy; restore the newest one.",
            contradicts=True,
        )
    if seen.size and ask.read_root(seen.size) != seen.root:
        return _Answer(
            address,
            complaint=f"The witness {address.url} has cosigned another history of this log. "
            "Publish nothing; restore the copy that was cosigned.",
            contradicts=True,
        )
    return _Answer(address, complaint=f"{refusal.sentence} It shows nothing that contradicts this copy.")


def _map_all(ask: Callable[[Address], T], addresses: Sequence[Address]) -> list[T]:
    if not addresses:
        return []
    with ThreadPoolExecutor(min(16, len(addresses))) as pool:
        return list(pool.map(ask, addresses))
