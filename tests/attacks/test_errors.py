"""Probing through errors: a question that fails exactly when a child's row is there.

Reference: Haeberlen, Pierce and Narayan, USENIX Security 2011; measured: DuckDB quotes the value in its message.
Twin: presence and even the words of the victim, from casts, overflow and dates.
Here: each is refused before any charge, or means null; nothing that is answered fails with any row.
"""

import attack_stage as stage
import pytest

from lightwell.query import check, refusal

OVERFLOWS = "SELECT SUM(CAST(messages * 3 AS TINYINT)) AS n FROM usage WHERE messages > 42"
# With the victim's row these fail or change in raw DuckDB.
FAILING = [
    "SELECT COUNT(*) FROM usage WHERE CAST(REPLACE(tag, 'tag', '') AS INTEGER) >= 0",
    "SELECT COUNT(*) FROM usage WHERE MAKE_DATE(2026, CAST(messages // 4 + 2 AS INTEGER), 1) IS NOT NULL",
    "SELECT COUNT(*) FROM usage WHERE STRPTIME(tag, 'tag%d') IS NOT NULL",
    "SELECT COUNT(*) FROM usage WHERE CASE WHEN grade = 12 THEN ERROR(tag) ELSE 'a' END = 'a'",
    "SELECT SUM(9223372036854775807 - 44 + messages) FROM usage WHERE messages > 42",
    "SELECT COUNT(*) FROM usage WHERE SQRT(44 - messages) >= 0",
    "SELECT COUNT(*) FROM usage WHERE LOG(44.5 - messages) >= -9",
    "SELECT COUNT(*) FROM usage WHERE CAST(tag AS DATE) IS NULL",
    "SELECT COUNT(*) FROM usage WHERE REPEAT(tag, CAST(minutes AS BIGINT)) = 'x' AND JSON(tag) IS NULL",
    "SELECT COUNT(*) FROM usage WHERE (SELECT tag FROM usage WHERE grade >= 11) = 'x'",
]
# These are answered, and null where the number does not exist.
TOTAL = [
    OVERFLOWS,
    "SELECT COUNT(*) AS n FROM usage WHERE messages / (grade - 12) > 1",
    "SELECT COUNT(*) AS n FROM usage WHERE minutes / NULLIF(messages - 45, 0) > 1",
    "SELECT SUM(messages * 100000 * 1000) AS n FROM usage",
    "SELECT SUM(messages % 7 + messages // 3) AS n FROM usage",
    "SELECT COUNT(*) AS n FROM usage WHERE day + INTERVAL 300 DAY > DATE '2026-12-01'",
    "SELECT COUNT(*) AS n FROM usage WHERE EXTRACT(year FROM day) = 2026",
    "SELECT AVG(LEAST(GREATEST(minutes / (messages - 45), 0), 10)) AS n FROM usage",
]


def test_an_error_tells_that_a_row_is_there(tmp_path):
    quiet = stage.Raw(stage.write_files(tmp_path / "without", stage.make_rows()))
    loud = stage.Raw(stage.write_files(tmp_path / "with", [*stage.make_rows(), *stage.make_victim()]))
    told = [
        text
        for text in [*FAILING, OVERFLOWS]
        if isinstance(loud.try_asking(text), str) and isinstance(quiet.try_asking(text), list)
    ]
    quoted = [text for text in told if stage.SECRET in loud.try_asking(text)]
    stage.show(
        f"{len(told)} of {len(FAILING) + 1} fail only with the victim, {len(quoted)} quote its words",
        "0 get as far as the data",
    )
    assert len(told) >= 4
    assert quoted


@pytest.mark.parametrize("text", FAILING)
def test_what_can_fail_is_refused_before_any_charge(text):
    with pytest.raises(refusal.QueryRefused):
        check.check_query(text, stage.make_codebook())


@pytest.mark.parametrize("text", TOTAL)
def test_what_is_answered_fails_with_no_row(tmp_path, text):
    nasty = [
        *stage.make_victim(),
        *stage.make_victim(minutes=float("nan"), messages=None, day=None),
        *stage.make_victim(minutes=1e308, messages=2**62, grade=-(2**62), sad=None),
        *stage.make_victim(minutes=float("-inf"), messages=-(2**63), grade=2**63 - 1),
    ]
    files = stage.write_files(tmp_path, [*stage.make_rows(children=20), *nasty])
    vector, _ = stage.measure(files, text)
    assert vector
