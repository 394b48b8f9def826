"""The workspace: a study goes from a draft to public pages and back by people who each do their part."""

import datetime
import html
import io
import json
import re
from pathlib import Path
from typing import Any

import disclosure_fixture as fixture
import factor_fixture as factor
import pikepdf
import pytest
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from document_fixture import SENTENCES, STUDY, make_pdf

from lightwell.actions import inventories, log, overview, people, proposals, search, studies
from lightwell.archive import inventory
from lightwell.base import errors, roles
from lightwell.client import proofs
from lightwell.db.models import (
    Disclosure,
    Inventory,
    Item,
    Person,
    Proposal,
    PublicPage,
    Report,
    Study,
    Suspension,
)
from lightwell.files import data, foundation
from lightwell.files.state import State
from lightwell.web import consequences, pace
from lightwell.web.forms import workspace as forms
from lightwell.web.views import drafts

pytestmark = pytest.mark.django_db

PASSWORD = "seven brave otters swim"
NOW = datetime.datetime(2024, 11, 20, 9, tzinfo=datetime.UTC)
PAGE = f"/studies/{STUDY}/documents/1/page/2/"


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> State:
    root = tmp_path / "state"
    monkeypatch.setenv("LIGHTWELL_STATE", str(root))
    monkeypatch.setattr(pace, "TURNS", 1000)
    overview.forget()
    cache.clear()
    foundation.lay_foundation(root, origin="sample.example/site", sample=True)
    (root / "sample-clock").write_text(str(int(NOW.timestamp())))
    log.begin_log(now=NOW)
    larkfield = fixture.find_organisation()
    people.add_person(name="ana", roles=["publisher"], password=PASSWORD, organisation=larkfield)
    people.add_person(name="ben", roles=["approver"], password=PASSWORD, organisation=larkfield)
    people.add_person(name="sam", roles=["safeguarding-officer"], password=PASSWORD)
    people.add_person(name="rita", roles=["researcher"], password=PASSWORD)
    return State(root)


def sign_in(name: str) -> Client:
    client = Client()
    answer = client.post("/workspace/sign-in/", {"username": name, "password": PASSWORD})
    assert answer.status_code == 302, answer.content
    person = Person.objects.get(username=name)
    if roles.needs_second_factor(person.roles):
        factor.enter_code(client, person)
    return client


def send(client: Client, address: str, status: int = 302, **values: Any) -> Any:
    answer = client.post(f"/workspace/{address}", values)
    assert answer.status_code == status, answer.content.decode()
    return answer


def register(state: State) -> Study:
    draft = data.read_example("study").decode()
    ana, ben = sign_in("ana"), sign_in("ben")
    answer = send(ana, "drafts/", text=draft, step="propose")
    number = int(answer["Location"].rstrip("/").rpartition("/")[2])
    send(ben, f"proposals/{number}/decide/", decision="approve", looked="on")
    return Study.objects.get(pk=STUDY)


def measure(state: State, study: Study, folder: Path) -> None:
    folder.mkdir()
    (folder / "report.pdf").write_bytes(make_pdf())
    rows = inventory.draft_rows(["report.pdf"], datetime.date(2025, 12, 1))
    inventories.measure_files(state=state, study=study, folder=folder, rows=rows, processes=1)


def publish(state: State, tmp_path: Path) -> None:
    study = register(state)
    measure(state, study, tmp_path / "papers")
    ana, ben = sign_in("ana"), sign_in("ben")
    send(ana, f"studies/{STUDY}/seal/", study=STUDY)
    answer = send(
        ana, f"studies/{STUDY}/propose/publication/", items="", summary="We asked children how they sleep."
    )
    number = int(answer["Location"].rstrip("/").rpartition("/")[2])
    send(ben, f"proposals/{number}/decide/", decision="approve", looked="on")
    log.publish_checkpoint(state=state, now=NOW)
    search.update_index(state)


