"""Hidden parts by two people, from proposal to a bundle that verifies, and what is opened again later."""

from __future__ import annotations

import datetime
from pathlib import Path

import disclosure_fixture as fixture
import pytest
import verify as second
from django.test import Client
from hiding_fixture import (
    GROUND,
    NAME,
    NOW,
    STUDY,
    approve,
    hide,
    judge,
    later,
    list_words,
    make_desk,
    make_pdf,
    publish,
    read_published,
)

from lightwell.actions import (
    documents,
    inventories,
    likenesses,
    log,
    openings,
    patterns,
    proposals,
    publications,
    redactions,
    search,
    suspensions,
)
from lightwell.archive import inventory
from lightwell.base import errors
from lightwell.db.models import Item, Opening, PublicPage, Redaction, Study

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> fixture.Desk:
    return make_desk(tmp_path, monkeypatch)


def test_a_name_is_gone_from_everything_and_the_rest_verifies(desk: fixture.Desk, tmp_path: Path) -> None:
    approve(desk, hide(desk, NAME))
    publish(desk, 1, 2)
    verdict = judge(desk, tmp_path / "bundle")
    assert any(f"hidden regions on 1 page, by ground: 1 {GROUND}" in each for each in verdict.proven)
    pages = verdict.certificates[STUDY]["pages"]
    assert (pages["open"], pages["redacted"], pages["held_back"]) == (3, 1, 0)
    assert not verdict.certificates[STUDY]["in_full"]
    assert b"Oyelaran" not in list_words(tmp_path / "bundle")
    text = read_published(desk)
    assert "Marguerite" not in text
    assert "in Leeds about sleep." in text
    row = PublicPage.objects.get(item__number=1, number=2)
    assert row.hidden["regions"][0][:2] == [GROUND, "approver"]
    assert "Oyelaran" not in row.text
    search.rebuild_index(desk.state)
    assert not search.find_pages(desk.state, "Oyelaran").pages
    assert search.find_pages(desk.state, "Leeds").pages


def test_nothing_is_published_while_somebody_has_to_decide(desk: fixture.Desk) -> None:
    rows = hide(desk, NAME)
    with pytest.raises(
        errors.UserMistake, match="document 1: 1 suggested or proposed hidden parts wait for a person"
    ):
        publish(desk, 1)
    publish(desk, 2)
    redactions.decide_regions(
        actor=desk.ben, study=Study.objects.get(pk=STUDY), numbers=[rows[0].pk], approved=False, now=NOW
    )
    publish(desk, 1)
    assert Item.objects.get(number=1).openings.get().whole


@pytest.mark.parametrize("place", ["title", "file_name"])
def test_a_name_in_the_title_or_the_file_name_stops_the_publication(desk: fixture.Desk, place: str) -> None:
    approve(desk, hide(desk, NAME))
    Item.objects.filter(number=1).update(**{place: f"Interview with {NAME.split()[1]}"})
    with pytest.raises(errors.UserMistake) as raised:
        publish(desk, 1)
    # The title stands in the file as well.
    places = {problem.place: problem.sentence for problem in raised.value.problems}
    assert "a hidden word can still be read" in places[f"document 1, {place.replace('_', ' ')}"]
    assert "Oyelaran" not in str(raised.value)
    assert not Opening.objects.exists()
    public = desk.state.root / "files" / "public"
    assert not any(b"Invisible" in path.read_bytes() for path in public.rglob("*") if path.is_file())


def test_a_name_in_the_summary_stops_the_publication(desk: fixture.Desk) -> None:
    approve(desk, hide(desk, NAME))
    summary = f"What {NAME.split()[1]} told us."
    with pytest.raises(errors.UserMistake) as raised:
        desk.do("publication", STUDY, {"study": STUDY, "summary": summary, "items": [1]}, NOW)
    assert [problem.place for problem in raised.value.problems] == ["document 1, summary"]
    assert "Oyelaran" not in str(raised.value)


def test_a_document_that_is_not_there_is_no_place_without_the_name(desk: fixture.Desk) -> None:
    study = Study.objects.get(pk=STUDY)
    with pytest.raises(errors.UserMistake, match="there is no sealed document 9"):
        patterns.find_words(state=desk.state, actor=desk.ana, study=study, pattern="sleep", items=[1, 9])


