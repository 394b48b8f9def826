"""A session charges first, answers the same question with the same bytes, and fails without a number."""

import dataclasses
import re
import xml.etree.ElementTree as tree

import pytest
import query_cases
import test_query_engines

from lightwell.base import errors
from lightwell.engines import dice, duckdb, ledger_stores, sessions, time_grid
from lightwell.query import class_means, codebook, cost, refusal, release, session, truncation

COUNT = "SELECT country, COUNT(*) AS n FROM usage GROUP BY country"
WHOLE = cost.Cost(10**9, 10**12)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    tables = query_cases.make_tables(11, children=300)
    return test_query_engines.write_files(tmp_path_factory.mktemp("tables"), tables)


@pytest.fixture
def ledger(tmp_path):
    opened = ledger_stores.open_ledger(tmp_path / "ledger.sqlite")
    opened.open_population("invented-children", WHOLE, by="owner")
    for grant in ("owner", "other"):
        opened.open_grant("invented-children", grant, cost.Cost(10**8, 10**11), by="owner")
    return opened


@pytest.fixture
def engine(files):
    return duckdb.DuckDB(files, query_cases.make_codebook(), dice.OpenDP())


def ask(engine, ledger, **named):
    return session.Session(engine, query_cases.make_codebook(), ledger, **named)


def find_spent(ledger):
    return ledger.read_balance("invented-children").balance.used.nano_rho


def test_the_same_question_has_the_same_bytes_and_is_free(engine, ledger):
    first = ask(engine, ledger).sql(COUNT, epsilon=0.5)
    spent = find_spent(ledger)
    again = ask(engine, ledger).sql("select country, count(*) as n from usage group by country", epsilon=0.5)
    assert (again.body, find_spent(ledger)) == (first.body, spent)
    assert spent == first.charge["nano_rho"]


def make_bought():
    # Half of the children have up to 4 rows, half up to 32.
    counts = [0, 0, 0, 5000, 0, 0, 0, 0, 0, 5000]
    return truncation.Histogram("usage", tuple(counts), 3.0, 1000, "sha256:bought")


def test_what_was_bought_of_rows_per_child_is_told_with_the_answer(engine, ledger):
    plain = ask(engine, ledger).sql(COUNT, epsilon=0.5)
    assert plain.truncation is None
    assert any("not known; preparing the data buys that" in note for note in plain.notes)
    engine.histograms = {"usage": make_bought()}
    told = ask(engine, ledger).sql(COUNT, epsilon=0.5, rows=4)
    assert told.truncation["rows"] == 4
    assert told.truncation["low"] <= told.truncation["share"] <= told.truncation["high"]
    assert told.truncation["bought"] == "sha256:bought"
    assert any(f"leaves out {told.truncation['share']:.2%} of all rows of usage" in one for one in told.notes)
    assert release.read_release(told.body).truncation == told.truncation
    # It is known without data: whoever has what was bought says the same.
    without = sessions.WithoutData(query_cases.make_codebook())
    without.histograms = engine.histograms
    explained = session.Session(without, query_cases.make_codebook(), None).explain(COUNT, epsilon=3, rows=4)
    assert explained.truncation == truncation.describe_truncation(make_bought(), 4)
    assert explained.suggested_rows == 8
    assert any(f"--rows {explained.suggested_rows}" in note for note in explained.notes)


def make_means(column="minutes", center=150.0, reach=150.0):
    """Busy children have 60 minutes and the others 30."""
    sums, units = [0] * 21, class_means.UNITS
    sums[2], sums[5] = (round(5000 * (mean - center) / reach * units) for mean in (30, 60))
    squares = round(10_000 * 0.6 * class_means.SQUARE_UNITS)
    known = [0, 0, 5000 * units, 0, 0, 5000 * units, *[0] * 15]
    own = round(10_000 * 0.5 * class_means.SQUARE_UNITS)
    sigma = 3.0 * units
    return class_means.ClassMeans(column, center, reach, tuple(sums), tuple(known), squares, own, sigma, 500)


