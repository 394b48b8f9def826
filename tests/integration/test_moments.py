"""One clock everywhere: an entry that was dated back counts when witnesses saw it, on site and in bundle."""

from __future__ import annotations

import datetime
from pathlib import Path

import disclosure_fixture as fixture
import pytest
from django.core.cache import cache
from django.test import Client
from document_fixture import STUDY, make_pdf

from lightwell.actions import bundles, chronicle, inventories, log, moments, overview
from lightwell.archive import inventory
from lightwell.db.models import Checkpoint, Study
from lightwell.files import policies
from lightwell.files.state import State
from lightwell.tlog import cosignature, key, note

pytestmark = pytest.mark.django_db
SAID = datetime.datetime(2024, 11, 20, 9, tzinfo=datetime.UTC)
SEEN = datetime.datetime(2024, 12, 24, 9, tzinfo=datetime.UTC)
ORIGIN = "sample.example/clock"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> fixture.Desk:
    """A log with one witness whose cosignature the tests add, at the time they choose."""
    root = tmp_path / "state"
    root.mkdir()
    monkeypatch.setenv("LIGHTWELL_STATE", str(root))
    overview.forget()
    cache.clear()
    kinds = (key.KeyType.ED25519, key.KeyType.ML_DSA_44)
    signers = [note.generate_signer(ORIGIN, kind, bytes(32)) for kind in kinds]
    (root / "log.key").write_text("".join(f"{note.format_skey(each)}\n" for each in signers))
    witness = note.generate_signer("witness.example/one", key.KeyType.COSIGNATURE_V1, b"w" * 32)
    vkey = note.format_vkey(witness.verifier)
    policies.replace_policy(
        root, policies.make_policy([each.verifier for each in signers], [f"{vkey}=http://127.0.0.1:1"], 1)
    )
    (root / "sample-clock").write_text(str(int(SEEN.timestamp())))
    State(root).masters.add_master(bytes(32))
    log.begin_log(now=SAID)
    made = fixture.Desk(State(root))
    made.disclose(fixture.read_value("study"), SAID)
    folder = tmp_path / "papers"
    folder.mkdir()
    (folder / "one.pdf").write_bytes(make_pdf())
    rows = inventory.draft_rows(["one.pdf"], datetime.date(2024, 12, 1))
    study = Study.objects.get(pk=STUDY)
    inventories.measure_files(state=made.state, study=study, folder=folder, rows=rows, processes=1)
    inventories.seal_inventory(actor=made.ana, study=study, now=SAID)
    # Published before its date, says the writer; nobody saw it before the date had passed.
    made.do("publication", STUDY, {"study": STUDY, "summary": "", "items": None}, SAID)
    return made


def confirm(state: State, at: datetime.datetime) -> None:
    text = log.sign(store=state.tiles, origin=ORIGIN, signers=state.read_signers())
    witness = note.generate_signer("witness.example/one", key.KeyType.COSIGNATURE_V1, b"w" * 32)
    signed = cosignature.cosign(note.parse_note(text).text, witness, int(at.timestamp()))
    shown = cosignature.add_cosignatures(text, [signed], [witness.verifier])
    Checkpoint.objects.filter(text=text).update(text=shown)
    state.tiles.write_checkpoint(shown)


def read_dates(client: Client) -> dict[str, str]:
    study = client.get(f"/api/1/studies/{STUDY}").json()
    (inventory_row,) = client.get(f"/api/1/studies/{STUDY}/inventories").json()
    page = " ".join(client.get(f"/studies/{STUDY}/documents/1/").content.decode().split())
    return {
        "registered": study["registered_at"][:10],
        "locked in": inventory_row["sealed_at"][:10],
        "page, locked in": page.partition("<dt>Locked in</dt><dd>")[2].partition("</dd>")[0],
        "page, published": page.partition("<dt>Published</dt><dd>")[2].partition("</dd>")[0],
    }


def test_what_was_dated_back_counts_when_it_was_seen_on_every_page(desk: fixture.Desk) -> None:
    client = Client()
    before = client.get("/api/1/gaps").json()["items"]
    # Nobody has confirmed anything: the writer's own time is all there is.
    assert [each["state"] for each in before] == ["opened"]
    confirm(desk.state, SEEN)
    (gap,) = client.get("/api/1/gaps").json()["items"]
    assert (gap["state"], gap["days_late_strict"]) == ("opened-late", 23)
    assert read_dates(client) == {
        "registered": "2024-12-24",
        "locked in": "2024-12-24",
        "page, locked in": "24 December 2024",
        "page, published": "24 December 2024",
    }
    picture = overview.read_overview(desk.state)
    listed = chronicle.list_changes(picture)
    assert {each.at.date() for each in listed} == {SEEN.date()}


def test_what_was_seen_within_a_day_counts_at_its_own_time(desk: fixture.Desk) -> None:
    confirm(desk.state, SAID + datetime.timedelta(hours=20))
    (gap,) = Client().get("/api/1/gaps").json()["items"]
    assert (gap["state"], gap["days_late_strict"]) == ("opened", 0)
    dates = read_dates(Client())
    assert (dates["registered"], dates["page, locked in"]) == ("2024-11-20", "20 November 2024")


@pytest.mark.parametrize("at", [SEEN, SAID + datetime.timedelta(hours=20)])
def test_the_site_and_the_bundle_say_the_same(
    desk: fixture.Desk, tmp_path: Path, at: datetime.datetime
) -> None:
    confirm(desk.state, at)
    written = bundles.write_bundle(state=desk.state, folder=tmp_path / "bundle")
    (gap,) = written.account.gaps
    (shown,) = Client().get("/api/1/gaps").json()["items"]
    assert (shown["state"], shown["days_late_strict"]) == (gap.state, gap.lateness.strict_days)


def test_one_entry_and_many_are_dated_alike(desk: fixture.Desk) -> None:
    confirm(desk.state, SEEN)
    find = moments.make_finder(desk.state)
    for index in range(log.count_entries() + 2):
        assert moments.find_time(desk.state, index, SAID) == find(index, SAID), index
