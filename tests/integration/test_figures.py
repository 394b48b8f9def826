"""Published figures from a company's file to a page: what is stated, what was revised, and the one gate."""

from __future__ import annotations

import copy
import csv
import datetime
import io
import json
import os
import re
from pathlib import Path

import disclosure_fixture
import figure_fixture
import httpx
import pytest
from click.testing import CliRunner, Result
from django.core.wsgi import get_wsgi_application
from django.test import Client

from lightwell.actions import (
    bundles,
    comparisons,
    disclosures,
    editions,
    figures,
    log,
    organisations,
    proposals,
    revisions,
    watching,
)
from lightwell.base import disclosure, errors, withholding
from lightwell.cli import edition as edition_command
from lightwell.client import site, verify
from lightwell.db.models import Disclosure, FigureEdition, FigurePoint, FigureRevision, FigureSeries, Proposal
from lightwell.figures import mapping as mappings
from lightwell.figures import period as periods
from lightwell.files import foundation, mapping_files
from lightwell.files.state import State
from lightwell.web.templatetags import figures as figure_tags

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime.datetime(2026, 11, 25, 12, tzinfo=datetime.UTC)


@pytest.fixture
def desk(tmp_path, settings, monkeypatch):
    foundation.lay_foundation(tmp_path / "state", origin="log.example/figures")
    monkeypatch.setenv("LIGHTWELL_STATE", str(tmp_path / "state"))
    log.begin_log(now=NOW)
    return disclosure_fixture.Desk(State(tmp_path / "state"))


def read(address: str) -> str:
    answer = Client(headers={"host": "localhost"}).get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


def test_an_edition_is_a_record_that_states_what_it_revised(desk) -> None:
    first, second = figure_fixture.publish_editions(desk, NOW)
    body = second.read_record().body
    assert body["revisions"] == {
        "record": first.record,
        "previous": "2026Q1",
        "changed": 1,
        "dropped": 1,
        "added": 0,
        "explanation": "None found.",
    }
    assert body["points_in_all"] == 4
    assert body["told_by"] == "company"
    assert second.read_record().provider.id == "larkfield"
    assert [each.title for each in second.read_record().attachments] == [
        "larkfield-2026-q2.csv",
        "layout.json",
    ]


def test_pages_show_what_was_said_before_and_later_with_file_and_row(desk) -> None:
    figure_fixture.publish_editions(desk, NOW)
    text = read(f"/figures/{figure_fixture.DATASET}/revisions/")
    assert "1,000" in text
    assert "400" in text
    assert "2026Q1, row 2" in text
    (key,) = {each.series.key for each in FigureRevision.objects.filter(kind="changed")}
    page = read(f"/figures/over-time/{key}/")
    assert "<strong>400</strong>" in page
    assert "No explanation was found" in page
    assert read("/figures/").count(figure_fixture.DATASET) >= 1
    rows = list(csv.DictReader(io.StringIO(read(f"/figures/{figure_fixture.DATASET}/revisions.csv"))))
    assert [(row["kind"], row["earlier_as_printed"], row["later_as_printed"]) for row in rows] == [
        ("changed", "1,000", "400"),
        ("dropped", "90%", ""),
    ]
    svg = read(f"/figures/over-time/{key}.svg")
    assert "1,000 in edition 2026Q1" in svg
    assert read(f"/figures/over-time/{key}.csv").count("\n") == 6


def test_what_the_company_explains_stands_beside_the_revision(desk) -> None:
    reads = [figure_fixture.read_file(title, rows) for title, rows in figure_fixture.EDITIONS]
    figure_fixture.publish(desk, reads, NOW, explanation="A bug counted copies twice.")
    key = FigureRevision.objects.filter(kind="changed").get().series.key
    assert "A bug counted copies twice." in read(f"/figures/over-time/{key}/")


def test_a_figure_that_was_left_out_and_came_back_shows_its_gap(desk) -> None:
    again = ("Rate", "2026Q1", "95%")
    third = figure_fixture.read_file(
        "larkfield-2026-q3.csv",
        [*figure_fixture.EDITIONS[1][1], ("Removed", "2026Q3", "5"), again, ("Rate", "2025Q4", "7%")],
    )
    figure_fixture.publish_editions(desk, NOW)
    key = FigureSeries.objects.get(metric="Rate").key
    assert "left out</td>" not in read(f"/figures/over-time/{key}/")
    figure_fixture.publish(desk, [third], NOW)
    page = " ".join(read(f"/figures/over-time/{key}/").split())
    row = page.partition('<tr id="2026Q1">')[2].partition("</tr>")[0]
    cells = [re.sub("<[^>]*>", " ", each).split() for each in row.split('<td class="num">')[1:]]
    assert [" ".join(each) for each in cells] == [
        "90% row 4", "left out", "95% row 7; back, 2026Q1 had 90%",
    ]  # fmt: skip
    assert "<strong>95%</strong>" in row
    # Only what was there before and after is a gap.
    assert "left out" not in page.partition('<tr id="2025Q4">')[2].partition("</tr>")[0]
    revised = page.partition('id="revised"')[2]
    assert 'left out<br><span class="small soft">back in 2026Q3 as 95%' in revised
    assert 'added later<br><span class="small soft">left out before; 2026Q1 had 90%' in revised
    step = revisions.find_dataset(figure_fixture.DATASET).steps[1]
    assert (step.changed, step.dropped, step.added) == (0, 0, 2)
    table = list(
        csv.DictReader(io.StringIO(read(f"/figures/{figure_fixture.DATASET}/revisions.csv?kind=dropped")))
    )
    assert [(each["gap_edition"], each["gap_as_printed"]) for each in table] == [("2026Q3", "95%")]


