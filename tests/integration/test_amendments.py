"""What is said about a document after it was locked in: by two people, logged, shown, verified offline."""

from __future__ import annotations

import datetime
import shutil
import subprocess
import sys
from pathlib import Path

import disclosure_fixture as fixture
import gaps as second_gaps
import pytest
import verify as second_verify
from click.testing import CliRunner, Result
from django.core.cache import cache
from django.test import Client
from document_fixture import STUDY, make_pdf

from lightwell.actions import amendments, bundles, disclosures, inventories, log, overview
from lightwell.archive import inventory
from lightwell.base import canonical, errors
from lightwell.cli import main
from lightwell.db.models import Amendment, Disclosure, Item, LogEntry, Proposal, Study
from lightwell.files import foundation
from lightwell.files.state import State

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime.datetime(2024, 11, 20, 9, tzinfo=datetime.UTC)
DUE = datetime.date(2025, 3, 1)
LATE = datetime.datetime(2025, 4, 1, 9, tzinfo=datetime.UTC)
MOVED, ELSEWHERE, DISPUTED, LOST, UNREAD, ERASED, PLAIN, ADDED = range(1, 9)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> fixture.Desk:
    root = tmp_path / "state"
    monkeypatch.setenv("LIGHTWELL_STATE", str(root))
    overview.forget()
    cache.clear()
    foundation.lay_foundation(root, origin="sample.example/site", sample=True)
    set_clock(State(root), NOW)
    log.begin_log(now=NOW)
    made = fixture.Desk(State(root))
    made.disclose(fixture.read_value("study"), NOW)
    seal(made, tmp_path / "papers", 7)
    return made


def set_clock(state: State, now: datetime.datetime) -> None:
    (state.root / "sample-clock").write_text(str(int(now.timestamp())))
    overview.forget()
    cache.clear()


def seal(desk: fixture.Desk, folder: Path, count: int) -> None:
    folder.mkdir()
    names = [f"{number}.{'parquet' if number == UNREAD else 'pdf'}" for number in range(1, count + 1)]
    for name in names:
        (folder / name).write_bytes(
            b"PAR1 no program here reads it PAR1" if name.endswith("parquet") else make_pdf()
        )
    rows = inventory.draft_rows(names, DUE)
    study = Study.objects.get(pk=STUDY)
    inventories.measure_files(state=desk.state, study=study, folder=folder, rows=rows, processes=1)
    inventories.seal_inventory(actor=desk.ana, study=study, now=desk.state.read_now())


def publish_comment(desk: fixture.Desk, publisher: dict = fixture.LARKFIELD) -> str:
    study = Disclosure.objects.get(record=STUDY, version=1)
    value = fixture.read_value("commentary")
    value |= {
        "id": disclosures.make_id("commentary"),
        "publisher": publisher,
        "about": {"id": STUDY, "digest": study.digest},
        "date": NOW.date().isoformat(),
    }
    value["body"]["title"] = f"A word about a document, by {publisher['name']}"
    return desk.disclose(value, desk.state.read_now()).record


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main.lightwell, [str(each) for each in arguments])


def propose_and_approve(*arguments: object, by: str = "ana", approver: str = "ben") -> None:
    result = run("document", *arguments, "--as", by)
    assert result.exit_code == 0, (result.output, result.exception)
    number = Proposal.objects.latest("pk").pk
    assert isinstance(run("approve", number, "--as", by).exception, errors.Refused), "never by one alone"
    result = run("approve", number, "--as", approver)
    assert result.exit_code == 0, (result.output, result.exception)


def read_document(number: int) -> str:
    answer = Client().get(f"/studies/{STUDY}/documents/{number}/")
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def read_states() -> dict[int, str]:
    listed = Client().get(f"/api/1/studies/{STUDY}/documents").json()["items"]
    return {each["number"]: each["state"] for each in listed}


def lose_keys(state: State) -> None:
    shutil.move(state.root / "keys", state.root.parent / "lost-keys")


def test_a_promised_date_is_moved_before_it_has_passed_and_both_dates_stay(desk: fixture.Desk) -> None:
    propose_and_approve("extend", STUDY, MOVED, "--due", "2025-05-01", "--ground", "investigation")
    assert Item.objects.get(number=MOVED).due == datetime.date(2025, 5, 1)
    text = read_document(MOVED)
    assert "from 1 March 2025 to 1 May 2025" in text
    assert "#investigation" in text
    set_clock(desk.state, LATE)
    assert (read_states()[MOVED], read_states()[PLAIN]) == ("due-soon", "overdue")
    assert "promised date moved 1 time" in Client().get(f"/studies/{STUDY}/inventory/").content.decode()


