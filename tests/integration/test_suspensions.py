"""Out of view at once by one person, back by two; what may show abuse no program opens and no exit shows."""

from __future__ import annotations

import datetime
from pathlib import Path

import disclosure_fixture as fixture
import pytest
from click.testing import CliRunner, Result
from django.core.cache import cache
from django.test import Client
from document_fixture import STUDY, make_pdf

from lightwell.actions import inventories, log, organisations, overview, people, search
from lightwell.archive import inventory
from lightwell.base import canonical, errors
from lightwell.cli import main
from lightwell.db.models import Item, LogEntry, Proposal, PublicPage, Study, Suspension
from lightwell.files import data, foundation, media, pdf, reader
from lightwell.files.state import State

pytestmark = pytest.mark.django_db
NOW = datetime.datetime(2024, 11, 20, 9, tzinfo=datetime.UTC)
PAGE = f"/studies/{STUDY}/documents/1/page/2/"
SUSPECTED = "suspected-abuse-image"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> fixture.Desk:
    root = tmp_path / "state"
    monkeypatch.setenv("LIGHTWELL_STATE", str(root))
    overview.forget()
    cache.clear()
    foundation.lay_foundation(root, origin="sample.example/site", sample=True)
    (root / "sample-clock").write_text(str(int(NOW.timestamp())))
    log.begin_log(now=NOW)
    people.add_person(name="olga", roles=["safeguarding-officer"])
    people.add_person(name="pia", roles=["safeguarding-officer"])
    made = fixture.Desk(State(root))
    made.disclose(fixture.read_value("study"), NOW)
    return made


def seal(desk: fixture.Desk, folder: Path, **suspected: str) -> Study:
    """Lock in two documents; `suspected` changes the row of the second."""
    folder.mkdir()
    for name in ("one.pdf", "two.pdf"):
        (folder / name).write_bytes(make_pdf())
    rows = inventory.draft_rows(["one.pdf", "two.pdf"], datetime.date(2025, 12, 1))
    if suspected:
        rows[1] = inventory.Row(
            **{**{name: getattr(rows[1], name) for name in inventory.Row.__slots__}, **suspected}
        )
    study = Study.objects.get(pk=STUDY)
    inventories.measure_files(state=desk.state, study=study, folder=folder, rows=rows, processes=1)
    inventories.seal_inventory(actor=desk.ana, study=study, now=NOW)
    return study


def publish(desk: fixture.Desk, items: list[int] | None = None) -> None:
    desk.do("publication", STUDY, {"study": STUDY, "summary": "", "items": items}, NOW)
    log.publish_checkpoint(state=desk.state, now=NOW)
    search.update_index(desk.state)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main.lightwell, [str(each) for each in arguments])


def succeed(*arguments: object) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, (result.output, result.exception)
    return result.output


def read_last_entry() -> dict:
    return canonical.decode(bytes(LogEntry.objects.order_by("-index").first().data))


def test_one_person_takes_a_page_out_of_view_at_the_command_line_and_two_bring_it_back(
    desk: fixture.Desk, tmp_path: Path
) -> None:
    seal(desk, tmp_path / "papers")
    publish(desk)
    client = Client()
    assert client.get(PAGE).status_code == 200
    said = succeed("suspend", STUDY, 1, "--page", 2, "--as", "olga")
    assert f"out of view: page 2 of document 1 of {STUDY} (child-identifiable)" in said
    assert "cannot be called back" in said
    entry = read_last_entry()
    assert (entry["type"], entry["page"], entry["ground"], entry["decided_by"]) == (
        "suspension",
        2,
        "child-identifiable",
        "safeguarding-officer",
    )
    assert client.get(PAGE).status_code == 451
    assert b"no published page fits" in client.get("/search/", {"q": "marmalade document:1"}).content.lower()
    succeed("reinstate", STUDY, 1, "--page", 2, "--as", "olga")
    number = Proposal.objects.get(kind="restoration").pk
    assert isinstance(run("approve", number, "--as", "olga").exception, errors.Refused)
    assert client.get(PAGE).status_code == 451
    succeed("approve", number, "--as", "pia")
    assert read_last_entry()["decided_by"] == ["safeguarding-officer", "safeguarding-officer"]
    assert client.get(PAGE).status_code == 200


