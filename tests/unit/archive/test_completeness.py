"""Every sealed item has one state on every day, and the table is the same for everybody."""

import datetime
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lightwell.archive import completeness, rules
from lightwell.archive.completeness import Event
from lightwell.base import errors

START = datetime.date(2026, 1, 1)
RULES = rules.FIRST_RULES


def on(day: int) -> datetime.date:
    return START + datetime.timedelta(days=day)


SEALED = Event("item", "std-a", 1, on(0), due=on(100), pages=4)
UNREAD = Event("item", "std-a", 1, on(0), due=on(100), read=False)


def event(kind: str, day: int, **more: object) -> Event:
    return Event(kind, "std-a", 1, on(day), **more)  # type: ignore[arg-type]  # a shorthand for tables


@pytest.mark.parametrize(
    ("events", "day", "state", "strict", "generous"),
    [
        ([SEALED], 0, "sealed", 0, 0),
        ([SEALED], 70, "due-soon", 0, 0),
        ([SEALED], 100, "due-soon", 0, 0),
        ([SEALED], 101, "overdue", 1, 0),
        ([SEALED], 140, "overdue", 40, 10),
        ([SEALED, event("opening", 100, pages=4)], 300, "opened", 0, 0),
        ([SEALED, event("opening", 150, pages=4)], 300, "opened-late", 50, 20),
        ([SEALED, event("opening", 150, pages=4)], 149, "overdue", 49, 19),
        ([SEALED, event("opening", 90, pages=3)], 200, "partly-opened", 0, 0),
        ([SEALED, event("withholding", 90)], 200, "withheld", 0, 0),
        ([SEALED, event("withholding", 140)], 200, "withheld", 40, 10),
        ([SEALED, event("withholding", 90), event("opening", 150, pages=4)], 200, "opened", 0, 0),
        ([SEALED, event("withholding", 90), event("opening", 95, pages=4)], 200, "opened", 0, 0),
        ([SEALED, event("extension", 90, due=on(200))], 150, "sealed", 0, 0),
        ([SEALED, event("extension", 100, due=on(200))], 250, "overdue", 50, 20),
        # A promise that was broken is not made good by a later date.
        ([SEALED, event("extension", 101, due=on(200))], 150, "overdue", 50, 20),
        (
            [SEALED, event("opening", 150, pages=4), event("extension", 151, due=on(200))],
            160,
            "opened-late",
            50,
            20,
        ),
        ([SEALED, event("already-public", 10)], 200, "already-public", 0, 0),
        ([SEALED, event("opening", 90, pages=4), event("suspension", 95)], 96, "suspended", 0, 0),
        (
            [SEALED, event("opening", 90, pages=4), event("suspension", 95), event("restoration", 97)],
            98,
            "opened",
            0,
            0,
        ),
        ([SEALED, event("erasure", 90)], 300, "erased-by-law", 0, 0),
        ([SEALED, event("key-lost", 90)], 100, "key-lost", 0, 0),
        # What was promised and never shown stays late, whatever one person or two do to it.
        ([SEALED, event("key-lost", 90)], 101, "overdue", 1, 0),
        ([SEALED, event("suspension", 90)], 100, "suspended", 0, 0),
        ([SEALED, event("suspension", 90)], 101, "overdue", 1, 0),
        ([SEALED, event("suspension", 140)], 141, "overdue", 41, 11),
        ([SEALED, event("erasure", 140)], 300, "overdue", 200, 170),
        ([SEALED, event("withholding", 90), event("suspension", 140)], 300, "suspended", 0, 0),
        ([SEALED, event("opening", 150, pages=4), event("suspension", 160)], 300, "suspended", 50, 20),
        ([UNREAD, event("opening", 90)], 200, "held-not-read", 0, 0),
    ],
)
def test_the_state_follows_from_events_date_and_rules(
    events: list[Event], day: int, state: str, strict: int, generous: int
) -> None:
    (gap,) = completeness.compute_gaps(events, on(day), RULES)
    assert (gap.state, gap.lateness) == (state, rules.Lateness(strict, generous))


def test_a_late_item_tells_what_stops_it_beside_its_state() -> None:
    for kind, stopped in (
        ("suspension", "suspended"),
        ("key-lost", "key-lost"),
        ("erasure", "erased-by-law"),
        ("dispute", "no"),
    ):
        table = completeness.format_gaps(
            completeness.compute_gaps([SEALED, event(kind, 120)], on(140), RULES)
        )
        assert table.splitlines()[1].split(",")[2:4] == ["overdue", stopped], kind


