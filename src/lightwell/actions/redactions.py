"""Redactions: what a program or a person finds, one person proposes to hide and another approves.

Boxes, words and patterns all become rows of `Redaction`, a region each. Nothing is drawn here: what is
approved when a study is published is hidden by `actions/publications`, and while anything of a document waits
for a person it is not published at all. Words of sealed pages are read for those who may, and never logged.
"""

from __future__ import annotations

import datetime
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.db import models, transaction

from lightwell.actions import inventories, journal, organisations
from lightwell.archive import page, redaction
from lightwell.base import errors, ground, roles
from lightwell.db.models import Item, Person, Redaction, Study
from lightwell.files import data, parts, redrawing, tally
from lightwell.files.state import State

PERSON = "person"
SCOPE = "region"
# A range that names more words is a slip of the hand.
_MOST_PLACES = 5000
_PLACES = re.compile(r"(\d{1,6})\.(\d{1,6})(?:-(?:(\d{1,6})\.)?(\d{1,6}))?")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What a program found on a page: words, ground proposed, its rule or model, certainty in per cent."""

    page: int
    words: tuple[redaction.Place, ...]
    ground: str
    source: str
    confidence: int
    boxes: tuple[redaction.Box, ...] = ()


def find_item(study: str, number: int) -> Item:
    """Find a sealed document whose pages were read; `UserMistake` says why one cannot be redacted."""
    item = Item.objects.filter(study=study, number=number, inventory__isnull=False).first()
    if item is None:
        raise errors.UserMistake(f"there is no sealed document {number} in {study!r}")
    if not item.read or item.pages is None:
        raise errors.UserMistake(
            f"document {number} of {study} is held but not read: it has no pages on which to hide anything"
        )
    return item


def read_page(*, state: State, actor: Person, item: Item, number: int) -> page.Parts:
    """Read one sealed page, for those who may; `Refused` to all others and for a page that is not there."""
    organisations.check_owner(actor, "read_sealed", organisations.find_owner(item.study_id))
    key = inventories.unwrap_item_key(state, item)
    return parts.read_part(state.files, key, item.sealed_parts, number)


def read_sure(item: Item) -> Mapping[int, int]:
    """Read, by page, how sure in per cent the machine was that read its words from a picture."""
    return tally.parse_tally(item.tally).sure if item.tally else {}


def propose_regions(
    *,
    state: State,
    actor: Person,
    item: Item,
    number: int,
    words: Sequence[redaction.Place] = (),
    boxes: Sequence[redaction.Box] = (),
    ground_id: str,
    review: datetime.date | None = None,
    source: str = PERSON,
    now: datetime.datetime,
) -> Redaction:
    """Propose to hide words, or what lies in boxes, on one page, for a ground and until a review.

    The same proposal again is the one there is. Raises `Refused` without the permission, `UserMistake` with
    every problem: a ground that is unknown or not for a region, a review too late, a box off the page.
    """
    organisations.check_owner(actor, "propose", organisations.find_owner(item.study_id))
    until = check_ground(ground_id, review, now)
    found = read_page(state=state, actor=actor, item=item, number=number)
    region = redaction.Region(ground_id, "approver", until, False, tuple(words), tuple(boxes))
    redaction.check_regions(found, [region])
    with transaction.atomic():
        Item.objects.select_for_update().get(pk=item.pk)
        values = {"words": [list(each) for each in words], "boxes": [list(each) for each in boxes]}
        same = Redaction.objects.undecided().filter(item=item, page=number, ground=ground_id, **values)
        known = same.filter(proposer__isnull=False).first()
        return known or Redaction.objects.create(
            item=item,
            page=number,
            **values,
            ground=ground_id,
            review=until,
            source=source,
            proposer=actor,
            proposed_at=now,
        )


def keep_suggestions(*, item: Item, suggestions: Sequence[Suggestion], now: datetime.datetime) -> int:
    """Keep what programs found on an item, each region once, whatever became of it; how many are new."""
    with transaction.atomic():
        Item.objects.select_for_update().get(pk=item.pk)
        known = {
            (each.page, freeze_words(each.words), _freeze_boxes(each.boxes))
            for each in Redaction.objects.filter(item=item, lifted_at=None)
        }
        grounds, fresh = data.read_grounds(), []
        for each in suggestions:
            if (key := (each.page, each.words, each.boxes)) in known:
                continue
            known.add(key)
            review = ground.propose_expiry(grounds[each.ground], now.date().isoformat())
            fresh.append(
                Redaction(
                    item=item,
                    page=each.page,
                    words=[list(place) for place in each.words],
                    boxes=[list(box) for box in each.boxes],
                    ground=each.ground,
                    review=datetime.date.fromisoformat(review),
                    source=each.source,
                    confidence=each.confidence,
                    proposed_at=now,
                )
            )
        Redaction.objects.bulk_create(fresh, batch_size=500)
    return len(fresh)


def confirm_suggestions(
    *,
    actor: Person,
    study: Study,
    numbers: Collection[int],
    ground_id: str = "",
    now: datetime.datetime,
) -> list[Redaction]:
    """Make suggestions proposals of one's own, for their ground or another; all or nothing."""
    organisations.check_owner(actor, "propose", organisations.find_owner(study.id))
    until = check_ground(ground_id, None, now) if ground_id else None
    with transaction.atomic():
        rows = _lock(study, numbers, Redaction.objects.suggested(), "suggestion")
        for row in rows:
            row.proposer, row.proposed_at = actor, now
            if until is not None:
                row.ground, row.review = ground_id, until
            row.save(update_fields=["proposer", "proposed_at", "ground", "review"])
    return rows


