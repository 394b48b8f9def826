"""Charts: everything said stands in them, nothing leaves them, the same input gives the same bytes."""

from __future__ import annotations

import itertools
import re
from decimal import Decimal
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightwell.figures import chart

SVG = "{http://www.w3.org/2000/svg}"
HEAD = chart.Chart("Removals rose, and earlier ones were revised", "pieces", "Invented & Co <reports>")
PERIODS = ("2021Q1", "2021Q2", "2021Q3", "2021Q4")
LINE = chart.Line("Live", (5, None, Decimal("9.5"), 7), (chart.Earlier(3, 12, "2021Q4"),))
numbers = st.none() | st.integers(0, 10**12) | st.decimals(0, 1, places=4)


def read_words(svg: str) -> str:
    return " ".join(each.text or "" for each in ElementTree.fromstring(svg).iter(f"{SVG}text"))


def test_a_chart_says_title_unit_source_periods_names_and_the_earlier_value() -> None:
    words = read_words(chart.draw_lines(HEAD, PERIODS, [LINE]))
    for said in (
        HEAD.title,
        "pieces",
        "Source: Invented & Co <reports>",
        *PERIODS,
        "Live",
        "12 in edition 2021Q4",
    ):
        assert said in words
    assert "Hollow marks" in words


def test_its_description_says_in_words_what_it_shows() -> None:
    root = ElementTree.fromstring(chart.draw_lines(HEAD, PERIODS, [LINE]))
    described = root.findtext(f"{SVG}desc") or ""
    assert "Live: 5 in 2021Q1, 7 in 2021Q4." in described
    assert "1 of these values differ from what an earlier edition said" in described
    assert root.get("aria-labelledby") == "t d"


def test_a_period_without_a_number_breaks_the_line() -> None:
    root = ElementTree.fromstring(chart.draw_lines(HEAD, PERIODS, [LINE]))
    runs = [len((each.get("points") or "").split()) for each in root.iter(f"{SVG}polyline")]
    assert runs == [1, 2]


def test_bars_write_each_value_and_what_stands_for_none() -> None:
    bars = [chart.Bar("A", 1_234_567), chart.Bar("B", None, "did not answer"), chart.Bar("C", 0)]
    svg = chart.draw_bars(HEAD, bars)
    words = read_words(svg)
    for said in ("A", "1,234,567", "B", "did not answer", "C", "0"):
        assert said in words.split() or said in words
    bars_drawn = list(ElementTree.fromstring(svg).iter(f"{SVG}rect"))[1:]  # the first is the ground
    widths = [float(each.get("width") or 0) for each in bars_drawn]
    assert widths[1] == 0
    assert widths[0] > 100


@pytest.mark.parametrize(
    ("periods", "lines"),
    [((), [LINE]), (PERIODS, []), (PERIODS[:2], [LINE]), (PERIODS, [LINE] * 7)],
)
def test_what_cannot_be_drawn_is_refused(periods: tuple[str, ...], lines: list[chart.Line]) -> None:
    with pytest.raises(ValueError, match="period"):
        chart.draw_lines(HEAD, periods, lines)


def test_bars_below_zero_are_refused() -> None:
    with pytest.raises(ValueError, match="below zero"):
        chart.draw_bars(HEAD, [chart.Bar("A", -1)])


def test_ranges_have_a_dot_on_a_bar_and_their_words_and_say_when_the_scale_begins_elsewhere() -> None:
    rows = [
        chart.Range("0 nights", 8.788, 8.784, 8.792, "8.788 (8.784 to 8.792)"),
        chart.Range("7 nights", 6.8, 5.8, 7.7, "6.8 (5.8 to 7.7)"),
        chart.Range("8 nights", None, None, None, "no number"),
    ]
    svg = chart.draw_ranges(HEAD, rows)
    root = ElementTree.fromstring(svg)
    words = " ".join(each.text or "" for each in root.iter(f"{SVG}text"))
    assert all(row.said in words and row.label in words for row in rows)
    assert all(f"{row.label}: {row.said}" in (root.findtext(f"{SVG}desc") or "") for row in rows)
    dots = [float(each.get("cx") or 0) for each in root.iter(f"{SVG}circle")]
    assert len(dots) == 2
    assert dots[0] > dots[1] > 0
    assert "The scale does not begin at zero." in words
    assert "scale" not in chart.draw_ranges(HEAD, [chart.Range("all", 5, 1, 9, "5 (1 to 9)")])
    with pytest.raises(ValueError, match="at least one row"):
        chart.draw_ranges(HEAD, [])