def test_every_room_asks_for_a_name_and_a_password(state: State, client: Client) -> None:
    rooms = ["", "drafts/", "studies/", "proposals/", "reports/", "withdraw/", f"studies/{STUDY}/"]
    for room in rooms:
        answer = client.get(f"/workspace/{room}")
        assert answer.status_code == 302, room
        assert answer["Location"].startswith("/workspace/sign-in/?next=/workspace/")
        assert answer["Cache-Control"] == "no-store"
    wrong = client.post("/workspace/sign-in/", {"username": "ana", "password": "wrong"})
    assert wrong.status_code == 200
    assert b"wrong" in wrong.content
    assert Person.objects.get(username="ana").password.startswith("argon2")


def test_a_password_cannot_be_guessed_quickly(
    state: State, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "TURNS", 3)
    tries = [
        client.post("/workspace/sign-in/", {"username": "ana", "password": str(k)}).status_code
        for k in range(5)
    ]
    assert tries == [200, 200, 200, 429, 429]


def test_signing_in_leads_nowhere_else(state: State, client: Client) -> None:
    answer = client.post(
        "/workspace/sign-in/?next=https://elsewhere.example/",
        {"username": "ana", "password": PASSWORD, "next": "https://elsewhere.example/"},
    )
    assert answer["Location"] == "/workspace/"


@pytest.mark.parametrize("name", ["rita", "ana", "ben", "sam"])
def test_each_room_opens_only_to_the_roles_of_the_table(state: State, name: str) -> None:
    client, held = sign_in(name), Person.objects.get(username=name).roles
    rooms = {
        "drafts/": ("propose", "register"),
        "records/": ("read_sealed",),
        "studies/": ("read_sealed",),
        "proposals/": ("read_sealed",),
        "reports/": ("suspend",),
        "withdraw/": ("propose",),
    }
    for room, permissions in rooms.items():
        expected = 200 if any(roles.may(held, each) for each in permissions) else 403
        assert client.get(f"/workspace/{room}").status_code == expected, room
    assert client.get("/workspace/").status_code == 200


def test_a_form_without_its_token_is_refused(state: State) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/workspace/sign-in/", {"username": "ana", "password": PASSWORD})
    assert answer.status_code == 403


def test_a_draft_shows_every_problem_at_its_line(state: State) -> None:
    draft = data.read_example("study").decode().replace("kind: study", "kind: studdy")
    draft = draft.replace("stage: planned", "stage: someday")
    text = send(sign_in("ana"), "drafts/", 400, text=draft).content.decode()
    assert "record.yaml, line 3" in text
    assert 'class="wrong" id="line-3"' in text
    draft = data.read_example("study").decode().replace("stage: planned", "stage: someday")
    draft = draft.replace("asks: [1]", "asks: [9]")
    text = send(sign_in("ana"), "drafts/", 400, text=draft).content.decode()
    assert "2 things to change" in text
    assert not Proposal.objects.exists()


def test_a_draft_that_is_only_checked_is_not_proposed(state: State) -> None:
    answer = send(sign_in("ana"), "drafts/", 200, text=data.read_example("study").decode())
    assert b"Nothing is wrong with it" in answer.content
    assert not Proposal.objects.exists()


def test_what_one_person_proposed_another_approves(state: State) -> None:
    ana = sign_in("ana")
    answer = send(ana, "drafts/", text=data.read_example("study").decode(), step="propose")
    number = int(answer["Location"].rstrip("/").rpartition("/")[2])
    assert b"somebody else has to approve" in ana.get(f"/workspace/proposals/{number}/").content
    send(ana, f"proposals/{number}/decide/", 403, decision="approve", looked="on")
    assert not Study.objects.exists()
    ben = sign_in("ben")
    assert b"You are the second person" in ben.get(f"/workspace/proposals/{number}/").content
    send(ben, f"proposals/{number}/decide/", decision="approve", looked="on")
    assert Study.objects.get().id == STUDY
    send(ben, f"proposals/{number}/decide/", 403, decision="approve", looked="on")


