"""Rows to points by a layout: what is read, and every kind of bad input by row and column."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from lightwell.base import errors
from lightwell.figures import edition as editions
from lightwell.figures import layout as layouts
from lightwell.figures import mapping as mappings
from lightwell.figures.edition import Edition
from lightwell.figures.point import WHOLE, Series

HEADER = ["app", "area", "metric", "kind", "period", "market", "value"]
ROW = ["Chatter", "Spam", "Posts", "quarterly", "2023Q1", "France", "1,000"]
VALUE: dict[str, Any] = {
    "name": "ours",
    "version": "one",
    "provider": "Us",
    "no_number": ["N/A"],
    "everything": ["all"],
    "header": HEADER,
    "columns": {
        "app": {"is": "service"},
        "area": {"is": "policy area"},
        "metric": {"is": "metric"},
        "kind": {"is": "period kind", "kinds": {"quarterly": "quarter", "yearly": "year"}},
        "period": {"is": "period"},
        "market": {"is": "breakdown", "name": "market"},
        "value": {"is": "value"},
    },
    "metrics": [
        {"name": "Posts", "counts": "pieces"},
        {"pattern": "* rate", "counts": "pieces", "unit": "per cent"},
    ],
}


def read(*rows: list[str], header: list[str] = HEADER, **changed: Any) -> Edition:
    """Read rows under a header by the layout above, changed."""
    layout = mappings.parse_layout(VALUE | changed)
    reading = layouts.open_rows(mappings.make_mapping("ours", [layout]), [header, *rows], "x.csv")
    return layouts.read_edition(reading)


def read_as_declared(*rows: list[str], **changed: Any) -> Edition:
    """Read rows under the header that the changed layout declares."""
    layout = mappings.parse_layout(VALUE | changed)
    reading = layouts.open_rows(
        mappings.make_mapping("ours", [layout]), [layout.tables[0].header, *rows], "x.csv"
    )
    return layouts.read_edition(reading)


def change(column: str, to: str) -> list[str]:
    row = list(ROW)
    row[HEADER.index(column)] = to
    return row


def test_a_row_becomes_a_point_with_its_place() -> None:
    edition = read(ROW)
    (point,) = edition.points()
    assert point.series == Series(
        "Us", "Chatter", "Spam", "Posts", "pieces", "number", (("market", "France"),)
    )
    assert (str(point.period), point.printed, point.number, point.file, point.row) == (
        "2023Q1",
        "1,000",
        1000,
        "x.csv",
        2,
    )
    assert (edition.name, edition.version, edition.size) == ("2023Q1", "one", 1)


def test_a_value_that_means_everything_narrows_nothing() -> None:
    (point,) = read(change("market", "all")).points()
    assert point.series.breakdown == ()
    (point,) = read(change("area", "all")).points()
    assert point.series.policy_area == WHOLE


def test_letter_case_is_kept_or_folded_as_the_mapping_says() -> None:
    rows = [change("area", "Hate Speech"), [*change("area", "hate speech")[:4], "2023Q2", "France", "5"]]
    assert len({each.series for each in read(*rows).points()}) == 2
    rules = [{"name": "Posts", "counts": "pieces"}]
    assert {
        each.series.policy_area for each in read(*rows, letter_case="folded", metrics=rules).points()
    } == {"Hate speech"}


def test_noise_of_a_spreadsheet_is_read_only_where_the_mapping_says_so() -> None:
    (point,) = read(change("value", "0.9620000000000001"), binary_numbers=True).points()
    assert (point.number, point.printed) == (Decimal("0.962"), "0.9620000000000001")
    (point,) = read(change("value", "0.9620000000000001")).points()
    assert point.number == Decimal("0.9620000000000001")


def test_a_value_is_read_as_another_with_a_note() -> None:
    rule = {"column": "metric", "printed": "Articles", "read": "Posts", "reason": "it was renamed in 2024"}
    edition = read(change("metric", "Articles"), read_as=[rule])
    assert [each.series.metric for each in edition.points()] == ["Posts"]
    assert edition.notes == ('"Articles" read as "Posts": it was renamed in 2024',)


def test_blank_rows_mean_nothing_and_blank_cells_at_the_end_neither() -> None:
    edition = read([], ["", "", "", "", "", "", ""], [*ROW, "", ""], [" "])
    assert [each.row for each in edition.points()] == [4]


BAD = [
    ("a metric no rule knows", [change("metric", "Mood")], 'row 2, column "metric"', '"Mood"'),
    ("an unreadable period", [change("period", "summer")], 'row 2, column "period"', "no period"),
    (
        "a kind of period that is none",
        [change("kind", "weekly")],
        'row 2, column "kind"',
        "no kind of period",
    ),
    ("a kind that is not that of the period", [change("kind", "yearly")], 'row 2, column "period"', "is not"),
    ("no number", [change("value", "many")], 'row 2, column "value"', "no number"),
    ("not a number", [change("value", "NaN")], 'row 2, column "value"', "no number"),
    ("an empty value", [change("value", "")], 'row 2, column "value"', "empty"),
    (
        "a billion digits, as it were",
        [change("value", "9" * 10**6)],
        'row 2, column "value"',
        "more than 30 digits",
    ),
    ("a formula as value", [change("value", "=HYPERLINK(1)")], 'row 2, column "value"', "no number"),
    ("another unit", [change("value", "5%")], 'row 2, column "value"', "per cent"),
    ("a rate without its sign", [change("metric", "Good rate")], 'row 2, column "value"', "has no %"),
    ("an empty policy area", [change("area", " ")], 'row 2, column "area"', "empty"),
    ("an endless policy area", [change("area", "x" * 501)], 'row 2, column "area"', "501 characters"),
    ("a row too short", [ROW[:-1]], "row 2", "6 cells"),
    ("a row too long", [[*ROW, "more"]], "row 2", "8 cells"),
    ("a second value", [ROW, change("value", "2")], "row 3", "row 2 already"),
    ("the same value twice", [ROW, ROW], "row 3", "the same value"),
    ("no row at all", [], "x.csv", "no figure"),
]


@pytest.mark.parametrize(
    ("rows", "place", "words"), [each[1:] for each in BAD], ids=[each[0] for each in BAD]
)
def test_bad_input_is_told_by_file_row_and_column(rows: list[list[str]], place: str, words: str) -> None:
    with pytest.raises(errors.UserMistake) as caught:
        read(*rows)
    (problem,) = caught.value.problems
    assert problem.place.startswith("x.csv")
    assert problem.place.endswith(place)
    assert words in problem.sentence
    assert len(str(problem)) < 600


BAD_HEADERS = [
    ([*HEADER, "region"], 'column "region"', "this column is new"),
    ([*HEADER[:-2], "value"], "row 1", '"market" of layout one'),
    (["App", *HEADER[1:]], 'column "App"', "this column is new"),
    ([HEADER[1], HEADER[0], *HEADER[2:]], "row 1", "another order"),
    (["app", *HEADER[:-1]], "row 1", 'two columns are called "app"'),
]


@pytest.mark.parametrize(("header", "place", "words"), BAD_HEADERS)
def test_a_header_that_no_layout_has_is_refused_by_the_names_of_its_columns(
    header: list[str], place: str, words: str
) -> None:
    with pytest.raises(errors.UserMistake) as caught:
        read(ROW, header=header)
    assert any(each.place.endswith(place) and words in each.sentence for each in caught.value.problems)


def test_an_empty_file_is_said_to_be_empty() -> None:
    layout = mappings.parse_layout(VALUE)
    with pytest.raises(errors.UserMistake, match="is empty"):
        layouts.open_rows(mappings.make_mapping("ours", [layout]), [], "x.csv")


def test_a_file_of_problems_tells_only_so_many() -> None:
    with pytest.raises(errors.UserMistake) as caught:
        read(*[change("value", f"x{n}") for n in range(5000)])
    assert len(caught.value.problems) == editions.MAX_PROBLEMS + 1
    assert "more than 200 problems" in caught.value.problems[-1].sentence


def test_the_same_digits_are_judged_by_each_metric_for_itself() -> None:
    with pytest.raises(errors.UserMistake) as caught:
        read(change("value", "7"), [*ROW[:2], "Good rate", *ROW[3:6], "7"])
    assert [each.place for each in caught.value.problems] == ['x.csv, row 3, column "value"']


REPEATED = [
    {
        "column": "area",
        "printed": "Spam",
        "editions": ["2023Q1"],
        "reason": "two headings, none of them named",
    }
]


def test_declared_repeats_are_told_apart_by_their_order_and_others_stay_refused() -> None:
    edition = read(ROW, change("value", "2"), repeated=REPEATED)
    assert [each.series.breakdown for each in edition.points()] == [
        (("market", "France"),),
        (("market", "France"), ("occurrence", "2")),
    ]
    assert "told apart" in edition.notes[0]
    other = change("area", "Hate")
    with pytest.raises(errors.UserMistake, match="second value"):
        read(other, other, repeated=REPEATED)


def test_declared_repeats_hold_only_for_the_edition_that_is_named() -> None:
    later = [*ROW[:4], "2023Q2", "France", "9"]
    with pytest.raises(errors.UserMistake, match=r"row 3, column \"area\": a second value.*this is 2023Q2"):
        read(ROW, change("value", "2"), later, repeated=REPEATED)


def test_a_wide_table_has_a_point_for_each_column_of_values() -> None:
    columns = {
        "place": {"is": "breakdown"},
        "2022": {"is": "value", "metric": "Reports", "counts": "reports", "period": "2022"},
        "2023": {"is": "value", "metric": "Reports", "counts": "reports", "period": "2023", "scale": 1000},
    }
    changed: dict[str, Any] = {"columns": columns, "metrics": [], "header": ["place", "2022", "2023"]}
    edition = read_as_declared(["here", "5", "6.5"], **changed)
    assert edition.name == "2023"
    assert [(str(each.period), each.number) for each in edition.points()] == [("2022", 5), ("2023", 6500)]


def test_a_wide_table_without_a_row_has_no_figure() -> None:
    columns = {"n": {"is": "value", "metric": "Posts", "period": "2022"}}
    with pytest.raises(errors.UserMistake, match="no figure"):
        read_as_declared(columns=columns, header=["n"])
    with pytest.raises(errors.UserMistake, match="no figure"):
        read_as_declared([""], columns=columns, header=["n"])


def test_a_service_may_carry_its_period_behind_it() -> None:
    columns = {
        "id": {"is": "service", "ends_with_period": True},
        "year": {"is": "period"},
        "n": {"is": "value", "metric": "Posts"},
    }
    changed: dict[str, Any] = {"columns": columns, "header": ["id", "year", "n"]}
    edition = read_as_declared(["Amazon2020", "2020", "1"], ["Amazon2021", "2021", "2"], **changed)
    assert {each.series.service for each in edition.points()} == {"Amazon"}
    with pytest.raises(errors.UserMistake, match="does not end with"):
        read_as_declared(["Amazon2020", "2021", "1"], **changed)
