"""A random sample of what is about to be published, read by a person who did not prepare it.

The publisher has pages drawn, by the root of the newest signed checkpoint, so that nobody chooses which ones
(`archive/sampling`); a page that was drawn stays drawn, whatever comes of it. Somebody else reads each as it
will be published and says whether something was missed, which becomes a proposed hidden part. What the
reading says about all pages stands in the publication record, which the log names, and beside what is
published: pages drawn, read, with a miss, and the bound.

Only what was read before a document was opened counts, so that the public words change with the log alone.
"""

from __future__ import annotations

import datetime
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.db import transaction

from lightwell.actions import inventories, organisations, redactions
from lightwell.archive import inventory, publication, redaction, sampling
from lightwell.base import canonical, errors, roles
from lightwell.db.models import (
    Checkpoint,
    Holding,
    Item,
    Opening,
    Person,
    Publication,
    Reading,
    Redaction,
    Study,
)
from lightwell.files.state import State

SOURCE = "sample"
MOST_PAGES = 5000


@dataclass(frozen=True, slots=True)
class Summary:
    """What reading a sample says: pages drawn, read, and with something missed."""

    drawn: int
    read: int
    missed: int

    @property
    def bound(self) -> float:
        """The share of pages that may still have something, at most, with the confidence of the module."""
        return sampling.bound_share(self.missed, self.read)


def list_frame(study: Study) -> list[tuple[int, int]]:
    """List the pages (document, page) that publishing all that is left would show, and never drawn yet."""
    drawn = set(Reading.objects.filter(item__study=study).values_list("item__number", "page"))
    settled = list_held(study) | set(Opening.objects.filter(item__study=study).values_list("item", flat=True))
    pages = []
    for item in inventories.list_items(study):
        waits = item.intent != "withhold" and item.read and item.pk not in settled
        if waits and item.wrapped_key is not None:
            kept = inventory.parse_held_grounds(item.held_pages, item.ground)
            pages += [(item.number, page) for page in range(1, (item.pages or 0) + 1) if page not in kept]
    return [each for each in pages if each not in drawn]


def list_held(study: Study) -> set[int]:
    """List the documents (keys of rows) that are held back as a whole."""
    rows = Holding.objects.filter(item__study=study, page=None, lifted_at=None)
    return set(rows.values_list("item", flat=True))


def draw_sample(*, actor: Person, study: Study, count: int, now: datetime.datetime) -> list[Reading]:
    """Draw pages for somebody else to read; `UserMistake` where none can be drawn, `Refused` as usual."""
    organisations.check_owner(actor, "propose", organisations.find_owner(study.id))
    if not 1 <= count <= MOST_PAGES:
        raise errors.UserMistake(f"a sample has 1 to {MOST_PAGES:,} pages", place="count")
    signed = Checkpoint.objects.order_by("-size").first()
    if signed is None:
        raise errors.UserMistake("no checkpoint has been signed yet, and pages are drawn by its root")
    with transaction.atomic():
        Study.objects.select_for_update().get(pk=study.pk)
        frame = list_frame(study)
        if not frame:
            raise errors.UserMistake("no page of this study waits to be published and was not drawn before")
        seed = bytes(signed.root)
        before = Reading.objects.filter(item__study=study).order_by("-draw").first()
        items = {item.number: item for item in study.items.all()}
        return Reading.objects.bulk_create(
            Reading(
                item=items[number],
                page=page,
                draw=before.draw + 1 if before else 1,
                seed=seed.hex(),
                size=signed.size,
                drawn_by=actor,
                drawn_at=now,
            )
            for number, page in sampling.draw_pages(seed, study.id, frame, count)
        )


def list_unread(study: Study) -> list[Reading]:
    """List the pages that were drawn and that nobody has read, in page order."""
    rows = Reading.objects.filter(item__study=study, reader=None).select_related("item", "drawn_by")
    return list(rows.order_by("item__number", "page"))


def check_reader(actor: Person, row: Reading) -> None:
    """Refuse whoever had the page drawn or proposed a hidden part of its document: they prepared it."""
    organisations.check_owner(actor, "read_sealed", organisations.find_owner(row.item.study_id))
    if row.drawn_by_id == actor.pk:
        raise errors.Refused("you had these pages drawn, so somebody else has to read them")
    if Redaction.objects.filter(item=row.item, proposer=actor).exists():
        raise errors.Refused(
            f"you proposed hidden parts of document {row.item.number}, so somebody else has to read it"
        )


