"""The open letter of October 2021 as a record of kind letter, published here like any other: by two people.

What the letter asks stands in `data/letters`, in our own words and with its sources. Whoever puts it here is
named as its publisher, never the organisations that signed it, unless they do so themselves.
"""

from __future__ import annotations

import datetime

from lightwell.actions import disclosures, proposals
from lightwell.base import disclosure, errors
from lightwell.db.models import Disclosure, Person
from lightwell.files import data, drafts
from lightwell.files.state import State

ADDRESSEE = disclosure.Party(*drafts.ADDRESSEE)


def publish_letter(
    *,
    state: State,
    proposer: Person,
    approver: Person,
    publisher: disclosure.Publisher,
    provider: disclosure.Party = ADDRESSEE,
    now: datetime.datetime,
) -> Disclosure:
    """Propose the letter as one person and approve it as another; `Refused` when it stands here already."""
    if (found := find_letter()) is not None:
        raise errors.Refused(f"the letter of October 2021 is published here already, as {found.record}")
    record = disclosure.parse_disclosure(
        {
            "id": disclosures.make_id("letter"),
            "kind": "letter",
            "version": 1,
            "schema": 1,
            "publisher": {"id": publisher.id, "role": publisher.role, "name": publisher.name},
            "provider": {"id": provider.id, "name": provider.name},
            "language": "en",
            "date": now.date().isoformat(),
            "body": data.read_letter(),
        }
    )
    proposal = proposals.propose(
        actor=proposer,
        kind="disclosure",
        subject=record.id,
        payload=disclosures.format_payload(record, ()),
        now=now,
    )
    proposals.approve(state=state, actor=approver, proposal_id=proposal.pk, now=now)
    return Disclosure.objects.get(record=record.id, version=1)


def find_letter() -> Disclosure | None:
    """Find the newest visible version of the letter of October 2021, by its asks; None when it is absent."""
    asks = data.read_letter()["asks"]
    rows = Disclosure.objects.newest().visible().filter(kind="letter").order_by("log_index")
    return next((row for row in rows if row.read_record().body.get("asks") == asks), None)