def test_a_removed_edition_takes_its_figures_and_revisions_out_of_view(desk) -> None:
    _, second = figure_fixture.publish_editions(desk, NOW)
    third = figure_fixture.read_file(
        "larkfield-2026-q3.csv", [("Removed", "2025Q4", "700"), ("Removed", "2026Q3", "5")]
    )
    figure_fixture.publish(desk, [third], NOW)
    desk.withdraw(second.record, "published-in-error", NOW)
    steps = figures.list_steps(figure_fixture.DATASET)
    assert [(before.name, after.name) for before, after in steps] == [("2026Q1", "2026Q3")]
    found = FigureRevision.objects.visible().get(kind="changed")
    assert (found.before, found.after) == ("1,000", "700")
    assert not FigurePoint.objects.filter(printed="400").exists()
    assert (
        "400"
        not in read(f"/figures/over-time/{found.series.key}/").partition("<main")[2].partition("</main>")[0]
    )


def test_the_gate_alone_hides_what_the_rows_still_hold(desk) -> None:
    """Rows are taken away with the record; were they not, no page would show them all the same."""
    from lightwell.db.models import Tombstone

    _, second = figure_fixture.publish_editions(desk, NOW)
    Tombstone.objects.create(
        disclosure=second, ground="published-in-error", date="2026-11-25", data=b"{}", log_index=9999
    )
    assert FigureRevision.objects.exists()
    assert not FigureRevision.objects.visible().exists()
    assert [each.name for each in revisions.find_dataset(figure_fixture.DATASET).editions] == ["2026Q1"]
    key = FigureSeries.objects.get(metric="Removed").key
    history = revisions.read_history(key)
    assert {claim.printed for held in history.claims.values() for claim in held.values()} == {
        "1,000",
        "1,200",
    }


def test_importing_the_same_file_again_does_nothing(desk) -> None:
    figure_fixture.publish_editions(desk, NOW)
    reads = [figure_fixture.read_file(title, rows) for title, rows in figure_fixture.EDITIONS]
    assert figure_fixture.propose(desk, reads, NOW) == []
    assert FigureEdition.objects.count() == 2


def test_an_edition_cannot_be_published_before_the_one_it_compares_itself_with(desk) -> None:
    reads = [figure_fixture.read_file(title, rows) for title, rows in figure_fixture.EDITIONS]
    _, second = figure_fixture.propose(desk, reads, NOW)
    with pytest.raises(errors.UserMistake, match="approve that first"):
        desk.approve(second, NOW)
    assert not FigureEdition.objects.exists()
    assert not Disclosure.objects.filter(kind="figures-edition").exists()


@pytest.mark.parametrize("field", ["points_in_all", "changed", "dropped", "added"])
def test_a_record_that_states_other_numbers_than_its_file_is_refused(desk, field: str) -> None:
    reads = [figure_fixture.read_file(title, rows) for title, rows in figure_fixture.EDITIONS]
    first, second = figure_fixture.propose(desk, reads, NOW)
    desk.approve(first, NOW)
    body = second.payload["record"]["body"]
    part = body if field == "points_in_all" else body["revisions"]
    part[field] += 1
    second.save()
    with pytest.raises(errors.UserMistake, match=r"it is|holds"):
        desk.approve(second, NOW)
    assert FigureEdition.objects.count() == 1


def test_an_older_edition_put_here_later_takes_its_place_among_the_others(desk) -> None:
    (title, rows), (later_title, later_rows) = figure_fixture.EDITIONS
    figure_fixture.publish(desk, [figure_fixture.read_file(later_title, later_rows)], NOW)
    figure_fixture.publish(desk, [figure_fixture.read_file(title, rows)], NOW)
    ((before, after),) = figures.list_steps(figure_fixture.DATASET)
    assert (before.name, after.name) == ("2026Q1", "2026Q2")
    assert FigureRevision.objects.get(kind="changed").after == "400"


def test_rows_give_back_exactly_the_edition_that_was_read(desk) -> None:
    reads = [figure_fixture.read_file(title, rows) for title, rows in figure_fixture.EDITIONS]
    figure_fixture.publish(desk, reads, NOW)
    for row, each in zip(FigureEdition.objects.visible(), reads, strict=True):
        again = figures.read_edition(row)
        assert {
            s: {p: x._replace(file="") for p, x in held.items()} for s, held in again.figures.items()
        } == {
            s: {p: x._replace(file="") for p, x in held.items()} for s, held in each.edition.figures.items()
        }
        assert (again.latest, again.name, again.restates) == (
            each.edition.latest,
            each.edition.name,
            each.edition.restates,
        )


