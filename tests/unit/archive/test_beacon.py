"""Public random values: well formed or not, when a round was published, what a study says of one."""

from __future__ import annotations

import datetime

import pytest

from lightwell.archive import beacon, dating, entry, logbook
from lightwell.base import canonical, errors

AT = datetime.datetime(2026, 11, 25, 12, tzinfo=datetime.UTC)
DIGEST = "sha256:" + "0" * 64
SEEN = "sha256:" + "1" * 64


@pytest.mark.parametrize(
    ("source", "number", "time"),
    [
        # Of the published example of a library (docs.drand.love: round at a time): 2026-04-20 00:00:00 UTC.
        ("drand-quicknet", 27_946_612, "2026-04-20T00:00:00+00:00"),
        ("drand-quicknet", 1, "2023-08-23T15:09:27+00:00"),
        ("drand-default", 1, "2020-07-22T15:17:30+00:00"),
        ("sample", 1, "1970-01-01T00:00:00+00:00"),
    ],
)
def test_a_round_has_the_time_of_its_schedule(source: str, number: int, time: str) -> None:
    found = beacon.find_time(source, number)
    assert found is not None
    assert found.isoformat() == time


def test_a_source_without_a_schedule_states_no_time_and_a_round_beyond_all_time_is_refused() -> None:
    assert beacon.find_time("nist-2", 5) is None
    with pytest.raises(errors.Refused, match="beyond all time"):
        beacon.find_time("drand-default", 10**18)


def test_the_sample_value_is_of_its_day_and_differs_from_day_to_day() -> None:
    first, second = beacon.make_sample(AT), beacon.make_sample(AT + datetime.timedelta(days=1))
    assert second.round == first.round + 1
    assert first.value != second.value
    assert beacon.find_time(first.source, first.round) == AT.replace(hour=0)


@pytest.mark.parametrize(
    "value",
    [
        {"source": "moon", "round": 1, "value": "a" * 64},
        {"source": "drand-quicknet", "round": 0, "value": "a" * 64},
        {"source": "drand-quicknet", "round": True, "value": "a" * 64},
        {"source": "drand-quicknet", "round": 1, "value": "A" * 64},
        {"source": "drand-quicknet", "round": 1, "value": "a" * 63},
        {"source": "drand-quicknet", "round": 1},
        {"source": "drand-quicknet", "round": 1, "value": "a" * 64, "more": 1},
        [],
        "drand",
    ],
)
def test_a_registration_with_a_malformed_beacon_is_refused(value: canonical.Json) -> None:
    stated = {**entry.make_study(AT, "std-a", True, DIGEST, None), "beacon": value}
    with pytest.raises(errors.Refused):
        logbook.read_registration(0, canonical.encode(stated))


def test_a_registration_is_bounded_by_what_it_names_and_by_the_first_state_that_covers_it() -> None:
    named = beacon.Beacon("drand-quicknet", 27_946_612, "a" * 64)
    data = canonical.encode(entry.make_study(AT, "std-a", True, DIGEST, SEEN, named))
    read = logbook.read_registration(7, data)
    assert (read.in_advance, read.after, read.beacon) == (True, SEEN, named)
    covers = [dating.Cover(7, 100), dating.Cover(8, 200), dating.Cover(9, 300)]
    bounds = dating.bound_registration(read, covers, {SEEN: 50})
    assert [each and int(each.timestamp()) for each in (bounds.not_before, bounds.not_after)] == [50, 200]
    assert bounds.beacon == beacon.find_time(named.source, named.round)
    nothing = dating.bound_registration(read, [], {})
    assert (nothing.not_before, nothing.not_after) == (None, None)