def test_a_person_with_every_publishing_role_still_cannot_approve_the_own_proposal(state: State) -> None:
    Person.objects.get(username="ana").assign_roles(["publisher", "approver"])
    ana = sign_in("ana")
    answer = send(ana, "drafts/", text=data.read_example("study").decode(), step="propose")
    number = int(answer["Location"].rstrip("/").rpartition("/")[2])
    refused = send(ana, f"proposals/{number}/decide/", 403, decision="approve", looked="on")
    assert b"two people" in refused.content


def test_sealing_shows_what_cannot_be_taken_back_and_wants_the_id_typed(state: State, tmp_path: Path) -> None:
    measure(state, register(state), tmp_path / "papers")
    ana = sign_in("ana")
    text = ana.get(f"/workspace/studies/{STUDY}/").content.decode()
    assert "1 document, 3 pages" in text
    assert "What cannot be taken back" in text
    send(ana, f"studies/{STUDY}/seal/", 400, study="yes")
    assert not Inventory.objects.exists()
    send(sign_in("ben"), f"studies/{STUDY}/seal/", 403, study=STUDY)
    send(ana, f"studies/{STUDY}/seal/", study=STUDY)
    assert Inventory.objects.get().items.count() == 1


def test_a_published_page_carries_a_proof_that_the_verifier_accepts(
    state: State, tmp_path: Path, client: Client
) -> None:
    publish(state, tmp_path)
    assert (
        SENTENCES[1]
        in client.get(PAGE, {"q": "marmalade"}).content.decode().replace("</span>", "").replace("</mark>", "")
        or "marmalade" in client.get(PAGE).content.decode()
    )
    proof = client.get(f"{PAGE}proof.json")
    verdict = proofs.verify_page_proof(proof.content, state.read_policy())
    assert "page 2 of item 1" in verdict.sentence
    api = client.get(f"/api/1/studies/{STUDY}/documents/1/pages/2/proof")
    assert api.content == proof.content
    forged = json.loads(proof.content)
    forged["page"]["lines"][0][0][0] = "Kapitel"
    with pytest.raises(Exception, match="page 2, line 1"):
        proofs.verify_page_proof(json.dumps(forged).encode(), state.read_policy())


def test_chosen_pages_leave_as_one_pdf_with_their_proofs_inside(
    state: State, tmp_path: Path, client: Client
) -> None:
    publish(state, tmp_path)
    answer = client.get(f"/studies/{STUDY}/documents/1/pages.pdf", {"pages": "2,3"})
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"].startswith("attachment")
    with pikepdf.open(io.BytesIO(answer.content)) as made:
        assert len(made.pages) == 2
        names = set(made.attachments)
        assert names == {"page-2-proof.json", "page-3-proof.json", "how-to-check.txt"}
        proof = made.attachments["page-3-proof.json"].get_file().read_bytes()
    assert "page 3" in proofs.verify_page_proof(proof, state.read_policy()).sentence


def test_beside_a_page_out_of_view_the_others_leave_as_pictures_only(
    state: State, tmp_path: Path, client: Client
) -> None:
    publish(state, tmp_path)
    send(sign_in("sam"), f"suspend/{STUDY}/1/2/")
    answer = client.get(f"/studies/{STUDY}/documents/1/pages.pdf", {"pages": "1,3"})
    assert answer.status_code == 200
    assert b"Font" not in answer.content
    with pikepdf.open(io.BytesIO(answer.content)) as made:
        assert [len(page.images) for page in made.pages] == [1, 1]


