"""What changed, newest first: the events of the archive in everyday words, each with a place in the log.

Read from the rows beside the log, each dated by the time that counts (`actions/moments`); what became late on
a day is worked out, because nobody announces it.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections import Counter
from dataclasses import dataclass

from lightwell.actions import answers, moments, revisions
from lightwell.actions.overview import Overview
from lightwell.archive import entry
from lightwell.base import disclosure
from lightwell.db.models import Amendment, Disclosure, Inventory, Opening, Publication, Suspension, Tombstone
from lightwell.files.state import open_state

# What an edition of figures is called that says something else about the past than the one before.
REVISED = "Revised"
KIND_NAMES = {
    "study": "Study",
    "dataset": "Dataset",
    "access-decision": "Decision on access",
    "query-release": "Private answer",
    "figures-edition": "Published figures",
    "risk-assessment": "Risk assessment",
    "reputational-review": "Product review",
    "encryption-review": "Review of encryption",
    "letter": "Open letter",
    "reply": "Reply",
    "commentary": "Commentary",
}


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened. `id` never changes, so that a feed reader does not show it twice.

    `services` and `topics` are what it is about, for whoever follows one of them. `in_view` is false where
    nothing of what was published can be read any more: the list keeps the line, but it is sent to nobody.
    """

    id: str
    at: datetime.datetime
    label: str
    title: str
    sentence: str
    place: tuple[str, str]
    provider: str
    study: str | None = None
    services: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    in_view: bool = True


def make_tag(origin: str, change: str) -> str:
    """Make the id of a change in feeds and webhooks: a tag URI (RFC 4151), kept when the site moves."""
    return f"tag:{origin.partition('/')[0] or 'lightwell.example'},2026:{origin}/{change}"


def list_changes(
    overview: Overview, provider: str | None = None, study: str | None = None, limit: int = 200
) -> list[Change]:
    """List changes, newest first, of everything, one company or one study."""
    titles = {each.id: _name(each.record) for each in overview.studies}
    owners = {each.id: each.provider for each in overview.studies}
    find_time = moments.make_finder(open_state())
    changes = [
        *_list_records(find_time, limit),
        *_list_removals(limit),
        *_list_inventories(find_time, titles, owners, limit),
        *_list_publications(find_time, titles, owners, limit),
        *_list_suspensions(find_time, titles, owners, limit),
        *_list_amendments(find_time, titles, owners, limit),
        *_list_lapses(overview, titles),
        *_list_challenges(find_time, overview),
    ]
    about = {each.id: _read_about(each.record) for each in overview.studies}
    changes = [_tell_about(each, about) for each in changes]
    kept = [
        each
        for each in changes
        if (provider is None or each.provider == provider) and (study is None or each.study == study)
    ]
    return sorted(kept, key=lambda each: (each.at, each.id), reverse=True)[:limit]


def select_since(changes: list[Change], day: datetime.date, days: int = 7) -> list[Change]:
    """Keep what happened in the `days` days up to and including `day`."""
    return [each for each in changes if each.at.date() > day - datetime.timedelta(days=days)]


def _list_records(find_time: moments.Finder, limit: int) -> list[Change]:
    changes = []
    rows = Disclosure.objects.visible().order_by("-log_index")[:limit]
    revised = revisions.count_revised([row.pk for row in rows if row.kind == "figures-edition"])
    for row in rows:
        record = row.read_record()
        label = KIND_NAMES[record.kind]
        said = "put here" if record.version == 1 else f"version {record.version}"
        study = record.id if record.kind == "study" else None
        place = ("study", record.id) if study else ("record", record.id)
        sentence = f"{label} {said} by {record.publisher.name}"
        if row.pk in revised:
            dataset, counts = revised[row.pk]
            label, place = REVISED if counts.total() else label, ("figures", dataset)
            sentence += f": {_say_revised(counts)}" if counts.total() else ""
        changes.append(
            Change(
                f"e{row.log_index}",
                find_time(row.log_index, row.published_at),
                label,
                _name(record),
                sentence,
                place,
                row.provider_id,
                study,
                *_read_about(record),
            )
        )
    return changes


