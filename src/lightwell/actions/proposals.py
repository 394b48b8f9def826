"""Proposals: what takes two people. One proposes, another approves, and approval carries the story out.

A proposal is checked when it is made, so that a bad one is refused at once with every problem, and again
when it is carried out, since other things may have happened in between. Carrying out, the approver's
name and every log entry are one transaction under a lock on the proposal's row: of two approvers at once
one wins and the other is told. Both belong to the organisation whose records it is about. This room
imports the other stories, never the reverse.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from lightwell.actions import (
    amendments,
    challenges,
    custody,
    disclosures,
    namings,
    organisations,
    publications,
    releases,
    reruns,
    studies,
    suspensions,
    withdrawals,
)
from lightwell.archive import beacon
from lightwell.base import errors, roles
from lightwell.base.canonical import Json
from lightwell.db.models import Organisation, Person, Proposal, Suspension
from lightwell.files import occupancy
from lightwell.files.state import State


@dataclass(frozen=True, slots=True)
class Story:
    """What a kind of proposal does: `check` refuses a bad payload, `carry_out` acts inside the transaction.

    `prepare` is the slow part, before the transaction; what it returns takes the payload's place in
    `carry_out`, which gets the roles of proposer and approver. `proposing` and `approving` are permissions.
    `find_owner` names the organisation whose records a checked payload is about.
    """

    words: str
    check: Callable[[dict[str, Json], datetime.datetime], None]
    carry_out: Callable[[State, Any, tuple[str, str], datetime.datetime], object]
    find_owner: Callable[[dict[str, Json]], str | None]
    proposing: str = "propose"
    approving: str = "approve"
    prepare: Callable[[State, dict[str, Json], datetime.datetime], Any] | None = None


def _publish_disclosure(
    state: State, payload: dict[str, Json], decided_by: tuple[str, str], now: datetime.datetime
) -> object:
    return disclosures.publish_disclosure(state=state, payload=payload, now=now)


def _prepare_registration(
    state: State, payload: dict[str, Json], now: datetime.datetime
) -> tuple[dict[str, Json], beacon.Beacon | None]:
    record, _ = disclosures.parse_payload(payload)
    return payload, studies.choose_beacon(state, record.body, now)


def _register_study(
    state: State,
    prepared: tuple[dict[str, Json], beacon.Beacon | None],
    decided_by: tuple[str, str],
    now: datetime.datetime,
) -> object:
    payload, anchor = prepared
    return disclosures.publish_disclosure(state=state, payload=payload, now=now, anchor=anchor)


def _lift_fields(
    state: State, payload: dict[str, Json], decided_by: tuple[str, str], now: datetime.datetime
) -> object:
    return disclosures.lift_fields(state=state, payload=payload, now=now)


def _withdraw_disclosure(
    state: State, payload: dict[str, Json], decided_by: tuple[str, str], now: datetime.datetime
) -> object:
    return withdrawals.withdraw_disclosure(state=state, payload=payload, decided_by=decided_by, now=now)


def _prepare_publication(state: State, payload: dict[str, Json], now: datetime.datetime) -> object:
    return publications.prepare_publication(state=state, payload=payload, now=now)


def _publish_study(
    state: State, prepared: publications.Prepared, decided_by: tuple[str, str], now: datetime.datetime
) -> object:
    return publications.publish_study(prepared=prepared, decided_by=decided_by, now=now)


def _take_back_items(
    state: State, payload: dict[str, Json], decided_by: tuple[str, str], now: datetime.datetime
) -> object:
    publications.take_back_items(payload=payload, decided_by=decided_by, now=now)
    return None


def _prepare_release(state: State, payload: dict[str, Json], now: datetime.datetime) -> object:
    return releases.prepare_release(state=state, payload=payload, now=now)


def _release_item(
    state: State,
    prepared: tuple[dict[str, Json], object],
    decided_by: tuple[str, str],
    now: datetime.datetime,
) -> object:
    releases.release_item(prepared=prepared, decided_by=decided_by, now=now)
    return None


def _erase_item(
    state: State, payload: dict[str, Json], decided_by: tuple[str, str], now: datetime.datetime
) -> object:
    custody.erase_item(state=state, payload=payload, decided_by=decided_by, now=now)
    return None


def _restore_page(
    state: State, payload: dict[str, Json], decided_by: tuple[str, str], now: datetime.datetime
) -> object:
    return suspensions.restore_page(payload=payload, decided_by=decided_by, now=now)


def _answer_challenge(
    state: State, payload: dict[str, Json], decided_by: tuple[str, str], now: datetime.datetime
) -> object:
    return challenges.answer(state=state, payload=payload, decided_by=decided_by, now=now)


def _own_publisher(payload: dict[str, Json]) -> str | None:
    return disclosures.parse_payload(payload)[0].publisher.id


def _own_record(payload: dict[str, Json]) -> str | None:
    return organisations.find_owner(str(payload["record"]))


def _own_study(payload: dict[str, Json]) -> str | None:
    return organisations.find_owner(str(payload["study"]))


def _own_suspended(payload: dict[str, Json]) -> str | None:
    return organisations.find_owner(Suspension.objects.get(pk=payload["suspension"]).item.study_id)


def _own_commentary(payload: dict[str, Json]) -> str | None:
    # Anybody who publishes here may dispute what others say about a document.
    return organisations.find_owner(str(payload["record"]))


def _amend(act: Callable[..., object]) -> Callable[..., object]:
    def carry_out(
        state: State, payload: dict[str, Json], decided_by: tuple[str, str], now: datetime.datetime
    ) -> object:
        return act(payload=payload, decided_by=decided_by, now=now)

    return carry_out


STORIES: dict[str, Story] = {
    "disclosure": Story(
        "publish a record", disclosures.check_disclosure, _publish_disclosure, _own_publisher
    ),
    "study": Story(
        "register a study",
        disclosures.check_disclosure,
        _register_study,
        _own_publisher,
        proposing="register",
        prepare=_prepare_registration,
    ),
    "lift": Story("show fields that are held back", disclosures.check_lift, _lift_fields, _own_record),
    "withdrawal": Story("remove a record", withdrawals.check_withdrawal, _withdraw_disclosure, _own_record),
    "publication": Story(
        "publish what a study locked in",
        publications.check_publication,
        _publish_study,
        _own_study,
        prepare=_prepare_publication,
    ),
    "take-back": Story(
        "take published documents back", publications.check_take_back, _take_back_items, _own_study
    ),
    "release": Story(
        "open a document again, with more or less of it hidden",
        releases.check_release,
        _release_item,
        _own_study,
        prepare=_prepare_release,
    ),
    "erasure": Story("erase a document by law, for ever", custody.check_erasure, _erase_item, _own_study),
    "extension": Story(
        "move a promised date", amendments.check_extension, _amend(amendments.extend_items), _own_study
    ),
    "already-public": Story(
        "say that documents are public elsewhere already",
        amendments.check_already_public,
        _amend(amendments.mark_already_public),
        _own_study,
    ),
    "dispute": Story(
        "dispute what is said about documents",
        amendments.check_dispute,
        _amend(amendments.mark_disputed),
        _own_commentary,
    ),
    "key-lost": Story(
        "admit that the key of documents is lost",
        amendments.check_key_lost,
        _amend(amendments.mark_key_lost),
        _own_study,
    ),
    "naming": Story(
        "give a document that is not public yet another title or file name",
        namings.check_naming,
        _amend(namings.name_item),
        _own_study,
    ),
    "challenge-answer": Story(
        "answer whether a file is in the inventory",
        challenges.check_answer,
        _answer_challenge,
        challenges.find_owner,
    ),
    "restoration": Story(
        "restore a suspended page",
        suspensions.check_restoration,
        _restore_page,
        _own_suspended,
        proposing="restore",
        approving="restore",
    ),
}


def propose(
    *, actor: Person, kind: str, subject: str, payload: dict[str, Json], now: datetime.datetime
) -> Proposal:
    """Propose a story; it takes effect when another person approves.

    `subject` is the id it is about. The same proposal once more is the one that is open already, so that a
    command that was killed can be run again. Raises `Refused` without the permission or for what belongs to
    another organisation, `UserMistake` with every problem of the payload.
    """
    owner = check_proposal(actor=actor, kind=kind, payload=payload, now=now)
    with transaction.atomic():
        # The proposer's row is the lock: of two equal proposals at once, one is made.
        actor = Person.objects.select_for_update().get(pk=actor.pk)
        found = reruns.find_open(actor=actor, kind=kind, subject=subject, payload=payload)
        return found or Proposal.objects.create(
            kind=kind,
            subject=subject,
            payload=payload,
            organisation=Organisation.objects.filter(pk=owner).first(),
            proposer=actor,
            proposed_at=now,
        )


def check_proposal(
    *, actor: Person, kind: str, payload: dict[str, Json], now: datetime.datetime
) -> str | None:
    """Refuse what `propose` refuses, and write nothing; return the organisation that it is about."""
    story = find_story(kind)
    roles.check_may(actor.roles, story.proposing)
    story.check(payload, now)
    if story.find_owner is _own_publisher:
        organisations.check_voice(actor, disclosures.parse_payload(payload)[0])
    owner = story.find_owner(payload)
    organisations.check_owner(actor, story.proposing, owner)
    return owner


def approve(*, state: State, actor: Person, proposal_id: int, now: datetime.datetime) -> Proposal:
    """Approve and carry out, all or nothing; afterwards the caller publishes the log's next checkpoint.

    Raises `Refused` without the permission, to the proposer, to somebody of another organisation, and when
    somebody else was faster; `UserMistake` when what was proposed cannot be done any more. Then the proposal
    stays open.
    """
    # Files are put before the rows that name them: until the commit nobody may sweep.
    with occupancy.share_store(state.root):
        return _approve(state, actor, proposal_id, now)


def _approve(state: State, actor: Person, proposal_id: int, now: datetime.datetime) -> Proposal:
    prepared = _prepare(state, actor, proposal_id, now)
    with transaction.atomic():
        proposal = _lock_open(proposal_id)
        story = find_story(proposal.kind)
        _check_second_person(actor, proposal, story)
        decided_by = (
            _name_role(proposal.proposer, story.proposing),
            _name_role(actor, story.approving),
        )
        _decide(proposal, actor, True, now)
        story.carry_out(state, proposal.payload if prepared is None else prepared, decided_by, now)
    return proposal


def reject(*, actor: Person, proposal_id: int, now: datetime.datetime) -> Proposal:
    """Turn a proposal down, or take one's own back: nothing happens, and nobody can approve it any more.

    Raises `Refused` without the permission and when it was decided before.
    """
    with transaction.atomic():
        proposal = _lock_open(proposal_id)
        if actor.pk == proposal.proposer_id:
            # Taking back is no second person's decision, so no approver is named.
            _decide(proposal, None, False, now)
        else:
            permission = find_story(proposal.kind).approving
            organisations.check_owner(actor, permission, proposal.organisation_id)
            _decide(proposal, actor, False, now)
    return proposal


def list_open(*, actor: Person | None = None) -> list[Proposal]:
    """List what waits for a second person, oldest first; with an actor only what they may read."""
    rows = Proposal.objects.filter(approved=None).select_related("proposer").order_by("pk")
    return [row for row in rows if actor is None or organisations.may_read(actor, row.organisation_id)]


def read_proposal(*, actor: Person, proposal_id: int) -> Proposal:
    """Read a proposal with all that it would hold back; `Refused` to those it is not meant for."""
    roles.check_may(actor.roles, "read_sealed")
    proposal = Proposal.objects.filter(pk=proposal_id).first()
    if proposal is None:
        raise errors.UserMistake(f"there is no proposal {proposal_id}; list them with: lightwell proposals")
    organisations.check_owner(actor, "read_sealed", proposal.organisation_id)
    return proposal


def list_seconds(proposal: Proposal) -> list[Person]:
    """List who may approve an open proposal; nobody when the organisation has no second person for it."""
    story = find_story(proposal.kind)
    return [
        person
        for person in Person.objects.filter(is_active=True).order_by("username")
        if roles.may_confirm(proposal.proposer.username, person.username)
        and roles.may_for(person.roles, story.approving, person.organisation_id, proposal.organisation_id)
    ]


def check_may_approve(*, actor: Person, proposal_id: int) -> None:
    """Refuse whoever cannot be the second person of a proposal; one that was decided already as well."""
    proposal = _find_open(Proposal.objects.filter(pk=proposal_id).first(), proposal_id)
    _check_second_person(actor, proposal, find_story(proposal.kind))


def find_story(kind: str) -> Story:
    """Find what a kind of proposal does; an unknown one is a `UserMistake`."""
    if kind not in STORIES:
        raise errors.UserMistake(f"there is no proposal of the kind {kind!r}; kinds are {', '.join(STORIES)}")
    return STORIES[kind]


def _prepare(state: State, actor: Person, proposal_id: int, now: datetime.datetime) -> object | None:
    """Do the slow part of a story before its transaction, so that nobody waits for the lock meanwhile."""
    proposal = Proposal.objects.filter(pk=proposal_id, approved=None).first()
    story = find_story(proposal.kind) if proposal else None
    if proposal is None or story is None or story.prepare is None:
        return None
    _check_second_person(actor, proposal, story)
    return story.prepare(state, proposal.payload, now)


def _check_second_person(actor: Person, proposal: Proposal, story: Story) -> None:
    organisations.check_owner(actor, story.approving, proposal.organisation_id)
    roles.check_may_confirm(proposal.proposer.username, actor.username)


def _lock_open(proposal_id: int) -> Proposal:
    # Only the proposal's row is locked: the second approver waits here and then reads the decision.
    return _find_open(Proposal.objects.select_for_update().filter(pk=proposal_id).first(), proposal_id)


def _find_open(proposal: Proposal | None, proposal_id: int) -> Proposal:
    if proposal is None:
        raise errors.UserMistake(f"there is no proposal {proposal_id}; list them with: lightwell proposals")
    if proposal.approved is not None:
        verb = "approved" if proposal.approved else "turned down"
        by = proposal.approver.username if proposal.approver else "the person who proposed it"
        raise errors.Refused(
            f"proposal {proposal_id} was {verb} by {by} on {proposal.decided_at:%Y-%m-%d} already"
        )
    return proposal


def _decide(proposal: Proposal, actor: Person | None, approved: bool, now: datetime.datetime) -> None:
    proposal.approver, proposal.approved, proposal.decided_at = actor, approved, now
    proposal.save(update_fields=["approver", "approved", "decided_at"])


def _name_role(person: Person, permission: str) -> str:
    """Name the role through which a person may do this: what a tombstone says instead of a name."""
    able = [role for role in roles.ROLES if role in person.roles and permission in roles.ROLES[role]]
    # Whoever proposed may have lost the role since; then what they held is not known here any more.
    if not able:
        raise errors.Refused(f"{person.username} does not hold a role any more that may do this")
    return able[0]