def test_a_number_that_no_database_could_hold_is_none_that_waits(desk: fixture.Desk) -> None:
    study = Study.objects.get(pk=STUDY)
    with pytest.raises(errors.UserMistake, match="no such proposed region"):
        redactions.decide_regions(actor=desk.ben, study=study, numbers=[10**23], approved=True, now=NOW)


def test_what_was_turned_down_and_hidden_for_another_reason_is_not_left_visible(desk: fixture.Desk) -> None:
    study = Study.objects.get(pk=STUDY)
    rows = hide(desk, NAME)
    numbers = [row.pk for row in rows]
    redactions.decide_regions(actor=desk.ben, study=study, numbers=numbers, approved=False, now=NOW)
    approve(desk, hide(desk, NAME))
    Item.objects.filter(number=1).update(title=f"Interview with {NAME}")
    with pytest.raises(errors.UserMistake, match="a hidden word can still be read"):
        publish(desk, 1)


@pytest.mark.parametrize("what", ["proposed", "approved", "lifted"])
def test_what_changes_while_a_publication_is_made_ready_stops_it(
    desk: fixture.Desk, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    prepare = publications.prepare_publication
    if what == "lifted":
        rows = hide(desk, NAME)
        approve(desk, rows)

    def prepare_slowly(**options: object) -> publications.Prepared:
        ready = prepare(**options)
        if what == "lifted":
            Redaction.objects.filter(pk=rows[0].pk).update(lifted_at=NOW)
        else:
            found = hide(desk, NAME)
            if what == "approved":
                approve(desk, found)
        return ready

    with monkeypatch.context() as patch:
        patch.setattr(publications, "prepare_publication", prepare_slowly)
        with pytest.raises(errors.Refused, match=r"what is hidden in document 1 .* has just been changed"):
            publish(desk, 1)
    assert not Opening.objects.exists()
    assert not PublicPage.objects.exists()
    if what == "approved":
        (proposal,) = proposals.list_open()
        proposals.approve(state=desk.state, actor=desk.ben, proposal_id=proposal.pk, now=NOW)
        assert "Oyelaran" not in read_published(desk)


def test_a_name_that_is_left_elsewhere_in_the_document_stops_it_until_a_person_says_so(
    desk: fixture.Desk,
) -> None:
    (row,) = hide(desk, NAME)
    again = redactions.propose_regions(
        state=desk.state,
        actor=desk.ana,
        item=row.item,
        number=1,
        words=[(0, 4)],
        ground_id=GROUND,
        now=NOW,
    )
    approve(desk, [again])
    study = Study.objects.get(pk=STUDY)
    redactions.withdraw_regions(actor=desk.ana, study=study, numbers=[row.pk])
    # "nights" is an everyday word that stands on the other pages by right; the name is not hidden at all.
    publish(desk, 1)


def test_two_people_and_their_own_organisation_only(desk: fixture.Desk) -> None:
    (row,) = hide(desk, NAME)
    study = Study.objects.get(pk=STUDY)
    for actor, sentence in ((desk.ana, "takes the role approver"),):
        with pytest.raises(errors.Refused, match=sentence):
            redactions.decide_regions(actor=actor, study=study, numbers=[row.pk], approved=True, now=NOW)
    desk.ana.roles = ["publisher", "approver"]
    desk.ana.save()
    with pytest.raises(errors.Refused, match="takes two people"):
        redactions.decide_regions(actor=desk.ana, study=study, numbers=[row.pk], approved=True, now=NOW)
    stranger = desk.find_pair({"id": "other", "role": "campaign-group", "name": "Other"})
    for act in (
        lambda: redactions.read_page(state=desk.state, actor=stranger[0], item=row.item, number=2),
        lambda: patterns.find_words(state=desk.state, actor=stranger[0], study=study, pattern="sleep"),
        lambda: redactions.list_regions(state=desk.state, actor=stranger[1], study=study),
        lambda: redactions.decide_regions(
            actor=stranger[1], study=study, numbers=[row.pk], approved=True, now=NOW
        ),
    ):
        with pytest.raises(errors.Refused):
            act()
    approve(desk, [row])
    with pytest.raises(errors.UserMistake, match="no such proposed region"):
        approve(desk, [row])


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"words": [(0, 99)]}, "there is no word 100 in line 1"),
        ({"boxes": [(0, 0, 9999, 5)]}, "leaves the page"),
        ({"words": [(0, 0)], "ground_id": "no-such"}, "there is no ground 'no-such'"),
        ({"words": [(0, 0)], "ground_id": "text-not-shown"}, "the program's own"),
        (
            {"words": [(0, 0)], "ground_id": "erased-by-law"},
            r"is not for a region; for a region there are (?!.*text-not-shown)",
        ),
        ({"words": [(0, 0)], "review": datetime.date(2099, 1, 1)}, "lasts at most"),
        ({}, "hides nothing"),
    ],
)
def test_a_bad_region_is_refused_whole(desk: fixture.Desk, options: dict, sentence: str) -> None:
    item = redactions.find_item(STUDY, 1)
    with pytest.raises(errors.UserMistake, match=sentence):
        redactions.propose_regions(
            state=desk.state, actor=desk.ana, item=item, number=2, now=NOW, **{"ground_id": GROUND, **options}
        )
    assert not Redaction.objects.exists()