def test_the_bundle_is_read_again_and_its_revisions_recomputed(desk, tmp_path) -> None:
    figure_fixture.publish_editions(desk, NOW)
    log.publish_checkpoint(state=desk.state, now=NOW)
    bundles.write_bundle(state=desk.state, folder=tmp_path / "bundle")
    verdict = verify.verify_bundle(tmp_path / "bundle")
    (said,) = [each for each in verdict.proven if "published figures" in each]
    assert said.startswith("2 editions of published figures read again from their files: 7 figures")
    assert "1 steps the 2 revisions" in said or "1 step the 2 revisions" in said


def test_a_name_makes_an_id() -> None:
    from lightwell.base import fields

    assert fields.make_slug("X (Twitter)") == "x-twitter"
    assert fields.make_slug("Näïve & Söns") == "naive-sons"
    assert fields.make_slug("!!!") == "unnamed"
    assert fields.check_slug(fields.make_slug("é" * 200)) == ""


def test_layouts_are_attached_as_json_that_reads_again() -> None:
    mapping = figure_fixture.read_mapping()
    again = mappings.parse_mapping(json.loads(json.dumps(mapping.value)))
    assert again == mapping
    assert editions.LAYOUT_TITLE == "layout.json"


def test_companies_stand_side_by_side_and_who_gave_no_figure_did_not_answer(desk) -> None:
    figure_fixture.publish_editions(desk, NOW)
    other = disclosure_fixture.read_value("letter")
    other["provider"] = {"id": "silent", "name": "A silent company"}
    other.pop("id")
    desk.disclose(other)
    page = read("/figures/compare/spread-of-abuse-images/")
    assert "Counted: pieces, by quarter" in page
    assert page.index("Counted: pieces, by quarter") < page.index("Counted: pieces, in per cent")
    assert "Did not answer" in page
    silent = page.partition("Did not answer")[2].partition("How this was checked")[0]
    assert "A silent company" in silent
    assert "Larkfield" not in silent
    table = read("/figures/compare/spread-of-abuse-images/0.csv")
    assert "2025Q4,400,400" in table
    assert "1,000" not in table
    assert "<svg" in read("/figures/compare/spread-of-abuse-images/0.svg")
    assert "No figure about this has been put here" in read("/figures/compare/sleep/")


def read_plainly(companies: list[str], topic: str) -> list[tuple[tuple[str, ...], dict[str, list[str]]]]:
    """Compute the tables of a comparison from every row of every edition in view, slowly and plainly."""
    newest: dict[tuple[str, ...], dict[periods.Period, figures.Point]] = {}
    for edition in FigureEdition.objects.visible():
        for series, points in figures.read_edition(edition).figures.items():
            if figures.format_series(series, edition.dataset).topic == topic and series.provider in companies:
                newest.setdefault((series.counts, series.unit, series.title), {}).update(points)
    tables: dict[tuple[str, ...], dict[str, list[str]]] = {}
    for counts, unit, _ in newest:
        held = {key[2]: points for key, points in newest.items() if key[:2] == (counts, unit)}
        numbered = {at for points in held.values() for at, each in points.items() if each.number is not None}
        shown = sorted(numbered)[-comparisons.MOST_PERIODS :]
        tables[counts, unit, *map(periods.format_period, shown)] = {
            title: [points[at].printed if at in points else "" for at in shown]
            for title, points in held.items()
            if any(at in points for at in shown)
        }
    return sorted(tables.items())


def test_of_many_periods_the_last_with_a_number_are_shown_as_the_newest_edition_states_them(desk) -> None:
    quarters = [f"{2014 + at // 4}Q{at % 4 + 1}" for at in range(48)]
    first = [("Removed", each, str(at + 1)) for at, each in enumerate(quarters[:-1])]
    # The newest edition takes the last twelve numbers back, and gives a rate for some quarters only.
    second = [(name, each, "N/A" if each in quarters[-13:] else f"{value}0") for name, each, value in first]
    second += [("Removed", quarters[-1], "N/A"), *(("Rate", each, "5%") for each in quarters[::5])]
    figure_fixture.publish(
        desk, [figure_fixture.read_file("a.csv", first), figure_fixture.read_file("b.csv", second)], NOW
    )
    found = comparisons.compare_topic("spread-of-abuse-images")
    tables = {
        (table.counts, table.unit, *map(periods.format_period, table.periods)): {
            row.title: [cell.printed if cell else "" for cell in row.cells] for row in table.rows
        }
        for table in found.tables
    }
    assert sorted(tables.items()) == read_plainly(["Larkfield (sample)"], "spread-of-abuse-images")
    assert ("pieces", "number", *quarters[-21:-13]) in tables


def test_one_figure_put_here_by_two_publishers_is_told_apart_by_their_names(desk) -> None:
    read_once = figure_fixture.read_file(*figure_fixture.EDITIONS[0])
    figure_fixture.publish(desk, [read_once], NOW)
    assert "put here by" not in read_rows()
    ana, _ = desk.find_pair({"id": "herald", "role": "newsroom", "name": "The Herald"})
    (prepared,) = editions.prepare_editions(
        state=desk.state,
        reads=[read_once],
        said=editions.Said(),
        publisher=organisations.find_own(ana),
        now=NOW,
    )
    said = {"kind": prepared.kind, "subject": prepared.subject, "payload": prepared.payload}
    desk.approve(proposals.propose(actor=ana, now=NOW, **said), NOW)
    rows = read_rows()
    assert "put here by The Herald" in rows
    assert "put here by Larkfield (sample)" in rows


