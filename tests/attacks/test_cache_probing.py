"""Cache probing across grants: a free or recognisable answer tells that, and what, somebody else asked.

Reference: attack 15 and 20 of the field's list; Jin et al., S&P 2022, on timing and caches of private systems.
Twin: with kept answers free for everybody, the second grant sees no charge; with the asker's text kept beside an
answer, it reads the first one's words.
Here: the second grant is charged like the first, its balance is the same as if nobody had asked, and its answer
repeats its own words only.
"""

import attack_stage as stage

from lightwell.engines import duckdb, ledger_stores

FIRST = "SELECT COUNT(*) AS n FROM usage AS the_words_of_the_first WHERE sad AND grade = 3 /* the first's remark */"
SECOND = "SELECT COUNT(*) AS n FROM usage WHERE grade = 3 AND sad"


def ask_twice(folder, files, is_asked):
    """What the second grant sees, where the first one asked or did not."""
    ledger = ledger_stores.open_ledger(folder / f"{is_asked}.sqlite")
    book = stage.make_codebook()
    engine = duckdb.DuckDB(files, book, stage.NoDice(), threads=1)
    one, two = (
        stage.open_session(folder, files, book=book, ledger=ledger, grant=grant, engine=engine)
        for grant in ("one", "two")
    )
    if is_asked:
        one.sql(FIRST, epsilon=0.5)
    answer = two.sql(SECOND, epsilon=0.5)
    part = next(grant for grant in ledger.read_balance("invented-children").grants if grant.id == "two")
    return answer, part.balance


def test_a_kept_answer_tells_that_another_asked(tmp_path, monkeypatch):
    files = stage.write_files(tmp_path, stage.make_rows(children=60))
    with monkeypatch.context() as patch:
        patch.setattr(ledger_stores.StoredLedger, "_is_free", lambda *_: True)
        twin, balance = ask_twice(tmp_path, files, "twin")
        assert twin.is_free
        assert balance.used.nano_rho == 0
    seen = [ask_twice(tmp_path, files, is_asked) for is_asked in (True, False)]
    (asked, charged), (alone, charged_alone) = seen
    stage.show("free, so somebody asked before", "the same charge, balance and bytes either way")
    assert charged == charged_alone
    assert charged.used.nano_rho > 0
    assert asked == alone
    assert asked.body == alone.body
    assert asked.to_json() == alone.to_json()
    assert asked.is_free is alone.is_free is False
    assert b"the_words_of_the_first" not in asked.body
    assert "remark" not in asked.to_json()