def test_an_approver_restores_for_the_own_organisation_only(desk: fixture.Desk, tmp_path: Path) -> None:
    seal(desk, tmp_path / "papers")
    publish(desk)
    succeed("suspend", STUDY, 1, "--as", "olga")
    succeed("reinstate", STUDY, 1, "--as", "pia")
    other = organisations.add_organisation(by="test", slug="other", role="newsroom", name="Other")
    people.add_person(name="nora", roles=["approver"], organisation=other)
    number = Proposal.objects.get(kind="restoration").pk
    refused = run("approve", number, "--as", "nora").exception
    assert "this belongs to larkfield" in str(refused)
    succeed("approve", number, "--as", "ben")
    assert not Suspension.objects.filter(item__number=1, restored_at=None).exists()


@pytest.mark.parametrize("role", ["publisher", "approver", "safeguarding-officer"])
def test_no_organisation_takes_out_of_view_what_another_published(
    desk: fixture.Desk, tmp_path: Path, role: str
) -> None:
    seal(desk, tmp_path / "papers")
    publish(desk)
    other = organisations.add_organisation(by="test", slug="other", role="newsroom", name="Other")
    people.add_person(name="nora", roles=[role], organisation=other)
    for more in ((), ("--page", 1), ("--ground", SUSPECTED)):
        refused = run("suspend", STUDY, 1, *more, "--as", "nora").exception
        assert "this belongs to larkfield" in str(refused)
    assert Client().get(PAGE).status_code == 200
    succeed("suspend", STUDY, 1, "--as", "olga")
    assert Client().get(PAGE).status_code == 451, "the officer of the house may, whoever published it"


def test_what_the_officer_took_out_of_view_no_organisation_shows_again_alone(
    desk: fixture.Desk, tmp_path: Path
) -> None:
    seal(desk, tmp_path / "papers")
    publish(desk)
    people.add_person(
        name="bea", roles=["approver"], organisation=organisations.find_organisation("larkfield")
    )
    succeed("suspend", STUDY, 1, "--as", "olga")
    succeed("reinstate", STUDY, 1, "--as", "ben")
    number = Proposal.objects.get(kind="restoration").pk
    assert "an officer is one of the two" in str(run("approve", number, "--as", "bea").exception)
    succeed("approve", number, "--as", "pia")
    assert not Suspension.objects.filter(restored_at=None).exists()


def test_mistakes_at_the_command_line_are_sentences(desk: fixture.Desk, tmp_path: Path) -> None:
    seal(desk, tmp_path / "papers")
    for arguments, sentence in (
        (("suspend", STUDY, 9, "--as", "olga"), "has no document 9"),
        (("suspend", STUDY, 1, "--as", "olga"), "is not published"),
        (("suspend", STUDY, 1, "--ground", "court-order", "--as", "olga"), "is decided by approver"),
        (("reinstate", STUDY, 1, "--as", "olga"), "is not out of view"),
    ):
        result = run(*arguments)
        assert isinstance(result.exception, errors.LightwellError), result.output
        assert sentence in str(result.exception)
    people.add_person(name="rita", roles=["researcher"])
    assert "takes the role" in str(run("suspend", STUDY, 1, "--as", "rita").exception)
    assert not Suspension.objects.exists()


