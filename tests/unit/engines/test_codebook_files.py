"""Codebooks as files: lines of problems, dates, and the two that ship, held against their public sources."""

import csv
import datetime
import json
import os
from pathlib import Path

import pytest

from lightwell.base import errors
from lightwell.engines import codebook_files, descriptions
from lightwell.files import yaml_lines

SHARED = Path(__file__).parents[4] / "shared" / "data"
YRBS = SHARED / "yrbs"
MSNBC = SHARED / "msnbc-pageviews"
IS_HERE = YRBS.is_dir() or bool(os.environ.get("LIGHTWELL_TESTS_ALL"))
needs_data = pytest.mark.skipif(not IS_HERE, reason="../shared/data is not here")


def read_example(folder, name):
    place = folder / f"{name}.yaml"
    place.write_text(codebook_files.read_example(name), "utf-8")
    return codebook_files.read_codebook_file(place)


@pytest.mark.parametrize("name", codebook_files.list_examples())
def test_a_codebook_that_ships_is_attested_and_says_its_source(tmp_path, name) -> None:
    file = read_example(tmp_path, name)
    file.check_attested()
    assert file.codebook.dataset == name
    assert file.codebook.is_sample or file.codebook.source.startswith("https://")


def test_an_unknown_example_names_those_there_are() -> None:
    with pytest.raises(errors.UserMistake, match=r"there are .*msnbc-1999, yrbs-2023"):
        codebook_files.read_example("../study")


@needs_data
def test_the_survey_s_values_are_those_that_cdc_prints_and_all_of_them(tmp_path) -> None:
    table = read_example(tmp_path, "yrbs-2023").codebook.tables["students"]
    printed: dict[str, list[str]] = {}
    with (YRBS / "published_codebook_2023.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["value"]:
                printed.setdefault(row["variable"], []).append(row["value"])
    described = {
        column.name: [str(value) for value in column.domain.values]
        for column in table.columns.values()
        if column.name != "weight"
    }
    assert described == printed
    assert len(described) == 240


@needs_data
def test_the_codebooks_that_ship_fit_their_files_but_for_what_they_say_they_bound(tmp_path) -> None:
    book = read_example(tmp_path, "yrbs-2023").codebook
    misfits = descriptions.find_misfits({"students": YRBS / "yrbs_national_2023.parquet"}, book)
    assert [(each.kind, each.place) for each in misfits] == [("values", "students.weight")]
    book = read_example(tmp_path, "msnbc-1999").codebook
    misfits = descriptions.find_misfits({"pageviews": MSNBC / "pageviews_users_1_700000.parquet"}, book)
    assert [(each.kind, each.place) for each in misfits] == [("rows", "pageviews.user_id")]


@needs_data
def test_the_log_s_categories_are_those_of_its_list(tmp_path) -> None:
    column = read_example(tmp_path, "msnbc-1999").codebook.tables["pageviews"].columns["category_id"]
    with (MSNBC / "categories.csv").open(encoding="utf-8") as file:
        assert dict(column.labels) == {row["category_id"]: row["name"] for row in csv.DictReader(file)}


BOOK = """\
codebook: 1
dataset: one
population: one
budget: {epsilon: 1, delta: 1e-6}
tables:
  one:
    unit: child
    rows_per_child: 1
    attested: x
    columns:
      it: {COLUMN}
"""


@pytest.mark.parametrize(
    ("column", "low"),
    [
        ("type: date, low: 2026-01-05, high: 2026-02-01", datetime.date(2026, 1, 5)),
        ('type: date, low: "2026-01-05", high: 2026-02-01', datetime.date(2026, 1, 5)),
        ("type: date, values: [2026-01-05, 2026-01-06]", None),
        ("type: timestamp, low: 2026-01-05T10:00:00, high: 2026-02-01", "2026-01-05 10:00:00"),
        ("type: integer, low: 0, high: 9", 0),
    ],
)
def test_dates_are_read_where_a_column_holds_them(tmp_path, column, low) -> None:
    (tmp_path / "one.yaml").write_text(BOOK.replace("COLUMN", column))
    of = codebook_files.read_codebook(tmp_path / "one.yaml").tables["one"].columns["it"].domain
    assert of.low == low or str(of.low) == low
    if of.values:
        assert of.values == (datetime.date(2026, 1, 5), datetime.date(2026, 1, 6))


@pytest.mark.parametrize(
    "column",
    [
        "type: date, low: 2026-02-30, high: 2026-03-01",
        "type: date, low: yesterday, high: 2026-03-01",
        "type: timestamp, low: 2026-01-05T10:00:00+01:00, high: 2026-02-01",
        "type: integer, low: 2026-01-05, high: 2026-02-01",
        "type: date, low: 20, high: 30",
    ],
)
def test_what_is_no_date_is_told_with_its_line(tmp_path, column) -> None:
    (tmp_path / "one.yaml").write_text(BOOK.replace("COLUMN", column))
    with pytest.raises(errors.UserMistake, match=r"one\.yaml, line 11"):
        codebook_files.read_codebook(tmp_path / "one.yaml")


def test_a_codebook_may_be_json(tmp_path) -> None:
    (tmp_path / "one.yaml").write_text(BOOK.replace("COLUMN", "type: boolean"))
    value = yaml_lines.read_document(tmp_path / "one.yaml").value
    (tmp_path / "one.json").write_text(json.dumps(value))
    same = [codebook_files.read_codebook(tmp_path / f"one.{kind}") for kind in ("yaml", "json")]
    assert same[0] == same[1]


def test_a_long_draft_is_refused_in_a_few_lines(tmp_path) -> None:
    columns = "\n".join(f"      c{number}: {{type: integer, low: 0, high: 9}}" for number in range(30))
    (tmp_path / "one.yaml").write_text(BOOK.replace("      it: {COLUMN}", columns))
    with pytest.raises(errors.UserMistake) as refused:
        codebook_files.read_codebook_file(tmp_path / "one.yaml").check_attested()
    assert len(refused.value.problems) == 7
    assert "and 25 more bounds" in str(refused.value)
