"""What takes two people is never done by one, is refused at once when bad, and is done once or not at all."""

import os
import subprocess
import sys
from pathlib import Path

import disclosure_fixture as fixture
import log_fixture
import pytest

from lightwell.actions import log, people, proposals
from lightwell.base import errors
from lightwell.db.models import Disclosure, Proposal

LATER = fixture.at("2026-11-25")


@pytest.fixture
def desk(tmp_path: Path, db: None) -> fixture.Desk:
    return fixture.Desk(log_fixture.make_state(tmp_path / "state", []))


@pytest.fixture
def proposal(desk: fixture.Desk) -> Proposal:
    return fixture.propose(desk.state, desk.ana, fixture.read_value("dataset"), LATER)


def test_who_proposed_cannot_approve_even_with_both_roles(desk: fixture.Desk) -> None:
    both = people.add_person(name="cleo", roles=["publisher", "approver"], organisation=desk.ana.organisation)
    made = fixture.propose(desk.state, both, fixture.read_value("dataset"), LATER)
    with pytest.raises(errors.Refused, match="takes two people"):
        proposals.approve(state=desk.state, actor=both, proposal_id=made.pk, now=LATER)
    assert not Disclosure.objects.exists()


@pytest.mark.parametrize("role", ["approver", "safeguarding-officer", "auditor", "operator", "visitor"])
def test_proposing_takes_the_role(role: str, desk: fixture.Desk) -> None:
    person = people.add_person(name="dora", roles=[role])
    with pytest.raises(errors.Refused, match="takes the role publisher"):
        fixture.propose(desk.state, person, fixture.read_value("dataset"), LATER)


@pytest.mark.parametrize("role", ["publisher", "safeguarding-officer", "auditor", "operator", "visitor"])
def test_approving_takes_the_role(role: str, desk: fixture.Desk, proposal: Proposal) -> None:
    person = people.add_person(name="dora", roles=[role])
    with pytest.raises(errors.Refused, match="takes the role approver"):
        proposals.approve(state=desk.state, actor=person, proposal_id=proposal.pk, now=LATER)
    with pytest.raises(errors.Refused, match="takes the role approver"):
        proposals.reject(actor=person, proposal_id=proposal.pk, now=LATER)


def test_a_proposal_is_decided_once(desk: fixture.Desk, proposal: Proposal) -> None:
    desk.approve(proposal, LATER)
    with pytest.raises(errors.Refused, match="was approved by ben on 2026-11-25 already"):
        desk.approve(proposal, LATER)
    with pytest.raises(errors.Refused, match="already"):
        proposals.reject(actor=desk.ben, proposal_id=proposal.pk, now=LATER)
    assert Disclosure.objects.count() == 1


def test_what_was_turned_down_or_taken_back_is_never_published(desk: fixture.Desk) -> None:
    for actor in (desk.ben, desk.ana):
        made = fixture.propose(desk.state, desk.ana, fixture.read_value("dataset"), LATER)
        proposals.reject(actor=actor, proposal_id=made.pk, now=LATER)
        with pytest.raises(errors.Refused, match="was turned down by"):
            desk.approve(made, LATER)
    assert proposals.list_open() == []
    assert log.count_entries() == 0


def test_approval_that_cannot_be_carried_out_leaves_everything_as_it_was(
    desk: fixture.Desk, proposal: Proposal
) -> None:
    value = fixture.read_value("dataset")
    value["body"]["title"] += ", once more"
    second = fixture.propose(desk.state, desk.ana, value, LATER)
    desk.approve(proposal, LATER)
    before = log.count_entries()
    with pytest.raises(errors.UserMistake, match="after version 1 comes 2"):
        desk.approve(second, LATER)
    second.refresh_from_db()
    assert (second.approved, second.approver) == (None, None)
    assert log.count_entries() == before
    assert proposals.list_open() == [second]


def test_a_bad_proposal_is_refused_at_once_with_every_problem(desk: fixture.Desk) -> None:
    with pytest.raises(errors.UserMistake) as caught:
        proposals.propose(
            actor=desk.ana,
            kind="withdrawal",
            subject="std-6wtb7d1t76x3nf",
            payload={"record": "std-6wtb7d1t76x3nf", "version": None, "ground": "because"},
            now=LATER,
        )
    assert len(caught.value.problems) == 2
    with pytest.raises(errors.UserMistake, match="no proposal of the kind 'gift'"):
        proposals.propose(actor=desk.ana, kind="gift", subject="", payload={}, now=LATER)
    assert not Proposal.objects.exists()


def test_only_insiders_read_what_a_proposal_holds(desk: fixture.Desk, proposal: Proposal) -> None:
    assert proposals.read_proposal(actor=desk.ben, proposal_id=proposal.pk) == proposal
    outsider = people.add_person(name="eva", roles=["researcher"])
    with pytest.raises(errors.Refused):
        proposals.read_proposal(actor=outsider, proposal_id=proposal.pk)