def dismiss_suggestions(*, actor: Person, study: Study, numbers: Collection[int]) -> None:
    """Say of suggestions that nothing is to be hidden there; all or nothing."""
    organisations.check_owner(actor, "propose", organisations.find_owner(study.id))
    with transaction.atomic():
        for row in _lock(study, numbers, Redaction.objects.suggested(), "suggestion"):
            row.dismissed_by = actor
            row.save(update_fields=["dismissed_by"])


def decide_regions(
    *, actor: Person, study: Study, numbers: Collection[int], approved: bool, now: datetime.datetime
) -> list[Redaction]:
    """Approve proposed regions, or turn them down, as the second person; all or nothing.

    Raises `Refused` without the permission and to whoever proposed one of them.
    """
    organisations.check_owner(actor, "approve", organisations.find_owner(study.id))
    with transaction.atomic():
        rows = _lock(study, numbers, Redaction.objects.proposed(), "proposed region")
        for row in rows:
            roles.check_may_confirm(row.proposer.username, actor.username)
            row.approver, row.approved, row.decided_at = actor, approved, now
            row.save(update_fields=["approver", "approved", "decided_at"])
        journal.write_entry(
            by=actor.username,
            deed="redaction-approved" if approved else "redaction-turned-down",
            about=study.id,
            detail=f"{len(rows)} regions",
            now=now,
        )
    return rows


def sort_suggestions(
    *,
    actor: Person,
    study: Study,
    confirmed: Mapping[int, str],
    dismissed: Collection[int],
    now: datetime.datetime,
) -> list[Redaction]:
    """Confirm suggestions, each for a ground ("" for its own), and dismiss others; all or nothing."""
    by_ground: defaultdict[str, list[int]] = defaultdict(list)
    for number, ground_id in confirmed.items():
        by_ground[ground_id].append(number)
    with transaction.atomic():
        rows = [
            row
            for ground_id, numbers in by_ground.items()
            for row in confirm_suggestions(
                actor=actor, study=study, numbers=numbers, ground_id=ground_id, now=now
            )
        ]
        if dismissed:
            dismiss_suggestions(actor=actor, study=study, numbers=dismissed)
    return rows


def sort_regions(
    *,
    actor: Person,
    study: Study,
    approved: Collection[int],
    turned_down: Collection[int],
    now: datetime.datetime,
) -> None:
    """Approve some proposed regions and turn others down, as the second person; all or nothing."""
    with transaction.atomic():
        for numbers, decision in ((approved, True), (turned_down, False)):
            if numbers:
                decide_regions(actor=actor, study=study, numbers=numbers, approved=decision, now=now)


def withdraw_regions(*, actor: Person, study: Study, numbers: Collection[int]) -> None:
    """Take back one's own proposals while nobody has decided about them; all or nothing."""
    with transaction.atomic():
        for row in _lock(study, numbers, Redaction.objects.proposed(), "proposed region"):
            if row.proposer_id != actor.pk:
                raise errors.Refused(
                    f"region {row.pk} was proposed by {row.proposer.username}, who alone takes it back"
                )
            row.delete()