def test_a_report_takes_a_page_out_of_every_view_and_two_people_bring_it_back(
    state: State, tmp_path: Path, client: Client
) -> None:
    publish(state, tmp_path)
    client.post(f"{PAGE}report/", {"words": "This is my daughter."})
    sam, ben = sign_in("sam"), sign_in("ben")
    assert b"This is my daughter." in sam.get("/workspace/reports/").content
    send(sam, f"reports/{Report.objects.get().pk}/", decision="suspend")
    assert client.get(PAGE).status_code == 451
    assert client.get(f"{PAGE}picture").status_code == 404
    assert b"no published page fits" in client.get("/search/", {"q": "marmalade"}).content.lower()
    assert b"marmalade" not in client.get("/search.atom", {"q": "sentence stands"}).content
    stop = Suspension.objects.get()
    answer = send(sam, f"restore/{stop.pk}/")
    number = int(answer["Location"].rstrip("/").rpartition("/")[2])
    send(sam, f"proposals/{number}/decide/", 403, decision="approve", looked="on")
    assert client.get(PAGE).status_code == 451
    send(ben, f"proposals/{number}/decide/", decision="approve", looked="on")
    search.update_index(state)
    assert client.get(PAGE).status_code == 200
    assert b"1 page</strong> found" in client.get("/search/", {"q": "marmalade"}).content


def test_published_documents_are_taken_back_by_two_with_a_reason(
    state: State, tmp_path: Path, client: Client
) -> None:
    publish(state, tmp_path)
    ana, ben = sign_in("ana"), sign_in("ben")
    answer = send(
        ana,
        f"studies/{STUDY}/propose/take-back/",
        items="1",
        ground="third-party-privacy",
        review="2025-10-01",
    )
    number = int(answer["Location"].rstrip("/").rpartition("/")[2])
    assert PublicPage.objects.count() == 3
    send(ben, f"proposals/{number}/decide/", decision="approve", looked="on")
    assert PublicPage.objects.count() == 0
    assert b"private life" in client.get(PAGE).content


def test_a_mistake_in_a_proposal_is_a_sentence_and_nothing_is_stored(state: State, tmp_path: Path) -> None:
    publish(state, tmp_path)
    before = Proposal.objects.count()
    ana = sign_in("ana")
    send(ana, f"studies/{STUDY}/propose/publication/", 400, items="one", summary="")
    send(ana, f"studies/{STUDY}/propose/publication/", 400, items="7", summary="word " * 81)
    send(ana, f"studies/{STUDY}/propose/take-back/", 400, items="1", ground="no-such", review="2025-10-01")
    send(ana, "withdraw/", 400, record=STUDY, version="", ground="participant")
    assert Proposal.objects.count() == before


def test_the_forms_work_in_a_browser_that_hides_where_it_comes_from(state: State) -> None:
    client = Client(enforce_csrf_checks=True)
    shown = client.get("/workspace/sign-in/")
    # With "no-referrer" browsers send "Origin: null" and every form here would be refused.
    assert shown["Referrer-Policy"] == "same-origin"
    assert "Sample:" in shown.content.decode()
    token = shown.content.decode().partition('csrfmiddlewaretoken" value="')[2].partition('"')[0]
    values = {"username": "ana", "password": PASSWORD, "csrfmiddlewaretoken": token}
    answer = client.post("/workspace/sign-in/", values, headers={"Origin": "http://testserver"})
    assert answer.status_code == 302


def test_the_rooms_that_are_named_are_those_that_open(state: State) -> None:
    for name in ("ana", "ben", "sam", "rita"):
        client = sign_in(name)
        desk = client.get("/workspace/").content.decode()
        assert name in desk
        for address in set(re.findall(r'href="(/workspace/[a-z/]*)"', desk)):
            assert client.get(address).status_code == 200, (name, address)


def test_every_kind_of_proposal_says_what_it_does() -> None:
    assert set(consequences.SENTENCES) == set(proposals.STORIES)


def test_an_approver_sees_which_documents_dates_and_reasons_are_meant(state: State, tmp_path: Path) -> None:
    publish(state, tmp_path)
    ana, ben = sign_in("ana"), sign_in("ben")
    answer = send(
        ana,
        f"studies/{STUDY}/propose/take-back/",
        items="1",
        ground="third-party-privacy",
        review="2025-10-01",
    )
    text = ben.get(answer["Location"]).content.decode()
    for words in ("report", "private life", "1 October 2025", "Does Larkfield at night cost"):
        assert words in text, words


