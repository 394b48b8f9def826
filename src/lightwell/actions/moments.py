"""When each entry of the log counts as made, from the checkpoints kept here, as an outsider computes it.

Only the checkpoints that cover an entry about a document are judged, each once per process, because a
verdict on the same text never changes.
"""

from __future__ import annotations

import bisect
import datetime
import functools
import hashlib
from collections.abc import Callable

from lightwell.archive import dating, rules
from lightwell.base import errors
from lightwell.db.models import Checkpoint
from lightwell.files.state import State
from lightwell.tlog import policy

# A registration names the newest shown state; so many are looked through for it.
_NEAR = 8

Finder = Callable[[int, datetime.datetime], datetime.datetime]


def make_finder(state: State) -> Finder:
    """Return the function from an entry's place and own time to the time that counts (`archive/dating`)."""
    try:
        rule = state.read_policy()
    except errors.LightwellError:
        return lambda _, at: at
    sizes = list(Checkpoint.objects.order_by("size").values_list("size", flat=True))

    # Thousands of entries share a checkpoint: it is read and judged for the first of them.
    @functools.cache
    def find_cover(size: int) -> dating.Cover | None:
        judged = _judge_size(rule, size)
        if not judged.satisfied:
            return None
        return dating.Cover(size, dating.find_quorum_time(rule, judged.witnesses))

    def find_time(index: int, at: datetime.datetime) -> datetime.datetime:
        for place in range(bisect.bisect_right(sizes, index), len(sizes)):
            cover = find_cover(sizes[place])
            if cover is not None:
                return dating.compute_effective_time(at, cover.time, rules.FIRST_RULES.tolerance_seconds)
        return at  # not confirmed yet: nobody but the writer states a time

    return find_time


def find_time(state: State, index: int, at: datetime.datetime) -> datetime.datetime:
    """Find the time that counts for one entry; for many, `make_finder`."""
    try:
        rule = state.read_policy()
    except errors.LightwellError:
        return at
    rows = Checkpoint.objects.filter(size__gt=index).order_by("size").values_list("text", flat=True)
    for text in rows.iterator(chunk_size=_NEAR):
        judged = judge(rule, text)
        if judged.satisfied:
            seen = dating.find_quorum_time(rule, judged.witnesses)
            return dating.compute_effective_time(at, seen, rules.FIRST_RULES.tolerance_seconds)
    return at


def read_stamp() -> tuple[int, int]:
    """Say how far the log is confirmed: what is dated by it is dated anew when this changes."""
    newest = Checkpoint.objects.order_by("-size").values_list("size", "text").first()
    return (0, 0) if newest is None else (newest[0], len(newest[1]))


def list_covers_around(state: State, index: int) -> tuple[list[dating.Cover], dict[str, int | None]]:
    """List the first checkpoint that covers an entry and, by digest, some before it."""
    rule = state.read_policy()
    covers, seen = [], {}
    for size, text in Checkpoint.objects.filter(size__gt=index).order_by("size").values_list("size", "text"):
        judged = judge(rule, text)
        if judged.satisfied:
            covers.append(dating.Cover(size, dating.find_quorum_time(rule, judged.witnesses)))
            break
    for text in (
        Checkpoint.objects.filter(size__lte=index).order_by("-size").values_list("text", flat=True)[:8]
    ):
        judged = judge(rule, text)
        if judged.satisfied:
            digest = "sha256:" + hashlib.sha256(text.encode()).hexdigest()
            seen[digest] = dating.find_quorum_time(rule, judged.witnesses)
    return covers, seen


@functools.lru_cache(maxsize=4096)
def judge(rule: policy.Policy, text: str) -> policy.PolicyResult:
    """Check the signatures of one checkpoint; the same texts always have the same verdict."""
    return policy.check_policy(rule, text)


def _judge_size(rule: policy.Policy, size: int) -> policy.PolicyResult:
    return judge(rule, Checkpoint.objects.values_list("text", flat=True).get(size=size))