def test_how_far_a_bound_moves_an_average_is_told_with_the_answer(engine, ledger):
    bought = dataclasses.replace(make_bought(), means=(make_means(),), id="sha256:means")
    engine.histograms = {"usage": bought}
    text = "SELECT country, AVG(minutes) AS m FROM usage GROUP BY country"
    told = ask(engine, ledger).sql(text, epsilon=0.5, rows=4)
    (moved,) = told.truncation["averages"]
    # All rows have 57 on average, the first four of each child 45.
    assert moved["low"] < moved["moved"] < moved["high"] < 0
    assert moved["low"] < 45 - (4 * 30 + 27 * 60) / 31 < moved["high"]
    (moves,) = (note for note in told.notes if "move AVG(minutes) over all rows of usage by -" in note)
    assert f"Children with more than {told.truncation['seen']} rows are not in it" in moves
    assert any("Within a group" in note for note in told.notes)
    assert release.read_release(told.body).truncation == told.truncation
    filtered = ask(engine, ledger).sql("SELECT AVG(minutes) FROM usage WHERE night", epsilon=0.5, rows=4)
    assert any("and move their average by something else" in note for note in filtered.notes)
    # Where it was asked before means were bought, it is another answer.
    engine.histograms = {"usage": make_bought()}
    before = ask(engine, ledger).sql(text, epsilon=0.5, rows=4)
    assert before.id != told.id
    assert before.truncation["averages"] == []


@pytest.mark.parametrize(
    ("text", "is_told"),
    [
        ("SELECT AVG(minutes) FROM usage", True),
        ("SELECT AVG(minutes) FILTER (WHERE night) FROM usage", True),
        ("SELECT AVG(u.minutes) FROM usage AS u JOIN places AS p ON u.country = p.country", True),
        ("SELECT SUM(minutes), COUNT(*) FROM usage", False),
        ("SELECT AVG(minutes * 2) FROM usage", False),
        ("SELECT AVG(messages) FROM usage", False),
        ("SELECT AVG(n) FROM (SELECT child, COUNT(*) AS n FROM usage GROUP BY child) AS per_child", False),
    ],
)  # fmt: skip
def test_only_averages_of_columns_whose_means_were_bought_are_told(engine, text, is_told):
    engine.histograms = {"usage": dataclasses.replace(make_bought(), means=(make_means(),))}
    told = ask(engine, None).explain(text, epsilon=0.5, rows=None if "per_child" in text else 4)
    averages = (told.truncation or {}).get("averages")
    assert bool(averages) == is_told


def test_the_bound_suggested_is_that_of_the_question_and_says_why(engine):
    # Of four children three have 2 rows and one has 8, and all the same minutes.
    counts = (0, 7_500, 0, 0, 0, 2_500)
    means, units = make_means(), class_means.UNITS
    sums = [0, -6_000 * units, 0, -2_000 * units, *[0] * 17]
    known = [0, 7_500 * units, 0, 2_500 * units, *[0] * 17]
    alike = dataclasses.replace(
        means, sums=tuple(sums), known=tuple(known), squares=6_500 * units // 4, own=6_450 * units // 4
    )
    bought = truncation.Histogram("usage", counts, 3.0, 1000, "sha256:bought", (alike,))
    engine.histograms = {"usage": bought}

    def explain(text, epsilon=1.0):
        return ask(engine, None).explain(text, epsilon=epsilon)

    count = explain("SELECT COUNT(*) FROM usage")
    average = explain("SELECT AVG(minutes) FROM usage")
    assert count.suggested_rows == 8
    assert average.suggested_rows < 8
    assert f"--rows {average.suggested_rows}" in average.notes[-1]
    assert "AVG(minutes) errs by" in average.notes[-1]
    assert explain("SELECT MEDIAN(minutes) FROM usage").suggested_rows < 8
    # One number that hangs on the share of rows rules.
    assert explain("SELECT AVG(minutes), COUNT(*) FROM usage").suggested_rows == 8
    assert explain("SELECT COUNT(DISTINCT child) FROM usage").suggested_rows is None
    # In many groups and for little, noise outweighs what is left out.
    by_day = "SELECT day, country, night, COUNT(*) FROM usage GROUP BY day, country, night"
    assert explain(by_day, epsilon=0.01).suggested_rows < 8
    assert "in each of" in explain(by_day).notes[-1]


