"""The revision finder beside its slow twin, whole and in parts, on editions made at random."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from slow_revisions import judge_slowly

from lightwell.figures import edition as editions
from lightwell.figures import revision
from lightwell.figures.edition import Edition
from lightwell.figures.period import Period
from lightwell.figures.point import Point, Series
from lightwell.figures.value import Number

SERIES = [Series("P", "S", area, metric, "pieces", "number") for area in "abc" for metric in ("x", "y")]
PERIODS = [Period(24240 + 3 * n, 24242 + 3 * n) for n in range(5)] + [
    Period(24240, 24245),
    Period(24240, 24251),
]
NUMBERS = st.one_of(st.none(), st.integers(0, 3), st.sampled_from([Decimal("0.5"), Decimal("0.7")]))
FIGURES = st.dictionaries(st.tuples(st.sampled_from(SERIES), st.sampled_from(PERIODS)), NUMBERS, min_size=1)
Held = dict[tuple[Series, Period], Number | None]


def make_points(held: Held, file: str) -> list[Point]:
    return [
        Point(series, period, str(number), number, file, row)
        for row, ((series, period), number) in enumerate(held.items(), 2)
    ]


def make_edition(held: Held, file: str, *, restates: bool) -> Edition:
    problems: list = []
    figures = editions.collect_figures(make_points(held, file), problems)
    latest = max((period for _, period in held), key=lambda each: (each.last, each.first))
    assert not problems
    return Edition(file, file, "m", "1", "d", latest, restates, (), figures)


@given(FIGURES, FIGURES, st.booleans())
def test_the_finder_says_what_its_slow_twin_says(before: Held, after: Held, restates: bool) -> None:
    earlier, later = make_edition(before, "a", restates=restates), make_edition(after, "b", restates=restates)
    found = revision.find_revisions(earlier, later)
    tally, _ = revision.judge_figures(
        earlier.figures, later.figures, revision.measure_span(earlier), revision.measure_span(later)
    )
    slow = judge_slowly(make_points(before, "a"), make_points(after, "b"), restates=restates)
    for kind in (revision.CHANGED, revision.DROPPED, revision.ADDED):
        assert {(each.series, each.period) for each in found if each.kind == kind} == slow[kind]
        assert getattr(tally, kind) == len(slow[kind])
    assert tally.new == len(slow["new"])
    assert len(found) == len(slow["changed"]) + len(slow["dropped"]) + len(slow["added"])


@given(FIGURES, FIGURES, st.booleans(), st.integers(1, 4))
def test_parts_add_up_to_the_whole(before: Held, after: Held, restates: bool, count: int) -> None:
    earlier, later = make_edition(before, "a", restates=restates), make_edition(after, "b", restates=restates)
    spans = revision.measure_span(earlier), revision.measure_span(later)
    whole, _ = revision.judge_figures(earlier.figures, later.figures, *spans)
    total = revision.Tally()
    for part in range(count):
        halves = [
            {series: held for series, held in each.figures.items() if SERIES.index(series) % count == part}
            for each in (earlier, later)
        ]
        total += revision.judge_figures(*halves, *spans)[0]
    assert total == whole


@given(FIGURES, st.booleans())
def test_an_edition_revises_nothing_of_itself(held: Held, restates: bool) -> None:
    one, two = make_edition(held, "a", restates=restates), make_edition(held, "b", restates=restates)
    assert revision.find_revisions(one, two) == ()


@given(FIGURES, FIGURES)
def test_what_is_found_is_sorted_and_has_both_values(before: Held, after: Held) -> None:
    earlier, later = make_edition(before, "a", restates=True), make_edition(after, "b", restates=True)
    found = revision.find_revisions(earlier, later)
    assert list(found) == sorted(found, key=lambda each: each.sort_key)
    for each in found:
        if each.kind == revision.CHANGED:
            assert each.earlier is not None
            assert each.later is not None
            assert each.earlier.number != each.later.number
            if each.size is not None:
                assert each.direction == ("up" if each.size > 0 else "down")
            else:
                assert each.direction in ("number given", "number withdrawn")