reals = st.floats(-1e15, 1e15, allow_nan=False)


@given(st.lists(st.tuples(reals, reals, reals), min_size=1, max_size=5))
def test_any_ranges_stay_within_the_picture(rows: list[tuple[float, float, float]]) -> None:
    sorted_rows = [sorted(row) for row in rows]
    svg = chart.draw_ranges(
        HEAD, [chart.Range("x", value, low, high, "y") for low, value, high in sorted_rows]
    )
    root = ElementTree.fromstring(svg)
    for each in root.iter(f"{SVG}circle"):
        assert 0 <= float(each.get("cx") or -1) <= chart.WIDTH
    assert len(svg) < 20_000
    assert not re.search("nan|inf", svg)


@given(st.lists(st.lists(numbers, min_size=4, max_size=4), min_size=1, max_size=6), st.text(max_size=40))
def test_any_numbers_and_names_make_sound_svg_with_nothing_active(rows: list[list], name: str) -> None:
    name = "".join(each for each in name if each.isprintable())
    lines = [chart.Line(name or "x", tuple(row), (chart.Earlier(0, 3, name or "x"),)) for row in rows]
    svg = chart.draw_lines(HEAD, PERIODS, lines)
    assert svg == chart.draw_lines(HEAD, PERIODS, lines)
    root = ElementTree.fromstring(svg)
    assert {each.tag.removeprefix(SVG) for each in root.iter()} <= {
        "svg", "title", "desc", "rect", "line", "path", "polyline", "circle", "text",
    }  # fmt: skip
    names = {name for each in root.iter() for name in each.attrib}
    assert not [each for each in names if each.startswith("on") or each in ("href", "style", "class")]
    height = float(root.get("height") or 0)
    for each in root.iter(f"{SVG}circle"):
        assert 0 <= float(each.get("cy") or -1) <= height
        assert 0 <= float(each.get("cx") or -1) <= chart.WIDTH
    assert not re.search("nan|inf", svg.partition("</desc>")[2].replace(name, ""))


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "0"),
        (7, "7"),
        (Decimal("0.07"), "0.07"),
        (1904, "1,904"),
        (9_400_000, "9.4 million"),
        (9_999_999, "10 million"),
        (3_190_000_000, "3.19 billion"),
        (Decimal("82.10"), "82.1"),
        (120_000_000, "120 million"),
    ],
)
def test_numbers_are_written_as_people_say_them(value: chart.Number, said: str) -> None:
    assert chart.format_short(value) == said


def test_a_chart_without_any_number_says_so_and_draws_no_scale() -> None:
    words = read_words(chart.draw_lines(HEAD, PERIODS, [chart.Line("Live", (None,) * 4)]))
    assert "no number given" in words
    assert "0.2" not in words


def test_long_names_cover_neither_title_nor_periods() -> None:
    lines = [
        chart.Line(f"Company {n}: " + "a very long name of a figure " * 3, (n, n, n, n)) for n in range(6)
    ]
    root = ElementTree.fromstring(chart.draw_lines(HEAD, PERIODS, lines))
    texts = [(float(each.get("y") or 0), each) for each in root.iter(f"{SVG}text")]
    title = max(y for y, each in texts if each.get("font-size") == "17")
    periods = min(y for y, each in texts if each.text in PERIODS)
    names = sorted(
        y for y, each in texts if each.get("font-weight") == "bold" and each.get("font-size") == "13"
    )
    assert title < names[0] - 13
    assert names[-1] <= periods - 16
    assert all(after - before >= 16 for before, after in itertools.pairwise(names))


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [
        # An average of numbers near 2**53, a float's last whole one: half a step added to it changes nothing.
        (9007199254740001, 9007199254740000, 9007199254740002),
        (9007199254740001, 9007199254740001, 9007199254740001),
        (-1e16, -1e16 - 2, -1e16 + 2),
        (1e30, 1e30, 1.0000000000000002e30),
        (1e30, -1e30, 1e30),
        (5e-324, 0, 5e-324),
        (1e9 + 1, 1e9, 1e9 + 2),
    ],
)
def test_an_axis_has_few_marks_however_near_the_ends_are(value: float, low: float, high: float) -> None:
    svg = chart.draw_ranges(HEAD, [chart.Range("all", value, low, high, "so many")])
    assert svg.count("<path") <= 12
    assert "nan" not in svg
    assert "inf" not in svg