def test_what_is_late_stays_late(desk: fixture.Desk) -> None:
    set_clock(desk.state, LATE)
    payload = {"study": STUDY, "items": [PLAIN], "due": "2025-06-01", "ground": "investigation"}
    with pytest.raises(errors.UserMistake, match="what is late stays late"):
        amendments.check_extension(payload, LATE)
    # Somebody who writes the entry all the same gains nothing: the state is a function of the log.
    from lightwell.archive import entry

    log.append(entries=[entry.make_extension(LATE, STUDY, PLAIN, datetime.date(2025, 6, 1), "investigation")])
    overview.forget()
    listed = Client().get(f"/api/1/studies/{STUDY}/documents").json()["items"]
    (found,) = [each for each in listed if each["number"] == PLAIN]
    assert (found["state"], found["days_late_strict"], found["extensions"]) == ("overdue", 31, 1)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"due": "soon"}, "is not a date"),
        ({"due": "2025-02-01"}, "a later date is after that"),
        ({"due": "2035-01-01"}, "lasts at most"),
        ({"ground": "because"}, "no ground 'because'"),
        ({"items": [99]}, "has no document 99"),
        ({"items": []}, "name the documents"),
        ({"study": "std-none"}, "has no document"),
    ],
)
def test_a_bad_extension_is_a_sentence(desk: fixture.Desk, change: dict, sentence: str) -> None:
    payload = {"study": STUDY, "items": [MOVED], "due": "2025-05-01", "ground": "investigation", **change}
    with pytest.raises(errors.UserMistake, match=sentence):
        amendments.check_extension(payload, NOW)


def test_a_document_that_is_public_elsewhere_says_where_by_a_record(desk: fixture.Desk) -> None:
    where = publish_comment(desk)
    propose_and_approve("already-public", STUDY, ELSEWHERE, "--record", where)
    set_clock(desk.state, LATE)
    assert read_states()[ELSEWHERE] == "already-public"
    text = read_document(ELSEWHERE)
    assert "Public elsewhere" in text
    assert f"/records/{where}/" in text
    coalition = fixture.read_value("letter")["publisher"]
    stranger = publish_comment(desk, coalition)
    refused = run("document", "already-public", STUDY, PLAIN, "--record", stranger, "--as", "ana").exception
    assert "whoever published the study says where" in str(refused)


def test_others_dispute_what_is_said_and_the_mark_leads_to_their_words(desk: fixture.Desk) -> None:
    coalition = fixture.read_value("letter")["publisher"]
    words = publish_comment(desk, coalition)
    proposer, approver = (each.username for each in desk.find_pair(coalition))
    propose_and_approve("dispute", STUDY, DISPUTED, "--record", words, by=proposer, approver=approver)
    text = read_document(DISPUTED)
    assert "Disputed" in text
    assert f"by {coalition['name']}" in text
    assert f"/records/{words}/" in text
    again = run("document", "dispute", STUDY, DISPUTED, "--record", words, "--as", proposer).exception
    assert "is disputed by it already" in str(again)
    no_word = run("document", "dispute", STUDY, DISPUTED, "--record", STUDY, "--as", "ana").exception
    assert "no commentary or reply about" in str(no_word)


def test_nobody_hides_a_document_by_calling_its_key_lost(desk: fixture.Desk) -> None:
    refused = run("document", "key-lost", STUDY, LOST, "--as", "ana").exception
    assert "the key of document 4 is there and opens it; nothing is lost" in str(refused)
    lose_keys(desk.state)
    propose_and_approve("key-lost", STUDY, LOST)
    assert read_states()[LOST] == "key-lost"
    assert "Lost: it can no longer be shown" in read_document(LOST)
    assert "is marked as lost already" in str(
        run("document", "key-lost", STUDY, LOST, "--as", "ana").exception
    )