def list_hidden_words(study: Study) -> defaultdict[tuple[int, int], set[redaction.Place]]:
    """List the words that are proposed or in force, by document and page."""
    known: defaultdict[tuple[int, int], set[redaction.Place]] = defaultdict(set)
    rows = Redaction.objects.proposed() | Redaction.objects.in_force()
    for number, page_number, words in rows.filter(item__study=study).values_list(
        "item__number", "page", "words"
    ):
        known[number, page_number].update(freeze_words(words))
    return known


def list_regions(
    *, state: State, actor: Person, study: Study, everything: bool = False
) -> list[tuple[Redaction, str]]:
    """List the regions of a study that wait for a person, or all, each with the line it stands in."""
    organisations.check_owner(actor, "read_sealed", organisations.find_owner(study.id))
    rows = Redaction.objects.all() if everything else Redaction.objects.undecided()
    listed = []
    page_of: tuple[int, int, page.Parts] | None = None
    for row in rows.filter(item__study=study).select_related("item", "proposer"):
        if page_of is None or page_of[:2] != (row.item_id, row.page):
            key = inventories.unwrap_item_key(state, row.item)
            found = parts.read_part(state.files, key, row.item.sealed_parts, row.page)
            page_of = row.item_id, row.page, found
        words = freeze_words(row.words)
        listed.append((row, show_context(page_of[2].lines, words) if words else "a part of the picture"))
    return listed


def list_in_force(study: Study) -> models.QuerySet[Redaction]:
    """List what is hidden, or will be with the next publication, in the documents of a study."""
    return Redaction.objects.in_force().filter(item__study=study)


def read_regions(
    item: Item, *, without: Collection[int] = (), rows: models.QuerySet[Redaction] | None = None
) -> dict[int, list[redaction.Region]]:
    """Read the regions of an item by page, those in force or `rows`, but for those of the given numbers."""
    found = dict[int, list[redaction.Region]]()
    chosen = Redaction.objects.in_force() if rows is None else rows
    for row in chosen.filter(item=item).exclude(pk__in=without).order_by("page", "pk"):
        found.setdefault(row.page, []).append(_read_region(row))
    return found


def preview_page(
    *,
    state: State,
    actor: Person,
    item: Item,
    number: int,
    without: Collection[int] = (),
    proposed: bool = True,
    now: datetime.datetime,
) -> redrawing.Redrawn:
    """Draw a page as it will be published: what is in force hidden, and what is proposed as if approved.

    `without` are regions left out of it. Raises as `read_page`.
    """
    found = read_page(state=state, actor=actor, item=item, number=number)
    rows = Redaction.objects.in_force()
    if proposed:
        rows = rows | Redaction.objects.proposed()
    rows = rows.filter(item=item, page=number).exclude(pk__in=without).order_by("pk")
    return redrawing.redraw_page(found, [_read_region(row) for row in rows], make_not_shown(now))


def count_regions(study: Study) -> dict[int, Counter[str]]:
    """Count the regions of each document by standing: suggested, proposed, in-force."""
    counted: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for name, rows in (
        ("suggested", Redaction.objects.suggested()),
        ("proposed", Redaction.objects.proposed()),
        ("in-force", Redaction.objects.in_force()),
    ):
        by_item = rows.filter(item__study=study).order_by().values_list("item__number")
        for number, count in by_item.annotate(models.Count("pk")):
            counted[number][name] = count
    return counted


def list_waiting(actor: Person) -> list[tuple[str, int, int]]:
    """List the studies on which something waits for a person: id, suggestions, proposals to decide."""
    waiting: defaultdict[str, Counter[str]] = defaultdict(Counter)
    others = Redaction.objects.proposed().exclude(proposer=actor)
    for permission, rows in (("propose", Redaction.objects.suggested()), ("approve", others)):
        for study in rows.values_list("item__study", flat=True):
            waiting[study][permission] += 1
    listed = []
    for study, counts in sorted(waiting.items()):
        owner = organisations.find_owner(study)
        may = [
            counts[each] if roles.may_for(actor.roles, each, actor.organisation_id, owner) else 0
            for each in ("propose", "approve")
        ]
        if any(may):
            listed.append((study, may[0], may[1]))
    return listed


def list_approvers(study: Study, proposers: Collection[str]) -> list[str]:
    """List who may decide as the second person about what these people proposed."""
    owner = organisations.find_owner(study.id)
    return [
        person.username
        for person in Person.objects.filter(is_active=True).order_by("username")
        if all(roles.may_confirm(each, person.username) for each in proposers)
        and roles.may_for(person.roles, "approve", person.organisation_id, owner)
    ]


