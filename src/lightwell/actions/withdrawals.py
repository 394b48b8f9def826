"""Withdrawal: a published version leaves view for a ground; its tombstone stays for ever.

The record's bytes are kept from every exit, and destroyed where the ground is erasure by law. Its
attachments leave the public area unless something else that is public has the same file. Versions
before and after keep their places, so that what was published and removed can be counted. Copies that
were downloaded cannot be recalled; the page says so. Items of a study: `actions/publications`.
"""

from __future__ import annotations

import datetime

from django.db import transaction

from lightwell.actions import figures, log
from lightwell.base import canonical, disclosure, errors, ground, tombstone
from lightwell.base.canonical import Json
from lightwell.db.models import Disclosure, Item, Proposal, Service, Tombstone
from lightwell.files import data
from lightwell.files.state import State

ERASURE = "erased-by-law"


def check_withdrawal(payload: dict[str, Json], now: datetime.datetime) -> None:
    """Check a proposal to withdraw: `record`, `version` (null for every version), `ground`."""
    problems: list[errors.Problem] = []
    try:
        _list_versions(payload)
    except errors.UserMistake as error:
        problems += error.problems
    try:
        ground.check_use(
            data.read_grounds(),
            str(payload.get("ground")),
            "withdrawal",
            "approver",
            now.date().isoformat(),
            None,
        )
    except errors.UserMistake as error:
        problems += [errors.Problem("ground", each.sentence) for each in error.problems]
    if problems:
        raise errors.UserMistake(problems=problems)


def withdraw_disclosure(
    *, state: State, payload: dict[str, Json], decided_by: tuple[str, str], now: datetime.datetime
) -> list[Tombstone]:
    """Take one or all versions of a record out of view; tombstone and log entry for each, in one transaction.

    `decided_by` are the roles of the two people. Files leave the public area after the commit: a crash
    before leaves everything as it was, a crash after it leaves files that no visible record names, which the
    worker removes (`actions/leftovers`).
    """
    check_withdrawal(payload, now)
    ground_id = str(payload["ground"])
    made = []
    with transaction.atomic():
        for row in _list_versions(payload):
            removed = row.read_record()
            stone = tombstone.make_tombstone(
                removed, ground_id, max(now.date().isoformat(), removed.date), decided_by
            )
            record = tombstone.format_tombstone(stone)
            (index,) = log.append(entries=[record])
            made.append(
                Tombstone.objects.create(
                    disclosure=row,
                    ground=ground_id,
                    date=stone.date,
                    data=canonical.encode(record),
                    log_index=index,
                )
            )
            figures.forget_edition(row=row)
            if ground_id == ERASURE:
                _erase(row)
            _forget_services(removed)
            _remove_later(state, removed, keep_sealed=ground_id != ERASURE)
    return made


def _list_versions(payload: dict[str, Json]) -> list[Disclosure]:
    record, version = str(payload.get("record")), payload.get("version")
    rows = Disclosure.objects.filter(record=record).order_by("version")
    if not rows.exists():
        raise errors.UserMistake(f"there is no published record {record!r}", place="record")
    standing = rows.filter(tombstone__isnull=True, data__isnull=False)
    if version is not None:
        standing = standing.filter(version=version)
    if not standing.exists():
        what = f"version {version} of {record}" if version is not None else record
        raise errors.UserMistake(f"{what} is not there or was removed before", place="version")
    return list(standing)


def _erase(row: Disclosure) -> None:
    """Destroy the words of a version: its row, what it held back, and the proposals that carried it."""
    row.data, row.full = None, None
    row.save(update_fields=["data", "full"])
    for proposal in Proposal.objects.filter(subject=row.record):
        # Every proposal about the record may carry its words; the place and the people stay.
        if "record" in proposal.payload and isinstance(proposal.payload["record"], dict):
            proposal.payload = {"erased": True}
            proposal.save(update_fields=["payload"])


def _forget_services(removed: disclosure.Disclosure) -> None:
    """Take away the services that only removed records named: their names are words of those records."""
    alone = {service.id for service in removed.services}
    for row in Disclosure.objects.visible().iterator() if alone else ():
        alone -= {service.id for service in row.read_record().services}
    Service.objects.filter(slug__in=alone).delete()


def _remove_later(state: State, removed: disclosure.Disclosure, *, keep_sealed: bool) -> None:
    digests = [each.digest.removeprefix("sha256:") for each in removed.attachments]

    def remove() -> None:
        wanted = _list_public_attachments()
        for digest in digests:
            if digest in wanted or Item.objects.filter(sha256=digest, openings__whole=True).exists():
                continue
            # A crash between these two lines leaves both copies, and the worker removes the public one.
            if keep_sealed and state.files.has_bytes("public", digest):
                state.files.put_bytes("sealed", state.files.get_bytes("public", digest))
            state.files.remove_bytes("public", digest)
            if not keep_sealed:
                state.files.remove_bytes("sealed", digest)

    if digests:
        transaction.on_commit(remove)


def _list_public_attachments() -> set[str]:
    return {
        attachment.digest.removeprefix("sha256:")
        for row in Disclosure.objects.visible().iterator()
        for attachment in row.read_record().attachments
    }