def list_readers(study: Study) -> list[str]:
    """List who may read at least one of the drawn pages."""
    rows, owner = list_unread(study), organisations.find_owner(study.id)
    # Each document once: they all have the same few rules.
    some = {(row.item_id, row.drawn_by_id): row for row in rows}.values()
    return [
        person.username
        for person in Person.objects.filter(is_active=True).order_by("username")
        if roles.may_for(person.roles, "read_sealed", person.organisation_id, owner)
        and any(may_read(person, row) for row in some)
    ]


def may_read(actor: Person, row: Reading) -> bool:
    """Answer what `check_reader` refuses."""
    try:
        check_reader(actor, row)
    except errors.Refused:
        return False
    return True


def record_reading(
    *,
    state: State,
    actor: Person,
    row: Reading,
    missed: bool,
    words: Sequence[redaction.Place] = (),
    boxes: Sequence[redaction.Box] = (),
    ground_id: str = "",
    now: datetime.datetime,
) -> None:
    """Keep what came of reading one page: clean, or with something missed, which becomes a hidden part.

    It is proposed by the reader where they may, else suggested to those who may; either way nothing of the
    document is published before people have decided. Raises `Refused` to whoever may not read it and when
    somebody else was faster, `UserMistake` when it is not said what was missed.
    """
    check_reader(actor, row)
    with transaction.atomic():
        locked = Reading.objects.select_for_update().get(pk=row.pk)
        if locked.reader_id is not None:
            raise errors.Refused(
                f"page {row.page} of document {row.item.number} was read by somebody already"
            )
        if missed:
            _propose_missed(state, actor, row, words, boxes, ground_id, now)
        elif words or boxes:
            raise errors.UserMistake("say that something was missed, or choose nothing on the page")
        locked.reader, locked.read_at, locked.missed = actor, now, missed
        locked.save(update_fields=["reader", "read_at", "missed"])


def make_sample(study: str, items: Collection[int]) -> publication.Sample | None:
    """Count pages drawn and read of open items, by number, before they were opened; None where none was read.

    This is what the publication record says, which the log names.
    """
    opened = dict(
        Opening.objects.filter(item__study=study).order_by("log_index").values_list("item", "opened_at")
    )
    drawn: defaultdict[int, int] = defaultdict(int)
    read, missed, checkpoints = Counter[int](), Counter[int](), set()
    rows = Reading.objects.filter(item__study=study, item__in=opened, item__number__in=items)
    for row in rows.select_related("item"):
        number, moment = row.item.number, opened[row.item_id]
        if row.drawn_at > moment:
            continue
        drawn[number] += 1
        checkpoints.add(row.size)
        if row.read_at is not None and row.read_at <= moment:
            read[number] += 1
            missed[number] += row.missed is True
    if not read.total():
        return None
    counted = [
        publication.SampledItem(number, count, read[number], missed[number])
        for number, count in sorted(drawn.items())
    ]
    return publication.Sample(tuple(sorted(checkpoints)), tuple(counted))


def summarise(study: str, items: Collection[Item] | None = None) -> Summary | None:
    """Say what the newest publication record says was read of a study, or of some documents of it.

    None where nobody has read any page. Older records, before 29 November 2026, do not say it: it is counted.
    """
    newest = Publication.objects.visible().filter(study=study).order_by("-number").first()
    if newest is None:
        return None
    record = publication.parse_publication(canonical.decode(bytes(newest.data)))
    shown = [row.item for row in record.items if row.outcome in publication.OPEN]
    sample = record.sample or make_sample(study, shown)
    wanted = None if items is None else {item.number for item in items}
    rows = [each for each in (sample.items if sample else ()) if wanted is None or each.item in wanted]
    found = Summary(*(sum(getattr(each, name) for each in rows) for name in ("drawn", "read", "missed")))
    return found if found.read else None


def _propose_missed(
    state: State,
    actor: Person,
    row: Reading,
    words: Sequence[redaction.Place],
    boxes: Sequence[redaction.Box],
    ground_id: str,
    now: datetime.datetime,
) -> None:
    owner = organisations.find_owner(row.item.study_id)
    if roles.may_for(actor.roles, "propose", actor.organisation_id, owner):
        redactions.propose_regions(
            state=state,
            actor=actor,
            item=row.item,
            number=row.page,
            words=words,
            boxes=boxes,
            ground_id=ground_id,
            source=SOURCE,
            now=now,
        )
        return
    found = redactions.read_page(state=state, actor=actor, item=row.item, number=row.page)
    until = redactions.check_ground(ground_id, None, now)
    redaction.check_regions(
        found, [redaction.Region(ground_id, "approver", until, False, tuple(words), tuple(boxes))]
    )
    suggestion = redactions.Suggestion(row.page, tuple(words), ground_id, SOURCE, 100, tuple(boxes))
    redactions.keep_suggestions(item=row.item, suggestions=[suggestion], now=now)
