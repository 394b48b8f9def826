"""What follows from a plan alone: whether its bound can leave a row out."""

import pytest

from lightwell.query import check, codebook, plan

ATTESTED = {"attested": "invented"}
BOOK = codebook.parse_codebook(
    {
        "codebook": 1,
        "dataset": "d",
        "population": "p",
        "budget": {"epsilon": 9, "delta": 1e-6},
        "tables": {
            "t": {
                **{"unit": "child", "rows_per_child": 100, "attested": "invented"},
                "columns": {
                    "band": {"type": "text", "values": ["a", "b"], "nulls": False, **ATTESTED},
                    "place": {"type": "text", "values": ["x", "y"], **ATTESTED},
                    "word": {"type": "text"},
                    "n": {"type": "integer", "low": 0, "high": 9, "nulls": False, **ATTESTED},
                },
            }
        },
    }
)
EACH = "SELECT COUNT(*) AS n FROM (SELECT child{0}, COUNT(*) AS k FROM t GROUP BY child{0}) AS e"


@pytest.mark.parametrize(
    ("text", "rows", "every"),
    [
        (EACH.format(", band"), None, True),
        (EACH.format(", band, place"), None, True),
        (f"{EACH.format(', band')} WHERE k > 3", None, True),
        (EACH.format(", band"), 1, False),
        (EACH.format(", word"), None, False),
        (EACH.format(", n"), None, True),
        (EACH.format(", n"), 9, False),
        ("SELECT COUNT(*) AS n FROM t", None, False),
    ],
)
def test_a_bound_leaves_nothing_out_where_rows_are_made_for_each_of_few_values(text, rows, every) -> None:
    assert plan.counts_every_row(check.check_query(text, BOOK, rows=rows)) is every