def test_an_answer_from_before_the_purchase_is_another_one(engine, ledger):
    """Else its note would tell a second grant that somebody asked before."""
    first = ask(engine, ledger).sql(COUNT, epsilon=0.5)
    engine.histograms = {"usage": make_bought()}
    second = ask(engine, ledger, grant="other").sql(COUNT, epsilon=0.5)
    assert (second.id != first.id, second.is_free) == (True, False)


@pytest.mark.parametrize(
    ("text", "is_told", "words"),
    [
        ("SELECT COUNT(*) FROM usage WHERE night", True, "Of the rows that were asked for"),
        ("SELECT COUNT(*) FROM usage AS u JOIN survey AS s ON u.child = s.child", False, "not those of one"),
        ("SELECT AVG(n) FROM (SELECT child, COUNT(*) AS n FROM usage GROUP BY child) AS x", False, ""),
        ("SELECT COUNT(DISTINCT child) FROM usage", False, ""),
        ("SELECT day, COUNT(DISTINCT child) FROM usage GROUP BY day", False, "the bound of 8 groups a child"),
        ("SELECT COUNT(DISTINCT day) FROM usage", False, "values beyond 8 of a child"),
    ],
)  # fmt: skip
def test_only_what_a_bound_on_rows_leaves_out_is_told(engine, ledger, text, is_told, words):
    engine.histograms = {"usage": make_bought()}
    found = ask(engine, ledger).sql(text, epsilon=0.5)
    assert (found.truncation is not None) == is_told
    assert any(words in note for note in found.notes[1:]) if words else len(found.notes) == 1, found.notes


def test_another_grant_pays_for_the_same_bytes(engine, ledger):
    first = ask(engine, ledger).sql(COUNT, epsilon=0.5)
    other = ask(engine, ledger, grant="other").sql(COUNT, epsilon=0.5)
    assert other.body == first.body
    assert find_spent(ledger) == 2 * first.charge["nano_rho"]


def test_another_price_or_bound_is_another_question(engine, ledger):
    answers = [
        ask(engine, ledger).sql(COUNT, epsilon=0.5),
        ask(engine, ledger).sql(COUNT, epsilon=0.6),
        ask(engine, ledger).sql(COUNT, epsilon=0.5, rows=2),
    ]
    assert len({answer.id for answer in answers}) == 3


def test_a_refusal_charges_nothing_and_touches_no_data(ledger):
    class Untouchable:
        version = "v"

        def __getattr__(self, name):
            raise AssertionError(f"the engine was asked for {name}")

    with pytest.raises(refusal.QueryRefused):
        ask(Untouchable(), ledger).sql("SELECT * FROM usage", epsilon=0.5)
    assert find_spent(ledger) == 0


@pytest.mark.parametrize("epsilon", [0, -1, float("nan"), float("inf"), 1000, True, "1"])
def test_a_price_that_is_none_is_a_mistake(engine, ledger, epsilon):
    with pytest.raises(errors.UserMistake):
        ask(engine, ledger).sql(COUNT, epsilon=epsilon)
    assert find_spent(ledger) == 0


def test_a_budget_too_small_is_refused_and_charges_nothing(engine, ledger):
    with pytest.raises(errors.Refused):
        ask(engine, ledger).sql(COUNT, epsilon=8)
    assert find_spent(ledger) == 0


def test_a_failure_after_the_charge_keeps_it_and_shows_no_number(engine, ledger, monkeypatch):
    def fail(text):
        raise errors.Damaged("The data could not be read to the end.")

    monkeypatch.setattr(engine, "_run", fail)
    with pytest.raises(errors.Damaged):
        ask(engine, ledger).sql(COUNT, epsilon=0.5)
    assert find_spent(ledger) > 0


def test_a_draft_codebook_answers_nothing(engine, ledger):
    said = {**query_cases.BOOK, "tables": {**query_cases.BOOK["tables"]}}
    said["tables"]["survey"] = {**said["tables"]["survey"], "attested": ""}
    draft = codebook.parse_codebook(said)
    with pytest.raises(errors.UserMistake, match="/tables/survey/rows_per_child"):
        session.Session(engine, draft, ledger).sql(COUNT, epsilon=0.5)


