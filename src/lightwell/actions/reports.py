"""Reports of visitors that a child can be identified: taken, listed for those who may act, settled.

Reporting needs no account and keeps nothing about the visitor. No report is dropped: one that says nothing
new is counted with the open one that says the same, so that a flood costs no room and hides no other. To
act on one takes one person; to say that nothing has to be done takes the officer for child protection, or
two people of whoever published the page. Who settled it, how and why is kept and stands in the journal.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F

from lightwell.actions import journal, organisations
from lightwell.base import errors, roles
from lightwell.db.models import Item, Person, Report

# So many open reports about one place keep words of their own; the next are counted, and the sender is told.
MOST_WRITTEN = 100
OUTCOMES = ("suspend", "lock-away", "nothing")
MAX_REASON = 300
_OFFICER = "safeguarding-officer"


@dataclass(frozen=True, slots=True)
class Taken:
    """A report that arrived: the row that counts it, and whether the words that came with it are kept."""

    report: Report
    words_kept: bool


def take_report(*, item: Item, page: int | None, words: str, now: datetime.datetime) -> Taken:
    """Keep a report, or count it with the open one about the same place that says the same."""
    with transaction.atomic():
        # The row of the document is the lock: two reports at once are both counted.
        Item.objects.select_for_update().get(pk=item.pk)
        waiting = Report.objects.filter(item=item, page=page, settled_at=None)
        same = waiting.filter(words=words).first()
        full = same is None and bool(words) and waiting.exclude(words="").count() >= MOST_WRITTEN
        if full:
            same = waiting.filter(words="").first()
        if same is None:
            return Taken(
                Report.objects.create(item=item, page=page, words="" if full else words, at=now), not full
            )
        Report.objects.filter(pk=same.pk).update(count=F("count") + 1)
        same.refresh_from_db()
        return Taken(same, not full)


def list_open(*, actor: Person) -> list[Report]:
    """List the reports that wait and that this person may act on, those with words first, then the oldest.

    Raises `Refused` without the permission to suspend.
    """
    roles.check_may(actor.roles, "suspend")
    rows = Report.objects.filter(settled_at=None).select_related("item__study__provider", "proposed_by")
    mine = [
        each
        for each in rows
        if roles.may_for(
            actor.roles, "suspend", actor.organisation_id, organisations.find_owner(each.item.study_id)
        )
    ]
    return sorted(mine, key=lambda each: (not each.words, each.at, each.pk))


def settle_report(
    *, actor: Person, report: Report, outcome: str, reason: str = "", now: datetime.datetime
) -> bool:
    """Settle a report, and say in the journal who did, how and why; False when a second person is needed.

    `outcome` is one of `OUTCOMES`; "nothing" needs a reason, and the officer of the house or two people.
    Raises `Refused` for a report about what another organisation published.
    """
    if outcome not in OUTCOMES:
        raise errors.UserMistake("say whether the page is taken out of view or nothing has to be done")
    reason = " ".join(reason.split())[:MAX_REASON]
    organisations.check_owner(actor, "suspend", organisations.find_owner(report.item.study_id))
    if outcome == "nothing" and not reason:
        raise errors.UserMistake("say in a few words why nothing has to be done", place="reason")
    with transaction.atomic():
        report = Report.objects.select_for_update().get(pk=report.pk)
        if report.settled_at is not None:
            return True
        alone = outcome != "nothing" or (actor.organisation_id is None and _OFFICER in actor.roles)
        first = report.proposed_by
        if not alone and (first is None or not roles.may_confirm(first.username, actor.username)):
            report.proposed_by, report.reason = actor, reason
            report.save(update_fields=["proposed_by", "reason"])
            _write(actor, "report-to-be-closed", report, reason, now)
            return False
        report.settled_at, report.settled_by = now, actor
        report.outcome, report.reason = outcome, reason
        report.save(update_fields=["settled_at", "settled_by", "outcome", "reason"])
        agreed = f", as {first.username} proposed" if first and not alone else ""
        _write(actor, "report-settled", report, f"{outcome}{agreed}: {reason}".rstrip(": "), now)
    return True


def _write(actor: Person, deed: str, report: Report, detail: str, now: datetime.datetime) -> None:
    place = f"{report.item.study_id}/{report.item.number}" + (f"/{report.page}" if report.page else "")
    journal.write_entry(by=actor.username, deed=deed, about=place, detail=detail, now=now)
