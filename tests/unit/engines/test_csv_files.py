"""A CSV file never ends a query, whatever stands in a row: what is no value of its column is null."""

import pytest

from lightwell.engines import duckdb
from lightwell.query import bound, check, codebook

GOOD = 25_000  # more rows than DuckDB guesses types from
ODD = [
    ("x1,AT,5,1.5,2026-01-02,true", "a child that is no number"),
    ("1.5,AT,5,1.5,2026-01-02,true", "a child between two"),
    ("7,AT,many,1.5,2026-01-02,true", "words for a number"),
    ("7,AT,2.5,1.5,2026-01-02,true", "no whole number"),
    ("7,AT,99999999999999999999999,1.5,2026-01-02,true", "a number beyond 64 bits"),
    ("7,AT,5,1e999,2026-01-02,true", "an infinite number"),
    ("7,AT,5,nan,2026-01-02,true", "no number"),
    ("7,AT,5,1.5,2026-02-31,true", "a day that no calendar has"),
    ("7,AT,5,1.5,2026-01-02,perhaps", "neither true nor false"),
    ("7,AT,5", "a row that ends early"),
    ("7,AT,5,1.5,2026-01-02,true,more", "a row that goes on"),
    ('7,"AT,5,1.5', "a quotation mark that is not closed"),
    ("", "an empty row"),
    (",,,,,", "a row of nothing"),
]


class NoDice:
    def add_noise(self, values, sigma, square, nano_rho):
        return list(values)


def make_book():
    said = {
        "country": {"type": "text", "values": ["AT", "BE"], "attested": "x"},
        "steps": {"type": "integer", "low": 0, "high": 9, "attested": "x"},
        "hours": {"type": "real", "low": 0, "high": 9, "step": 0.5, "attested": "x"},
        "day": {"type": "date", "low": None, "high": None},
        "night": {"type": "boolean"},
    }
    table = {"unit": "child", "rows_per_child": 1000, "attested": "x", "columns": said}
    return codebook.parse_codebook(
        {
            "codebook": 1, "dataset": "one", "population": "one", "budget": {"epsilon": 1.0, "delta": 1e-6},
            "tables": {"log": table},
        }
    )  # fmt: skip


def measure(place, text):
    book = make_book()
    bounded = bound.bind(check.check_query(text, book))
    exact = duckdb.DuckDB({"log": place}, book, NoDice())._measure(bounded)
    (numbers,) = exact.values()
    return [number / scale for (number,), scale in zip(numbers, bounded.scales, strict=True)]


@pytest.mark.parametrize(("odd", "what"), ODD, ids=[what for _, what in ODD])
def test_an_odd_row_further_down_changes_nothing_of_the_others(tmp_path, odd, what) -> None:
    place = tmp_path / "log.csv"
    rows = ["child,country,steps,hours,day,night", *["7,BE,3,1.5,2026-01-02,true"] * 3]
    rows += [f"{100 + number},BE,3,1.5,2026-01-02,false" for number in range(GOOD)]
    place.write_text("\n".join([*rows, odd]) + "\n")
    text = (
        "SELECT COUNT(*), COUNT(DISTINCT child), COUNT(steps), SUM(steps), COUNT(hours), SUM(hours), "
        "COUNT(day), COUNT_IF(night), COUNT_IF(NOT night) FROM log WHERE country = 'BE'"
    )
    good = GOOD + 3
    # Hours are added up in halves.
    assert measure(place, text) == [
        good, GOOD + 1, good, 3 * good, good, 3 * good, good, 3, GOOD,
    ]  # fmt: skip
    alone = (
        "SELECT COUNT(*), COUNT(steps), COUNT(hours), COUNT(day), COUNT(night) FROM log WHERE country = 'AT'"
    )
    found = dict(
        zip(("rows", "steps", "hours", "day", "night"), measure_or_nothing(place, alone), strict=True)
    )
    # Without a child that can be told, or with more cells than columns, a row is left out.
    is_left_out = odd.split(",")[0] in ("x1", "1.5", "") or '"' in odd or odd.endswith(",more")
    assert found["rows"] == (0 if is_left_out else 1)
    for name, missing in (
        ("steps", "words for a number, no whole number, a number beyond 64 bits"),
        ("hours", "an infinite number, no number, a row that ends early"),
        ("day", "a day that no calendar has, a row that ends early"),
        ("night", "neither true nor false, a row that ends early"),
    ):
        assert found[name] == (0 if what in missing.split(", ") else found["rows"]), name


@pytest.mark.parametrize("odd", ["-7", "9223372036854775807.5", "1.5", "18446744073709551616", "x1"])
def test_children_may_be_named_by_whole_numbers_of_64_bits_without_a_sign(tmp_path, odd) -> None:
    """Such as hashes are; what DuckDB guesses then is a type that a Parquet file could not keep exactly."""
    place = tmp_path / "log.csv"
    children = [2**64 - 1 - number for number in range(GOOD)] + [1, 2]
    rows = ["child,country,steps,hours,day,night"]
    rows += [f"{child},BE,3,1.5,2026-01-02,true" for child in (*children, *children[:10], odd)]
    place.write_text("\n".join(rows) + "\n")
    assert measure(place, "SELECT COUNT(*), COUNT(DISTINCT child) FROM log") == [GOOD + 12, GOOD + 2]


def measure_or_nothing(place, text):
    try:
        return measure(place, text)
    except ValueError:
        # No group at all: nothing was in it.
        return [0] * 5
