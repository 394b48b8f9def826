"""Public random values that nobody could know earlier: what names one is not older than it.

A registration carries one as its not-before. The value is not checked here, only when its round was
published: whoever doubts it asks the beacon for the round and compares. Fetching: `client/beacons`.
"""

from __future__ import annotations

import datetime
import hashlib
import re
from dataclasses import dataclass

from lightwell.base import errors

# Genesis (Unix seconds, time of round 1) and period in seconds of the League of Entropy's two chains, from
# their chain information (https://docs.drand.love); quicknet has chain hash 52db9ba7…84e971.
SCHEDULES = {"drand-default": (1_595_431_050, 30), "drand-quicknet": (1_692_803_367, 3)}
# An invented beacon for labelled samples: one round a day, predictable by anybody.
SAMPLE = "sample"
_SAMPLE_GENESIS, _SAMPLE_PERIOD = 0, 86_400
SOURCES = (*SCHEDULES, "nist-2", SAMPLE)


@dataclass(frozen=True, slots=True)
class Beacon:
    """One public random value: source by name, round, value in hex."""

    source: str
    round: int
    value: str

    def __post_init__(self) -> None:
        if self.source not in SOURCES:
            raise errors.Refused(f"the beacon {self.source!r} is unknown; use one of {', '.join(SOURCES)}")
        if self.round < 1 or not re.fullmatch("[0-9a-f]{64,128}", self.value):
            raise errors.Refused("a beacon has a round from 1 and a value of 64 to 128 hex digits")


def find_time(source: str, number: int) -> datetime.datetime | None:
    """Find when a round was published; None where the source's schedule cannot be computed (nist-2)."""
    genesis, period = SCHEDULES.get(source, (None, 0))
    if source == SAMPLE:
        genesis, period = _SAMPLE_GENESIS, _SAMPLE_PERIOD
    if genesis is None or number < 1:
        return None
    try:
        return datetime.datetime.fromtimestamp(genesis + (number - 1) * period, datetime.UTC)
    except (ValueError, OverflowError, OSError):
        raise errors.Refused(f"round {number} of {source} lies beyond all time") from None


def make_sample(now: datetime.datetime) -> Beacon:
    """Make the invented beacon's value of the day; it proves nothing and says so by its name."""
    number = int(now.timestamp()) // _SAMPLE_PERIOD + 1
    return Beacon(SAMPLE, number, hashlib.sha256(f"lightwell sample beacon {number}".encode()).hexdigest())
