"""Redactions: what a program or a person finds, one person proposes to hide and another approves.

Boxes, words and patterns all become rows of `Redaction`, a region each. Nothing is drawn here: what is
approved when a study is published is hidden by `actions/publications`, and while anything of a document waits
for a person it is not published at all. Words of sealed pages are read for those who may, and never logged.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from django.db import transaction

from lightwell.actions import inventories, journal, organisations
from lightwell.archive import page, redaction
from lightwell.base import errors, ground, roles
from lightwell.db.models import Item, Person, Redaction, Study
from lightwell.files import data, parts
from lightwell.files.state import State

PERSON = "person"
SCOPE = "region"
MOST_HITS = 5000


@dataclass(frozen=True, slots=True)
class Hit:
    """A place where a pattern or a value stands: document, page, words as (line, word), a line of context.

    In `context` what would be hidden stands between the two marks U+27E6 and U+27E7.
    """

    item: int
    page: int
    words: tuple[redaction.Place, ...]
    context: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What a program found on a page: words, ground proposed, its rule or model, certainty in per cent."""

    page: int
    words: tuple[redaction.Place, ...]
    ground: str
    source: str
    confidence: int


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
    until = _check_ground(ground_id, review, now)
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
            (each.page, _freeze(each.words))
            for each in Redaction.objects.filter(item=item, lifted_at=None).exclude(words=[])
        }
        grounds, fresh = data.read_grounds(), []
        for each in suggestions:
            if (each.page, each.words) in known:
                continue
            known.add((each.page, each.words))
            review = ground.propose_expiry(grounds[each.ground], now.date().isoformat())
            fresh.append(
                Redaction(
                    item=item,
                    page=each.page,
                    words=[list(place) for place in each.words],
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
    until = _check_ground(ground_id, None, now) if ground_id else None
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


def withdraw_regions(*, actor: Person, study: Study, numbers: Collection[int]) -> None:
    """Take back one's own proposals while nobody has decided about them; all or nothing."""
    with transaction.atomic():
        for row in _lock(study, numbers, Redaction.objects.proposed(), "proposed region"):
            if row.proposer_id != actor.pk:
                raise errors.Refused(
                    f"region {row.pk} was proposed by {row.proposer.username}, who alone takes it back"
                )
            row.delete()


def find_words(
    *, state: State, actor: Person, study: Study, pattern: str, items: Collection[int] = ()
) -> list[Hit]:
    """Find every place in the sealed pages of a study where a pattern (a regular expression) stands.

    It is looked for line by line, words parted by one blank, whatever their case. `UserMistake` for a pattern
    that cannot be read or finds more than `MOST_HITS`.
    """
    organisations.check_owner(actor, "read_sealed", organisations.find_owner(study.id))
    try:
        compiled = re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        raise errors.UserMistake(f"the pattern {pattern!r} cannot be read: {error}") from None
    if not pattern or compiled.search(""):
        raise errors.UserMistake("the pattern would be found everywhere; it has to name at least one letter")
    hits: list[Hit] = []
    for item in study.items.filter(inventory__isnull=False, read=True, wrapped_key__isnull=False):
        if items and item.number not in items:
            continue
        for each in parts.iterate_parts(
            state.files, inventories.unwrap_item_key(state, item), item.sealed_parts
        ):
            hits += _find_on_page(item.number, each, compiled)
            if len(hits) > MOST_HITS:
                raise errors.UserMistake(
                    f"this is found more than {MOST_HITS:,} times; name a narrower pattern or fewer documents"
                )
    return hits


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
        words = _freeze(row.words)
        listed.append((row, show_context(page_of[2], words) if words else "a part of the picture"))
    return listed


def read_regions(item: Item, *, without: Collection[int] = ()) -> dict[int, list[redaction.Region]]:
    """Read the regions in force on an item by page, but for those of the given numbers."""
    grounds, found = data.read_grounds(), dict[int, list[redaction.Region]]()
    for row in Redaction.objects.in_force().filter(item=item).exclude(pk__in=without).order_by("page", "pk"):
        found.setdefault(row.page, []).append(
            redaction.Region(
                row.ground,
                "approver",
                row.review,
                grounds[row.ground].hides_width,
                tuple((line, word) for line, word in row.words),
                tuple((left, top, right, bottom) for left, top, right, bottom in row.boxes),
            )
        )
    return found


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


def _check_ground(ground_id: str, review: datetime.date | None, now: datetime.datetime) -> datetime.date:
    grounds, today = data.read_grounds(), now.date().isoformat()
    if ground_id == redaction.NOT_SHOWN:
        raise errors.UserMistake(f"the ground {ground_id!r} is the program's own; choose another")
    until = review.isoformat() if review else None
    if until is None and ground_id in grounds:
        until = ground.propose_expiry(grounds[ground_id], today)
    ground.check_use(grounds, ground_id, SCOPE, "approver", today, until)
    assert until is not None
    return datetime.date.fromisoformat(until)


def _lock(study: Study, numbers: Collection[int], rows: object, noun: str) -> list[Redaction]:
    wanted = set(numbers)
    found = list(
        rows.select_for_update(of=("self",)).filter(item__study=study, pk__in=wanted)  # type: ignore[attr-defined]
    )
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


def _find_on_page(item: int, found: page.Parts, pattern: re.Pattern[str]) -> Iterator[Hit]:
    for k, line in enumerate(found.lines):
        text, starts = "", []
        for word in line:
            starts.append(len(text))
            text += word.text + " "
        for match in pattern.finditer(text.rstrip()):
            if match.end() == match.start():
                continue
            words = tuple(
                (k, n)
                for n, word in enumerate(line)
                if starts[n] < match.end() and starts[n] + len(word.text) > match.start()
            )
            if words:
                yield Hit(item, found.head.number, words, show_context(found, words))


def show_context(found: page.Parts, words: Sequence[redaction.Place]) -> str:
    """Show the line of the first word, what is meant between two marks; at most 30 words."""
    line, first = words[0]
    here = {word for k, word in words if k == line}
    texts = [
        ("⟦" if n == min(here) else "") + word.text + ("⟧" if n == max(here) else "")
        for n, word in enumerate(found.lines[line])
    ]
    start = max(0, first - 12)
    return " ".join(texts[start : start + 30])


def _freeze(words: list[list[int]]) -> tuple[redaction.Place, ...]:
    return tuple((line, word) for line, word in words)