def test_every_state_stands_in_the_log_and_both_verifiers_agree(desk: fixture.Desk, tmp_path: Path) -> None:
    coalition = fixture.read_value("letter")["publisher"]
    where, words = publish_comment(desk), publish_comment(desk, coalition)
    proposer, approver = (each.username for each in desk.find_pair(coalition))
    propose_and_approve("extend", STUDY, MOVED, "--due", "2025-05-01", "--ground", "investigation")
    propose_and_approve("already-public", STUDY, ELSEWHERE, "--record", where)
    propose_and_approve("dispute", STUDY, DISPUTED, "--record", words, by=proposer, approver=approver)
    desk.do("publication", STUDY, {"study": STUDY, "summary": "", "items": [UNREAD, DISPUTED]}, NOW)
    desk.do("erasure", STUDY, {"study": STUDY, "item": ERASED, "ground": "erased-by-law"}, NOW)
    seal(desk, tmp_path / "later", 1)
    lose_keys(desk.state)
    propose_and_approve("key-lost", STUDY, LOST)
    set_clock(desk.state, LATE)
    log.count_day(state=desk.state, now=LATE)
    log.publish_checkpoint(state=desk.state, now=LATE)
    expected = {
        MOVED: "due-soon",
        ELSEWHERE: "already-public",
        DISPUTED: "opened",
        LOST: "overdue",  # of what was never shown the promise stays broken, whatever became of its key
        UNREAD: "held-not-read",
        ERASED: "erased-by-law",
        PLAIN: "overdue",
        ADDED: "overdue",
    }
    assert read_states() == expected
    types = [canonical.decode(bytes(each.data))["type"] for each in LogEntry.objects.all()]
    for kind in ("extension", "already-public", "dispute", "key-lost", "erasure"):
        assert types.count(kind) == 1, kind
    assert types.count("inventory") == 2
    bundle = tmp_path / "bundle"
    bundles.write_bundle(state=desk.state, folder=bundle)
    shutil.rmtree(desk.state.root)  # judged without database and site
    first = subprocess.run(
        [sys.executable, "-c", "from lightwell.cli.main import main; main()", "verify", str(bundle)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert first.returncode == 0, first.stdout + first.stderr
    assert second_verify.main([str(bundle)]) == 0
    table = (bundle / "gaps.csv").read_text()
    rows = dict(zip(expected, (line.split(",") for line in table.splitlines()[1:]), strict=True))
    assert {number: row[2] for number, row in rows.items()} == expected
    assert (rows[DISPUTED][4], rows[MOVED][4], rows[LOST][3]) == ("yes", "no", "key-lost")
    assert (rows[MOVED][5], rows[MOVED][6]) == ("2025-05-01", "1")
    for day in ("2024-12-01", "2025-03-02", "2025-07-01"):
        done = [
            subprocess.run(command, capture_output=True, text=True, check=False)
            for command in (
                [
                    sys.executable,
                    "-c",
                    "from lightwell.cli.main import main; main()",
                    "gaps",
                    str(bundle),
                    "--as-of",
                    day,
                ],
                [sys.executable, second_gaps.__file__, str(bundle), "--as-of", day],
            )
        ]
        assert done[0].returncode == done[1].returncode == 0, done[0].stderr + done[1].stderr
        assert done[0].stdout == done[1].stdout, day


def test_files_that_are_added_later_say_so(desk: fixture.Desk, tmp_path: Path) -> None:
    set_clock(desk.state, NOW + datetime.timedelta(days=30))
    seal(desk, tmp_path / "later", 1)
    assert "Added later:" in read_document(ADDED)
    assert "20 December 2024" in read_document(ADDED)
    assert "Added later:" not in read_document(PLAIN)
    assert Client().get(f"/studies/{STUDY}/inventory/").content.decode().count("Added later") == 1


def test_a_page_says_in_a_readers_words_what_can_become_of_a_document(desk: fixture.Desk) -> None:
    from lightwell.archive import completeness
    from lightwell.web.templatetags import words

    text = " ".join(Client().get("/reasons/").content.decode().split())
    assert set(words.MEANINGS) == set(completeness.STATES)
    for state in completeness.STATES:
        assert words.STATES[state] in text
        assert words.MEANINGS[state] in text


def test_changes_name_what_was_said(desk: fixture.Desk) -> None:
    propose_and_approve("extend", STUDY, MOVED, "--due", "2025-05-01", "--ground", "investigation")
    text = Client().get("/changes/").content.decode()
    assert "Document 1 promised for 1 May 2025 instead of 1 March 2025" in text
    assert Amendment.objects.get().type == "extension"