def test_nothing_is_done_before_the_second_person_says_that_they_looked(state: State) -> None:
    answer = send(sign_in("ana"), "drafts/", text=data.read_example("study").decode(), step="propose")
    number = int(answer["Location"].rstrip("/").rpartition("/")[2])
    refused = send(sign_in("ben"), f"proposals/{number}/decide/", 400, decision="approve")
    assert b"nothing was done" in refused.content
    assert not Study.objects.exists()


def test_who_proposes_is_told_whom_to_ask_or_that_there_is_nobody(state: State) -> None:
    ana = sign_in("ana")
    answer = send(ana, "drafts/", text=data.read_example("study").decode(), step="propose")
    assert b"Ask ben" in ana.get(answer["Location"]).content
    Person.objects.filter(username="ben").update(is_active=False)
    assert b"ask the operator for a second person" in ana.get(answer["Location"]).content


def test_what_was_typed_stands_in_the_form_that_was_refused_beside_the_reason(
    state: State, tmp_path: Path
) -> None:
    publish(state, tmp_path)
    refused = send(
        sign_in("ana"),
        f"studies/{STUDY}/propose/extension/",
        400,
        items="1, 7-8",
        due="2024-11-01",
        ground="investigation",
    )
    text = refused.content.decode()
    assert 'value="1, 7-8"' in text
    assert 'value="2024-11-01"' in text
    assert 'href="#extension-items"' in text
    assert text.count("has no document 7") == 2, "once above and once beside the field"
    assert '<option value="investigation" selected>' in text


@pytest.mark.parametrize(
    ("typed", "read"), [("1", [1]), ("1, 2,5", [1, 2, 5]), ("2-4, 3", [2, 3, 4]), ("", None)]
)
def test_documents_are_named_by_numbers_and_ranges(typed: str, read: list[int] | None) -> None:
    assert forms.NumbersField(required=False).clean(typed) == read


@pytest.mark.parametrize("typed", ["one", "3-1", "1,,2", "0-999999", "-3"])
def test_what_is_no_number_is_a_sentence(typed: str) -> None:
    with pytest.raises(ValidationError, match=r"write for example 1, 2, 5-9|no number"):
        forms.NumbersField().clean(typed)


def test_an_example_begins_a_record_of_ones_own_outside_a_sample(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drafts, "is_sample", lambda _: False)
    begun = sign_in("ana").get("/workspace/drafts/", {"example": "letter"}).content.decode()
    text = html.unescape(begun.partition("<textarea")[2].partition(">")[2].partition("</textarea>")[0])
    assert "publisher: {id: larkfield, role: provider" in text
    assert "sample-coalition" not in text
    assert not re.search(r"^(id|version|supersedes):", text, re.MULTILINE)


def test_a_commentary_begins_with_the_digest_of_what_it_is_about(state: State) -> None:
    register(state)
    begun = sign_in("ana").get("/workspace/drafts/", {"example": "commentary", "about": STUDY})
    digest = Disclosure.objects.get(record=STUDY).digest
    assert f"about:\n  id: {STUDY}\n  digest: {digest}\n" in html.unescape(begun.content.decode())


