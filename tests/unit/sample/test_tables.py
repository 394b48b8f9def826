"""The sample's two tables: the same each time, of the columns published, with what was planted in them."""

from __future__ import annotations

import importlib.resources
import itertools
from pathlib import Path

import duckdb
import numpy as np
import pytest

from lightwell.engines import codebook_files
from lightwell.query.codebook import Codebook
from lightwell.sample import simulation, tables
from lightwell.sample.simulation import EFFECT

CHILDREN = 28_000  # the panel of 12,000, and 16,000 among whom are some whose device is busy


@pytest.fixture(scope="module")
def book() -> Codebook:
    place = importlib.resources.files("lightwell") / "data/examples/codebooks/larkfield-use.yaml"
    return codebook_files.read_codebook_file(Path(str(place))).codebook


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, book: Codebook) -> tuple[Path, tables.Truth]:
    folder = tmp_path_factory.mktemp("tables")
    return folder, tables.write_tables(folder, list_columns(book), children=CHILDREN)


def list_columns(book: Codebook) -> dict[str, list[str]]:
    return {name: [book.tables[name].unit, *book.tables[name].columns] for name in tables.NAMES}


def ask(written: tuple[Path, tables.Truth], text: str) -> list[tuple]:
    with duckdb.connect() as connection:
        for name in tables.NAMES:
            connection.execute(f"CREATE VIEW {name} AS FROM '{written[0] / name}.parquet'")
        return connection.sql(text).fetchall()


def test_the_same_seed_gives_the_same_rows_and_another_seed_others(tmp_path: Path, book: Codebook) -> None:
    found = []
    for place, seed in (("one", 5), ("two", 5), ("three", 6)):
        (tmp_path / place).mkdir()
        truth = tables.write_tables(tmp_path / place, list_columns(book), seed, 3_000)
        found.append(
            (
                truth,
                [
                    ask((tmp_path / place, truth), f"SELECT bit_xor(hash(t)) FROM {n} AS t")
                    for n in tables.NAMES
                ],
            )
        )
    assert found[0] == found[1]
    assert found[0][1] != found[2][1]


def test_the_files_have_the_columns_and_values_of_the_codebook(
    written: tuple[Path, tables.Truth], book: Codebook
) -> None:
    for name, columns in list_columns(book).items():
        assert [row[0] for row in ask(written, f"DESCRIBE {name}")] == columns
        for column, one in book.tables[name].columns.items():
            if one.domain.values:
                found = {row[0] for row in ask(written, f"SELECT DISTINCT {column} FROM {name}")}
                assert found <= set(one.domain.values), column
    assert ask(written, "SELECT MIN(weight) >= 1 AND MAX(weight) <= 2.5 FROM survey") == [(True,)]


def test_what_is_true_is_what_the_files_say_where_they_can_say_it(written: tuple[Path, tables.Truth]) -> None:
    truth = written[1]
    assert ask(written, "SELECT COUNT(*), COUNT(DISTINCT child) FROM events") == [(truth.events, CHILDREN)]
    late = ask(
        written,
        "SELECT age_band, AVG(CAST(hour < 5 AS INTEGER)) FROM events WHERE child NOT IN (SELECT child "
        f"FROM events GROUP BY child HAVING COUNT(*) >= {simulation.BUSY_ROWS}) GROUP BY age_band",
    )
    assert dict(late) == pytest.approx(truth.late, rel=1e-9)
    often = ask(
        written,
        "SELECT alerts, AVG(CAST(nights > 3 AS INTEGER)) FROM (SELECT child, alerts, COUNT_IF(hour < 5 "
        "AND day >= 14) AS nights FROM events GROUP BY ALL) GROUP BY alerts",
    )
    assert dict(often) == pytest.approx(truth.often, rel=1e-9)


def test_weights_undo_that_some_children_answer_less_often(written: tuple[Path, tables.Truth]) -> None:
    ((weighted, plain, stands),) = ask(
        written,
        "SELECT SUM(weight) FILTER (m1 >= 4) / SUM(weight), AVG(CAST(m1 >= 4 AS INTEGER)), SUM(weight) "
        "FROM survey WHERE wave = 4",
    )
    assert stands == pytest.approx(CHILDREN, rel=0.02)
    assert weighted == pytest.approx(written[1].low, abs=0.008)
    assert plain < weighted


def test_what_was_planted_is_there(written: tuple[Path, tables.Truth]) -> None:
    late, often = written[1].late, written[1].often
    assert late["10–12"] < late["13–15"] < late["16–17"]
    assert often["quiet"] < often["usual"] - 0.05
    nights = dict(
        ask(written, "SELECT alerts, COUNT(*) FROM events WHERE hour < 5 AND day >= 14 GROUP BY alerts")
    )
    odds = [
        np.log(share / (1 - share))
        for share in (nights[arm] / (14 * CHILDREN / 2) for arm in simulation.ALERTS)
    ]
    assert odds[1] - odds[0] == pytest.approx(EFFECT["quiet_nights"], abs=0.1)
    sleep = [
        row[0] for row in ask(written, "SELECT AVG(sleep_hours) FROM survey GROUP BY nights ORDER BY nights")
    ]
    assert all(less < more for more, less in itertools.pairwise(sleep[:5]))


def test_a_few_children_have_thousands_of_rows_and_none_of_them_is_of_the_panel(
    written: tuple[Path, tables.Truth],
) -> None:
    busy = ask(
        written,
        f"SELECT child FROM events GROUP BY child HAVING COUNT(*) >= {simulation.BUSY_ROWS}",
    )
    assert 0 < len(busy) < 20
    assert min(busy)[0] >= simulation.PANEL
