"""The log inside a bundle: policy, checkpoints, tiles and entries, each held against the others.

What comes back is one history that the policy accepts, and the account computed from it. Everything else
in the bundle is judged by what these entries say. Records: `client/records`.
"""

from __future__ import annotations

import datetime
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from lightwell.archive import account as accounts
from lightwell.archive import dating, logbook
from lightwell.base import canonical, errors
from lightwell.client.bundle import Bundle, PlacedRefusal, name_place
from lightwell.tlog import checkpoint, fsck, policy, tile, tree

NEWEST = "log/checkpoint"
_OLDER = "log/checkpoints/"


@dataclass(frozen=True, slots=True)
class History:
    """One history: its newest checkpoint, who confirms it and when, its entries and what they say.

    `state_times` has the digest of every signed state with its quorum's time, None where too few confirm it.
    """

    newest: checkpoint.Checkpoint
    witnesses: Mapping[str, int]
    quorum_time: int | None
    state_times: Mapping[str, int | None]
    entries: tuple[bytes, ...]
    book: logbook.Logbook
    account: accounts.Account
    publishers_policy: policy.Policy
    results: Mapping[int, policy.PolicyResult]
    trusted_policy: policy.Policy

    def compute_account(self, day: datetime.date) -> accounts.Account:
        """Compute the account on another day than the bundle's own."""
        return accounts.compute_account(self.entries, self.publishers_policy, self.results, day)


def read_history(bundle: Bundle, own_policy: policy.Policy | None = None) -> History:
    """Read and check the log of a bundle; refused by place.

    `own_policy` is what the verifier requires. Without it the publisher's own policy counts, which
    proves only that the publisher agrees with itself.
    """
    with name_place("policy"):
        publishers = policy.parse_policy(bundle.read("policy"))
    texts = read_checkpoints(bundle)
    size = max(texts)
    with name_place(NEWEST):
        results = dating.judge_checkpoints(publishers, texts)
        newest = _judge_newest(publishers, texts[size])
        if own_policy is not None:
            newest = _judge_newest(own_policy, texts[size])
    problems = fsck.check_log(newest, bundle.read_entry_bundle, bundle.read_tile)
    if problems:
        raise PlacedRefusal(f"log/{problems[0].place}", problems[0].sentence)
    entries = _read_entries(bundle, size)
    _check_prefixes(results, entries, newest)
    with name_place(_name_entries(entries)):
        book = logbook.read_logbook(entries)
        stated = accounts.compute_account(entries, publishers, results)
    trusted = own_policy or publishers
    if own_policy is not None:
        _check_own_dates(bundle, own_policy, texts, entries, stated)
    witnesses = policy.check_policy(trusted, texts[size]).witnesses
    return History(
        newest,
        witnesses,
        dating.find_quorum_time(trusted, witnesses),
        {_compute_digest(texts[size]): _find_time(publishers, results[size]) for size in texts},
        tuple(entries),
        book,
        stated,
        publishers,
        results,
        trusted,
    )


def _find_time(rule: policy.Policy, result: policy.PolicyResult) -> int | None:
    return dating.find_quorum_time(rule, result.witnesses) if result.satisfied else None


def name_entry(index: int) -> str:
    """Name the place of an entry, as `archive/logbook` does."""
    return f"log entry {index}"


def list_log_paths(bundle: Bundle, size: int) -> set[str]:
    """List the paths below log/ that a bundle of this size has."""
    tiles = {f"log/{path}" for path in tile.list_paths(size)}
    return tiles | {NEWEST} | set(bundle.list_paths(_OLDER))


def read_checkpoints(bundle: Bundle) -> dict[int, str]:
    """Read every checkpoint of a bundle, by size; refused by place."""
    texts: dict[int, str] = {}
    for path in bundle.list_paths(_OLDER):
        name = path.removeprefix(_OLDER)
        if not re.fullmatch("0|[1-9][0-9]{0,17}", name):
            raise PlacedRefusal(path, "a checkpoint is named by its size")
        texts[int(name)] = bundle.read_text(path)
        with name_place(path):
            found = checkpoint.parse_checkpoint(texts[int(name)].rpartition("\n\n")[0] + "\n")
        if found.size != int(name):
            raise PlacedRefusal(
                path, f"this checkpoint is of size {found.size}, not of the size its name says"
            )
    newest = bundle.read_text(NEWEST)
    if not texts or newest != texts[max(texts)]:
        raise PlacedRefusal(NEWEST, f"this is not the same checkpoint as the largest one in {_OLDER}")
    return texts


def _compute_digest(text: str) -> str:
    return canonical.format_digest(hashlib.sha256(text.encode()).digest())


def _judge_newest(rule: policy.Policy, text: str) -> checkpoint.Checkpoint:
    judged = policy.check_policy(rule, text)
    if not judged.satisfied or judged.checkpoint is None:
        raise errors.Refused(judged.sentence)
    return judged.checkpoint


def _read_entries(bundle: Bundle, size: int) -> list[bytes]:
    entries: list[bytes] = []
    for path in tile.list_paths(size):
        if path.level is None:
            entries += tile.decode_bundle(bundle.read(f"log/{path}"))
    return entries


def _check_prefixes(
    results: Mapping[int, policy.PolicyResult], entries: list[bytes], newest: checkpoint.Checkpoint
) -> None:
    edge = tree.Frontier()
    for size, result in sorted(results.items()):
        place = f"{_OLDER}{size}"
        if result.checkpoint is None:
            raise PlacedRefusal(place, result.sentence)
        if result.checkpoint.origin != newest.origin:
            raise PlacedRefusal(place, f"this checkpoint is of another log, {result.checkpoint.origin}")
        edge.append(tree.hash_leaf(entry) for entry in entries[edge.size : size])
        if edge.compute_root() != result.checkpoint.root:
            raise PlacedRefusal(
                place, f"a fork: at size {size} this checkpoint has another history than the newest one"
            )


def _check_own_dates(
    bundle: Bundle,
    own: policy.Policy,
    texts: Mapping[int, str],
    entries: list[bytes],
    stated: accounts.Account,
) -> None:
    """Hold the publisher's dates against those of the verifier's own witnesses."""
    results = dating.judge_checkpoints(own, texts)
    cover = dating.list_covers(own, results)[-1]
    if cover.time is not None:
        theirs = datetime.datetime.fromtimestamp(cover.time, datetime.UTC).date()
        if abs((theirs - stated.day).days) > 1:
            raise PlacedRefusal(
                NEWEST, f"the witnesses you trust date it {theirs}, the bundle says {stated.day}"
            )
    ours = accounts.compute_account(entries, own, results, day=stated.day)
    for number, (left, right) in enumerate(
        zip(ours.format_gaps().splitlines(), stated.format_gaps().splitlines(), strict=True), 1
    ):
        if left != right:
            raise PlacedRefusal(f"gaps.csv, line {number}", f"by the witnesses you trust this row is {left}")


def _name_entries(entries: list[bytes]) -> str:
    return f"log/tile/entries ({len(entries)} entries)"
