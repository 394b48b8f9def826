"""Reports of visitors that a child can be identified: taken, listed for those who may act, settled.

Reporting needs no account and keeps nothing about the visitor. No report is dropped: one that says nothing
new is counted with the open one that says the same, so that a flood costs no room and hides no other. To
act on one takes one person; to say that nothing has to be done takes the officer for child protection, or
two people of whoever published the page. Who settled it, how and why is kept and stands in the journal.
The words of a record leave view by two people only (`actions/withdrawals`): nobody suspends one, and a
report about one waits until it is removed or nothing has to be done.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F

from lightwell.actions import journal, organisations
from lightwell.base import errors, roles
from lightwell.db.models import Disclosure, Item, Person, Report

# So many open reports about one place keep words of their own; the next are counted, and the sender is told.
MOST_WRITTEN = 100
OUTCOMES = ("suspend", "lock-away", "nothing")
OUTCOMES_OF_RECORDS = ("removed", "nothing")
MAX_REASON = 300
_OFFICER = "safeguarding-officer"


@dataclass(frozen=True, slots=True)
class Taken:
    """A report that arrived: the row that counts it, and whether the words that came with it are kept."""

    report: Report
    words_kept: bool


def take_report(*, item: Item, page: int | None, words: str, now: datetime.datetime) -> Taken:
    """Keep a report about a document or one page of it, or count it with the open one that says the same."""
    with transaction.atomic():
        # The row of the document is the lock: two reports at once are both counted.
        Item.objects.select_for_update().get(pk=item.pk)
        return _count_in({"item": item, "page": page}, words, now)


def take_record_report(*, record: str, version: int | None, words: str, now: datetime.datetime) -> Taken:
    """Keep a report about a record that is shown or one version of it; as `take_report` otherwise.

    Raises `UserMistake` where nothing of it is shown.
    """
    with transaction.atomic():
        # The rows of its versions are the lock.
        list(Disclosure.objects.select_for_update().filter(record=record).values_list("pk"))
        if not is_shown(record, version):
            raise errors.UserMistake(f"nothing of {record} is shown here")
        return _count_in({"record": record, "version": version}, words, now)


def is_shown(record: str, version: int | None) -> bool:
    """Answer whether readers see this version of a record, or any version without one."""
    rows = Disclosure.objects.visible().filter(record=record)
    return rows.exists() if version is None else rows.filter(version=version).exists()


def _count_in(place: dict[str, object], words: str, now: datetime.datetime) -> Taken:
    waiting = Report.objects.filter(**place, settled_at=None)
    same = waiting.filter(words=words).first()
    full = same is None and bool(words) and waiting.exclude(words="").count() >= MOST_WRITTEN
    if full:
        same = waiting.filter(words="").first()
    if same is None:
        return Taken(Report.objects.create(**place, words="" if full else words, at=now), not full)
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
            actor.roles, "suspend", actor.organisation_id, organisations.find_owner(each.subject)
        )
    ]
    return sorted(mine, key=lambda each: (not each.words, each.at, each.pk))


def settle_report(
    *, actor: Person, report: Report, outcome: str, reason: str = "", now: datetime.datetime
) -> bool:
    """Settle a report, and say in the journal who did, how and why; False when a second person is needed.

    `outcome` is one of `OUTCOMES`, or of `OUTCOMES_OF_RECORDS` for a report about a record; "nothing" needs
    a reason, and the officer of the house or two people, and "removed" that it is not shown any more.
    Raises `Refused` for a report about what another organisation published.
    """
    if outcome not in (OUTCOMES if report.item else OUTCOMES_OF_RECORDS):
        raise errors.UserMistake(
            "say whether the page is taken out of view or nothing has to be done"
            if report.item
            else "a record is not taken out of view by one person: propose to remove it, "
            "or say that nothing has to be done"
        )
    reason = " ".join(reason.split())[:MAX_REASON]
    organisations.check_owner(actor, "suspend", organisations.find_owner(report.subject))
    if outcome == "nothing" and not reason:
        raise errors.UserMistake("say in a few words why nothing has to be done", place="reason")
    if outcome == "removed" and is_shown(report.record, report.version):
        raise errors.UserMistake(
            "what it is about is still shown; the report waits until two people removed it"
        )
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
    journal.write_entry(by=actor.username, deed=deed, about=report.place, detail=detail, now=now)
