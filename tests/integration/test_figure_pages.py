"""What pages of published figures say, and no more than is known; their charts on other sites' pages."""

from __future__ import annotations

import datetime
from decimal import Decimal

import disclosure_fixture
import figure_fixture
import pytest
from django.test import Client

from lightwell.actions import comparisons, log, revisions
from lightwell.db.models import FigureEdition
from lightwell.files import foundation
from lightwell.files.state import State
from lightwell.web import figure_charts, memory
from lightwell.web.templatetags import figures as words

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime.datetime(2026, 11, 25, 12, tzinfo=datetime.UTC)
Q1, Q2 = "larkfield-2026-q1.csv", "larkfield-2026-q2.csv"


@pytest.fixture
def desk(tmp_path, settings, monkeypatch):
    foundation.lay_foundation(tmp_path / "state", origin="log.example/figures")
    monkeypatch.setenv("LIGHTWELL_STATE", str(tmp_path / "state"))
    log.begin_log(now=NOW)
    return disclosure_fixture.Desk(State(tmp_path / "state"))


def ask(address: str):
    answer = Client(headers={"host": "localhost"}).get(address)
    assert answer.status_code == 200, address
    return answer


@pytest.mark.parametrize("form", ["svg", "png"])
def test_browsers_may_show_a_chart_on_the_page_of_another_site_and_no_page(desk, form: str) -> None:
    figure_fixture.publish_editions(desk, NOW)
    key = figure_fixture.list_keys()[0]
    for _ in range(2):  # made, then kept
        assert ask(f"/figures/over-time/{key}.{form}")["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert ask(f"/figures/over-time/{key}/")["Cross-Origin-Resource-Policy"] == "same-origin"


def test_a_citation_names_edition_file_fingerprint_day_publisher_record_and_address(desk) -> None:
    figure_fixture.publish_editions(desk, NOW)
    newest = FigureEdition.objects.visible().last()
    key = figure_fixture.list_keys()[0]
    cited = ask(f"/figures/over-time/{key}/").content.decode().partition('id="cite"')[2].partition("</p>")[0]
    for said in (
        "Safety figures",
        "editions 2026Q1 to 2026Q2",
        Q2,
        newest.digest,
        "25 November 2026",
        newest.disclosure.read_record().publisher.name,
        newest.disclosure.record,
        f"/figures/over-time/{key}/",
    ):
        assert said in cited


@pytest.mark.parametrize(
    ("editions", "ending"),
    [
        ([(Q1, [("Removed", "2026Q1", "1")])], "; one edition has this figure"),
        ([(Q1, [("Removed", "2026Q1", "N/A")])], "; it gave no number"),
        (
            [(Q1, [("Removed", "2026Q1", "1")]), (Q2, [("Removed", "2026Q2", "2")])],
            "; each edition covers a period of its own",
        ),
        (
            [
                (Q1, [("Removed", "2026Q1", "1")]),
                (Q2, [("Removed", "2026Q1", "1"), ("Removed", "2026Q2", "1")]),
            ],
            "; no later edition here revised it",
        ),
        (
            # The edition between left it out: no two neighbours differ, and two editions do all the same.
            [
                (Q1, [("Removed", "2026Q1", "1")]),
                (Q2, [("Removed", "2026Q2", "1")]),
                ("larkfield-2026-q3.csv", [("Removed", "2026Q1", "2"), ("Removed", "2026Q3", "1")]),
            ],
            "; for one period it later said something else",
        ),
        (
            [
                (Q1, [("Removed", "2026Q1", "1")]),
                (Q2, [("Removed", "2026Q1", "2"), ("Removed", "2026Q2", "1")]),
            ],
            "; for one period it later said something else",
        ),
    ],
)
def test_the_sentence_over_a_figure_says_no_more_than_the_editions_allow(desk, editions, ending: str) -> None:
    figure_fixture.publish(desk, [figure_fixture.read_file(*each) for each in editions], NOW)
    history = revisions.read_history(figure_fixture.list_keys()[0])
    assert figure_charts.say_history(history).endswith(ending)


def test_all_editions_that_revised_are_called_all(desk) -> None:
    figure_fixture.publish_editions(desk, NOW)
    assert figure_charts.say_steps(revisions.list_datasets()[0]).startswith("Its one later edition revised")


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("0.7879999999999999", "0.788"),
        ("0.962", "0.962"),
        ("97.50%", "97.50%"),
        ("1,234.5", "1,234.5"),
        ("N/A", "N/A"),
        ("1.0000000", "1"),
        ("5466176", "5,466,176"),
        ("2023", "2023"),
        ("00123", "00123"),
        ("", ""),
    ],
)
def test_only_separators_are_added_and_the_noise_of_binary_numbers_rounded(printed: str, shown: str) -> None:
    assert words.tidy(printed) == shown


def test_a_little_is_not_nothing_and_no_difference_has_no_sign() -> None:
    assert words.part(Decimal("0.004")) == "under 0.1 %"
    assert words.part(Decimal(0)) == "0.0 %"
    assert words.part(Decimal("84.66")) == "84.7 %"
    assert words.signed(0) == "0"
    assert words.signed(None) == ""
    assert words.signed(-1234) == "\N{MINUS SIGN}1,234"


@pytest.mark.parametrize(
    ("query", "head"),
    [
        ("", "2 numbers revised, dropped or added later"),
        ("?kind=changed", "1 number revised later"),
        ("?kind=dropped&edition=2026Q2", "1 number no longer there in edition 2026Q2"),
        ("?kind=added&about=children", "0 numbers added later, about children&#x27;s safety"),
    ],
)
def test_the_head_over_revisions_says_what_they_were_narrowed_to(desk, query: str, head: str) -> None:
    figure_fixture.publish_editions(desk, NOW)
    page = ask(f"/figures/{figure_fixture.DATASET}/revisions/{query}").content.decode()
    assert page.partition("<h1>")[2].partition("</h1>")[0] == head.replace("&#x27;", "'")


def test_a_comparison_is_read_once_until_something_changes_and_then_without_what_was_removed(
    desk, monkeypatch
) -> None:
    monkeypatch.setattr(memory, "_shelf", memory._Shelf())
    _, second = figure_fixture.publish_editions(desk, NOW)
    read, asked = comparisons.compare_topic, []
    monkeypatch.setattr(
        comparisons, "compare_topic", lambda *args, **named: asked.append(args) or read(*args, **named)
    )
    address = "/figures/compare/spread-of-abuse-images/"
    for place in (address, f"{address}?from=elsewhere", f"{address}0.csv", f"{address}0.svg"):
        ask(place)
    assert "1,300" in ask(address).content.decode()
    assert len(asked) == 1
    desk.withdraw(second.record, "published-in-error", NOW)
    for place in (address, f"{address}?from=elsewhere", f"{address}0.csv"):
        text = ask(place).content.decode()
        assert "1,300" not in text
        assert "1,000" in text
    assert len(asked) == 2