def _say_revised(counts: Counter[str]) -> str:
    """Say what an edition of figures changed of the one before; never more than was counted."""
    said = [
        f"{answers.count(counts['changed'], 'earlier number')} revised"
        + (f" ({counts['children']:,} about children's safety)" if counts["children"] else "")
    ]
    said += [f"{counts['dropped']:,} no longer there"] if counts["dropped"] else []
    said += [f"{counts['added']:,} added for earlier periods"] if counts["added"] else []
    return ", ".join(said)


def _list_removals(limit: int) -> list[Change]:
    changes = []
    for row in Tombstone.objects.select_related("disclosure").order_by("-log_index")[:limit]:
        at = datetime.datetime.fromisoformat(row.date).replace(tzinfo=datetime.UTC)
        record = row.disclosure
        label = KIND_NAMES[record.kind]
        study = record.record if record.kind == "study" else None
        changes.append(
            Change(
                f"e{row.log_index}",
                at,
                "Removed",
                f"{label}, version {record.version}",
                "Removed, with the reason",
                ("record", record.record),
                record.provider_id,
                study,
            )
        )
    return changes


def _list_inventories(
    find_time: moments.Finder, titles: dict[str, str], owners: dict[str, str], limit: int
) -> list[Change]:
    changes = []
    for row in Inventory.objects.order_by("-log_index")[:limit]:
        number = row.items.count()
        added = "locked in before publication" if row.number == 1 else "added later"
        changes.append(
            Change(
                f"e{row.log_index}",
                find_time(row.log_index, row.sealed_at),
                "Locked in",
                titles.get(row.study_id, row.study_id),
                f"{answers.count(number, 'document')} {added}",
                ("inventory", row.study_id),
                owners.get(row.study_id, ""),
                row.study_id,
            )
        )
    return changes


def _list_publications(
    find_time: moments.Finder, titles: dict[str, str], owners: dict[str, str], limit: int
) -> list[Change]:
    opened = Counter(Opening.objects.values_list("item__study_id", "opened_at"))
    shown = Counter(Opening.objects.visible().values_list("item__study_id", "opened_at"))
    changes = []
    for row in Publication.objects.order_by("-log_index")[:limit]:
        act = row.study_id, row.published_at
        number = opened[act]
        sentence = (
            f"{answers.count(number, 'document')} published" if number else "What is held back was decided"
        )
        changes.append(
            Change(
                f"e{row.log_index}",
                find_time(row.log_index, row.published_at),
                "Published",
                titles.get(row.study_id, row.study_id),
                sentence,
                ("study", row.study_id),
                owners.get(row.study_id, ""),
                row.study_id,
                in_view=not number or bool(shown[act]),
            )
        )
    return changes


def _list_suspensions(
    find_time: moments.Finder, titles: dict[str, str], owners: dict[str, str], limit: int
) -> list[Change]:
    changes = []
    for row in Suspension.objects.select_related("item").order_by("-log_index")[:limit]:
        study = row.item.study_id
        what = f"document {row.item.number}" + (f", page {row.page}" if row.page else "")
        times = [(find_time(row.log_index, row.at), "taken out of view", "out")]
        if row.restored_at:
            times.append((row.restored_at, "shown again, decided by two people", "back"))
        changes += [
            Change(
                f"e{row.log_index}-{mark}",
                at,
                "Out of view" if mark == "out" else "Shown again",
                titles.get(study, study),
                f"{what[0].upper()}{what[1:]} {said}",
                ("inventory", study),
                owners.get(study, ""),
                study,
            )
            for at, said, mark in times
        ]
    return changes


_AMENDED = {
    "extension": ("Date moved", "promised for {due:%-d %B %Y} instead of {before:%-d %B %Y}"),
    "already-public": ("Public elsewhere", "could be read elsewhere before"),
    "dispute": ("Disputed", "disputed, with the reason"),
    "key-lost": ("Lost", "can no longer be opened, because its key was lost"),
}