_APPROVE = """
import sys, time, pathlib, os
import django
django.setup()
from lightwell.actions import proposals
from lightwell.db.models import Person
from lightwell.files import state
opened = state.open_state()
actor = Person.objects.get(username=sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
from lightwell.base import errors
try:
    proposals.approve(state=opened, actor=actor, proposal_id=int(sys.argv[2]), now=opened.read_now())
    print("won")
except errors.Refused as error:
    print(error)
"""
_BEGIN = """
import django
django.setup()
from django.core import management
management.call_command("migrate", verbosity=0)
import disclosure_fixture as fixture
from lightwell.actions import people
from lightwell.files import state
opened = state.open_state()
desk = fixture.Desk(opened)
for name in ("carl", "dina", "emil"):
    people.add_person(name=name, roles=["approver"], organisation=desk.ana.organisation)
print(fixture.propose(opened, desk.ana, fixture.read_value("dataset"), opened.read_now()).pk)
"""
_COUNT = """
import django
django.setup()
from lightwell.actions import log
from lightwell.db.models import Disclosure, Proposal
print(Disclosure.objects.count(), log.count_entries(), Proposal.objects.get().approver.username)
"""


def test_of_four_approvers_at_once_one_wins_and_the_others_are_told(tmp_path: Path) -> None:
    state = log_fixture.make_state(tmp_path / "state", [])
    environment = {
        **os.environ,
        "LIGHTWELL_STATE": str(state.root),
        "DJANGO_SETTINGS_MODULE": "lightwell.web.settings",
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]),
    }

    def run(*arguments: str) -> str:
        command = [sys.executable, "-c", *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    number = run(_BEGIN)
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", _APPROVE, name, number],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in ("ben", "carl", "dina", "emil")
    ]
    for each in racers:
        assert each.stdout.readline() == "ready\n", each.stderr.read()
    for each in racers:
        each.stdin.write("go\n")
        each.stdin.flush()
    said = [each.communicate(timeout=60)[0].strip() for each in racers]
    winner = run(_COUNT)
    assert winner.startswith("1 1 ")
    assert said.count("won") == 1, said
    told = f"proposal {number} was approved by {winner.split()[2]} on "
    assert [each.startswith(told) for each in said].count(True) == 3


def test_nobody_publishes_as_somebody_else(desk: fixture.Desk) -> None:
    letter = fixture.read_value("letter")
    with pytest.raises(errors.Refused, match=r"you publish for Larkfield.*not Sample Coalition"):
        fixture.propose(desk.state, desk.ana, letter, LATER)
    coalition, _ = desk.find_pair(letter["publisher"])
    for change in ({"id": "larkfield"}, {"role": "regulator"}, {"name": "Another Coalition"}):
        value = {**letter, "publisher": {**letter["publisher"], **change}}
        with pytest.raises(errors.Refused, match="you publish for Sample Coalition"):
            fixture.propose(desk.state, coalition, value, LATER)
    free = people.add_person(name="finn", roles=["publisher"])
    with pytest.raises(errors.Refused, match="belongs to no organisation"):
        fixture.propose(desk.state, free, letter, LATER)
    assert not Proposal.objects.exists()


def test_only_the_own_organisation_approves_turns_down_or_reads(
    desk: fixture.Desk, proposal: Proposal
) -> None:
    _, stranger = desk.find_pair(fixture.read_value("letter")["publisher"])
    for act in (
        lambda: proposals.approve(state=desk.state, actor=stranger, proposal_id=proposal.pk, now=LATER),
        lambda: proposals.reject(actor=stranger, proposal_id=proposal.pk, now=LATER),
        lambda: proposals.read_proposal(actor=stranger, proposal_id=proposal.pk),
    ):
        with pytest.raises(errors.Refused, match="this belongs to larkfield"):
            act()
    assert proposals.list_open(actor=stranger) == []
    assert proposals.list_open(actor=desk.ben) == [proposal]
    auditor = people.add_person(name="gus", roles=["auditor"])
    assert proposals.read_proposal(actor=auditor, proposal_id=proposal.pk) == proposal
    desk.approve(proposal, LATER)
    for kind, payload in (
        ("withdrawal", {"record": proposal.subject, "version": None, "ground": "published-in-error"}),
        ("disclosure", proposal.payload),
    ):
        outsider, _ = desk.find_pair(fixture.read_value("letter")["publisher"])
        with pytest.raises(errors.LightwellError):
            proposals.propose(actor=outsider, kind=kind, subject=proposal.subject, payload=payload, now=LATER)
    assert Disclosure.objects.visible().count() == 1


def test_an_officer_who_also_publishes_reaches_no_further_as_a_publisher(desk: fixture.Desk) -> None:
    officer = people.add_person(
        name="olga", roles=["safeguarding-officer", "publisher"], organisation=desk.ana.organisation
    )
    desk.disclose(fixture.read_value("letter"))
    record = fixture.read_value("letter")["id"]
    with pytest.raises(errors.Refused, match="belongs to sample-coalition"):
        proposals.propose(
            actor=officer,
            kind="withdrawal",
            subject=record,
            payload={"record": record, "version": None, "ground": "published-in-error"},
            now=LATER,
        )
