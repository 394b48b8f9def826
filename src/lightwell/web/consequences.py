"""Consequences: what a proposal would do once it is approved, in words, for the person who has to decide.

An approver who cannot see which documents, dates and reasons are meant approves blindly; every kind of
proposal says here what it does, what of it stays for ever, and where its effect is seen.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from lightwell.actions import records
from lightwell.archive import challenge
from lightwell.base import disclosure
from lightwell.db.models import Amendment, Disclosure, Item, Proposal, Reading, Suspension
from lightwell.web import places
from lightwell.web.templatetags import words

# Kind of proposal -> what approving it does and what of that nobody takes back.
SENTENCES = {
    "disclosure": "The record is published under the name of the organisation. Its digital fingerprint stays "
    "in the public record for ever; to remove it later takes two people and a legal reason.",
    "study": "The study is registered, and everybody sees its words and what it promises. The moment of "
    "registration can never be made earlier, and the study never leaves the list.",
    "lift": "What was held back is shown to everybody. Once it was read and copied, nobody takes it back.",
    "withdrawal": "The record leaves every page. Its place stays, with the legal reason and the roles of the "
    "two people who decided. Copies that were downloaded cannot be called back.",
    "publication": "What is published can be read and copied by everybody from that moment on. What is held "
    "back keeps its place, with the legal reason.",
    "take-back": "The pages leave the site and the search. Their places stay, with the legal reason. Copies "
    "that were downloaded cannot be called back.",
    "release": "A new version of the document takes the place of the one that is shown. What is not "
    "hidden any more can be read and copied by everybody from that moment on, and nobody takes it back.",
    "erasure": "The key and every byte of the document are destroyed. Nobody brings it back, not even those "
    "who run this archive. Its place stays, with the legal reason.",
    "extension": "The promise is moved. Both dates stay on the page of the document for everybody to see.",
    "already-public": "The documents count as public elsewhere, and their pages lead to the record that says "
    "where.",
    "dispute": "The documents carry the mark for good, and it leads to the record that says why.",
    "key-lost": "The documents count as lost for ever, and the study is never called published in full.",
    "naming": "The document bears another title or file name from now on, for you and, once it is published, "
    "for everybody. Its bytes, its seal and its number stay.",
    "challenge-answer": "Everybody sees the answer with its day, and it stays. The holder alone learns which "
    "document it is, unless it is named. An answer that is false can be shown to be false for ever.",
    "restoration": "It can be read, searched and downloaded by everybody again, at once.",
}

ANSWERS = {
    challenge.IN_INVENTORY: "It is in our inventory",
    challenge.NOT_IN_INVENTORY: "It is not in our inventory",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One document that a proposal is about, as insiders see it, and what becomes of it."""

    item: Item
    tone: str
    deed: str
    more: str


@dataclass(frozen=True, slots=True)
class Consequence:
    """What one proposal would do; `address` is where readers see it afterwards.

    `items` are the documents it is about; `describe_items` says what becomes of those that are shown.
    """

    title: str
    sentence: str
    facts: tuple[tuple[str, str], ...]
    items: list[Item]
    address: str


def describe_proposal(proposal: Proposal) -> Consequence:
    """Say what a proposal would do, or did."""
    items = _list_items(proposal)
    return Consequence(
        name_subject(proposal),
        SENTENCES[proposal.kind],
        tuple(_list_facts(proposal.kind, proposal.payload)),
        items,
        _find_address(proposal, items),
    )


def describe_items(proposal: Proposal, items: Iterable[Item]) -> list[Row]:
    """Say what becomes of documents of a proposal: those of one page, since it may be about ten thousand."""
    shown = list(items)
    # Once it is done, an item holds its new date, and only what was logged knows the one before.
    before: dict[int, datetime.date | None] = {}
    if proposal.kind == "extension" and proposal.approved:
        moved = Amendment.objects.filter(item__in=shown, type=proposal.kind, due=proposal.payload.get("due"))
        before = dict(moved.values_list("item", "due_before"))
    return [_read_row(proposal, item, before.get(item.pk) or item.due) for item in shown]


def name_subject(proposal: Proposal) -> str:
    """Name what a proposal is about by its title; by its id where the words are gone or not there yet."""
    carried = proposal.payload.get("record")
    if isinstance(carried, dict):
        return str(carried.get("body", {}).get("title") or proposal.subject)
    return name_record(proposal.subject)


def name_record(record: str) -> str:
    """Name a published record by the title of its newest version that is shown, else by its id."""
    history = records.read_history(record)
    shown = [each.record for each in history.versions if each.record] if history else []
    return str(shown[-1].body.get("title") or record) if shown else record


def list_own_records(owner: str | None, *kinds: str) -> list[tuple[str, str]]:
    """List the published records of one organisation as (id, words), newest first."""
    rows = Disclosure.objects.newest().visible().filter(publisher=owner or "").order_by("-date", "record")
    found = [row.read_record() for row in (rows.filter(kind__in=kinds) if kinds else rows)]
    return [(each.id, describe_record(each)) for each in found]


def describe_record(record: disclosure.Disclosure) -> str:
    """Write a record for a list of choices: its kind, its title, its date."""
    title = str(record.body.get("title") or record.id)
    return f"{words.kind(record.kind)}: {title[:80]} ({words.day(record.date)}, {record.id})"