def read_rows() -> str:
    return read("/figures/compare/spread-of-abuse-images/").partition("<tbody>")[2].partition("</tbody>")[0]


def test_definitions_stand_side_by_side_and_who_gave_none_is_named(desk) -> None:
    (title, rows), _ = figure_fixture.EDITIONS
    figure_fixture.publish(desk, [figure_fixture.read_file(title, rows)], NOW)
    address = "/figures/compare/spread-of-abuse-images/"
    assert read(address).count("Nobody has put a definition of these figures here") == 2
    held = figure_fixture.write_file(rows)
    layout = {**figure_fixture.LAYOUT, "name": "nightjar", "provider": "Nightjar"}
    other = figures.read_file(
        "nightjar.csv", held, mappings.make_mapping("nightjar", [mappings.parse_layout(layout)])
    )
    (proposal,) = figure_fixture.propose(desk, [other], NOW)
    definition = {"id": "d1", "metric": "removed", "counts": "pieces", "unit": "pieces"}
    proposal.payload["record"]["body"]["definitions"] = [{**definition, "text": "A <piece> we took away."}]
    proposal.save()
    desk.approve(proposal, NOW)
    page = read(address)
    assert "<dt>Nightjar: Removed</dt><dd>A &lt;piece&gt; we took away." in page
    assert "No definition has been put here of Larkfield (sample): Removed." in " ".join(page.split())
    assert page.count("Nobody has put a definition of these figures here") == 1
    desk.withdraw(proposal.subject, "published-in-error", NOW)
    assert "we took away" not in read(address)


def test_definitions_are_imported_with_the_editions_and_refused_where_they_define_nothing(
    desk, tmp_path
) -> None:
    title, rows = figure_fixture.EDITIONS[0]
    put(tmp_path, title, rows)
    (tmp_path / "mine.yaml").write_text(json.dumps({**figure_fixture.LAYOUT}))

    def bring_in(*definitions: object) -> Result:
        (tmp_path / "means.yaml").write_text(json.dumps({"definitions": list(definitions)}))
        words = [str(tmp_path / title), "--mapping", str(tmp_path / "mine.yaml"), "--as", "ana"]
        return CliRunner().invoke(
            edition_command.import_editions, [*words, "--definitions", str(tmp_path / "means.yaml")]
        )

    removed = {"metric": "Removed", "counts": "pieces", "unit": "pieces", "text": "What we took away."}
    for definitions, said in (
        ([{**removed, "metric": "Restored"}], "no file has the metric 'Restored' counted in 'pieces'"),
        ([{**removed, "counts": "reports"}], "no file has the metric 'Removed' counted in 'reports'"),
        ([{**removed, "colour": "red"}], "colour"),
        ([{each: removed[each] for each in removed if each != "text"}], "text"),
        (["Removed means removed"], "entries with metric, counts, unit and text"),
    ):
        result = bring_in(*definitions)
        assert isinstance(result.exception, errors.UserMistake), definitions
        assert said in " ".join(map(str, result.exception.problems))
    assert not Proposal.objects.exists()
    result = bring_in(removed)
    assert result.exit_code == 0, result.exception
    proposal = Proposal.objects.get()
    assert proposal.payload["record"]["body"]["definitions"] == [{"id": "d1", **removed}]
    desk.approve(proposal, desk.state.read_now())
    assert "What we took away." in read("/figures/compare/spread-of-abuse-images/")


def test_what_stands_in_a_cell_is_text_on_the_page() -> None:
    cell = comparisons.Cell("<b>1</b>", 1, None)
    assert figure_tags.cells([cell, None]) == (
        '<td class="num">&lt;b&gt;1&lt;/b&gt;</td><td class="num"><span class="soft">not there</span></td>'
    )


def read_narrowed(told_by: str, markets: int) -> figures.Read:
    """Read a file whose every figure about the topic is about one market."""
    layout = {
        **figure_fixture.LAYOUT,
        "name": "narrow",
        "told_by": told_by,
        "header": [*figure_fixture.HEADER.split(","), "market"],
        "columns": {**figure_fixture.LAYOUT["columns"], "market": {"is": "breakdown"}},
    }
    rows = [f"Larkfield,Child exploitation,Removed,2026Q1,{n},m{n}" for n in range(markets)]
    rows += ["Larkfield,Spam,Removed,2026Q1,1,all"]
    text = "\n".join([",".join(layout["header"]), *rows, ""]).encode()
    return figures.read_file(
        "narrow.csv", text, mappings.make_mapping("narrow", [mappings.parse_layout(layout)])
    )


def test_a_company_with_figures_about_parts_alone_is_shown_with_them_and_is_not_called_silent(desk) -> None:
    figure_fixture.publish(desk, [read_narrowed("company", 2)], NOW)
    page = read("/figures/compare/spread-of-abuse-images/")
    assert "market: m1" in page
    assert "Did not answer" not in page