def test_explaining_needs_neither_ledger_nor_data_and_says_what_noise_there_will_be(engine):
    told = session.Session(engine, query_cases.make_codebook(), None).explain(COUNT, epsilon=1)
    assert told.noise[0]["sensitivity_squared"] == (8 * 256) ** 2
    assert "standard deviation" in " ".join(told.plan)
    assert all(text.startswith("SELECT") for text in told.statements)


def test_helpers_answer_what_sql_says_badly(engine, ledger):
    asked = ask(engine, ledger)
    bins = asked.histogram("messages", "usage", width=10, epsilon=0.5)
    assert [row["bin"] for row in bins.rows][:6] == [0, 10, 20, 30, 40, 50]
    table = asked.crosstab("country", "night", "usage", epsilon=0.5)
    header, cells = table.pivot()
    assert header == ["row", "false", "true", "null"]
    assert len(cells) == 5
    spread = asked.quantiles("messages", "usage", shares=(0.25, 0.5), by="band", epsilon=0.5)
    assert set(spread.columns) == {"by_group", "0.25", "0.5"}
    share = asked.survey_share("sad", "survey", weights="weight", clamp=3, epsilon=1)
    low, high = share.noise
    assert low <= share.share <= high
    wide_low, wide_high = share.noise_and_sampling
    assert wide_low <= low <= high <= wide_high


def test_a_picture_has_each_number_and_a_description(engine, ledger):
    answer = ask(engine, ledger).sql(COUNT, epsilon=0.5)
    drawn = tree.fromstring(answer.plot())
    name = "{http://www.w3.org/2000/svg}"
    assert len(drawn.findall(f"{name}circle")) == len(answer.rows)
    described = drawn.find(f"{name}desc").text
    assert all(row["country"] is None or row["country"] in described for row in answer.rows)
    with pytest.raises(errors.UserMistake, match="no column"):
        answer.plot("nothing")


def test_tables_have_a_low_and_a_high_beside_each_number(engine, ledger):
    pandas = pytest.importorskip("pandas")
    frame = ask(engine, ledger).sql(COUNT, epsilon=0.5).to_pandas()
    assert list(frame.columns) == ["country", "n", "n low", "n high"]
    assert isinstance(frame, pandas.DataFrame)
    assert (frame["n low"] <= frame["n high"]).all()


class Clock:
    def __init__(self):
        self.now, self.slept = 1234.5, []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


def test_answers_go_out_on_the_grid_whether_kept_or_computed(engine, ledger):
    clock = Clock()
    grid = time_grid.TimeGrid(ask(engine, ledger), tick=60, clock=clock, sleep=clock.sleep)
    grid.sql(COUNT, epsilon=0.5)
    assert clock.now % 60 == 0
    first = clock.now
    clock.now += 3
    grid.sql(COUNT, epsilon=0.5)
    assert clock.now == first + 120


def test_a_failure_after_the_charge_waits_for_the_grid_and_a_refusal_does_not(engine, ledger, monkeypatch):
    clock = Clock()
    grid = time_grid.TimeGrid(ask(engine, ledger), tick=60, clock=clock, sleep=clock.sleep)
    with pytest.raises(refusal.QueryRefused):
        grid.sql("SELECT * FROM usage", epsilon=0.5)
    assert not clock.slept
    monkeypatch.setattr(engine, "_run", lambda text: (_ for _ in ()).throw(errors.Damaged("gone")))
    with pytest.raises(errors.Damaged):
        grid.sql(COUNT, epsilon=0.5)
    assert clock.now % 60 == 0
    assert clock.slept


def test_a_number_is_written_the_same_in_table_and_bytes(engine, ledger):
    answer = ask(engine, ledger).sql("SELECT AVG(minutes) AS mean FROM usage", epsilon=0.5)
    assert re.search(rb'"mean":(null|[0-9.]+)', answer.body)
    assert answer.to_json().count("mean") >= 2
