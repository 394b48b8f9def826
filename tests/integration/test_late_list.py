"""What was promised and did not come stays on every list of what is late, whatever somebody does to it."""

from __future__ import annotations

import csv
import datetime
import io
from pathlib import Path

import disclosure_fixture as fixture
import pytest
from click.testing import CliRunner, Result
from django.core.cache import cache
from django.test import Client
from document_fixture import STUDY, make_pdf

from lightwell.actions import bundles, inventories, log, overview, suspensions
from lightwell.archive import inventory
from lightwell.base import errors, ground
from lightwell.cli import main
from lightwell.db.models import Holding, Item, Study
from lightwell.files import foundation
from lightwell.files.state import State

pytestmark = pytest.mark.django_db
NOW = datetime.datetime(2024, 11, 20, 9, tzinfo=datetime.UTC)
DUE = datetime.date(2025, 1, 10)
LATE = datetime.datetime(2025, 3, 1, 9, tzinfo=datetime.UTC)  # 50 days after DUE


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> fixture.Desk:
    root = tmp_path / "state"
    monkeypatch.setenv("LIGHTWELL_STATE", str(root))
    overview.forget()
    cache.clear()
    foundation.lay_foundation(root, origin="sample.example/site", sample=True)
    set_clock(root, NOW)
    log.begin_log(now=NOW)
    return fixture.Desk(State(root))


def set_clock(root: Path, now: datetime.datetime) -> None:
    (root / "sample-clock").write_text(str(int(now.timestamp())))
    overview.forget()
    cache.clear()


def seal(desk: fixture.Desk, folder: Path, now: datetime.datetime = NOW, due: datetime.date = DUE) -> Study:
    folder.mkdir()
    for name in ("one.pdf", "two.pdf"):
        (folder / name).write_bytes(make_pdf())
    study = Study.objects.get(pk=STUDY)
    rows = inventory.draft_rows(["one.pdf", "two.pdf"], due)
    inventories.measure_files(state=desk.state, study=study, folder=folder, rows=rows, processes=1)
    inventories.seal_inventory(actor=desk.ana, study=study, now=now)
    return study


def read(place: str) -> str:
    answer = Client().get(place)
    assert answer.status_code == 200, (place, answer.content[:300])
    return answer.content.decode()


def read_table(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(read(f"/lists/{name}.csv"))))


def promise(desk: fixture.Desk, *dates: str, now: datetime.datetime = NOW) -> None:
    """Register the study with these promised dates."""
    value = fixture.read_value("study")
    value["body"]["due_dates"] = [
        {"id": f"due-{k}", "what": "Report", "date": date} for k, date in enumerate(dates)
    ]
    desk.disclose(value, now)


def test_documents_locked_in_for_a_day_after_all_that_the_study_promised_are_pointed_out(
    desk: fixture.Desk, tmp_path: Path
) -> None:
    promise(desk, "2025-01-10", "2025-02-10")
    seal(desk, tmp_path / "papers", due=datetime.date(2025, 2, 10))
    assert "Later than promised" not in read(f"/studies/{STUDY}/")
    seal(desk, tmp_path / "more", due=datetime.date(2025, 2, 11))
    assert "2 documents were locked in for a day after 10 February 2025" in read(f"/studies/{STUDY}/")


def test_one_person_takes_nothing_off_the_late_list(desk: fixture.Desk, tmp_path: Path) -> None:
    promise(desk, "2025-01-10")
    seal(desk, tmp_path / "papers")
    set_clock(desk.state.root, LATE)
    item = Item.objects.get(study=STUDY, number=1)
    pages = item.pages or 0
    suspensions.take_out_of_view(
        state=desk.state, actor=desk.ana, item=item, page=None, ground_id=ground.QUARANTINE, now=LATE
    )
    log.publish_checkpoint(state=desk.state, now=LATE)
    late = read("/late/")
    assert "2 documents past the promised date" in late
    assert "Out of view for now" in late, "what happened to it is said beside the days"
    assert late.count('data-label="Days since">50<') == 2
    rows = read_table("late")
    assert [(row["number"], row["days_late"], row["stopped"]) for row in rows] == [
        ("1", "50", "suspended"),
        ("2", "50", ""),
    ]
    answer = Client().get("/api/1/overdue").json()["items"]
    assert [(each["number"], each["stopped"]) for each in answer] == [(1, "suspended"), (2, None)]
    assert Client().get(f"/api/1/studies/{STUDY}").json()["days_late"] == 50
    for place in ("/", "/companies/larkfield/", "/companies/larkfield/status/"):
        assert f'<span class="n">{2 * pages}</span> late' in read(place), place
    assert "50 days since the promised date" in read(f"/studies/{STUDY}/documents/1/")


def test_what_one_person_took_out_of_view_says_who_and_when(desk: fixture.Desk, tmp_path: Path) -> None:
    promise(desk, "2025-01-10")
    seal(desk, tmp_path / "papers")
    item = Item.objects.get(study=STUDY, number=1)
    suspensions.take_out_of_view(
        state=desk.state, actor=desk.ana, item=item, page=None, ground_id=ground.QUARANTINE, now=NOW
    )
    held = read("/held-back/")
    assert "20 November 2024, by a person who publishes here" in held
    assert "No day is set" in held
    (row,) = read_table("held-back")
    assert (row["decided_by"], row["since"], row["until"]) == ("publisher", "2024-11-20", "")
    assert "Decided by a person who publishes here on 20 November 2024" in read(
        f"/studies/{STUDY}/documents/1/"
    )


