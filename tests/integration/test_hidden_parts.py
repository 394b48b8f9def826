"""Parts of sealed pages are hidden in the workspace by two people of the own organisation and nobody else."""

from __future__ import annotations

import datetime
import html
import io
import json
import os
import re
from pathlib import Path
from typing import Any

import disclosure_fixture as fixture
import factor_fixture as factor
import hidden_fixture as hidden
import pytest
from click.testing import CliRunner
from django.db import IntegrityError, connection, transaction
from django.test import Client
from hidden_fixture import NAME, NOW, OTHER, ROOM, STUDY
from PIL import Image

from lightwell.actions import log, patterns, people, proposals, redactions, samples
from lightwell.archive import page
from lightwell.base import errors, roles
from lightwell.cli.main import lightwell
from lightwell.db.models import Opening, Person, Proposal, Publication, PublicPage, Reading, Redaction, Study
from lightwell.files import seeking
from lightwell.files.state import State
from lightwell.web import pace, stretch

pytestmark = pytest.mark.django_db

PASSWORD = "seven brave otters swim"
REGULATOR = {"id": "elmbridge", "role": "regulator", "name": "Elmbridge"}
PAGE = f"{ROOM}pages/1/1/"
SUGGESTED = (
    redactions.Suggestion(1, ((2, 2), (2, 3)), "participant", "roster row 2", 100),
    redactions.Suggestion(1, ((4, 4), (4, 5)), "third-party-privacy", "name list", 60),
    redactions.Suggestion(3, ((2, 2), (2, 3)), "participant", "roster row 2", 100),
)


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> State:
    monkeypatch.setenv("LIGHTWELL_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(pace, "TURNS", 1000)
    made = hidden.lay(tmp_path / "state")
    larkfield, regulator = fixture.find_organisation(), fixture.find_organisation(REGULATOR)
    for name, role, organisation in (
        ("ana", "publisher", larkfield),
        ("ben", "approver", larkfield),
        ("cleo", "approver", larkfield),
        ("nia", "publisher", regulator),
        ("olga", "approver", regulator),
    ):
        people.add_person(name=name, roles=[role], password=PASSWORD, organisation=organisation)
    people.add_person(name="both", roles=["publisher", "approver"], password=PASSWORD, organisation=larkfield)
    people.add_person(name="rita", roles=["researcher"], password=PASSWORD)
    people.add_person(name="aud", roles=["auditor"], password=PASSWORD)
    hidden.lock_in(made, get("ana"), get("ben"), tmp_path / "papers")
    return made


def get(name: str) -> Person:
    return Person.objects.get(username=name)


def sign_in(name: str) -> Client:
    client = Client()
    client.post("/workspace/sign-in/", {"username": name, "password": PASSWORD})
    if roles.needs_second_factor(get(name).roles):
        factor.enter_code(client, get(name))
    return client


def look(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(f"/workspace/{address}")
    assert answer.status_code == status, answer.content.decode()
    assert answer["Cache-Control"] == "no-store"
    return read(answer)


def send(client: Client, address: str, status: int = 302, **values: Any) -> Any:
    answer = client.post(f"/workspace/{address}", values)
    assert answer.status_code == status, answer.content.decode()
    return answer


def read(answer: Any) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode())))


def propose(client: Client, words: str = "3.3-3.4", address: str = PAGE) -> Redaction:
    send(client, f"{address}hide/", words=words, ground="participant")
    return Redaction.objects.latest("pk")


def suggest() -> list[int]:
    redactions.keep_suggestions(item=hidden.find_item(), suggestions=SUGGESTED, now=NOW)
    return list(Redaction.objects.order_by("pk").values_list("pk", flat=True))


ROSTER = "kind,name\nparticipant,Katherine Ashdown\nstaff,Pippa Quill\n"


def test_a_roster_finds_its_people_in_every_form_and_is_not_kept(state: State, tmp_path: Path) -> None:
    ana = sign_in("ana")
    text = look(ana, ROOM)
    assert "They miss some, and what they suggest is often wrong" in text
    assert "labelled by reading beforehand" in text
    answer = send(ana, f"{ROOM}detect/", 400, roster="kind,nam\nparticipant,Ann\n")
    assert "there is no column" in read(answer)
    answer = send(ana, f"{ROOM}detect/", 400, roster="kind,name,ground\nstaff,Ann Other,because\n")
    assert "Row 2, ground" in read(answer)
    assert not Redaction.objects.exists()
    send(ana, f"{ROOM}detect/", roster=ROSTER, items="1")
    assert "3 pages looked through: 6 new suggestions" in look(ana, ROOM)
    rows = Redaction.objects.suggested()
    assert {(row.source.partition(" +")[0], row.ground) for row in rows} == {
        ("roster row 2", "participant"),
        ("roster row 3", "junior-staff"),
    }
    assert {tuple(map(tuple, row.words)) for row in rows} == {((2, 2), (2, 3)), ((4, 4), (4, 5))}
    table = tmp_path / "roster.csv"
    table.write_text(ROSTER)
    done = CliRunner().invoke(
        lightwell, ["redaction", "detect", STUDY, "--roster", str(table), "--as", "ana"]
    )
    assert "pages: 6; found: 12; new suggestions: 6" in done.output, done.output
    # Nothing is suggested twice, not even what was dismissed.
    redactions.dismiss_suggestions(actor=get("ana"), study=Study.objects.get(), numbers=[rows[0].pk])
    send(ana, f"{ROOM}detect/", roster=ROSTER)
    assert "0 new suggestions" in look(ana, ROOM)
    for name in ("nia", "ben", "aud"):
        send(sign_in(name), f"{ROOM}detect/", 403, roster=ROSTER)
    with connection.cursor() as cursor:
        for model in (Redaction, Proposal):
            cursor.execute(f"SELECT * FROM {model._meta.db_table}")
            assert "Ashdown" not in str(cursor.fetchall())
    kept = [path for path in state.root.rglob("*") if path.is_file()]
    assert kept
    assert not [path for path in kept if b"Katherine" in path.read_bytes() and path.suffix != ".sqlite3"]


