"""Data that can be asked: their page, questions tried without an account, answers on record."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import datetime
import io
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import disclosure_fixture
import duckdb
import httpx
import pytest
import query_fixture
from django.template.loader import render_to_string
from django.test import Client
from django.utils.html import escape
from test_site_pages import TECHNICAL, Page

from lightwell.actions import datasets, query_records, search, tryouts
from lightwell.client.site import Site
from lightwell.engines import budgets, dummies, ledger_stores
from lightwell.engines import tryouts as processes
from lightwell.files import foundation
from lightwell.files.state import State
from lightwell.query import ledger
from lightwell.query import release as releases
from lightwell.query.refusal import Refusal
from lightwell.web import answer_tables, citations, dataset_pages

pytestmark = pytest.mark.django_db
PAGE, TRY = f"/records/{query_fixture.DATASET}/", f"/datasets/{query_fixture.DATASET}/try/"
FILES = f"/datasets/{query_fixture.DATASET}"
ANSWER = f"/records/{query_fixture.ANSWER}/"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> disclosure_fixture.Desk:
    monkeypatch.setenv("LIGHTWELL_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(tryouts, "ROWS", 2000)
    foundation.lay_foundation(tmp_path / "state", origin="log.example/asked")
    made = disclosure_fixture.Desk(State(tmp_path / "state"))
    query_fixture.publish_dataset(made)
    query_fixture.publish_answer(made)
    return made


def ask(client: Client, question: str, price: str = "0.5") -> tuple[int, str]:
    answer = client.post(TRY, {"question": question, "price": price})
    return answer.status_code, answer.content.decode()


def read(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


def test_every_page_is_well_formed_and_in_public_words(desk: disclosure_fixture.Desk, client: Client) -> None:
    for address in ("/", "/datasets/", PAGE, TRY, f"{TRY}?example=one-child", ANSWER, f"{ANSWER}1/"):
        page = Page(read(client, address))
        assert page.stack == []
        assert page.count("h1") == 1
        ours = " ".join(" ".join(page.ours).split()).replace("publisher's summary", "")
        assert TECHNICAL.findall(ours) == [], address


def test_a_stranger_gets_from_the_front_page_to_an_answer_by_three_links(
    desk: disclosure_fixture.Desk, client: Client
) -> None:
    assert f'href="{TRY}"' in read(client, "/")
    assert f'href="{PAGE}"' in read(client, "/datasets/")
    page = read(client, PAGE)
    assert f'href="{TRY}?example=children-events"' in page
    answered = read(client, f"{TRY}?example=children-events")
    assert "These are invented rows." in answered
    assert "10 to 12 years" in answered
    assert "of the privacy budget, for good" in answered
    assert answered.count("<svg xmlns") == 1
    assert "set-cookie" not in {name.lower() for name in client.get(TRY).headers}


def test_every_example_is_answered_but_the_last_which_says_why_not(
    desk: disclosure_fixture.Desk, client: Client
) -> None:
    found = datasets.find_dataset(desk.state, query_fixture.DATASET)
    assert found is not None
    examples = tryouts.list_examples(found, query_records.list_answers(query_fixture.DATASET))
    assert len({each.question for each in examples}) == len(examples) >= 5
    for each in examples[:-1]:
        tried = tryouts.try_question(state=desk.state, dataset=found, question=each.question, epsilon=0.5)
        assert tried.release is not None, each
        assert tried.release.is_sample
    page = read(client, f"{TRY}?example={examples[-1].name}")
    assert "SELECT <mark>*</mark> FROM events" in page
    assert "Rows of children are never shown." in page
    assert "no-aggregate" in page


@pytest.mark.parametrize(
    ("question", "price", "words"),
    [
        ("", "0.5", "There is no question yet"),
        ("SELECT COUNT(*) FROM survey", "0", "between 0.01 and 3"),
        ("SELECT COUNT(*) FROM survey", "1e9", "between 0.01 and 3"),
        ("SELECT COUNT(*) FROM survey", "nan", "between 0.01 and 3"),
        ("SELECT COUNT(*) FROM survey", "cheap", "between 0.01 and 3"),
        ("x" * 4001, "0.5", "longer than 4,000 characters"),
        ("SELECT COUNT(*) FROM '/etc/passwd'", "0.5", "There is no table /etc/passwd."),
        ("SELECT COUNT(*) FROM read_csv('/etc/passwd')", "0.5", "<mark>"),
        ("COPY survey TO '/tmp/out'", "0.5", "only-select"),
        ("ATTACH '/tmp/x' AS y", "0.5", "only-select"),
        ("SELECT COUNT(*) FROM survey; SELECT 1", "0.5", "not answered"),
        ("<script>alert(1)</script>", "0.5", "&lt;script&gt;"),
        ("SELECT \ud800 FROM survey".encode("utf-8", "replace").decode(), "0.5", "not answered"),
    ],
)
def test_what_cannot_be_answered_is_said_in_a_sentence(
    desk: disclosure_fixture.Desk, client: Client, question: str, price: str, words: str
) -> None:
    status, page = ask(client, question, price)
    assert status == 400
    assert words in page
    assert "<script>" not in page
    assert "Traceback" not in page


def test_a_question_that_takes_too_long_is_ended(
    desk: disclosure_fixture.Desk, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "SECONDS", -5)
    status, page = ask(client, "SELECT COUNT(*) FROM survey")
    assert status == 400
    assert "more time or memory than a try may" in page


def test_where_many_try_at_once_the_next_is_refused_at_once_with_its_question_and_pages_are_read(
    desk: disclosure_fixture.Desk, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tryouts, "_PATIENCE_SECONDS", 0.0)
    with contextlib.ExitStack() as others:
        for _ in range(3):
            others.enter_context(tryouts._stand_in_line())
        assert client.get(f"{FILES}/invented-rows/survey.csv").status_code == 503
        status, page = ask(client, "SELECT COUNT(*) AS written_with_care FROM survey")
        assert status == 503
        assert "Many people are trying questions just now" in page
        assert "written_with_care" in page
        assert not (desk.state.root / "dummies").exists()
    assert ask(client, "SELECT COUNT(*) FROM survey")[0] == 200
    with contextlib.ExitStack() as others:
        for _ in range(2):
            others.enter_context(tryouts._take(tryouts._at_once, 0.0))
        assert ask(client, "SELECT COUNT(*) FROM survey")[0] == 503
    assert ask(client, "SELECT COUNT(*) FROM survey")[0] == 200


def test_a_process_makes_invented_rows_once_for_all_who_ask_at_the_same_time(
    desk: disclosure_fixture.Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = datasets.find_dataset(desk.state, query_fixture.DATASET)
    assert found is not None
    made, make = [], processes.make_rows
    monkeypatch.setattr(processes, "make_rows", lambda *a, **k: (made.append(1), make(*a, **k))[1])
    with ThreadPoolExecutor(8) as pool:
        places = list(pool.map(lambda _: tryouts.make_dummies(desk.state, found), range(8)))
    assert made == [1]
    assert all(place.is_file() for each in places for place in each.values())


def test_invented_rows_that_take_too_much_are_not_made_and_leave_nothing(
    desk: disclosure_fixture.Desk, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Enough for a process to start and to read the codebook, far too little for the rows.
    monkeypatch.setattr(processes, "MAKING_SECONDS", 3)
    monkeypatch.setattr(tryouts, "ROWS", 20_000_000)
    status, page = ask(client, "SELECT COUNT(*) AS written_with_care FROM survey")
    assert status == 503
    assert "cannot be made here within the time and memory they may take" in page
    assert "written_with_care" in page
    assert list((desk.state.root / "dummies").iterdir()) == []
    monkeypatch.setattr(processes, "MAKING_SECONDS", 30)
    monkeypatch.setattr(tryouts, "ROWS", 2000)
    assert ask(client, "SELECT COUNT(*) FROM survey")[0] == 200


def test_the_web_process_itself_makes_no_row(
    desk: disclosure_fixture.Desk, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("rows are made without a limit")

    monkeypatch.setattr(dummies, "write_dummies", refuse)
    monkeypatch.setattr(dummies, "write_csv", refuse)
    assert client.get(f"{FILES}/invented-rows/survey.csv").status_code == 200
    assert ask(client, "SELECT COUNT(*) FROM survey")[0] == 200


def test_a_try_opens_no_ledger_and_keeps_nothing_of_the_question(
    desk: disclosure_fixture.Desk, client: Client
) -> None:
    assert ask(client, "SELECT COUNT(*) AS quaxquestion FROM survey")[0] == 200
    assert not datasets.place_ledger(desk.state).exists()
    kept = [each for each in desk.state.root.rglob("*") if each.is_file()]
    assert [each for each in kept if b"quaxquestion" in each.read_bytes()] == []


def test_what_somebody_asked_is_stored_by_no_cache(desk: disclosure_fixture.Desk, client: Client) -> None:
    for question in ("SELECT COUNT(*) FROM survey", "SELECT * FROM survey", "x" * 4001, ""):
        assert client.post(TRY, {"question": question, "price": "0.5"})["Cache-Control"] == "no-store"
    assert client.get(f"{TRY}?example=one-child")["Cache-Control"] == "no-cache"


def test_an_example_is_answered_once_whatever_else_its_address_says(
    desk: disclosure_fixture.Desk, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, try_question = [], processes.try_question
    monkeypatch.setattr(processes, "try_question", lambda *a: (asked.append(1), try_question(*a))[1])
    page = read(client, f"{TRY}?example=children-survey")
    for more in ("&junk=1", "&junk=2", "&example=children-survey", "&%00=%ff", "&examples=one-child"):
        assert read(client, f"{TRY}?example=children-survey{more}") == page
    assert read(client, f"{TRY}?junk=3&example=one-child&example=children-survey") == page
    assert asked == [1]
    assert read(client, f"{TRY}?example=one-child") != page
    assert client.get(f"{TRY}?example=nothing&junk=1").status_code == 400
    assert asked == [1, 1]


def test_invented_rows_say_so_in_the_file_and_the_codebook_is_the_attached_one(
    desk: disclosure_fixture.Desk, client: Client, tmp_path: Path
) -> None:
    parquet = client.get(f"{FILES}/invented-rows/survey.parquet")
    (tmp_path / "got.parquet").write_bytes(b"".join(parquet.streaming_content))  # type: ignore[attr-defined]
    assert dummies.is_dummy(tmp_path / "got.parquet")
    table = client.get(f"{FILES}/invented-rows/survey.csv")
    text = b"".join(table.streaming_content).decode()  # type: ignore[attr-defined]
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {row[dummies.CSV_LABEL] for row in rows} == {"yes"}
    assert len(rows) == duckdb.sql(f"SELECT COUNT(*) FROM '{tmp_path / 'got.parquet'}'").fetchall()[0][0]
    found = datasets.find_dataset(desk.state, query_fixture.DATASET)
    assert found is not None
    assert client.get(f"{FILES}/codebook.yaml").content == found.file
    for missing in ("nothing.csv", "..%2Flog.parquet", "survey.exe"):
        assert client.get(f"{FILES}/invented-rows/{missing}").status_code == 404


def test_a_removed_data_set_answers_nothing_and_its_invented_rows_go(
    desk: disclosure_fixture.Desk, client: Client
) -> None:
    read(client, f"{TRY}?example=children-survey")
    assert len(list((desk.state.root / "dummies").iterdir())) == 1
    assert tryouts.sweep_dummies(desk.state) == 0
    desk.withdraw(query_fixture.DATASET, "published-in-error", query_fixture.NOW)
    assert client.get(PAGE).status_code == 410
    for address in (TRY, f"{FILES}/codebook.yaml", f"{FILES}/invented-rows/survey.csv"):
        assert client.get(address).status_code == 404, address
    assert client.post(TRY, {"question": "SELECT COUNT(*) FROM survey", "price": "0.5"}).status_code == 404
    assert client.get(f"/api/1/datasets/{query_fixture.DATASET}").status_code == 404
    assert tryouts.sweep_dummies(desk.state) == 1
    # The answer stays: it was given, and its record is another one.
    assert "cannot be asked here now" in read(client, ANSWER)


def test_the_public_budget_is_the_ledgers_of_the_last_midnight_and_no_charge_moves_it_before_the_next(
    desk: disclosure_fixture.Desk, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.datetime(2026, 11, 25, 15, 30, tzinfo=datetime.UTC)
    clock = [now]
    monkeypatch.setattr(State, "read_now", lambda _: clock[0])
    page = read(client, PAGE)
    assert "all of it is left" in page
    assert "As of 25 November 2026, 00:00 UTC." in page
    found = datasets.find_dataset(desk.state, query_fixture.DATASET)
    assert found is not None
    moment = [now - datetime.timedelta(days=1)]
    opened = ledger_stores.open_ledger(datasets.place_ledger(desk.state), clock=lambda: moment[0])
    budgets.open_budget(opened, found.codebook, "owner", by="owner")
    part = ledger.Cost(budgets.find_cap(found.codebook).nano_rho // 400, 0)

    def charge(count: int) -> None:
        for _ in range(count):
            keys.append(f"sha256:{len(keys):064x}")
            request = ledger.Request(found.codebook.population, "owner", "v", keys[-1], keys[-1], part)
            opened.charge(request)

    keys: list[str] = []
    charge(100)
    assert ">75 %<" in (before := read(client, PAGE))
    assert "75 per cent of the privacy budget is left" in before
    moment[0] = now
    charge(100)
    for address in (PAGE, "/datasets/"):
        assert ">75 %<" in read(client, address)
    told = client.get(f"/api/1/datasets/{query_fixture.DATASET}").json()
    assert (told["budget_left"], told["budget_as_of"]) == (0.75, "2026-11-25T00:00:00Z")
    assert read(client, PAGE) == before
    clock[0] = now.replace(hour=23, minute=59)
    assert read(client, PAGE) == before
    clock[0] = now.replace(day=26, hour=0, minute=0)
    for address in (PAGE, "/datasets/"):
        page = read(client, address)
        assert ">50 %<" in page
        assert "As of 26 November 2026, 00:00 UTC." in page
    opened.close()


@pytest.mark.parametrize(("hours", "hour"), [(24, 0), (12, 12), (8, 8), (6, 12), (1, 15)])
def test_the_public_budget_changes_at_the_hours_that_are_set(
    desk: disclosure_fixture.Desk, monkeypatch: pytest.MonkeyPatch, hours: int, hour: int
) -> None:
    east = datetime.timezone(datetime.timedelta(hours=9))
    now = datetime.datetime(2026, 11, 26, 0, 30, 17, tzinfo=east)
    monkeypatch.setattr(State, "read_now", lambda _: now)
    tick = datetime.datetime(2026, 11, 25, hour, tzinfo=datetime.UTC)
    assert datasets.find_tick(desk.state, hours) == tick


def test_the_page_of_an_answer_says_what_its_bytes_say(desk: disclosure_fixture.Desk, client: Client) -> None:
    page = read(client, ANSWER)
    for words in (
        *("8.788", "8.784 to 8.792", "Nights of the week", query_fixture.QUESTION, "Cite this"),
        *("lightwell verify everything.zip", "What is not proven", "1 in 10,000,000"),
        "no answer could have become more than 1.6 times",
    ):
        assert words in page, words
    svg = read(client, f"{ANSWER}1/chart-1.svg")
    assert "8.788 (8.784 to 8.792)" in svg
    assert "The scale does not begin at zero." in svg
    assert client.get(f"{ANSWER}1/chart-2.svg").status_code == 404
    assert client.get(f"{ANSWER}2/numbers.csv").status_code == 404
    rows = list(csv.DictReader(io.StringIO(read(client, f"{ANSWER}1/numbers.csv"))))
    told = json.loads(query_fixture.read_answer())
    assert [float(row["hours_of_sleep"]) for row in rows] == [row["hours_of_sleep"] for row in told["rows"]]
    assert {row["sample"] for row in rows} == {"yes"}
    desk.withdraw(query_fixture.ANSWER, "published-in-error", query_fixture.NOW)
    for address in (f"{ANSWER}1/chart-1.svg", f"{ANSWER}1/numbers.csv"):
        assert client.get(address).status_code == 404


def test_an_answer_is_cited_by_reference_managers(desk: disclosure_fixture.Desk, client: Client) -> None:
    sent = client.get(f"{ANSWER}1/cite.json")
    assert sent["Content-Type"] == "application/vnd.citationstyles.csl+json"
    assert sent["Content-Disposition"] == f'attachment; filename="{query_fixture.ANSWER}-1.json"'
    (item,) = json.loads(sent.content)
    record = disclosure_fixture.read_value("query-release")
    assert item["title"] == record["body"]["title"]
    assert item["author"] == [{"literal": "Larkfield (sample)"}]
    assert item["issued"] == {"date-parts": [[2026, 8, 21]]}
    assert item["URL"] == f"http://testserver{ANSWER}1/"
    assert record["body"]["answer"] in item["note"]
    assert "children who are counted are invented" in item["note"]
    entry = read(client, f"{ANSWER}1/cite.bib")
    assert entry.startswith(f"@misc{{{query_fixture.ANSWER},\n  author = {{{{Larkfield (sample)}}}},")
    page = read(client, ANSWER)
    assert escape(entry) in page
    for form in ("json", "bib"):
        assert f'href="{ANSWER}1/cite.{form}"' in page
        assert client.get(f"{ANSWER}2/cite.{form}").status_code == 404
    assert client.get(f"{ANSWER}1/cite.xml").status_code == 404
    told = client.get(f"/api/1/answers/{query_fixture.ANSWER}").json()
    assert client.get(told["citations"]["csl-json"]).content == sent.content
    desk.withdraw(query_fixture.ANSWER, "published-in-error", query_fixture.NOW)
    assert client.get(f"{ANSWER}1/cite.json").status_code == 404


def test_what_bibtex_takes_for_a_command_is_escaped() -> None:
    item = {
        **{"id": "qry-1", "author": [{"literal": "A_B & {C}"}], "title": "50 % of #1 \\ $x^2~y"},
        **{"issued": {"date-parts": [[2026, 1, 5]]}, "version": "1", "publisher": "L", "note": "n"},
        "URL": "https://x.example/a_b",
    }
    entry = citations.format_bibtex(item)
    assert r"author = {{A\_B \& \{C\}}}" in entry
    assert r"title = {{50 \% of \#1 \textbackslash{} \$x\textasciicircum{}2\textasciitilde{}y}}" in entry
    assert "date = {2026-01-05}" in entry
    assert "url = {https://x.example/a_b}" in entry


def test_an_answer_is_read_by_the_codebook_it_was_given_by_and_not_by_a_newer_one(
    desk: disclosure_fixture.Desk, client: Client
) -> None:
    before = datasets.find_dataset(desk.state, query_fixture.DATASET)
    assert before is not None
    old, new = "Nights of the week with use between", "Mornings of the week without use after"
    query_fixture.publish_codebook(desk, before.row, old, new)
    assert new in read(client, PAGE)
    for address in (ANSWER, f"{ANSWER}1/chart-1.svg"):
        page = read(client, address)
        assert "ights of the week with use" in page
        assert "ornings of the week" not in page
    assert "of it, for good" in read(client, ANSWER)
    # With the version that named it gone, nothing says what the columns meant.
    desk.withdraw(query_fixture.DATASET, "published-in-error", query_fixture.NOW, version=before.row.version)
    page = read(client, ANSWER)
    assert "ights of the week with use" not in page
    assert "ornings of the week" not in page


def test_without_the_query_engine_the_pages_say_so(
    desk: disclosure_fixture.Desk, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "NEEDED", ("no_such_package",))
    for address in (PAGE, TRY):
        page = read(client, address)
        assert "the program that answers them is not installed here" in page
        assert 'name="question"' not in page
    assert ask(client, "SELECT COUNT(*) FROM survey")[0] == 200
    assert client.get(f"{FILES}/invented-rows/survey.csv").status_code == 404


def test_search_finds_data_and_answers_by_their_own_words(
    desk: disclosure_fixture.Desk, client: Client
) -> None:
    assert [each.record for each in query_records.find_by_words("midnight sleep")]
    assert query_fixture.ANSWER in [each.record for each in query_records.find_by_words("hours_of_sleep")]
    for none in ("", "quaxnowhere", "title:sleep", '"sleep"', "-sleep"):
        assert query_records.find_by_words(none) == []


def test_the_search_page_finds_data_and_answers_in_view_and_none_that_was_removed(
    desk: disclosure_fixture.Desk, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    about, answer = query_fixture.publish_another(desk, tmp_path / "rows", "quaxlanterns")
    search.update_index(desk.state)

    def look(words: str) -> list[str]:
        page = read(client, f"/search/?q={words}")
        return [each for each in (about.record, answer.record) if f'href="/records/{each}/"' in page]

    assert look("quaxlanterns") == look("QUAXLANT") == [about.record, answer.record]
    assert look("n_quaxlanterns") == [answer.record]
    assert look("quaxlanterns+quaxnowhere") == look("-quaxlanterns") == []
    # Many searches of one state of the archive read the records once.
    read_again: list[int] = []
    listed = query_records.list_words
    monkeypatch.setattr(query_records, "list_words", lambda: (read_again.append(1), listed())[1])
    for words in ("quaxlanterns", "sleep", "midnight", "quaxnowhere"):
        look(words)
    assert read_again == []
    desk.withdraw(answer.record, "published-in-error", query_fixture.NOW)
    assert look("quaxlanterns") == [about.record]
    desk.withdraw(about.record, "published-in-error", query_fixture.NOW)
    assert look("quaxlanterns") == []
    assert len(read_again) == 2


def test_programs_read_the_same_as_people(desk: disclosure_fixture.Desk, client: Client) -> None:
    def send(request: httpx.Request) -> httpx.Response:
        answer = client.get(str(request.url).removeprefix("https://log.example"))
        return httpx.Response(answer.status_code, content=answer.content, headers=dict(answer.items()))

    with Site("https://log.example", httpx.Client(transport=httpx.MockTransport(send))) as site:
        (dataset,) = site.iterate_datasets()
        assert dataset["tables"] == ["events", "survey"]
        assert dataset["answers"] == [query_fixture.ANSWER]
        assert dataset["budget_left"] is None
        (answer,) = site.iterate_answers(dataset=query_fixture.DATASET)
        assert answer == site.read_answer(query_fixture.ANSWER)
        assert answer["rows"] == json.loads(query_fixture.read_answer())["rows"]
        assert list(site.iterate_answers(dataset="dat-none")) == []
        assert b"larkfield-use" in site.read_codebook(query_fixture.DATASET)


@pytest.mark.parametrize(
    ("value", "ends", "number", "span"),
    [
        (8.78777016948, (8.78381886571, 8.79172330954), "8.788", "8.784 to 8.792"),
        (6.78, (5.8, 7.68), "6.8", "5.8 to 7.7"),
        (-680, (0, 1729), "\N{MINUS SIGN}680", "0 to 1,729"),
        (12, (12, 12), "12", "12 to 12"),
        (None, (0, 5), "", ""),
        (3.5, None, "3.5000", ""),
        (7, (3, None), "7", "at least 3"),
        (1.23e-7, (1.01e-7, 1.45e-7), "0.00000012", "0.00000010 to 0.00000014"),
        (0, (-4e-9, 4e-9), "0.000000000", "\N{MINUS SIGN}0.000000004 to 0.000000004"),
        (1.23e-15, (1.01e-15, 1.45e-15), "1.2 × 10⁻¹⁵", "1.0 × 10⁻¹⁵ to 1.5 × 10⁻¹⁵"),
        (-2e-20, None, "\N{MINUS SIGN}2.0000 × 10⁻²⁰", ""),
    ],
)
def test_a_number_has_the_digits_that_its_range_leaves_a_meaning(
    value: float | None, ends: tuple[float | None, float | None] | None, number: str, span: str
) -> None:
    cell = answer_tables.write_number(value, ends)
    assert (cell.number, cell.range) == (number, span)


@pytest.mark.parametrize(
    ("notes", "said"),
    [
        (("No group was large enough to be shown. That does not say that there is none.",), None),
        ((), "The answer has no rows."),
    ],
)
def test_an_answer_without_a_group_is_a_sentence_and_no_empty_table(
    notes: tuple[str, ...], said: str | None
) -> None:
    told = releases.read_release(query_fixture.read_answer())
    empty = dataclasses.replace(told, rows=(), intervals=(), notes=(*notes, *told.notes))
    page = render_to_string("queries/answer.html", {"table": answer_tables.make_table(empty, None)})
    assert (said or notes[0]) in page
    assert "<table" not in page
    assert answer_tables.draw_charts(empty, None, "nobody", is_sample=True) == []
    assert "<table" in render_to_string(
        "queries/answer.html", {"table": answer_tables.make_table(told, None)}
    )


def test_refused_places_are_marked_and_everything_else_is_escaped() -> None:
    refusals = [
        Refusal("a", "", "", 2, 6),
        Refusal("b", "", "", 1, 8),
        Refusal("c", "", "", 0, 0),
        Refusal("d", "", "", 9, 1),
    ]
    marked = dataset_pages.mark_places("SELECT <b>\nFROM 'x y'", refusals)
    assert marked == "SELECT <mark>&lt;</mark>b&gt;\nFROM <mark>&#x27;x y&#x27;</mark>"
