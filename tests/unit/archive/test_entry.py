"""Entries fit the log, carry no free text, and are read back as the events they are."""

import datetime

import pytest

from lightwell.archive import completeness, entry, rules
from lightwell.base import canonical, errors

AT = datetime.datetime(2026, 3, 1, 12, 30, tzinfo=datetime.UTC)
DUE = datetime.date(2026, 6, 1)
STUDY = "std-0000000000000a"
ENTRIES = [
    entry.make_study(AT, STUDY, False, "sha256:" + "0" * 64, None),
    entry.make_item(AT, STUDY, 1, "report", 12, True, DUE, bytes(32)),
    entry.make_item(AT, STUDY, 2, "note", None, False, DUE, bytes(32)),
    entry.make_inventory(AT, STUDY, 1, 2, bytes(32)),
    entry.make_opening(AT, STUDY, 1, 12, "sha256:" + "1" * 64),
    entry.make_withholding(AT, STUDY, 2, "participant", "approver", DUE),
    entry.make_count(AT, AT.date(), 1, 2),
]


def test_every_entry_is_small_and_names_type_version_and_time() -> None:
    for each in ENTRIES:
        assert len(canonical.encode(each)) < 512
        assert (each["v"], each["at"]) == (1, "2026-03-01T12:30:00Z")


def test_the_gap_table_follows_from_the_bytes_of_the_log() -> None:
    events = entry.read_events([canonical.encode(each) for each in ENTRIES])
    gaps = completeness.compute_gaps(events, DUE, rules.FIRST_RULES)
    assert [(gap.item.number, gap.state) for gap in gaps] == [(1, "opened"), (2, "withheld")]


@pytest.mark.parametrize(
    "data",
    [
        b"not json",
        b'{"v":1,"type":"item"}',
        canonical.encode({**ENTRIES[1], "at": "yesterday"}),
        canonical.encode({**ENTRIES[1], "due": "soon"}),
        canonical.encode({**ENTRIES[1], "pages": "many"}),
        canonical.encode({**ENTRIES[1], "v": 2}),
    ],
)
def test_an_entry_that_cannot_be_read_is_named_by_its_place(data: bytes) -> None:
    with pytest.raises(errors.Refused, match="log entry 1 "):
        entry.read_events([canonical.encode(ENTRIES[0]), data])


def test_a_time_outside_utc_is_refused() -> None:
    with pytest.raises(ValueError, match="UTC"):
        entry.make_count(AT.replace(tzinfo=None), AT.date(), 0, 0)