def test_who_hides_is_told_how_sure_the_machine_was_of_a_page(state: State) -> None:
    ana, item = sign_in("ana"), hidden.find_item()
    assert "read by a machine" not in look(ana, PAGE).lower()
    item.tally = {"lines": [], "sure": {"1": 64, "2": 95}}
    item.save(update_fields=["tally"])
    assert "Read by a machine from a picture, 64 % sure" in look(ana, PAGE)
    assert "95 % sure" in look(ana, f"{ROOM}pages/1/2/")
    send(ana, f"{ROOM}detect/", roster=ROSTER, items="1")
    assert "less than 80 % sure of their words: document 1 page 1 (64 %)" in look(ana, ROOM)
    run = CliRunner().invoke
    done = run(lightwell, ["redaction", "detect", STUDY, "--items", "1", "--as", "ana"])
    assert "less than 80 % sure of their words: document 1 page 1 (64 %)" in done.output
    done = run(lightwell, ["redaction", "page", STUDY, "1", "1", "--as", "ana"])
    assert done.output.startswith("read by a machine from a picture, 64 % sure")


def test_who_hides_is_told_which_pages_have_no_words(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    item = hidden.find_item()
    blank = [
        (item, number, [] if number > 1 else [(page.Word("one", (1, 1, 9, 9)),)]) for number in (1, 2, 3)
    ]
    monkeypatch.setattr(patterns, "iterate_lines", lambda *_: iter(blank))
    done = CliRunner().invoke(lightwell, ["redaction", "detect", STUDY, "--as", "ana"])
    assert "no words were found on document 1 page 2, document 1 page 3" in done.output, done.output


def test_a_wrong_roster_on_the_command_line_is_a_sentence(state: State, tmp_path: Path) -> None:
    table = tmp_path / "roster.csv"
    table.write_bytes(b"kind,name\nstaff,\xff\xfe\n")
    done = CliRunner().invoke(
        lightwell, ["redaction", "detect", STUDY, "--roster", str(table), "--as", "ana"]
    )
    assert isinstance(done.exception, errors.UserMistake) or "not UTF-8" in done.output
    assert not Redaction.objects.exists()


ROOMS = [
    ROOM,
    PAGE,
    f"{PAGE}picture",
    f"{PAGE}preview",
    f"{ROOM}samples/",
]


def test_no_room_opens_to_a_visitor_another_organisation_or_a_role_that_reads_nothing_sealed(
    state: State,
) -> None:
    rooms = [*ROOMS, f"{ROOM}suggestions/", f"{ROOM}release/1/"]
    for address in rooms:
        assert Client().get(f"/workspace/{address}")["Location"].startswith("/workspace/sign-in/")
    for name in ("nia", "olga", "rita"):
        client = sign_in(name)
        for address in rooms:
            answer = client.get(f"/workspace/{address}")
            assert answer.status_code == 403, (name, address)
            assert NAME.split()[0].encode() not in answer.content
            assert not answer.content.startswith(b"\x89PNG")
            assert answer["Cache-Control"] == "no-store"
    ana = sign_in("ana")
    assert [ana.get(f"/workspace/{address}").status_code for address in rooms] == [200] * len(rooms)


def test_an_auditor_of_the_house_reads_and_changes_nothing(state: State) -> None:
    client = sign_in("aud")
    for address in ROOMS:
        assert client.get(f"/workspace/{address}").status_code == 200, address
    assert 'name="word"' not in client.get(f"/workspace/{PAGE}").content.decode()
    send(client, f"{PAGE}hide/", 403, words="3.3", ground="participant")
    assert client.get(f"/workspace/{ROOM}suggestions/").status_code == 403
    assert not Redaction.objects.exists()


def test_everything_that_changes_something_is_refused_to_others(state: State) -> None:
    suggest()
    region = propose(sign_in("ana"))
    before = list(Redaction.objects.order_by("pk").values())
    for name in ("nia", "olga", "rita", "aud"):
        client = sign_in(name)
        send(client, f"{PAGE}hide/", 403, words="3.3", ground="participant")
        send(client, f"{PAGE}hide/", 403, withdraw=region.pk)
        send(client, f"{ROOM}find/", 403, pattern=NAME)
        send(client, f"{ROOM}suggestions/", 403, at="1.1", shown=[before[0]["id"]], do="all")
        send(client, f"{ROOM}proposals/", 403, at="1.1", shown=[region.pk], do="all")
        send(client, f"{ROOM}release/1/", 403)
        send(client, f"{ROOM}samples/", 403, count="1")
    # The approver of the own house decides, and proposes nothing.
    ben = sign_in("ben")
    send(ben, f"{PAGE}hide/", 403, words="3.3", ground="participant")
    send(ben, f"{ROOM}suggestions/", 403, at="1.1", shown=[before[0]["id"]], do="none")
    send(ben, f"{ROOM}samples/", 403, count="1")
    assert list(Redaction.objects.order_by("pk").values()) == before
    assert not Reading.objects.exists()
    assert not Proposal.objects.filter(kind="release").exists()


def test_forms_need_their_token(state: State) -> None:
    client = Client(enforce_csrf_checks=True)
    client.cookies = sign_in("ana").cookies
    assert client.post(f"/workspace/{PAGE}hide/", {"words": "3.3"}).status_code == 403
    assert client.post("/workspace/keys/").status_code == 403


def test_a_page_shows_its_picture_and_its_words_to_tick_and_says_who_can_approve(state: State) -> None:
    ana = sign_in("ana")
    text = ana.get(f"/workspace/{PAGE}").content.decode()
    assert 'value="3.3"' in text
    picture = Image.open(io.BytesIO(ana.get(f"/workspace/{PAGE}picture").content))
    found = redactions.read_page(state=state, actor=get("ana"), item=hidden.find_item(), number=1)
    assert picture.size == (found.head.width, found.head.height)
    assert picture.convert("L").getextrema()[0] < 100, "the ink of the page is on it"
    send(ana, f"{PAGE}hide/", word=["3.3", "3.4"], ground="participant")
    (row,) = Redaction.objects.all()
    assert (row.words, row.proposer.username, row.source) == ([[2, 2], [2, 3]], "ana", "person")
    text = look(ana, PAGE)
    assert "ben or both or cleo can approve it" in text
    assert f"proposed {row.pk}" in text
    assert '<rect class="mark-proposed"' in ana.get(f"/workspace/{PAGE}").content.decode()


def test_the_own_proposal_is_taken_back_and_no_other(state: State) -> None:
    row = propose(sign_in("ana"))
    send(sign_in("both"), f"{PAGE}hide/", 403, withdraw=row.pk)
    assert Redaction.objects.count() == 1
    ana = sign_in("ana")
    send(ana, f"{PAGE}hide/", withdraw=row.pk)
    assert not Redaction.objects.exists()
    send(ana, f"{PAGE}hide/", 400, withdraw=row.pk)
    send(ana, f"{PAGE}hide/", 400, withdraw="1e9")


NOT_HIDDEN = [
    ({"words": "3.3", "ground": "because"}, "Choose one of the list"),
    ({"words": "3.3", "ground": "text-not-shown"}, "Choose one of the list"),
    ({"words": "3.3"}, "Choose the legal reason"),
    ({"words": "99.1", "ground": "participant"}, "there is no word 1 in line 99"),
    ({"words": "3.99", "ground": "participant"}, "there is no word 99 in line 3"),
    ({"words": "0.0", "ground": "participant"}, "there is no word"),
    ({"words": "1.1-1.999999", "ground": "participant"}, "does not name words"),
    ({"words": "<script>", "ground": "participant"}, "does not name words"),
    ({"word": "3.3' OR 1", "ground": "participant"}, "does not name words"),
    ({"ground": "participant"}, "hides nothing"),
    ({"left": "1", "top": "2", "right": "3", "ground": "participant"}, "A box has four edges"),
    (
        {"left": "5", "top": "5", "right": "99999", "bottom": "9", "ground": "participant"},
        "leaves the page",
    ),
    ({"left": "-5", "top": "5", "right": "9", "bottom": "9", "ground": "participant"}, "leaves the page"),
    ({"left": "9", "top": "9", "right": "9", "bottom": "9", "ground": "participant"}, "is empty"),
    ({"words": "3.3", "ground": "participant", "review": "2099-01-01"}, "lasts at most"),
    ({"words": "3.3", "ground": "participant", "review": "2020-01-01"}, "must come after"),
    ({"words": "3.3", "ground": "participant", "review": "soon"}, "Write the day as"),
]


def test_what_cannot_be_hidden_is_refused_beside_its_field_and_nothing_is_typed_twice(state: State) -> None:
    ana = sign_in("ana")
    for values, sentence in NOT_HIDDEN:
        answer = send(ana, f"{PAGE}hide/", 400, **values)
        assert sentence in read(answer)
        assert not Redaction.objects.exists()
        if values.get("words") == "3.99":
            assert 'value="3.99"' in answer.content.decode()


NOT_THERE = [f"{ROOM}pages/1/99/", f"{ROOM}pages/9/1/", f"{ROOM}pages/1/0/"]


def test_a_page_that_is_not_there_is_answered_like_any_other_address(state: State) -> None:
    ana = sign_in("ana")
    for address in NOT_THERE:
        for room in (address, f"{address}picture", f"{address}preview"):
            assert ana.get(f"/workspace/{room}").status_code == 404
        send(ana, f"{address}hide/", 404, words="1.1", ground="participant")


def test_a_drawn_box_hides_the_words_under_it_in_the_preview(state: State) -> None:
    ana = sign_in("ana")
    found = redactions.read_page(state=state, actor=get("ana"), item=hidden.find_item(), number=1)
    left, top, right, bottom = found.lines[2][2].box
    box = {"left": left - 2, "top": top - 2, "right": right + 2, "bottom": bottom + 2}
    send(ana, f"{PAGE}hide/", ground="confidential", **box)
    made = redactions.preview_page(state=state, actor=get("ana"), item=hidden.find_item(), number=1, now=NOW)
    shown = [word.text for block in made.sheet.blocks for word in block.words]
    assert "Katherine" not in shown
    assert "Ashdown" in shown
    before = ana.get(f"/workspace/{PAGE}picture").content
    after = ana.get(f"/workspace/{PAGE}preview").content
    now = ana.get(f"/workspace/{PAGE}preview?now").content
    pictures = [Image.open(io.BytesIO(each)).convert("RGB").tobytes() for each in (before, after, now)]
    assert pictures[0] != pictures[1]
    assert pictures[0] == pictures[2], "nothing is approved yet"


def test_a_pattern_is_reviewed_place_by_place_before_anything_is_proposed(state: State) -> None:
    ana = sign_in("ana")
    answer = send(ana, f"{ROOM}find/", 200, pattern="ashdown|quill", items="")
    text = answer.content.decode()
    assert len(re.findall('name="hit"[^>]* checked', text)) == 12
    assert "⟦Ashdown⟧" in read(answer)
    assert not Redaction.objects.exists()
    none = send(ana, f"{ROOM}find/", 200, pattern="ashdown|quill", step="none").content.decode()
    assert len(re.findall('name="hit"', none)) == 12
    assert " checked" not in none
    hits = re.findall(r'name="hit"[^>]*value="([^"]+)"', text)
    send(ana, f"{ROOM}find/", 400, pattern="ashdown|quill", step="propose", hit=hits[:1])
    answer = send(
        ana, f"{ROOM}find/", 200, pattern="ashdown|quill", step="propose", hit=hits[:3], ground="participant"
    )
    assert "3 hidden parts proposed" in read(answer)
    assert Redaction.objects.proposed().filter(source="pattern").count() == 3
    again = send(ana, f"{ROOM}find/", 200, pattern="ashdown|quill").content.decode()
    assert len(re.findall('name="hit"', again)) == 9
    assert "3 of them hidden or proposed already" in html.unescape(again)
    only = send(ana, f"{ROOM}find/", 200, pattern="ashdown", items="2").content.decode()
    assert len(re.findall('name="hit"', only)) == 3
    # The same form sent twice proposes nothing twice.
    send(ana, f"{ROOM}find/", 200, pattern="ashdown", step="propose", hit=hits[:3], ground="participant")
    assert Redaction.objects.count() == 3


def test_a_long_list_of_places_is_reviewed_in_stretches(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lightwell.web.views import redactions as rooms

    monkeypatch.setattr(rooms, "HITS", 5)
    ana, start = sign_in("ana"), 0
    answer = send(ana, f"{ROOM}find/", 200, pattern="ashdown|quill")
    for expected in (5, 5, 2):
        hits = re.findall(r'name="hit"[^>]*value="([^"]+)"', answer.content.decode())
        assert len(hits) == expected
        answer = send(
            ana,
            f"{ROOM}find/",
            200,
            pattern="ashdown|quill",
            start=str(start),
            step="propose",
            hit=hits,
            ground="participant",
        )
        start += 5
    assert "You have seen all of them" in read(answer)
    assert Redaction.objects.count() == 12


PATTERNS = [
    ("", "Write what to look for"),
    (".*", "found everywhere"),
    ("(", "cannot be read"),
    (r"\w+", "name a narrower pattern"),
    ("a" * 501, "at most 500"),
    (r"(\w+\s?)+\d{9}", "took longer"),
    (r"([a-z ]+)+\d{9}", "took longer"),
]


def test_a_pattern_that_finds_everything_or_never_ends_is_refused_in_a_sentence(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seeking.Seeker.__init__, "__defaults__", (1,))
    ana = sign_in("ana")
    for pattern, sentence in PATTERNS:
        answer = send(ana, f"{ROOM}find/", 400, pattern=pattern)
        assert sentence in read(answer)
        assert not Redaction.objects.exists()


WRONG_PLACES = ["1:1:99.1", "9:1:1.1", "1:9:1.1", "1:1:", "1:1:3.3;drop", "x", "1:1:1.1.1"]


def test_a_place_that_is_not_there_is_refused_and_nothing_of_the_form_is_proposed(state: State) -> None:
    ana = sign_in("ana")
    for hit in WRONG_PLACES:
        answer = ana.post(
            f"/workspace/{ROOM}find/",
            {"pattern": NAME, "step": "propose", "hit": ["1:1:3.3", hit], "ground": "participant"},
        )
        assert answer.status_code in (400, 403), answer.content.decode()
        assert not Redaction.objects.exists()


def test_suggestions_are_worked_page_by_page_and_the_same_words_are_offered_elsewhere(state: State) -> None:
    first, second, third = suggest()
    ana = sign_in("ana")
    text = look(ana, f"{ROOM}suggestions/")
    assert "Document 1, page 1" in text
    assert "2 pages left" in text
    assert "roster row 2, strength 100 of 100" in text
    assert "They miss some" in text
    answer = send(
        ana,
        f"{ROOM}suggestions/",
        at="1.1",
        shown=[first, second],
        hide=[first],
        do="chosen",
        **{f"ground-{first}": "junior-staff", f"ground-{second}": "participant"},
    )
    assert answer["Location"].endswith(f"suggestions/?at=1.3&confirmed={first}")
    rows = {row.pk: row for row in Redaction.objects.all()}
    assert (rows[first].proposer.username, rows[first].ground) == ("ana", "junior-staff")
    assert rows[second].dismissed_by.username == "ana"
    assert rows[third].proposer is None
    text = look(ana, f"{ROOM}suggestions/?at=1.3&confirmed={first}")
    assert f"Propose 5 further places of “{NAME}”" in text
    same = f"{ROOM}same/{first}/"
    review = ana.get(f"/workspace/{same}").content.decode()
    assert len(re.findall('name="hit"[^>]* checked', review)) == 5
    assert 'value="junior-staff" selected' in review
    hits = re.findall(r'name="hit"[^>]*value="([^"]+)"', review)
    send(sign_in("nia"), same, 403, step="propose", hit=hits, ground="junior-staff")
    send(ana, same, 200, step="propose", hit=hits, ground="junior-staff")
    assert Redaction.objects.filter(source="confirmed value").count() == 4
    assert Redaction.objects.proposed().count() == 6, "the suggestion among them became a proposal"
    assert "No suggestion waits" in look(ana, f"{ROOM}suggestions/")
    assert "ben or both or cleo" in look(ana, f"{ROOM}suggestions/")


@pytest.mark.parametrize("queue", ["suggestions", "proposals"])
def test_what_was_decided_meanwhile_is_told_and_nothing_of_the_page_is_done(state: State, queue: str) -> None:
    numbers = suggest()[:2]
    client = sign_in("ana")
    if queue == "proposals":
        send(client, f"{ROOM}suggestions/", at="1.1", shown=numbers, do="all")
        client = sign_in("ben")
        send(sign_in("cleo"), f"{ROOM}proposals/", at="1.1", shown=numbers[:1], do="all")
    else:
        send(sign_in("both"), f"{ROOM}suggestions/", at="1.1", shown=numbers[:1], do="none")
    answer = send(client, f"{ROOM}{queue}/", 400, at="1.1", shown=numbers, do="all")
    assert "that waits for a person" in read(answer)
    left = Redaction.objects.get(pk=numbers[1])
    assert (left.approved, left.dismissed_by) == (None, None)
    assert (left.proposer is None) == (queue == "suggestions")


NOT_WHOLE = [
    {},
    {"at": "1.1", "do": "all"},
    {"at": "x", "shown": "1", "do": "all"},
    {"at": "1.1", "shown": "1", "do": "maybe"},
    {"at": "1.1", "shown": "999999", "do": "all"},
    {"at": "1.1", "shown": "-1", "do": "all"},
]


def test_a_decision_that_is_not_whole_decides_nothing(state: State) -> None:
    suggest()
    ana = sign_in("ana")
    for values in NOT_WHOLE:
        send(ana, f"{ROOM}suggestions/", 400, **values)
        assert Redaction.objects.suggested().count() == 3


def test_a_decision_about_another_study_reaches_nothing(state: State) -> None:
    numbers = suggest()
    other = Study.objects.get(pk=STUDY)
    other.pk, other.log_index = "std-0000000000other", 999
    other.save(force_insert=True)
    with pytest.raises(errors.Refused):
        redactions.sort_suggestions(
            actor=get("ana"), study=other, confirmed=dict.fromkeys(numbers, ""), dismissed=[], now=NOW
        )
    answer = sign_in("ana").get(f"/workspace/studies/{other.pk}/redactions/")
    assert answer.status_code == 403, "a study without a publisher belongs to nobody"


def test_the_second_person_sees_the_page_as_it_will_be_published_and_nobody_approves_their_own(
    state: State,
) -> None:
    row = propose(sign_in("both"))
    both = sign_in("both")
    assert "somebody else has to approve" in look(both, f"{ROOM}proposals/")
    send(both, f"{ROOM}proposals/", 403, at="1.1", shown=[row.pk], do="all")
    assert Redaction.objects.get().approved is None
    with pytest.raises(IntegrityError), transaction.atomic():
        Redaction.objects.update(approver=get("both"), approved=True)
    ben = sign_in("ben")
    text = look(ben, f"{ROOM}proposals/")
    assert "Approve this?" in text
    assert "proposed by both" in text
    published = text.partition("As published")[2]
    assert "Katherine" not in published
    assert "[hidden:participant]" in published
    send(ben, f"{ROOM}proposals/", at="1.1", shown=[row.pk], do="all")
    assert Redaction.objects.get().approver.username == "ben"
    assert "No proposal waits for you" in look(ben, f"{ROOM}proposals/")
    send(ben, f"{ROOM}proposals/", 400, at="1.1", shown=[row.pk], do="none")
    assert Redaction.objects.get().approved is True


def test_the_room_says_what_hinders_publication_and_for_whom_it_waits(state: State) -> None:
    suggest()
    ana = sign_in("ana")
    propose(ana, address=f"{ROOM}pages/2/1/")
    text = look(ana, ROOM)
    assert "3 parts to decide first" in text
    assert "1 part to decide first" in text
    assert "ben or both or cleo" in text
    desk = look(sign_in("ben"), "")
    assert "1 hidden part" in desk
    assert "hidden parts" in look(ana, f"studies/{STUDY}/").lower()


def publish(state: State, items: list[int]) -> None:
    made = proposals.propose(
        actor=get("ana"),
        kind="publication",
        subject=STUDY,
        payload={"study": STUDY, "items": items, "summary": "Notes."},
        now=state.read_now(),
    )
    proposals.approve(state=state, actor=get("ben"), proposal_id=made.pk, now=state.read_now())
    log.publish_checkpoint(state=state, now=state.read_now())


def hide(number: int = 1) -> list[int]:
    """Hide a name on every page of a document: one that is readable on another page stops the publication."""
    study = Study.objects.get()
    places = ((2, 2), (2, 3))
    patterns.propose_hits(
        state=State(Path(os.environ["LIGHTWELL_STATE"])),
        actor=get("ana"),
        study=study,
        hits=[(number, page_number, places) for page_number in range(1, hidden.PAGES + 1)],
        ground_id="participant",
        now=NOW,
    )
    numbers = list(Redaction.objects.proposed().values_list("pk", flat=True))
    redactions.decide_regions(actor=get("ben"), study=study, numbers=numbers, approved=True, now=NOW)
    return numbers


def test_a_hidden_part_is_opened_again_by_two_people_who_see_what_would_be_readable(state: State) -> None:
    numbers = hide()
    publish(state, [1])
    assert "Katherine" not in PublicPage.objects.get(item__number=1, number=1).text
    ana = sign_in("ana")
    assert NAME in look(ana, f"{ROOM}release/1/").replace("⟦", "").replace("⟧", "")
    answer = send(ana, f"{ROOM}release/1/", 400)
    assert "nothing would change" in read(answer)
    send(ana, f"{ROOM}release/1/", 400, lift=[99999])
    answer = send(ana, f"{ROOM}release/1/", lift=numbers)
    number = int(answer["Location"].rstrip("/").rpartition("/")[2])
    text = look(sign_in("ben"), f"proposals/{number}/")
    assert "What would become readable" in text
    assert "⟦Katherine Ashdown⟧" in text
    assert NAME not in look(sign_in("ben"), "proposals/")
    send(sign_in("ben"), f"proposals/{number}/decide/", decision="approve", looked="on")
    assert NAME in PublicPage.objects.get(item__number=1, number=1).text
    assert "⟦" not in look(sign_in("ben"), f"proposals/{number}/").partition("What it did")[0]


def test_a_name_hidden_here_and_readable_there_stops_the_publication_until_somebody_says_so(
    state: State,
) -> None:
    ana = sign_in("ana")
    row = propose(ana)
    redactions.decide_regions(
        actor=get("ben"), study=Study.objects.get(), numbers=[row.pk], approved=True, now=NOW
    )
    with pytest.raises(errors.UserMistake, match="can still be read"):
        publish(state, [1])
    same = f"{ROOM}same/{row.pk}/"
    assert "stays readable" in look(ana, same)
    send(sign_in("nia"), same, 403, step="propose", rest="stays", ground="participant")
    send(ana, same, 400, step="propose", ground="participant")
    answer = send(ana, same, 200, step="propose", rest="stays", ground="participant")
    assert "0 hidden parts proposed" in read(answer)
    assert Redaction.objects.filter(dismissed_by=get("ana")).count() == 5
    publish(state, [1])
    texts = [page.text for page in PublicPage.objects.filter(item__number=1).order_by("number")]
    assert ["Katherine" in text for text in texts] == [False, True, True]


def draw(client: Client, count: int = 3) -> list[Reading]:
    send(client, f"{ROOM}samples/", count=str(count))
    return list(Reading.objects.order_by("item__number", "page"))


def test_a_sample_is_drawn_by_the_log_read_by_somebody_else_and_its_bound_is_public(state: State) -> None:
    assert "no person has read a sample" not in Client().get(f"/studies/{STUDY}/").content.decode()
    hide()
    rows = draw(sign_in("ana"), 4)
    assert len(rows) == 4
    assert {row.seed for row in rows} == {bytes(log.Checkpoint.objects.latest("size").root).hex()}
    ana, ben = sign_in("ana"), sign_in("ben")
    text = look(ana, f"{ROOM}samples/")
    assert "0 of 4 drawn pages read" in text
    assert "aud or ben or both or cleo" in text
    for row in rows:
        address = f"{ROOM}samples/{row.item.number}/{row.page}/"
        assert ana.get(f"/workspace/{address}").status_code == 403, "who had them drawn reads none"
        send(ana, address, 403, found="clean")
        text = look(ben, address)
        assert ("Katherine" in text) == (row.item.number != 1), "it is read as published"
        send(ben, address, found="clean")
    send(ben, address, 403, found="clean")
    assert Reading.objects.filter(missed=False, reader__username="ben").count() == 4
    assert "With 95 % confidence at most 52.8 % of all pages" in look(ben, f"{ROOM}samples/")
    publish(state, [1, 2])
    text = look(ben, f"proposals/{Proposal.objects.latest('pk').pk}/")
    assert "4 of 4 drawn pages, 0 with a miss" in text
    assert "published with parts hidden" in text
    record = json.loads(Publication.objects.latest("number").data)
    assert record["sample"]["checkpoints"] == sorted({row.size for row in rows})
    assert sum(each["drawn"] for each in record["sample"]["items"]) == 4
    assert {(each["read"], each["missed"]) for each in record["sample"]["items"]} <= {
        (count, 0) for count in range(1, 4)
    }
    # The pages say what the record says, which nobody can take back.
    Reading.objects.all().delete()
    for place in (f"/studies/{STUDY}/", f"/studies/{STUDY}/documents/1/"):
        assert "drawn at random" in Client().get(place).content.decode(), place
    assert "at most 52.8 %" in html.unescape(Client().get(f"/studies/{STUDY}/").content.decode())


def test_what_was_missed_becomes_a_hidden_part_to_decide_and_stops_the_publication(state: State) -> None:
    (row,) = draw(sign_in("ana"), 1)
    address = f"{ROOM}samples/{row.item.number}/{row.page}/"
    cleo = sign_in("cleo")
    assert "hides nothing" in read(send(cleo, address, 400, found="missed", ground="participant"))
    assert "Choose the legal reason" in read(send(cleo, address, 400, found="missed", word="3.3"))
    answer = send(cleo, address, 400, found="clean", word="3.3")
    assert "Say that something was missed" in read(answer)
    assert Reading.objects.get().reader is None
    send(cleo, address, found="missed", word=["3.3", "3.4"], ground="participant")
    (region,) = Redaction.objects.all()
    assert (region.source, region.proposer) == ("sample", None), "an approver suggests, a publisher proposes"
    with pytest.raises(errors.UserMistake, match="wait for a person"):
        publish(state, [row.item.number])
    redactions.confirm_suggestions(actor=get("ana"), study=Study.objects.get(), numbers=[region.pk], now=NOW)
    hide(row.item.number)
    publish(state, [row.item.number])
    text = html.unescape(Client().get(f"/studies/{STUDY}/documents/{row.item.number}/").content.decode())
    assert "1 of 1 page drawn at random, 1 of them" in text
    assert "at most 100 %" in text


def test_where_nobody_has_read_a_sample_the_page_says_so(state: State) -> None:
    draw(sign_in("ana"), 2)
    publish(state, [1, 2])
    text = look(sign_in("ben"), f"proposals/{Proposal.objects.latest('pk').pk}/")
    assert "no person has read a sample" in text
    assert "published whole" in text
    for place in (f"/studies/{STUDY}/", f"/studies/{STUDY}/documents/1/"):
        assert "no person has read a sample" in Client().get(place).content.decode(), place
    # What is read after the publication changes nothing of what stood beside it.
    row = Reading.objects.first()
    (state.root / "sample-clock").write_text(str(int((NOW + datetime.timedelta(days=1)).timestamp())))
    send(sign_in("ben"), f"{ROOM}samples/{row.item.number}/{row.page}/", found="clean")
    assert samples.summarise(STUDY) is None


def test_nobody_draws_again_until_a_page_is_liked(state: State) -> None:
    ana = sign_in("ana")
    first = {(row.item.number, row.page) for row in draw(ana, 3)}
    everything = draw(ana, 5000)
    assert len(everything) == 6
    assert first < {(row.item.number, row.page) for row in everything}
    assert {row.draw for row in everything} == {1, 2}
    assert "was not drawn before" in read(send(ana, f"{ROOM}samples/", 400, count="1"))
    for count in ("0", "-1", "5001", "many", ""):
        send(ana, f"{ROOM}samples/", 400, count=count)


def test_who_proposed_hidden_parts_of_a_document_does_not_read_its_sample(state: State) -> None:
    propose(sign_in("both"))
    draw(sign_in("ana"), 6)
    both = sign_in("both")
    send(both, f"{ROOM}samples/1/1/", 403, found="clean")
    send(both, f"{ROOM}samples/2/1/", found="missed", words="3.3", ground="participant")
    region = Redaction.objects.latest("pk")
    assert (region.source, region.proposer.username) == ("sample", "both")


def test_single_keys_are_off_until_they_are_switched_on(state: State) -> None:
    suggest()
    ana = sign_in("ana")
    text = ana.get(f"/workspace/{ROOM}suggestions/?at=1.3").content.decode()
    assert "data-single-keys" not in text
    back = html.unescape(re.search('name="back" value="([^"]+)"', text)[1])
    answer = send(ana, "keys/", back=back)
    assert answer["Location"] == f"/workspace/{ROOM}suggestions/?at=1.3"
    assert 'data-single-keys="on"' in ana.get(f"/workspace/{ROOM}suggestions/").content.decode()
    for back in ("https://elsewhere.example/", "//elsewhere.example/workspace/studies/", "/studies/"):
        assert send(ana, "keys/", back=back)["Location"] == "/workspace/studies/"


def test_words_of_a_page_are_never_markup(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    found = redactions.read_page(state=state, actor=get("ana"), item=hidden.find_item(), number=1)
    evil = page.Word("<script>alert(1)</script>", (1, 1, 9, 9))
    changed = page.Parts(
        page.Head(1, found.head.width, found.head.height, 1, found.head.bands), ((evil,),), found.patches
    )
    monkeypatch.setattr(redactions, "read_page", lambda **_: changed)
    text = sign_in("ana").get(f"/workspace/{PAGE}").content.decode()
    assert "alert(1)" in text
    assert "<script>alert" not in text
    assert Opening.objects.count() == 0
    assert OTHER not in text


def run(*words: str) -> str:
    done = CliRunner().invoke(lightwell, ["redaction", *words])
    return done.output + str(done.exception or "")


def test_all_that_is_approved_by_command_is_what_others_proposed(state: State) -> None:
    own = propose(sign_in("both"))
    assert "two people" in run("approve", STUDY, "all", "--as", "both")
    other = propose(sign_in("ana"), "3.1")
    # What is named is taken or refused whole.
    assert "two people" in run("approve", STUDY, f"{own.pk},{other.pk}", "--as", "both")
    assert Redaction.objects.proposed().count() == 2
    said = run("approve", STUDY, "all", "--as", "both")
    assert said.startswith("approved: 1\nleft for another person, because you proposed them: 1\n")
    assert list(Redaction.objects.proposed()) == [own]
    assert "left for" not in run("reject", STUDY, "all", "--as", "ben")
    assert not Redaction.objects.proposed().exists()


def test_a_sample_is_drawn_and_read_by_command_as_well(state: State) -> None:
    assert "no person has read a sample" in run("sample", STUDY, "--as", "ana")
    assert "own people may" in run("sample", STUDY, "--as", "nia")
    output = run("sample", STUDY, "--count", "2", "--as", "ana")
    assert "drawn: 2; who can read them: aud, ben, both, cleo" in output
    assert "no drawn page waits for you" in run("read", STUDY, "--as", "ana")
    assert "Katherine" in run("read", STUDY, "--as", "ben")
    first, second = Reading.objects.order_by("item__number", "page")
    place = [str(first.item.number), str(first.page)]
    assert "not both" in run("read", STUDY, *place, "--clean", "--missed", "3.3", "--as", "ben")
    assert "name the legal reason" in run("read", STUDY, *place, "--missed", "3.3", "--as", "ben")
    assert "this page does not wait" in run("read", STUDY, "9", "9", "--clean", "--as", "ben")
    missed = run("read", STUDY, *place, "--missed", "3.3-3.4", "--ground", "participant", "--as", "ben")
    assert "something missed; 1 drawn pages wait" in missed
    assert "this page does not wait" in run("read", STUDY, *place, "--clean", "--as", "cleo")
    assert "clean; 0" in run(
        "read", STUDY, str(second.item.number), str(second.page), "--clean", "--as", "cleo"
    )
    assert "read: 2 of 2; with something missed: 1; so at most 97.5 %" in run("sample", STUDY, "--as", "aud")


def test_a_page_that_is_held_back_is_neither_searched_by_programs_nor_drawn(state: State) -> None:
    item = hidden.find_item(2)
    item.held_pages, item.ground = "2-3", "participant"
    item.save(update_fields=["held_pages", "ground"])
    send(sign_in("ana"), f"{ROOM}detect/", roster=ROSTER)
    found = set(Redaction.objects.filter(item=item).values_list("page", flat=True))
    assert found == {1}
    assert {(row.item.number, row.page) for row in draw(sign_in("ana"), 100)} == {
        (1, 1),
        (1, 2),
        (1, 3),
        (2, 1),
    }


def test_a_long_list_of_documents_is_shown_in_stretches(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut = stretch.cut_stretch
    monkeypatch.setattr(stretch, "cut_stretch", lambda items, first, chosen: cut(items, first, chosen, 1))
    suggest()
    text = look(sign_in("ana"), f"{ROOM}?from=2")
    assert "notes 2" in text
    assert "notes 1" not in text
    assert "3 parts found by programs" in text, "the sums are those of the whole study"
