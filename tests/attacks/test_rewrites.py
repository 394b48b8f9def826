"""Semantic rewrites: the same question in other words, for noise that averages out.

Reference: QuerySnout and QueryCheetah, CCS 2022 and 2024 (arXiv 2409.01992).
Twin: the exact number, from the mean of 800 answers with fresh noise, as each wording has without a ledger.
Here: a wording is either the same question, free and with the same bytes, or it is charged; the budget ends them.
"""

import attack_stage as stage
import pytest

from lightwell.base import errors

PLAIN = "SELECT COUNT(*) AS n FROM usage WHERE grade = 12 AND sad"
SAME = [
    PLAIN.lower().replace("count", "Count"),
    "SELECT COUNT(*) AS n FROM usage WHERE sad AND grade = 12 -- other words",
    "SELECT COUNT(*) AS n FROM usage AS u WHERE (12 = u.grade) AND (u.sad)",
]


def list_wordings():
    """Never the same twice, and always the same rows."""
    for number in range(1000):
        yield f"SELECT COUNT(*) AS n FROM usage WHERE grade = 12 AND sad AND messages <> {-1 - number}"


def test_other_words_bring_fresh_noise(tmp_path):
    files = stage.write_files(tmp_path, [*stage.make_rows(), *stage.make_victim()])
    twin = stage.FreshEngine(files, stage.make_codebook())
    exact = stage.Raw(files).find(PLAIN)
    # The engine without its ledger: each wording would have noise of its own.
    mean = sum(twin.ask(PLAIN, epsilon=20)[0]["n"] for _ in range(800)) / 800
    assert abs(mean - exact) < 0.5
    opened = stage.open_session(tmp_path, files, epsilon=1.0)
    first = opened.sql(PLAIN, epsilon=0.2)
    for text in SAME:
        again = opened.sql(text, epsilon=0.2)
        assert (again.body, again.is_free) == (first.body, True)
    wordings, answered = list_wordings(), []

    def ask_on():
        while True:
            answered.append(opened.sql(next(wordings), epsilon=0.2))

    with pytest.raises(errors.Refused, match="left"):
        ask_on()
    balance = opened.ledger.read_balance("invented-children").balance
    stage.show(
        f"mean over 800 wordings: {mean:.2f} for {exact}",
        f"{len(answered)} further wordings, each charged, until the budget ended",
    )
    assert balance.used.nano_rho <= balance.cap.nano_rho
    assert len(answered) + 1 == len({one.id for one in [first, *answered]})
    assert len(answered) < 60