def _list_items(proposal: Proposal) -> list[Item]:
    payload: dict[str, Any] = proposal.payload
    if proposal.kind == "restoration":
        stop = Suspension.objects.select_related("item").filter(pk=payload.get("suspension")).first()
        return [stop.item] if stop else []
    if "study" not in payload:
        return []
    listed = Item.objects.filter(study=payload["study"], inventory__isnull=False).order_by("number")
    listed = listed.defer("page_roots", "wrapped_key")
    if proposal.kind in ("erasure", "release"):
        return list(listed.filter(number=payload.get("item")))
    numbers = payload.get("items")
    return list(listed.filter(number__in=numbers) if isinstance(numbers, list) else listed)


def _read_row(proposal: Proposal, item: Item, before: datetime.date) -> Row:
    payload: dict[str, Any] = proposal.payload
    match proposal.kind:
        case "publication" if item.named and proposal.approved is None:
            return Row(item, "good", "published already", "")
        case "publication" if item.intent == "withhold":
            return Row(item, "held", "held back", _name_ground(item.ground))
        case "publication" if parts := item.redactions.in_force().count():
            more = f"{words.count(parts, 'hidden part')}"
            if item.held_pages:
                more += f", pages {item.held_pages} held back: {_name_ground(item.ground)}"
            return Row(item, "part", "published with parts hidden", more)
        case "publication" if item.held_pages:
            more = f"pages {item.held_pages} held back: {_name_ground(item.ground)}"
            return Row(item, "part", "published in part", more)
        case "publication":
            return Row(item, "good", "published whole", "everything of it is open for ever")
        case "extension":
            new = words.day(str(payload.get("due")))
            return Row(item, "part", f"promised for {new}", f"instead of {words.day(before)}")
        case "take-back":
            return Row(item, "held", "taken back", "its pages leave every view")
        case "erasure":
            return Row(item, "late", "destroyed", "nobody can ever read it again")
        case "release":
            lifted = payload.get("lift") or []
            more = f"{words.count(len(lifted), 'hidden part')} of it can be read" if lifted else ""
            return Row(item, "part", "opened again", more)
        case "key-lost":
            return Row(item, "late", "counted as lost", "for ever")
        case "naming":
            return Row(item, "part", "named anew", f"file {item.file_name}")
        case "dispute":
            return Row(item, "part", "marked as disputed", "for good")
        case "restoration":
            return Row(item, "good", "shown again", "")
    return Row(item, "good", "marked as public elsewhere", "")


def _list_facts(kind: str, payload: dict[str, Any]) -> list[tuple[str, str]]:
    facts: list[tuple[str, str]] = []
    if kind == "restoration":
        stop = Suspension.objects.select_related("by").filter(pk=payload.get("suspension")).first()
        if stop:
            what = f"page {stop.page}" if stop.page else "the whole document"
            facts += [
                ("Out of view", f"{what}, since {words.day(stop.at)}, by {stop.by.username}"),
                ("Why", _name_ground(stop.ground)),
            ]
    if kind == "publication":
        facts.append(("Read by a person before", _describe_sample(payload)))
    if isinstance(payload.get("record"), str):
        facts.append(("Record", f"{name_record(payload['record'])} ({payload['record']})"))
    if kind == "withdrawal":
        version = payload.get("version")
        facts.append(("Versions", f"version {version} only" if version else "every version"))
    if kind == "challenge-answer":
        facts.append(("Answer", ANSWERS.get(str(payload.get("answer")), "")))
        named = "named to everybody" if payload.get("named") else "told to the holder alone"
        if payload.get("answer") == challenge.IN_INVENTORY:
            facts.append(("Which document", named))
    if kind == "lift":
        facts.append(("Shown from now on", "; ".join(_name_fields(payload))))
    for name, label in (("due", "New promised date"), ("review", "Looked at again by")):
        if payload.get(name):
            facts.append((label, words.day(payload[name])))
    if kind == "naming":
        facts += [("New title", str(payload.get("title"))), ("New file name", str(payload.get("file")))]
        facts = [(label, value) for label, value in facts if value]
    if payload.get("ground"):
        facts.append(("Legal reason", _name_ground(str(payload["ground"]))))
    return facts


def _describe_sample(payload: dict[str, Any]) -> str:
    """Say what reading a sample of the documents of a publication has found so far."""
    rows = Reading.objects.filter(item__study=str(payload.get("study")))
    if isinstance(payload.get("items"), list):
        rows = rows.filter(item__number__in=payload["items"])
    drawn, read = rows.count(), rows.filter(reader__isnull=False).count()
    if not read:
        return "no person has read a sample"
    return f"{read:,} of {words.count(drawn, 'drawn page')}, {rows.filter(missed=True).count():,} with a miss"


def _name_fields(payload: dict[str, Any]) -> list[str]:
    listed = [str(each) for each in payload.get("fields", [])]
    row = Disclosure.objects.newest().visible().filter(record=payload.get("record")).first()
    record = row.read_record() if row else None
    return [places.name_place(record, each) for each in listed] if record else listed


def _name_ground(ground_id: str) -> str:
    found = words.reason(ground_id)
    return found.title if found else ground_id


def _find_address(proposal: Proposal, items: list[Item]) -> str:
    if proposal.kind == "challenge-answer":
        return reverse("challenge", args=[proposal.subject])
    if len(items) == 1:
        return reverse("document", args=[items[0].study_id, items[0].number])
    is_study = proposal.kind == "study" or "study" in proposal.payload
    return reverse("study" if is_study else "record", args=[proposal.subject])