def test_what_a_program_found_waits_for_a_person_and_is_kept_once(desk: fixture.Desk) -> None:
    item = redactions.find_item(STUDY, 1)
    found = [redactions.Suggestion(2, ((1, 3), (1, 4)), GROUND, "roster", 100)]
    assert redactions.keep_suggestions(item=item, suggestions=found * 2, now=NOW) == 1
    assert redactions.keep_suggestions(item=item, suggestions=found, now=NOW) == 0
    with pytest.raises(errors.UserMistake, match="wait for a person"):
        publish(desk, 1)
    study, row = Study.objects.get(pk=STUDY), Redaction.objects.get()
    redactions.confirm_suggestions(actor=desk.ana, study=study, numbers=[row.pk], now=NOW)
    ((_, context),) = redactions.list_regions(state=desk.state, actor=desk.ben, study=study)
    assert f"⟦{NAME}⟧" in context
    approve(desk, [row])
    publish(desk, 1)
    assert Item.objects.get(number=1).openings.get().redacted == 1


def test_a_lifted_part_becomes_readable_and_both_openings_verify(desk: fixture.Desk, tmp_path: Path) -> None:
    rows = hide(desk, NAME)
    approve(desk, rows)
    publish(desk, 1)
    payload = {"study": STUDY, "item": 1, "lift": [rows[0].pk]}
    desk.do("release", STUDY, payload, later(60))
    verdict = judge(desk, tmp_path / "bundle")
    assert verdict.certificates[STUDY]["pages"]["redacted"] == 0
    assert verdict.certificates[STUDY]["items"]["open"] == 1
    assert documents.read_document(Item.objects.get(number=1)).whole
    assert Opening.objects.visible().filter(item__number=1).count() == 2
    with pytest.raises(errors.UserMistake, match="no hidden part of this document that is in force"):
        desk.do("release", STUDY, payload, later(90))


def test_a_part_hidden_after_publication_leaves_every_copy_that_is_offered_here(
    desk: fixture.Desk, tmp_path: Path
) -> None:
    publish(desk, 1)
    with pytest.raises(errors.UserMistake, match="nothing would change"):
        desk.do("release", STUDY, {"study": STUDY, "item": 1, "lift": []}, later(5))
    approve(desk, hide(desk, NAME, later(10)), later(20))
    desk.do("release", STUDY, {"study": STUDY, "item": 1, "lift": []}, later(30))
    verdict = judge(desk, tmp_path / "bundle")
    assert b"Oyelaran" not in list_words(tmp_path / "bundle")
    assert any("taken back or erased" in each for each in verdict.not_proven)
    item = Item.objects.get(number=1)
    with pytest.raises(Item.DoesNotExist):
        documents.find_original(item.sha256)
    assert Client().get(f"/files/{item.sha256}").status_code != 200


def test_a_withheld_document_is_opened_when_its_reason_ends(desk: fixture.Desk, tmp_path: Path) -> None:
    publish(desk, 1)
    taken = {"study": STUDY, "items": [1], "ground": "confidential", "review": "2025-06-01"}
    desk.do("take-back", STUDY, taken, NOW)
    desk.do("release", STUDY, {"study": STUDY, "item": 1, "lift": []}, later(60))
    verdict = judge(desk, tmp_path / "bundle")
    assert verdict.certificates[STUDY]["items"]["open"] == 1
    assert PublicPage.objects.visible().filter(item__number=1).count() == 3