def test_the_day_of_the_next_look_stands_beside_what_is_held_back() -> None:
    held = event("withholding", 90, review=on(120))
    (gap,) = completeness.compute_gaps([SEALED, held], on(140), RULES)
    assert gap.item.review == on(120)
    assert gap.find_overdue_review(on(140)) == 20
    assert gap.find_overdue_review(on(120)) == 0
    (gap,) = completeness.compute_gaps([SEALED, held, event("opening", 130, pages=4)], on(140), RULES)
    assert gap.item.review is None
    assert gap.find_overdue_review(on(140)) == 0


@st.composite
def list_events(draw: st.DrawFn) -> list[Event]:
    events = []
    for number in range(1, draw(st.integers(1, 5)) + 1):
        day = draw(st.integers(0, 50))
        events.append(Event("item", "std-a", number, on(day), due=on(day + 60), pages=3))
        kinds = st.sampled_from([k for k in completeness.EVENT_TYPES if k != "item"])
        for kind in draw(st.lists(kinds, max_size=6)):
            day += draw(st.integers(0, 40))
            due = on(day + 30) if kind == "extension" else None
            events.append(Event(kind, "std-a", number, on(day), due=due, pages=2))
    return sorted(events, key=lambda each: each.date)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(list_events(), st.integers(0, 300), st.integers(0, 300))
def test_the_equation_always_adds_up_and_no_item_ever_leaves(
    events: list[Event], one: int, other: int
) -> None:
    early, late = sorted((one, other))
    before = completeness.compute_gaps(events, on(early), RULES)
    after = completeness.compute_gaps(events, on(late), RULES)
    assert sum(completeness.count_states(after).values()) == len(after)
    assert {gap.item.number for gap in before} <= {gap.item.number for gap in after}


@given(list_events(), st.integers(0, 300))
def test_what_happens_later_changes_nothing_earlier(events: list[Event], day: int) -> None:
    known = [each for each in events if each.date <= on(day)]
    whole = completeness.format_gaps(completeness.compute_gaps(events, on(day), RULES))
    assert completeness.format_gaps(completeness.compute_gaps(known, on(day), RULES)) == whole


def test_in_full_is_said_only_when_nothing_is_missing() -> None:
    opened = event("opening", 90, pages=4)
    for events, answer in (
        ([], False),
        ([SEALED], False),
        ([SEALED, opened], True),
        ([SEALED, opened, event("suspension", 91)], False),
        ([SEALED, event("opening", 90, pages=3)], False),
        ([SEALED, event("withholding", 90)], False),
        ([SEALED, event("already-public", 90)], False),
    ):
        assert completeness.is_in_full(completeness.compute_gaps(events, on(99), RULES)) is answer


def test_a_page_with_hidden_regions_keeps_an_item_from_being_open_whole() -> None:
    opened = event("opening", 40, pages=4)
    for redacted, state in ((0, "opened"), (1, "partly-opened")):
        (gap,) = completeness.compute_gaps([SEALED, replace(opened, redacted=redacted)], on(99), RULES)
        assert (gap.state, gap.item.pages_open, gap.item.pages_redacted) == (state, 4, redacted)
    assert not completeness.is_in_full([gap])
    again = [SEALED, replace(opened, redacted=2), event("opening", 50, pages=4)]
    (gap,) = completeness.compute_gaps(again, on(99), RULES)
    assert (gap.state, gap.item.pages_redacted) == ("opened", 0)


def test_events_that_cannot_be_are_refused() -> None:
    for events in ([event("opening", 1, pages=1)], [SEALED, SEALED]):
        with pytest.raises(errors.Refused, match="item 1 of std-a"):
            completeness.compute_gaps(events, on(9), RULES)
    with pytest.raises(errors.Refused, match="unknown type"):
        event("vanish", 1)


def test_an_unread_format_has_an_unknown_page_count_and_never_zero() -> None:
    gaps = completeness.compute_gaps([UNREAD, event("opening", 90)], on(99), RULES)
    assert completeness.format_gaps(gaps).splitlines()[1] == (
        "std-a,1,held-not-read,no,no,2026-04-11,0,unknown,unknown,0,0,0,"
    )