def _list_amendments(
    find_time: moments.Finder, titles: dict[str, str], owners: dict[str, str], limit: int
) -> list[Change]:
    changes = []
    for row in Amendment.objects.select_related("item").order_by("-log_index")[:limit]:
        study = row.item.study_id
        label, said = _AMENDED[row.type]
        changes.append(
            Change(
                f"e{row.log_index}",
                find_time(row.log_index, row.at),
                label,
                titles.get(study, study),
                f"Document {row.item.number} {said.format(due=row.due, before=row.due_before)}"
                if row.due
                else f"Document {row.item.number} {said}",
                ("inventory", study),
                owners.get(study, ""),
                study,
            )
        )
    return changes


def _list_lapses(overview: Overview, titles: dict[str, str]) -> list[Change]:
    changes = []
    for study in overview.studies:
        for due, number in Counter(each.due for each in study.late).items():
            at = datetime.datetime.combine(due + datetime.timedelta(days=1), datetime.time(), datetime.UTC)
            changes.append(
                Change(
                    f"late-{study.id}-{due}",
                    at,
                    "Late",
                    titles[study.id],
                    f"{answers.count(number, 'document')} promised for {due:%-d %B %Y} did not come",
                    ("late", study.provider),
                    study.provider,
                    study.id,
                )
            )
        if study.broken:
            due = study.broken.due
            at = datetime.datetime.combine(due + datetime.timedelta(days=1), datetime.time(), datetime.UTC)
            sentence = f"Nothing was locked in by {due:%-d %B %Y}, the promised date"
            changes.append(
                Change(
                    f"late-{study.id}-{due}-study",
                    at,
                    "Late",
                    titles[study.id],
                    sentence,
                    ("late", study.provider),
                    study.provider,
                    study.id,
                )
            )
    return changes


def _list_challenges(find_time: moments.Finder, overview: Overview) -> list[Change]:
    """List what was asked about papers, answered, left unanswered and shown to be false."""
    changes = []
    for each in overview.challenges:
        asked = each.asked
        events = [(asked.logged, "Somebody asked whether a paper is on the company's list")]
        if asked.denial:
            events.append((asked.denial, "The company said that it is not on its list"))
        if asked.admission:
            events.append((asked.admission, "The company said that it is on its list"))
        if each.disproved and each.state == "disproved":
            events += [(noted, "An answer was shown to be false") for noted, _ in asked.disproofs]
        dated = [
            (f"e{noted.index}", find_time(noted.index, entry.read_time(noted.entry)), sentence)
            for noted, sentence in events
        ]
        if each.due and each.days_late:
            lapse = datetime.datetime.combine(each.due + datetime.timedelta(days=1), datetime.time())
            sentence = f"No answer came by {each.due:%-d %B %Y}"
            dated.append((f"late-{each.id}", lapse.replace(tzinfo=datetime.UTC), sentence))
        changes += [
            Change(name, at, "Question", f"Question {each.id}", said, ("challenge", each.id), each.provider)
            for name, at, said in dated
            if at.date() <= overview.day
        ]
    return changes


def _read_about(record: disclosure.Disclosure | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Read which services and topics a record is about; nothing of one that was removed."""
    topics = record.body.get("topics") if record else None
    named = tuple(str(each) for each in topics) if isinstance(topics, list) else ()
    return tuple(each.id for each in record.services) if record else (), named


def _tell_about(change: Change, about: dict[str, tuple[tuple[str, ...], tuple[str, ...]]]) -> Change:
    """Add the services and topics of its study to a change that does not say its own."""
    if change.services or change.topics or change.study not in about:
        return change
    services, topics = about[change.study]
    return dataclasses.replace(change, services=services, topics=topics)


def _name(record: disclosure.Disclosure | None) -> str:
    return str(record.body.get("title") or record.id) if record else "A study whose words were removed"
