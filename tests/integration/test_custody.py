"""Keys rotate, documents are erased by law by two people, and escrow restores the keys."""

import datetime
import secrets

import disclosure_fixture as fixture
import pytest

from lightwell.actions import custody, inventories, log, proposals
from lightwell.archive import escrow
from lightwell.base import errors
from lightwell.db.models import Disclosure, Inventory, Item, LogEntry, Provider, Study
from lightwell.files.keys import KEY_BYTES
from lightwell.files.state import State

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime.datetime(2026, 11, 25, 12, tzinfo=datetime.UTC)
STUDY = "std-6wtb7d1t76x3nf"
SEALED = b"encrypted bytes of document %d"


@pytest.fixture
def state(tmp_path):
    state = State(tmp_path / "state")
    state.masters.add_master(secrets.token_bytes(KEY_BYTES))
    return state


@pytest.fixture
def keys(state):
    """Three sealed documents; their keys by number."""
    provider = Provider.objects.create(slug="larkfield", name="Larkfield (sample)", sample=True)
    places = iter(log.append(entries=[{"type": "x", "v": 1}] * 5))
    study = Study.objects.create(
        id=STUDY, provider=provider, in_advance=True, log_index=next(places), registered_at=NOW
    )
    sealed = Inventory.objects.create(
        study=study, number=1, root="00" * 32, log_index=next(places), sealed_at=NOW
    )
    keys = {}
    for number in (1, 2, 3):
        keys[number] = secrets.token_bytes(32)
        wrapped = state.masters.wrap_key(keys[number])
        Item.objects.create(
            study=study,
            inventory=sealed,
            number=number,
            kind="report",
            file_name=f"secret name {number}.pdf",
            title="Secret title",
            intent="publish",
            due=NOW.date(),
            media_type="application/pdf",
            size=30,
            sha256=f"{number:064x}",
            pages=2,
            read=True,
            renderer="x",
            commitment="00" * 32,
            master=wrapped.master,
            wrapped_key=wrapped.data,
            sealed_file=state.files.put_bytes("sealed", SEALED % number),
            log_index=next(places),
        )
    return keys


def unwrap_all(state):
    return {
        item.number: inventories.unwrap_item_key(state, item)
        for item in Item.objects.filter(wrapped_key__isnull=False)
    }


def test_rotation_wraps_every_key_anew_and_retires_the_old_master(state, keys):
    assert custody.rotate_masters(state=state) == (2, 3)
    assert state.masters.list_numbers() == [1, 2]
    assert unwrap_all(state) == keys
    assert custody.rotate_masters(state=state, retire=True) == (3, 3)
    assert state.masters.list_numbers() == [3]
    assert unwrap_all(state) == keys


def test_a_rotation_killed_half_way_loses_nothing_and_is_completed_by_the_next(state, keys, monkeypatch):
    monkeypatch.setattr(custody, "_BATCH", 1)

    class Ended(BaseException):
        pass

    def end(done):
        if done == 2:
            raise Ended

    with pytest.raises(Ended):
        custody.rotate_masters(state=state, progress=end)
    assert sorted(Item.objects.values_list("master", flat=True)) == [1, 2, 2]
    assert unwrap_all(state) == keys
    custody.rotate_masters(state=state, retire=True)
    assert unwrap_all(state) == keys
    assert state.masters.list_numbers() == [3]


@pytest.fixture
def people(keys):
    Disclosure.objects.create(
        record=STUDY,
        kind="study",
        version=1,
        digest="sha256:" + "00" * 32,
        provider_id="larkfield",
        publisher="larkfield",
        publisher_role="provider",
        language="en",
        date="2026-01-01",
        log_index=10_000,
        published_at=NOW,
    )
    return fixture.make_people()


def test_two_people_erase_a_document_and_its_place_stays(state, keys, people):
    ana, ben = people
    item = Item.objects.get(number=2)
    payload = {"study": STUDY, "item": 2, "ground": "erased-by-law"}
    proposal = proposals.propose(actor=ana, kind="erasure", subject=STUDY, payload=payload, now=NOW)
    with pytest.raises(errors.Refused):
        proposals.approve(state=state, actor=ana, proposal_id=proposal.pk, now=NOW)
    assert unwrap_all(state) == keys, "one person alone erases nothing"
    proposals.approve(state=state, actor=ben, proposal_id=proposal.pk, now=NOW)
    erased = Item.objects.get(number=2)
    assert (erased.wrapped_key, erased.master, erased.title, erased.file_name) == (None, None, "", "")
    assert not state.files.find_path("sealed", item.sealed_file).exists()
    assert unwrap_all(state) == {number: keys[number] for number in (1, 3)}
    last = bytes(LogEntry.objects.order_by("-index").first().data)
    assert b'"type":"erasure"' in last
    assert b"Secret" not in last
    with pytest.raises(errors.Refused, match="destroyed"):
        inventories.unwrap_item_key(state, erased)
    with pytest.raises(errors.UserMistake, match="destroyed before"):
        proposals.propose(actor=ana, kind="erasure", subject=STUDY, payload=payload, now=NOW)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"item": 9}, "no sealed item 9"),
        ({"item": True}, "no sealed item"),
        ({"ground": "confidential!"}, "there is no ground"),
        ({"ground": "published-in-error"}, "is not for a item"),
    ],
)
def test_an_erasure_without_item_or_ground_is_refused_when_proposed(state, keys, people, change, words):
    payload = {"study": STUDY, "item": 2, "ground": "erased-by-law"} | change
    with pytest.raises(errors.UserMistake, match=words):
        proposals.propose(actor=people[0], kind="erasure", subject=STUDY, payload=payload, now=NOW)


def test_three_of_five_people_restore_lost_master_keys(state, keys):
    custody.rotate_masters(state=state)
    shares = custody.split_masters(state=state, threshold=3, count=5)
    for number in (1, 2):
        state.masters.remove_master(number)
    with pytest.raises(errors.Damaged, match="is missing"):
        unwrap_all(state)
    with pytest.raises(errors.Refused, match="3 different shares are needed"):
        custody.join_masters(shares[:2])
    masters = custody.join_masters([shares[4], shares[0], shares[2]])
    drill = custody.check_recovery(state=state, masters=masters)
    assert "they unwrap 3 document keys" in drill[0]
    assert state.masters.list_numbers() == [], "a drill writes nothing"
    custody.check_recovery(state=state, masters=masters, write=True)
    assert unwrap_all(state) == keys


def test_a_drill_says_when_the_shares_are_older_than_the_keys(state, keys):
    masters = custody.join_masters(custody.split_masters(state=state, threshold=2, count=2))
    custody.rotate_masters(state=state)
    assert "make new shares" in custody.check_recovery(state=state, masters=masters)[1]


def test_shares_of_another_installation_are_refused(state, keys, tmp_path):
    other = State(tmp_path / "other")
    other.masters.add_master(secrets.token_bytes(KEY_BYTES))
    masters = custody.join_masters(custody.split_masters(state=other, threshold=2, count=2))
    with pytest.raises(errors.Refused, match="is not the one"):
        custody.check_recovery(state=state, masters=masters)


def test_a_written_share_is_read_again(state, keys):
    shares = custody.split_masters(state=state, threshold=2, count=3)
    assert [escrow.parse_share(escrow.format_share(share)) for share in shares] == shares