def test_a_file_that_may_show_abuse_is_sealed_and_no_program_looks_into_it(
    desk: fixture.Desk, tmp_path: Path
) -> None:
    seal(desk, tmp_path / "papers", intent="withhold", ground=SUSPECTED)
    first, second = Item.objects.order_by("number")
    assert (first.pages, first.read, first.media_type) == (3, True, media.PDF)
    # The same bytes: only that nobody looked, not at the pages, not at the type.
    assert first.sha256 == second.sha256
    assert (second.pages, second.read, second.media_type) == (None, False, media.UNKNOWN)
    assert (second.sealed_parts, bytes(second.page_roots), second.renderer) == ("", b"", "none")
    publish(desk)
    assert PublicPage.objects.filter(item=second).count() == 0
    client = Client()
    page = client.get(f"/studies/{STUDY}/documents/2/").content.decode()
    assert "Possible abuse image, locked away unseen" in page
    # The same file is public as document 1; document 2 gives away neither its title nor its digest.
    assert second.title not in page
    assert second.sha256 not in page


def test_the_reader_of_such_a_file_calls_no_parser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def look(*_: object, **__: object) -> None:
        raise AssertionError("something looked into the file")

    for room in (media, pdf):
        for name in dir(room):
            if (
                callable(getattr(room, name))
                and getattr(getattr(room, name), "__module__", "") == room.__name__
            ):
                monkeypatch.setattr(room, name, look)
    source = tmp_path / "a.pdf"
    source.write_bytes(make_pdf())
    task = {"path": str(source), "key": "00" * 32, "store": str(tmp_path / "store")}
    with pytest.raises(AssertionError, match="looked into"):
        reader._TASKS["seal"](task, lambda _: None)
    answer = reader._TASKS["hold"](task, lambda _: None)
    assert (answer["pages"], answer["media_type"]) == (None, media.UNKNOWN)


def test_a_single_page_that_may_show_abuse_keeps_the_whole_document_unread() -> None:
    text = inventory.format_rows(inventory.draft_rows(["one.pdf"], datetime.date(2025, 12, 1)))
    text = text.replace("publish,,", f"publish,{SUSPECTED},2")
    with pytest.raises(errors.UserMistake, match="keeps the whole document unread: use the intent withhold"):
        inventory.parse_rows(text, ["one.pdf"], data.read_grounds().keys())


def test_a_published_document_that_may_show_abuse_goes_whole_with_every_picture_drawn_from_it(
    desk: fixture.Desk, tmp_path: Path
) -> None:
    seal(desk, tmp_path / "papers")
    (tmp_path / "papers" / "two.pdf").unlink()
    publish(desk, [1])
    client = Client()
    assert client.get(f"{PAGE}picture").status_code == 200
    drawn = desk.state.root / "drawn"
    assert [each for each in drawn.rglob("*") if each.is_file()], "a picture was drawn and kept"
    # Asked for one page, it is the whole document all the same.
    said = succeed("suspend", STUDY, 1, "--page", 2, "--ground", SUSPECTED, "--as", "olga")
    assert f"out of view: document 1 of {STUDY}" in said
    assert [each for each in drawn.rglob("*") if each.is_file()] == []
    for page in (1, 2, 3):
        address = f"/studies/{STUDY}/documents/1/page/{page}/"
        assert client.get(address).status_code == 451
        assert client.get(f"{address}picture").status_code == 404
    assert client.get(f"/files/{Item.objects.get(number=1).sha256}").status_code == 451
    assert [each for each in drawn.rglob("*") if each.is_file()] == [], "nothing was drawn again"


def test_what_is_locked_away_before_it_was_published_is_not_opened_to_publish_it(
    desk: fixture.Desk, tmp_path: Path
) -> None:
    seal(desk, tmp_path / "papers")
    succeed("suspend", STUDY, 2, "--ground", SUSPECTED, "--as", "ben")
    with pytest.raises(errors.UserMistake, match="out of view, so not to be published now: 2"):
        publish(desk, [2])
    publish(desk)
    assert list(Item.objects.filter(named=True).values_list("number", flat=True)) == [1]
