"""The pictures and tables about epsilon are what the mechanisms give, and the product keeps to them."""

from __future__ import annotations

import importlib.util
import math
import xml.etree.ElementTree as trees
from pathlib import Path

import duckdb
import pytest

from lightwell.engines import dice, dummies
from lightwell.engines import duckdb as engines
from lightwell.query.session import Session

ROOT = Path(__file__).parents[2]
SPEC = importlib.util.spec_from_file_location("epsilon", ROOT / "docs/make/epsilon.py")
epsilon = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(epsilon)


def test_the_page_and_the_pictures_are_those_that_are_made() -> None:
    page = epsilon.PAGE.read_text("utf-8")
    assert page == epsilon.write_page(page), "run .venv/bin/python docs/make/epsilon.py"
    for name, picture in epsilon.draw_pictures().items():
        assert (epsilon.PICTURES / name).read_text("utf-8") == picture, name
        assert f"../pictures/{name}" in page


def test_a_picture_is_plain_says_what_it_shows_and_loads_nothing() -> None:
    for picture in epsilon.draw_pictures().values():
        root = trees.fromstring(picture)
        names = {each.tag.rpartition("}")[2] for each in root.iter()}
        assert names == {"svg", "title", "desc", "rect", "text", "line", "polyline"}
        assert "href" not in picture
        assert "style" not in picture
        text = " ".join(each.text or "" for each in root.iter())
        assert "epsilon 1" in text
        width, height = (float(root.get(side)) for side in ("width", "height"))
        for line in root.iter("{http://www.w3.org/2000/svg}polyline"):
            for point in line.get("points").split():
                x, y = map(float, point.split(","))
                assert 0 <= x <= width
                assert 0 <= y <= height


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """A thousand children, three in ten of whom say yes, with twenty days of sixty minutes each."""
    folder = tmp_path_factory.mktemp("widths")
    connection = duckdb.connect()
    connection.execute(
        f"COPY (SELECT i AS child, i % 10 < 3 AS yes FROM range(1000) AS numbers(i)) "
        f"TO '{folder}/answers.parquet' (FORMAT parquet)"
    )
    connection.execute(
        f"COPY (SELECT i // 20 AS child, 60.0::DOUBLE AS minutes FROM range(20000) AS numbers(i)) "
        f"TO '{folder}/days.parquet' (FORMAT parquet)"
    )
    files = {name: folder / f"{name}.parquet" for name in ("answers", "days")}
    return Session(engines.DuckDB(files, epsilon.BOOK, dice.OpenDP()), epsilon.BOOK, dummies.open_unmetered())


@pytest.mark.parametrize("price", [0.3, 1.0, 3.0])
def test_a_real_answer_is_as_wide_as_the_picture_says(session: Session, price: float) -> None:
    for text, told, exact, scale in (
        ("SELECT AVG(yes) AS x FROM answers", epsilon.find_share(price, 1000), 0.3, 100),
        ("SELECT AVG(minutes) AS x FROM days", epsilon.find_mean(price, 1000), 60, 1),
    ):
        release = session.sql(text, epsilon=price)
        low, high = release.intervals[0]["x"]
        # The width hangs on the noise of the count by a few percent, and at 0.3 by more.
        assert scale * (high - low) / 2 == pytest.approx(told, rel=0.3)
        # Five standard deviations, which is 2.6 half widths.
        assert abs(scale * (release.rows[0]["x"] - exact)) < 2.7 * told


def test_a_belief_rises_no_further_than_where_randomised_response_takes_it() -> None:
    for price in (0.1, 1.0, 3.0):
        honest = math.exp(price) / (1 + math.exp(price))
        for before in (0.01, 0.1, 0.5, 0.9):
            yes = before * honest / (before * honest + (1 - before) * (1 - honest))
            assert epsilon.find_belief(price, before) == pytest.approx(yes)
            assert before < yes < 1