def test_too_many_parts_are_named_with_the_way_to_them_and_their_company_is_not_called_silent(desk) -> None:
    figure_fixture.publish(desk, [read_narrowed("company", comparisons.MOST_PARTS + 1)], NOW)
    page = read("/figures/compare/spread-of-abuse-images/")
    assert "Only about parts of the whole" in page
    assert "/figures/narrow-safety-larkfield/" in page
    assert "Did not answer" not in page


def test_who_only_tells_of_others_is_no_company_that_did_not_answer(desk) -> None:
    figure_fixture.publish(desk, [read_narrowed("clearing-house", 2)], NOW)
    assert (
        "Larkfield"
        not in read("/figures/compare/sleep/").partition("Did not answer")[2].partition("How this was")[0]
    )


def test_without_a_file_of_the_clearing_house_the_page_says_so(desk) -> None:
    assert "No file with both has been put here yet" in read("/figures/sent-and-received/")


SHARED = Path(__file__).parents[3] / "shared/data/transparency-disclosures"


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data is not here")
@pytest.mark.full
def test_the_clearing_house_and_every_company_on_one_page(desk) -> None:
    file = SHARED / "ncmec/ocse-reports-per-platform.json"
    read_again = figures.read_file(file.name, file.read_bytes(), mapping_files.find_mapping("ncmec"))
    figure_fixture.publish(desk, [read_again], NOW)
    page = read("/figures/sent-and-received/?year=2023")
    for said in ("36,210,368", "30,658,047", "84.7 %", "did not answer", "1,472,221"):
        assert said in page
    assert "NCMEC" not in read("/companies/").partition("<main")[2].partition("</main>")[0]


def put(folder: Path, title: str, rows: list[tuple[str, str, str]]) -> Path:
    """Put a file into a watched folder as if it had lain there for a while."""
    path = folder / title
    path.write_bytes(figure_fixture.write_file(rows))
    os.utime(path, (1, int(path.stat().st_mtime) - 60))
    return path


def test_a_watched_folder_proposes_each_edition_once_and_says_what_it_revised(
    desk, tmp_path, monkeypatch
) -> None:
    folder = tmp_path / "incoming"
    folder.mkdir()
    look = {
        "state": desk.state,
        "actor": desk.ana,
        "folder": folder,
        "mapping": figure_fixture.read_mapping(),
        "now": NOW,
    }
    put(folder, *figure_fixture.EDITIONS[0])
    assert [counts for _, _, counts in watching.look_at_folder(**look).proposed] == [{}]
    # The second edition is compared with the first, which still waits for a second person.
    put(folder, *figure_fixture.EDITIONS[1])
    report = watching.look_at_folder(**look)
    assert [counts for _, _, counts in report.proposed] == [{"changed": 1, "dropped": 1, "added": 0}]
    opened = []
    monkeypatch.setattr(figures, "read_bytes", lambda path: opened.append(path))
    again = watching.look_at_folder(**look)
    assert (again.is_quiet, again.unchanged, opened) == (True, 2, [])
    monkeypatch.undo()
    for proposal in Proposal.objects.order_by("pk"):
        desk.approve(proposal, NOW)
    assert FigureRevision.objects.get(kind="changed").after == "400"
    # Without its memory it still proposes nothing that is on record.
    (desk.state.root / "figures-seen.json").unlink()
    assert watching.look_at_folder(**look).proposed == []
    assert Proposal.objects.count() == 2


def test_a_bad_file_in_a_watched_folder_is_named_once_and_stops_no_other(desk, tmp_path) -> None:
    look = {
        "state": desk.state,
        "actor": desk.ana,
        "folder": tmp_path / "in",
        "mapping": figure_fixture.read_mapping(),
        "now": NOW,
    }
    (tmp_path / "in").mkdir()
    bad = put(tmp_path / "in", "bad.csv", [("Removed", "2026Q1", "many")])
    put(tmp_path / "in", *figure_fixture.EDITIONS[0])
    report = watching.look_at_folder(**look)
    assert len(report.proposed) == 1
    (problem,) = report.problems
    assert problem.place == 'bad.csv, row 2, column "value"'
    assert watching.look_at_folder(**look).is_quiet
    bad.write_bytes(figure_fixture.write_file([("Removed", "2026Q3", "7")]))
    os.utime(bad, (2, int(bad.stat().st_mtime) - 30))
    assert len(watching.look_at_folder(**look).proposed) == 1


def test_a_file_that_is_still_being_written_is_left_for_later(desk, tmp_path) -> None:
    title, rows = figure_fixture.EDITIONS[0]
    (tmp_path / title).write_bytes(figure_fixture.write_file(rows))
    report = watching.look_at_folder(
        state=desk.state, actor=desk.ana, folder=tmp_path, mapping=figure_fixture.read_mapping(), now=NOW
    )
    assert report.is_quiet