def test_the_published_file_is_away_while_a_page_of_it_is_out_of_view(desk: fixture.Desk) -> None:
    approve(desk, hide(desk, NAME))
    publish(desk, 1)
    item = Item.objects.get(number=1)
    digest = item.openings.get().document
    assert documents.find_original(digest).media_type == "application/pdf"
    suspensions.suspend_page(actor=desk.ana, item=item, page=1, now=NOW)
    with pytest.raises(errors.Refused, match="out of view"):
        documents.find_original(digest)
    assert Client().get(f"/files/{digest}").status_code == 451


def test_the_reader_is_told_what_is_hidden_and_what_is_not_checked(desk: fixture.Desk) -> None:
    approve(desk, hide(desk, NAME))
    publish(desk, 1)
    log.publish_checkpoint(state=desk.state, now=NOW)
    client = Client()
    page = client.get(f"/studies/{STUDY}/documents/1/page/2/").content.decode()
    assert "1 part of this page is hidden" in page
    assert "not checked" in page
    assert "Oyelaran" not in page
    assert client.get(f"/studies/{STUDY}/documents/1/page/2/picture").status_code == 200
    document = client.get(f"/studies/{STUDY}/documents/1/").content.decode()
    assert "Download the published file" in document
    answer = client.get(f"/api/1/studies/{STUDY}/documents/1/pages/2").json()
    assert set(answer["kinds"]) == {"sealed", "reset", "label"}
    assert answer["hidden"] == [{"ground": GROUND, "decided_by": "approver", "review": "2029-11-19"}]
    proof = client.get(f"/studies/{STUDY}/documents/1/page/2/proof.json")
    assert proof.status_code == 200
    assert b"Oyelaran" not in proof.content


def test_proposals_name_no_hidden_word(desk: fixture.Desk) -> None:
    approve(desk, hide(desk, NAME))
    proposal = proposals.propose(
        actor=desk.ana,
        kind="publication",
        subject=STUDY,
        payload={"study": STUDY, "summary": "", "items": [1]},
        now=NOW,
    )
    assert "Oyelaran" not in str(proposal.payload)
    assert not any("Oyelaran" in str(vars(row)) for row in Redaction.objects.all())


def test_a_page_that_stands_open_elsewhere_is_warned_of(desk: fixture.Desk, tmp_path: Path) -> None:
    study = Study.objects.get(pk=STUDY)
    papers = tmp_path / "more"
    papers.mkdir()
    (papers / "copy.pdf").write_bytes(make_pdf(2))
    rows = inventory.draft_rows(["copy.pdf"], datetime.date(2025, 1, 10))
    inventories.measure_files(state=desk.state, study=study, folder=papers, rows=rows, processes=1)
    inventories.seal_inventory(actor=desk.ana, study=study, now=NOW)
    publish(desk, 3)
    search.rebuild_index(desk.state)
    approve(desk, [row for row in hide(desk, NAME) if row.item.number == 1])
    (warning,) = likenesses.list_open_copies(state=desk.state, study=study)
    assert (warning.item, warning.page, warning.other, warning.other_page) == (1, 2, 3, 2)
    assert warning.shows_hidden
    assert "Oyelaran" not in warning.sentence


def test_both_verifiers_say_the_same(desk: fixture.Desk, tmp_path: Path) -> None:
    approve(desk, hide(desk, NAME))
    publish(desk, 1, 2)
    judge(desk, tmp_path / "bundle")
    assert second.main([str(tmp_path / "bundle")]) == 0


def test_what_was_approved_in_the_second_of_an_opening_or_before_it_is_hidden_by_the_next(
    desk: fixture.Desk,
) -> None:
    """What an opening hides is told by numbers, because two clocks and one second tell it wrongly."""
    publish(desk, 1, 2)
    earlier = NOW - datetime.timedelta(hours=1)
    approve(desk, hide(desk, NAME, earlier), earlier)
    item = Item.objects.get(study=STUDY, number=1)
    (row,) = item.redactions.in_force()
    assert openings.list_fresh(item) == [row]
    desk.do("release", STUDY, {"study": STUDY, "item": 1, "lift": []}, later(60))
    assert openings.list_fresh(item) == []
    assert "Oyelaran" not in read_published(desk)
    with pytest.raises(errors.UserMistake, match="nothing would change"):
        desk.do("release", STUDY, {"study": STUDY, "item": 1, "lift": []}, later(120))
    # Openings from before know no numbers.
    Opening.objects.filter(item=item).update(regions=None)
    assert openings.list_fresh(item) == []
