"""When each entry of the log counts as made, from the checkpoints kept here, as an outsider computes it.

Only the checkpoints that cover an entry about a document are judged, each once per process, because a
verdict on the same text never changes.
"""

from __future__ import annotations

import bisect
import datetime
import functools
from collections.abc import Callable

from lightwell.archive import dating, rules
from lightwell.base import errors
from lightwell.db.models import Checkpoint
from lightwell.files.state import State
from lightwell.tlog import policy

Finder = Callable[[int, datetime.datetime], datetime.datetime]


def make_finder(state: State) -> Finder:
    """Return the function from an entry's place and own time to the time that counts (`archive/dating`)."""
    try:
        rule = state.read_policy()
    except errors.LightwellError:
        return lambda _, at: at
    sizes = list(Checkpoint.objects.order_by("size").values_list("size", flat=True))

    def find_time(index: int, at: datetime.datetime) -> datetime.datetime:
        for size in sizes[bisect.bisect_right(sizes, index) :]:
            judged = _judge_size(rule, size)
            if judged.satisfied:
                time = dating.find_quorum_time(rule, judged.witnesses)
                return dating.compute_effective_time(at, time, rules.FIRST_RULES.tolerance_seconds)
        return at  # not confirmed yet: nobody but the writer states a time

    return find_time


@functools.lru_cache(maxsize=4096)
def judge(rule: policy.Policy, text: str) -> policy.PolicyResult:
    """Check the signatures of one checkpoint; the same texts always have the same verdict."""
    return policy.check_policy(rule, text)


def _judge_size(rule: policy.Policy, size: int) -> policy.PolicyResult:
    return judge(rule, Checkpoint.objects.values_list("text", flat=True).get(size=size))