def test_programs_read_sets_revisions_and_every_statement(desk) -> None:
    figure_fixture.publish_editions(desk, NOW)
    wire = httpx.Client(transport=httpx.WSGITransport(app=get_wsgi_application()))
    with site.Site("http://localhost", wire) as archive:
        (found,) = archive.iterate_figures()
        assert [each["changed"] for each in found["editions"]] == [None, 1]
        with pytest.raises(errors.LightwellError):
            list(archive.iterate_figures(company="nobody-here"))
        rows = list(archive.iterate_revisions(figure_fixture.DATASET))
        assert {(row["kind"], row["earlier_as_printed"], row["later_number"]) for row in rows} == {
            ("changed", "1,000", "400"),
            ("dropped", "90%", None),
        }
        assert [row["kind"] for row in archive.iterate_revisions(figure_fixture.DATASET, kind="dropped")] == [
            "dropped"
        ]
        assert (
            len(list(archive.iterate_revisions(figure_fixture.DATASET, edition="2026Q2", children=True))) == 2
        )
        key = next(row["series"]["key"] for row in rows if row["kind"] == "changed")
        statements = archive.read_figure(key)["statements"]
        assert [(each["period"], each["edition"], each["number"]) for each in statements][:2] == [
            ("2025Q4", "2026Q1", "1000"),
            ("2025Q4", "2026Q2", "400"),
        ]
        for refused in ({"kind": "lost"}, {"edition": "1999Q1"}):
            with pytest.raises(errors.LightwellError):
                list(archive.iterate_revisions(figure_fixture.DATASET, **refused))


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        ("told_by", "clearing-house", "the word of: company"),
        ("edition", "2026Q4", "it is the edition 2026Q2"),
        ("previous", "2025Q4", "it is the edition 2026Q1"),
        ("version", "2", "laid out as 1"),
    ],
)
def test_a_record_that_says_whose_word_or_which_edition_otherwise_is_refused(
    desk, place: str, value: str, words: str
) -> None:
    reads = [figure_fixture.read_file(title, rows) for title, rows in figure_fixture.EDITIONS]
    first, second = figure_fixture.propose(desk, reads, NOW)
    desk.approve(first, NOW)
    body = second.payload["record"]["body"]
    part = {"previous": body["revisions"], "version": body["mapping"]}.get(place, body)
    assert place in part
    part[place] = value
    second.save()
    with pytest.raises(errors.UserMistake, match=words):
        desk.approve(second, NOW)
    assert FigureEdition.objects.count() == 1


def test_a_step_from_other_figures_or_from_a_later_edition_is_refused(desk) -> None:
    (title, rows), (later_title, later_rows) = figure_fixture.EDITIONS
    (later,) = figure_fixture.publish(desk, [figure_fixture.read_file(later_title, later_rows)], NOW)
    (proposal,) = figure_fixture.propose(desk, [figure_fixture.read_file(title, rows)], NOW)
    proposal.payload["record"]["body"]["revisions"] = {
        "record": later.record,
        "previous": "2026Q2",
        "changed": 0,
        "dropped": 0,
        "added": 0,
        "explanation": "None found.",
    }
    proposal.save()
    with pytest.raises(errors.UserMistake, match="2026Q2 is later than this one"):
        desk.approve(proposal, NOW)


def publish_again(desk, old: Disclosure, rows: list[tuple[str, str, str]]) -> Disclosure:
    """Publish the next version of an edition, with another file under the same name."""
    before = old.read_record()
    value = copy.deepcopy(disclosure.format_disclosure(before))
    held = figure_fixture.write_file(rows)
    digest = f"sha256:{desk.state.files.put_bytes('sealed', held)}"
    for named in (value["body"]["files"][0], value["attachments"][0]):
        named |= {"digest": digest, "bytes": len(held)}
    value |= {"version": old.version + 1, "supersedes": disclosure.compute_digest(before), "opened": []}
    value["body"]["points_in_all"] = len(rows)
    payload = disclosures.format_payload(disclosure.parse_disclosure(value), ())
    desk.do("disclosure", old.record, payload, NOW)
    return Disclosure.objects.get(record=old.record, version=old.version + 1)


def test_a_corrected_edition_leaves_true_what_the_next_one_said_of_it_before(desk, tmp_path) -> None:
    first, _ = figure_fixture.publish_editions(desk, NOW)
    publish_again(desk, first, [("Removed", "2025Q4", "900"), ("Removed", "2026Q1", "1,150")])
    assert FigureEdition.objects.count() == 2
    # The page compares what is in view now; the record stays true of the version it was compared with.
    assert FigureRevision.objects.filter(kind="changed").count() == 2
    log.publish_checkpoint(state=desk.state, now=NOW)
    bundles.write_bundle(state=desk.state, folder=tmp_path / "whole")
    verdict = verify.verify_bundle(tmp_path / "whole")
    assert any(each.startswith("3 editions of published figures") for each in verdict.proven)
    assert not any("revised: the edition" in each for each in verdict.not_proven)

    desk.withdraw(first.record, "published-in-error", NOW, version=1)
    log.publish_checkpoint(state=desk.state, now=NOW + datetime.timedelta(minutes=1))
    bundles.write_bundle(state=desk.state, folder=tmp_path / "less")
    verdict = verify.verify_bundle(tmp_path / "less")
    assert any("is not here as it was then" in each for each in verdict.not_proven)


def read_notice(record: str, version: int) -> str:
    page = " ".join(read(f"/records/{record}/{version}/").split())
    notices = re.findall(r'<p class="notice">(.*?)</p>', page)
    return re.sub("<[^>]*>", "", " ".join(each for each in notices if "figures" in each))


