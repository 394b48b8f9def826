"""Recovery of bounds: the scale of the noise, or a bound, that was looked up in the data.

Reference: smartnoise-core issue 356; CWI's documentation, section 16; Re:cord-play, PETS 2026 (arXiv 2602.17454).
Twin: bounds from the data: the published scale of the noise is the victim's own value.
Here: everything that is said before a charge is the same bytes with and without the victim; a codebook with a bound
that nothing attests answers nothing.
"""

import attack_stage as stage
import pytest

from lightwell.base import errors
from lightwell.engines import dice, duckdb, sessions
from lightwell.query import codebook, session

TEXTS = [
    "SELECT SUM(minutes) AS n FROM usage",
    "SELECT tag, AVG(minutes) AS n FROM usage GROUP BY tag",
    "SELECT MEDIAN(messages) AS n FROM usage WHERE grade = 12",
    "SELECT school, COUNT(DISTINCT child) AS n FROM usage GROUP BY school",
]


def test_a_bound_from_the_data_is_the_victims_value(tmp_path):
    files = {
        name: stage.write_files(tmp_path / name, [*stage.make_rows(), *victim])
        for name, victim in (("with", stage.make_victim()), ("without", []))
    }
    scales = {name: stage.Raw(place).find("SELECT MAX(minutes) FROM usage") for name, place in files.items()}
    assert scales["with"] == 250.0
    assert scales["without"] < 250.0
    book = stage.make_codebook()
    said = {
        name: [
            session.Session(duckdb.DuckDB(place, book, dice.OpenDP()), book, None).explain(text, epsilon=1.0)
            for text in TEXTS
        ]
        for name, place in files.items()
    }
    blind = [
        session.Session(sessions.WithoutData(book), book, None).explain(text, epsilon=1.0).charge
        for text in TEXTS
    ]
    stage.show(
        "a noise of 250 minutes a row, the victim's", "the same explanation, byte for byte, with and without"
    )
    assert said["with"] == said["without"]
    assert [one.charge for one in said["with"]] == blind


def test_a_bound_that_nothing_attests_answers_nothing(tmp_path):
    book = codebook.parse_codebook(
        {
            **stage.BOOK,
            "tables": {
                "usage": {
                    "unit": "child",
                    "rows_per_child": 8,
                    "columns": {"minutes": {"type": "real", "low": 0, "high": 250, "step": 0.01}},
                }
            },
        }
    )
    files = stage.write_files(tmp_path, stage.make_rows(children=20))
    opened = stage.open_session(tmp_path, {"usage": files["usage"]}, book=book)
    with pytest.raises(errors.UserMistake, match="attest"):
        opened.sql("SELECT COUNT(*) AS n FROM usage", epsilon=1.0)
    assert not any(one.kind == "charged" for one in opened.ledger.read_entries("invented-children"))