def parse_places(text: str) -> list[redaction.Place]:
    """Read places such as 4.2-4.3,7.1, lines and words counted from 1, as (line, word) from 0."""
    places: list[redaction.Place] = []
    for each in filter(None, (part.strip() for part in text.split(","))):
        match = _PLACES.fullmatch(each)
        if match and match[3] in (None, match[1]) and match[4] and int(match[4]) < int(match[2]):
            raise errors.UserMistake(
                f"{each!r} runs backwards; write {match[1]}.{match[4]}-{match[1]}.{match[2]}", place="words"
            )
        last = int(match[4] or match[2]) if match else 0
        if match is None or (match[3] and match[3] != match[1]) or last - int(match[2]) > _MOST_PLACES:
            raise errors.UserMistake(
                f"{each!r} does not name words of one line, such as 4.2 or 4.2-4.5", place="words"
            )
        places += [(int(match[1]) - 1, word - 1) for word in range(int(match[2]), last + 1)]
    return places


def make_not_shown(now: datetime.datetime) -> redaction.Region:
    """Make the region for words without ink, which no person finds: its places are found when drawing."""
    known = data.read_grounds()[redaction.NOT_SHOWN]
    review = datetime.date.fromisoformat(ground.propose_expiry(known, now.date().isoformat()))
    return redaction.Region(redaction.NOT_SHOWN, "approver", review, known.hides_width)


def list_grounds() -> list[ground.Ground]:
    """List the grounds for which a region may be hidden, the program's own left out."""
    return [
        each
        for each in data.read_grounds().values()
        if SCOPE in each.applies_to and each.id != redaction.NOT_SHOWN
    ]


def check_ground(ground_id: str, review: datetime.date | None, now: datetime.datetime) -> datetime.date:
    """Return the day of review; `UserMistake` for a ground unknown or not for regions, or a day too late."""
    today = now.date().isoformat()
    if ground_id == redaction.NOT_SHOWN:
        raise errors.UserMistake(f"the ground {ground_id!r} is the program's own; choose another")
    # What is refused names what may be chosen instead.
    grounds = {name: each for name, each in data.read_grounds().items() if name != redaction.NOT_SHOWN}
    until = review.isoformat() if review else None
    if until is None and ground_id in grounds:
        until = ground.propose_expiry(grounds[ground_id], today)
    ground.check_use(grounds, ground_id, SCOPE, "approver", today, until)
    assert until is not None
    return datetime.date.fromisoformat(until)


def _read_region(row: Redaction) -> redaction.Region:
    return redaction.Region(
        row.ground,
        "approver",
        row.review,
        data.read_grounds()[row.ground].hides_width,
        freeze_words(row.words),
        _freeze_boxes(row.boxes),
    )


def list_live(item: Item) -> models.QuerySet[Redaction]:
    """List the regions that are suggested, proposed or in force."""
    return Redaction.objects.filter(item=item, dismissed_by=None, lifted_at=None).exclude(approved=False)


def _lock(
    study: Study, numbers: Collection[int], rows: models.QuerySet[Redaction], noun: str
) -> list[Redaction]:
    wanted = set(numbers)
    # A longer number is none that the database could be asked about.
    asked = [number for number in wanted if number <= models.BigIntegerField.MAX_BIGINT]
    found = list(rows.select_for_update(of=("self",)).filter(item__study=study, pk__in=asked))
    missing = sorted(wanted - {row.pk for row in found})
    if missing or not wanted:
        raise errors.UserMistake(
            problems=[
                errors.Problem(str(number), f"there is no such {noun} of {study.id} that waits for a person")
                for number in missing
            ]
            or [errors.Problem("", f"name at least one {noun}")]
        )
    return found


def show_context(lines: Sequence[page.Line], words: Sequence[redaction.Place]) -> str:
    """Show the line of the first word, what is meant between two marks; at most 30 words."""
    line, first = words[0]
    here = {word for k, word in words if k == line}
    texts = [
        ("⟦" if n == min(here) else "") + word.text + ("⟧" if n == max(here) else "")
        for n, word in enumerate(lines[line])
    ]
    start = max(0, first - 12)
    return " ".join(texts[start : start + 30])


def freeze_words(words: list[list[int]]) -> tuple[redaction.Place, ...]:
    """Turn the words of a row into places, as (line, word) from 0."""
    return tuple((line, word) for line, word in words)


def _freeze_boxes(boxes: list[list[int]]) -> tuple[redaction.Box, ...]:
    return tuple((left, top, right, bottom) for left, top, right, bottom in boxes)