def test_the_page_of_a_version_says_whose_figures_stand_and_why_its_own_do_not(desk) -> None:
    first, second = figure_fixture.publish_editions(desk, NOW)
    assert read_notice(first.record, 1) == ""
    publish_again(desk, first, [("Removed", "2025Q4", "900"), ("Removed", "2026Q1", "1,150")])
    assert "Those of version 2 took their place" in read_notice(first.record, 1)
    assert read_notice(first.record, 2) == ""
    assert [each.disclosure.version for each in FigureEdition.objects.all()] == [2, 1]
    desk.withdraw(first.record, "published-in-error", NOW, version=2)
    assert read_notice(first.record, 1) == (
        "The figures of this version are no longer shown among the published figures. Version 2 took their "
        "place and was removed, with the reason; what it replaced does not come back."
    )
    # Nor does any list show an older version of a record whose newest was removed.
    assert first.record not in read("/records/")
    assert [each.disclosure for each in FigureEdition.objects.all()] == [second]
    assert not FigureRevision.objects.exists()
    assert [each.name for each in revisions.find_dataset(figure_fixture.DATASET).editions] == ["2026Q2"]
    # What comes next stands: a third version brings its own figures.
    newest = Disclosure.objects.get(record=first.record, version=2)
    publish_again(desk, newest, [("Removed", "2025Q4", "905"), ("Removed", "2026Q1", "1,150")])
    assert "Those of version 3 took their place" in read_notice(first.record, 1)
    assert FigureRevision.objects.filter(kind="changed", before="905", after="400").exists()


def test_an_edition_without_a_layout_that_can_be_read_says_so_on_its_page(desk) -> None:
    first, _ = figure_fixture.publish_editions(desk, NOW)
    value = copy.deepcopy(disclosure.format_disclosure(first.read_record()))
    value |= {"version": 2, "supersedes": first.digest, "opened": []}
    hidden = withholding.Decision("/body/mapping", "junior-staff", "2027-01-01", "approver")
    desk.do(
        "disclosure",
        first.record,
        disclosures.format_payload(disclosure.parse_disclosure(value), (hidden,)),
        NOW,
    )
    assert "because the layout they are read by is held back" in read_notice(first.record, 2)
    assert "Version 2 took their place, and its own cannot be read here" in read_notice(first.record, 1)
    plain = desk.disclose(disclosure_fixture.read_value("figures-edition"))
    assert "no layout that they could be read by" in read_notice(plain.record, plain.version)


def test_no_edition_is_published_after_one_whose_newest_version_was_removed(desk) -> None:
    (title, rows), later = figure_fixture.EDITIONS
    (first,) = figure_fixture.publish(desk, [figure_fixture.read_file(title, rows)], NOW)
    (proposal,) = figure_fixture.propose(desk, [figure_fixture.read_file(*later)], NOW)
    publish_again(desk, first, rows)
    desk.withdraw(first.record, "published-in-error", NOW, version=2)
    with pytest.raises(errors.UserMistake, match="the newest version of the edition before this one"):
        desk.approve(proposal, NOW)


def test_what_an_edition_said_stays_said_when_only_its_words_change_after_the_one_before_it_did(desk) -> None:
    first, second = figure_fixture.publish_editions(desk, NOW)
    publish_again(desk, first, [("Removed", "2025Q4", "900"), ("Removed", "2026Q1", "1,150")])
    publish_again(desk, second, figure_fixture.EDITIONS[1][1])
    desk.withdraw(first.record, "published-in-error", NOW)
    third = publish_again(
        desk, Disclosure.objects.get(record=second.record, version=2), figure_fixture.EDITIONS[1][1]
    )
    assert FigureEdition.objects.get().disclosure == third
    # With another file it is asked again.
    with pytest.raises(errors.UserMistake, match="/body/revisions"):
        publish_again(desk, third, figure_fixture.EDITIONS[1][1][:-1])


def test_the_verdict_names_each_record_of_figures_that_is_not_read_again(desk, tmp_path) -> None:
    """One layout held back, one version removed: the rest is read, these two are named and counted."""
    first, second = figure_fixture.publish_editions(desk, NOW)
    publish_again(desk, first, [("Removed", "2025Q4", "900"), ("Removed", "2026Q1", "1,150")])
    desk.withdraw(first.record, "published-in-error", NOW, version=2)
    value = copy.deepcopy(disclosure.format_disclosure(second.read_record()))
    value |= {"version": 2, "supersedes": second.digest, "opened": []}
    hidden = withholding.Decision("/body/mapping", "junior-staff", "2027-01-01", "approver")
    payload = disclosures.format_payload(disclosure.parse_disclosure(value), (hidden,))
    desk.do("disclosure", second.record, payload, NOW)
    log.publish_checkpoint(state=desk.state, now=NOW)
    bundles.write_bundle(state=desk.state, folder=tmp_path / "bundle")
    verdict = verify.verify_bundle(tmp_path / "bundle")
    assert any(each.startswith("2 editions of published figures read again") for each in verdict.proven)
    text = verify.format_verdict(verdict).partition("Not proven:")[2]
    assert "the figures in 2 of 4 versions of records of published figures" in text
    assert f"the figures of {first.record}, version 2: removed with a reason (log entry " in text
    title = second.read_record().body["title"]
    assert f"the figures of {second.record}, version 2 “{title}”: its layout is held back" in text
    not_read = verify.format_json(verdict)["figures"]["not_read"]
    assert [(each["record"], each["version"]) for each in not_read] == [
        (first.record, 2),
        (second.record, 2),
    ]


