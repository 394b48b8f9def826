"""When a log entry counts as made: the writer's own time if the witnesses saw it soon after, else theirs.

The smallest checkpoint that covers an entry and meets the policy says by when enough witnesses had seen
it; that is the quorum's time. A writer who dates back further than the tolerance gains nothing
(docs/reference/states.md). Where the quorum is "none" nobody stands behind any time but the writer.
"""

from __future__ import annotations

import bisect
import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from lightwell.archive import beacon, entry, logbook, rules
from lightwell.base import errors
from lightwell.tlog import checkpoint, policy


@dataclass(frozen=True, slots=True)
class Cover:
    """A checkpoint that meets the policy: its size and the quorum's Unix time, None where none is needed."""

    size: int
    time: int | None


def find_quorum_time(rule: policy.Policy, times: Mapping[str, int]) -> int | None:
    """Find the smallest time such that the witnesses up to it meet the quorum; None when none is needed.

    Raises `Refused` when all of them together do not meet it.
    """
    if rule.quorum == policy.NONE:
        return None
    for time in sorted(set(times.values())):
        if policy.meets_quorum(rule, [name for name, stated in times.items() if stated <= time]):
            return time
    raise errors.Refused(f"these witnesses do not meet the quorum: {', '.join(sorted(times)) or 'nobody'}")


def list_covers(rule: policy.Policy, results: Mapping[int, policy.PolicyResult]) -> list[Cover]:
    """List the checkpoints that meet the policy, smallest first; `results` is the verdict on each size."""
    return [
        Cover(size, find_quorum_time(rule, result.witnesses))
        for size, result in sorted(results.items())
        if result.satisfied
    ]


def judge_checkpoints(rule: policy.Policy, texts: Mapping[int, str]) -> dict[int, policy.PolicyResult]:
    """Judge each signed checkpoint, by size; `Refused` for one whose size is another."""
    results = {size: policy.check_policy(rule, text) for size, text in texts.items()}
    for size, result in results.items():
        found: checkpoint.Checkpoint | None = result.checkpoint
        if found is not None and found.size != size:
            raise errors.Refused(f"the checkpoint kept as that of size {size} has size {found.size}")
    return results


def make_finder(
    covers: Sequence[Cover], tolerance_seconds: int = rules.FIRST_RULES.tolerance_seconds
) -> Callable[[int, datetime.datetime], datetime.datetime]:
    """Return the function from an entry's place and own time to the time that counts."""
    sizes = [cover.size for cover in covers]

    def find_time(index: int, at: datetime.datetime) -> datetime.datetime:
        place = bisect.bisect_right(sizes, index)
        return compute_effective_time(
            at, covers[place].time if place < len(covers) else None, tolerance_seconds
        )

    return find_time


def compute_effective_time(
    at: datetime.datetime, quorum_time: int | None, tolerance_seconds: int
) -> datetime.datetime:
    """Return the time at which an entry counts as made."""
    if quorum_time is None:
        return at
    seen = datetime.datetime.fromtimestamp(quorum_time, datetime.UTC)
    believed = at <= seen <= at + datetime.timedelta(seconds=tolerance_seconds)
    return at if believed else seen


@dataclass(frozen=True, slots=True)
class Bounds:
    """Between which times a registration was made; None where nothing outside the publisher bounds it.

    `not_before` is the quorum's time of the checkpoint it names, `beacon` when the public random value that
    it names was published, `not_after` the quorum's time of the first checkpoint that covers it.
    """

    not_before: datetime.datetime | None
    beacon: datetime.datetime | None
    not_after: datetime.datetime | None


def bound_registration(
    registration: logbook.Registration, covers: Sequence[Cover], seen: Mapping[str, int | None]
) -> Bounds:
    """Bound the time of a registration; `seen` maps the digests of checkpoints to their quorum's times."""
    stated = registration.beacon
    cover = next((each for each in covers if each.size > registration.index), None)
    return Bounds(
        _read_time(seen.get(registration.after or "")),
        beacon.find_time(stated.source, stated.round) if stated else None,
        _read_time(cover.time if cover else None),
    )


def _read_time(seconds: int | None) -> datetime.datetime | None:
    return None if seconds is None else datetime.datetime.fromtimestamp(seconds, datetime.UTC)


def find_day(entries: Sequence[bytes], newest: Cover) -> datetime.date:
    """Find the day of a log: of the newest quorum's time, or of the latest own time where none is needed.

    Raises `Refused` for a log without any time.
    """
    if newest.time is not None:
        return datetime.datetime.fromtimestamp(newest.time, datetime.UTC).date()
    values = [entry.decode_entry(index, data) for index, data in enumerate(entries)]
    times = [entry.read_time(value) for value in values if "at" in value]
    if not times:
        raise errors.Refused("the log states no time at all, so there is no day to compute the gap table for")
    return max(times).date()