def test_what_could_not_be_done_leaves_the_proposal_and_says_why_on_its_page(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = send(sign_in("ana"), "drafts/", text=data.read_example("study").decode(), step="propose")
    number = int(answer["Location"].rstrip("/").rpartition("/")[2])

    def fail(*_: object) -> None:
        raise errors.CouldNotCheck("no public random value could be had")

    monkeypatch.setattr(studies, "choose_beacon", fail)
    ben = sign_in("ben")
    refused = send(ben, f"proposals/{number}/decide/", 503, decision="approve", looked="on").content
    assert b"Nothing was done" in refused
    assert b"No public random value could be had" in refused
    assert b"Approve and do it" in refused


def test_the_desk_says_what_is_promised_soon_and_what_is_late(state: State, tmp_path: Path) -> None:
    measure(state, register(state), tmp_path / "papers")
    ana = sign_in("ana")
    send(ana, f"studies/{STUDY}/seal/", study=STUDY)
    (state.root / "sample-clock").write_text(
        str(int(datetime.datetime(2025, 12, 20, tzinfo=datetime.UTC).timestamp()))
    )
    overview.forget()
    assert b"1 document late" in ana.get("/workspace/").content


def test_while_documents_are_read_the_study_says_how_many_and_nothing_can_be_locked_in(
    state: State, tmp_path: Path
) -> None:
    measure(state, register(state), tmp_path / "papers")
    Study.objects.update(measured=None)
    ana = sign_in("ana")
    text = ana.get(f"/workspace/studies/{STUDY}/").content.decode()
    assert "1 document</strong> read so far" in text
    assert "Lock in 1 document" not in text
    send(ana, f"studies/{STUDY}/seal/", 403, study=STUDY)
    assert not Inventory.objects.exists()


def test_a_long_list_of_documents_asks_the_database_no_more_than_a_short_one(
    state: State, tmp_path: Path
) -> None:
    measure(state, register(state), tmp_path / "papers")
    ana = sign_in("ana")
    send(ana, f"studies/{STUDY}/seal/", study=STUDY)
    answer = send(
        ana,
        f"studies/{STUDY}/propose/extension/",
        items="1",
        due="2026-01-01",
        ground="investigation",
    )
    number = answer["Location"].rstrip("/").rpartition("/")[2]

    def count(room: str) -> int:
        ana.get(f"/workspace/{room}")  # what is kept in memory is there
        with CaptureQueriesContext(connection) as asked:
            assert ana.get(f"/workspace/{room}").status_code == 200
        return len(asked)

    rooms = (f"studies/{STUDY}/", f"proposals/{number}/")
    short = [count(room) for room in rooms]
    first = Item.objects.get()
    for other in range(2, 301):
        Item.objects.create(
            **{
                field.attname: getattr(first, field.attname)
                for field in Item._meta.concrete_fields
                if field.attname not in ("id", "number", "log_index")
            },
            number=other,
            log_index=10_000 + other,
        )
    Proposal.objects.filter(pk=number).update(
        payload={"study": STUDY, "items": list(range(1, 301)), "due": "2026-01-01", "ground": "investigation"}
    )
    assert "of a list of 300" in ana.get(f"/workspace/{rooms[0]}").content.decode()
    assert "of a list of 300" in ana.get(f"/workspace/{rooms[1]}").content.decode()
    assert all(now <= before + 1 for now, before in zip(map(count, rooms), short, strict=True))


def test_a_moved_date_is_told_with_the_one_before_also_once_it_is_done(state: State, tmp_path: Path) -> None:
    measure(state, register(state), tmp_path / "papers")
    ana, ben = sign_in("ana"), sign_in("ben")
    send(ana, f"studies/{STUDY}/seal/", study=STUDY)
    values = {"items": "1", "due": "2026-01-01", "ground": "investigation"}
    place = send(ana, f"studies/{STUDY}/propose/extension/", **values)["Location"]
    assert "instead of 1 December 2025" in ben.get(place).content.decode()
    number = int(place.rstrip("/").rpartition("/")[2])
    send(ben, f"proposals/{number}/decide/", decision="approve", looked="on")
    assert "instead of 1 December 2025" in ben.get(place).content.decode()


def test_the_way_shows_in_which_room_one_is(state: State) -> None:
    ana = sign_in("ana")
    for room, name in (("", "Desk"), ("records/", "Records"), ("studies/", "Studies")):
        shown = ana.get(f"/workspace/{room}").content.decode()
        assert re.findall(r'aria-current="page">([A-Z][a-z]+)<', shown) == [name]