def test_what_was_compared_with_a_version_that_was_removed_since_is_named_and_not_refused(
    desk, tmp_path
) -> None:
    (title, rows), later = figure_fixture.EDITIONS
    (first,) = figure_fixture.publish(desk, [figure_fixture.read_file(title, rows)], NOW)
    publish_again(desk, first, [("Removed", "2025Q4", "900"), ("Removed", "2026Q1", "1,150")])
    (second,) = figure_fixture.publish(desk, [figure_fixture.read_file(*later)], NOW)
    desk.withdraw(first.record, "published-in-error", NOW, version=2)
    log.publish_checkpoint(state=desk.state, now=NOW)
    bundles.write_bundle(state=desk.state, folder=tmp_path / "bundle")
    verdict = verify.verify_bundle(tmp_path / "bundle")
    named = verify.format_json(verdict)["figures"]["not_compared"]
    assert named == [second.read_record().body["title"]]


def test_a_link_out_of_a_watched_folder_is_not_followed_and_a_turned_name_is_refused(desk, tmp_path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (tmp_path / "out").mkdir()
    (folder / "linked.csv").symlink_to(put(tmp_path / "out", *figure_fixture.EDITIONS[0]))
    put(folder, "lark\u202efield.csv", figure_fixture.EDITIONS[0][1])
    os.mkfifo(folder / "pipe.csv")
    (folder / "folder.csv").mkdir()
    report = watching.look_at_folder(
        state=desk.state, actor=desk.ana, folder=folder, mapping=figure_fixture.read_mapping(), now=NOW
    )
    assert report.proposed == []
    assert sorted(each.sentence.partition(";")[0] for each in report.problems) == [
        "this file's name has signs that are no text",
        "this is a link, which is not followed",
    ]


def test_what_another_publisher_waits_with_is_not_compared_with_and_stops_nobody(desk) -> None:
    (title, rows), (later_title, later_rows) = figure_fixture.EDITIONS
    (waiting,) = figure_fixture.propose(desk, [figure_fixture.read_file(title, rows)], NOW)
    newsroom = {"id": "herald", "role": "newsroom", "name": "The Herald"}
    ana, _ = desk.find_pair(newsroom)
    later = figure_fixture.read_file(later_title, later_rows)
    prepare = {
        "state": desk.state,
        "reads": [later],
        "said": editions.Said(),
        "publisher": organisations.find_own(ana),
        "now": NOW,
        "keep": False,
    }
    (prepared,) = editions.prepare_editions(**prepare)
    assert "revisions" not in prepared.payload["record"]["body"]
    # Nor does one of its own that can no longer be read.
    waiting.payload["record"]["body"]["files"][0]["digest"] = "sha256:" + "0" * 64
    waiting.save()
    prepare["publisher"] = organisations.find_own(desk.ana)
    assert len(editions.prepare_editions(**prepare)) == 1


def test_of_editions_of_one_period_each_follows_the_one_put_here_before_it(desk) -> None:
    rows = [[("Removed", "2026Q1", str(number))] for number in (1, 2, 3)]
    reads = [figure_fixture.read_file(f"larkfield-{n}.csv", each) for n, each in enumerate(rows)]
    first, second, third = figure_fixture.publish(desk, reads, NOW)
    assert third.read_record().body["revisions"]["record"] == second.record
    steps = figures.list_steps(figure_fixture.DATASET)
    assert [after.disclosure for _, after in steps] == [second, third]
    assert steps[0][0].disclosure == first


def test_a_service_that_only_a_removed_edition_named_is_named_nowhere(desk) -> None:
    (title, rows), _ = figure_fixture.EDITIONS
    held = figure_fixture.write_file(rows).replace(b"Larkfield,", b"Canarywing,")
    canary = figures.read_file(title, held, figure_fixture.read_mapping())
    (first,) = figure_fixture.publish(desk, [canary], NOW)
    figure_fixture.publish(desk, [figure_fixture.read_file(*figure_fixture.EDITIONS[1])], NOW)
    pages = ("/topics/bullying/", "/companies/larkfield/", "/feeds/", "/figures/", "/api/1/services")
    assert any("Canarywing" in read(page) for page in pages)
    desk.withdraw(first.record, "published-in-error", NOW)
    assert not [page for page in pages if "Canarywing" in read(page)]


def test_data_sets_whose_ids_would_be_cut_to_one_are_refused() -> None:
    layout = {**figure_fixture.LAYOUT, "dataset": "safety " * 12}
    mapping = mappings.make_mapping("larkfield", [mappings.parse_layout(layout)])
    title, rows = figure_fixture.EDITIONS[0]
    with pytest.raises(errors.UserMistake, match="longer than 63"):
        figures.read_file(title, figure_fixture.write_file(rows), mapping)