def test_a_study_that_locks_nothing_in_is_late_everywhere(desk: fixture.Desk) -> None:
    promise(desk, "2025-06-01", "2025-01-10")
    set_clock(desk.state.root, datetime.datetime.combine(DUE, NOW.timetz()))
    assert "Nothing is late" in read("/late/")
    set_clock(desk.state.root, LATE)
    late = read("/late/")
    assert "1 study past the promised date" in late
    assert 'data-label="Days since">50<' in late
    assert 'data-label="After 30 days of grace">20<' in late
    (row,) = read_table("late")
    assert (row["id"], row["due"], row["days_late"]) == (STUDY, "2025-01-10", "50")
    (study,) = read_table("studies")
    assert study["days_late"] == "50"
    (found,) = Client().get("/api/1/overdue/studies").json()["items"]
    assert (found["id"], found["broken_promise"], found["days_late"]) == (STUDY, "2025-01-10", 50)
    assert "nothing locked in, 50 days after the promise" in read("/")
    assert "Promised 50 days ago" in read(f"/studies/{STUDY}/")
    assert any(row["id"].startswith(f"late-{STUDY}") for row in read_table("changes"))


def test_locking_something_in_later_or_moving_the_date_mends_no_broken_promise(
    desk: fixture.Desk, tmp_path: Path
) -> None:
    promise(desk, "2025-01-10")
    set_clock(desk.state.root, LATE)
    first = fixture.read_value("study")
    row = desk.disclose(
        {
            **first,
            "version": 2,
            "date": "2025-03-01",
            "body": {**first["body"], "due_dates": [{"id": "a", "what": "Report", "date": "2029-01-01"}]},
        },
        LATE,
    )
    assert row.version == 2
    assert overview.read_overview(desk.state).find_study(STUDY).days_late == 50
    seal(desk, tmp_path / "papers", LATE, datetime.date(2027, 1, 1))
    overview.forget()
    assert overview.read_overview(desk.state).find_study(STUDY).days_late == 50
    desk.do("publication", STUDY, {"study": STUDY, "summary": "", "items": [1]}, LATE)
    overview.forget()
    assert overview.read_overview(desk.state).find_study(STUDY).days_late == 0


def test_a_look_that_is_due_again_is_flagged(desk: fixture.Desk, tmp_path: Path) -> None:
    promise(desk, "2025-01-10")
    seal(desk, tmp_path / "papers")
    Item.objects.filter(study=STUDY, number=1).update(intent="withhold", ground="legal-privilege")
    desk.do("publication", STUDY, {"study": STUDY, "summary": "", "items": [1]}, NOW)
    review = Holding.objects.get().review
    set_clock(desk.state.root, datetime.datetime.combine(review, NOW.timetz()))
    assert "should have been looked at again" not in read("/held-back/")
    set_clock(desk.state.root, datetime.datetime.combine(review, NOW.timetz()) + datetime.timedelta(days=7))
    assert "7 days ago" in read("/held-back/")
    (row,) = read_table("held-back")
    assert row["days_past_review"] == "7"
    assert "To be looked at again 7 days ago" in read(f"/studies/{STUDY}/inventory/")
    (found,) = [each for each in Client().get("/api/1/gaps").json()["items"] if each["number"] == 1]
    assert found["days_past_review"] == 7
    assert "past the day on which the reason should have been looked at again" in read("/")


@pytest.mark.parametrize("date", ["2024-11-19", "9999-12-31"])
def test_nothing_is_promised_for_a_day_that_has_passed_or_that_nobody_need_wait_for(
    desk: fixture.Desk, tmp_path: Path, date: str
) -> None:
    with pytest.raises(errors.UserMistake, match=f"the promised date {date}") as caught:
        promise(desk, "2029-01-01", date) if date < "2025" else promise(desk, date)
    assert [each.place.endswith("(/body/due_dates)") for each in caught.value.problems] == [True]
    promise(desk, "2025-01-10")
    with pytest.raises(errors.UserMistake, match=f"the due date {date}"):
        seal(desk, tmp_path / "papers", due=datetime.date.fromisoformat(date))
    assert not Item.objects.filter(inventory__isnull=False).exists()


def test_the_page_to_print_says_when_its_figures_are_newer_than_the_state_it_names(
    desk: fixture.Desk, tmp_path: Path
) -> None:
    promise(desk, "2025-01-10")
    seal(desk, tmp_path / "papers")
    log.publish_checkpoint(state=desk.state, now=NOW)
    assert "figures above are newer" not in read("/companies/larkfield/status/")
    suspensions.take_out_of_view(
        state=desk.state,
        actor=desk.ana,
        item=Item.objects.get(study=STUDY, number=1),
        page=None,
        ground_id=ground.QUARANTINE,
        now=NOW,
    )
    html = read("/companies/larkfield/status/")
    assert "figures above are newer:</strong> they also count 1 entry that is not signed yet" in html
    log.publish_checkpoint(state=desk.state, now=NOW)
    assert "figures above are newer" not in read("/companies/larkfield/status/")


def test_the_table_of_a_bundle_is_printed_with_a_note_of_a_study_that_locked_nothing_in(
    desk: fixture.Desk, tmp_path: Path
) -> None:
    promise(desk, "2025-06-01", "2025-01-10")
    log.publish_checkpoint(state=desk.state, now=LATE)
    bundles.write_bundle(state=desk.state, folder=tmp_path / "bundle")

    def print_table(day: str) -> Result:
        arguments = ["gaps", str(tmp_path / "bundle"), "--as-of", day]
        result = CliRunner().invoke(main.lightwell, arguments)
        assert result.exit_code == 0, result.output
        return result

    late, before = print_table(LATE.date().isoformat()), print_table("2025-01-10")
    assert late.stdout == before.stdout == (tmp_path / "bundle" / "gaps.csv").read_text()
    assert f"note: {STUDY}: promised for 2025-01-10, nothing was locked in by then" in late.stderr
    assert "50 days late" in late.stderr
    assert before.stderr == ""
