"""Publishing what a study sealed: openings, pages to read, holdings, the publication record, all or nothing.

Files are copied into the public area first, under their digests, where nothing points at them yet;
then one transaction writes rows and log entries together. A crash before it leaves unreferenced
files, a crash after it leaves nothing to repair but the search index and the checkpoint, which the
worker makes again. Who may publish is asked in `actions/proposals`: it takes two people.
"""

from __future__ import annotations

import datetime
import itertools
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from django.db import transaction

from lightwell.actions import inventories, log, openings, samples
from lightwell.archive import entry, publication
from lightwell.base import canonical, errors, ground
from lightwell.base.canonical import Json
from lightwell.db.models import Holding, Item, Opening, Publication, PublicPage, Redaction, Study
from lightwell.files import data
from lightwell.files.state import State

_ROWS_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Prepared:
    """A publication made ready outside any transaction: openings with their files in the public area."""

    study: str
    summary: str
    opened: tuple[openings.Opened, ...]
    withheld: tuple[Item, ...]


def check_publication(payload: dict[str, Json], now: datetime.datetime) -> None:
    """Check a proposal to publish: `study`, `summary` (at most 80 words), `items` (numbers, null for all).

    Raises `UserMistake` with every problem.
    """
    problems = []
    study = Study.objects.filter(pk=payload.get("study")).first()
    if study is None:
        problems.append(errors.Problem("study", f"there is no study {payload.get('study')!r}"))
    words = len(str(payload.get("summary") or "").split())
    if words > publication.MAX_SUMMARY_WORDS:
        problems.append(
            errors.Problem(
                "summary", f"the summary has {words} words; {publication.MAX_SUMMARY_WORDS} are allowed"
            )
        )
    numbers = payload.get("items")
    if study is not None:
        known = set(study.items.filter(inventory__isnull=False).values_list("number", flat=True))
        if not known:
            problems.append(errors.Problem("study", "nothing of this study is sealed yet"))
        if isinstance(numbers, list):
            problems += [
                errors.Problem("items", f"the study has no sealed item {number}")
                for number in numbers
                if number not in known
            ]
        elif numbers is not None:
            problems.append(errors.Problem("items", "items is a list of numbers, or null for all"))
        if not problems and (stopped := _list_stopped(study, numbers)):
            problems.append(
                errors.Problem("items", f"out of view, so not to be published now: {', '.join(stopped)}")
            )
        if not problems:
            problems += _list_undecided(study, numbers)
        if not problems and not _list_wanted(study, numbers):
            problems.append(errors.Problem("items", "nothing of these is left to publish or hold back"))
    if problems:
        raise errors.UserMistake(problems=problems)


def prepare_publication(*, state: State, payload: dict[str, Json], now: datetime.datetime) -> Prepared:
    """Make every opening and copy every file into the public area, where nothing points at them yet.

    Slow, and outside any transaction. A crash here leaves unreferenced files under their digests.
    """
    check_publication(payload, now)
    study = Study.objects.get(pk=payload["study"])
    wanted = _list_wanted(study, payload.get("items"))
    summary = str(payload.get("summary") or "")
    with openings.Maker(state, summary, now) as maker:
        opened = tuple(maker.open_item(item) for item in wanted if item.intent != "withhold")
    return Prepared(study.id, summary, opened, tuple(item for item in wanted if item.intent == "withhold"))


def publish_study(*, prepared: Prepared, decided_by: tuple[str, str], now: datetime.datetime) -> Publication:
    """Publish what was prepared: rows and log entries together, inside the caller's transaction.

    Raises `Refused` when somebody else published one of the items in between.
    """
    with transaction.atomic():
        study = Study.objects.select_for_update().get(pk=prepared.study)
        chosen = (*(each.item for each in prepared.opened), *prepared.withheld)
        if any(is_settled(item) or is_stopped(item) for item in chosen):
            raise errors.Refused(f"somebody has just published {study.id}; look again before you publish")
        for each in prepared.opened:
            check_unchanged(each)
            store_opening(each, decided_by[1], now)
        for item in prepared.withheld:
            append_holding(item, item.ground, decided_by[1], openings.find_review(item.ground, now), now)
        return record_publication(study, prepared.summary, now)


def check_take_back(payload: dict[str, Json], now: datetime.datetime) -> None:
    """Check a proposal to take published items back: `study`, `items`, `ground`, `review` (ISO date)."""
    problems = []
    study = Study.objects.filter(pk=payload.get("study")).first()
    if study is None:
        problems.append(errors.Problem("study", f"there is no study {payload.get('study')!r}"))
    numbers = payload.get("items")
    if not isinstance(numbers, list) or not numbers:
        problems.append(errors.Problem("items", "name the items to take back by their numbers"))
    elif study is not None:
        shown = set(study.items.filter(openings__isnull=False).values_list("number", flat=True))
        problems += [
            errors.Problem("items", f"item {number} is not published")
            for number in numbers
            if number not in shown
        ]
    try:
        ground.check_use(
            data.read_grounds(),
            str(payload.get("ground")),
            "item",
            "approver",
            now.date().isoformat(),
            str(payload.get("review")),
        )
    except errors.UserMistake as error:
        problems += [errors.Problem("ground", each.sentence) for each in error.problems]
    if problems:
        raise errors.UserMistake(problems=problems)


def take_back_items(*, payload: dict[str, Json], decided_by: tuple[str, str], now: datetime.datetime) -> None:
    """Take published items back on a ground: their pages vanish, their places stay with the reason."""
    check_take_back(payload, now)
    review = datetime.date.fromisoformat(str(payload["review"]))
    numbers = payload["items"] if isinstance(payload["items"], list) else []
    with transaction.atomic():
        for item in Item.objects.select_for_update().filter(study=payload["study"], number__in=numbers):
            append_holding(item, str(payload["ground"]), decided_by[1], review, now)
            item.public_pages.all().delete()
            item.named = False
            item.save(update_fields=["named"])
        study = Study.objects.get(pk=payload["study"])
        # The older records name what was taken back and leave the view; this one takes their place.
        record_publication(study, read_summary(study), now)


def check_unchanged(ready: openings.Opened, lifted: Collection[int] = ()) -> None:
    """Refuse what was made ready before somebody proposed or decided that more, or less, is hidden."""
    waiting = ready.item.redactions.undecided().exists()
    if waiting or openings.list_regions(ready.item, lifted) != ready.regions:
        raise errors.Refused(
            f"what is hidden in document {ready.item.number} of {ready.item.study_id} has just been changed; "
            "nothing was published: look at it, then approve again"
        )


def is_held(item: Item) -> bool:
    """Answer whether an item is held back as a whole."""
    return item.holdings.filter(page=None, lifted_at=None).exists()


def read_summary(study: Study) -> str:
    """Read the summary of the newest publication; "" where there is none."""
    newest = study.publications.order_by("-number").first()
    return publication.parse_publication(canonical.decode(bytes(newest.data))).summary if newest else ""


def _list_wanted(study: Study, numbers: Json) -> list[Item]:
    return [
        item
        for item in inventories.list_items(study)
        if (item.number in numbers if isinstance(numbers, list) else not is_stopped(item))
        and not is_settled(item)
    ]


def _list_undecided(study: Study, numbers: Json) -> list[errors.Problem]:
    """List documents on which somebody has still to decide what is hidden."""
    waiting = Counter(
        Redaction.objects.undecided()
        .filter(item__in=_list_wanted(study, numbers))
        .values_list("item__number", flat=True)
    )
    return [
        errors.Problem(
            f"document {number}",
            f"{count} suggested or proposed hidden parts wait for a person; decide them first: lightwell "
            "redaction list",
        )
        for number, count in sorted(waiting.items())
    ]


def _list_stopped(study: Study, numbers: Json) -> list[str]:
    wanted = numbers if isinstance(numbers, list) else []
    return [str(item.number) for item in study.items.filter(number__in=wanted) if is_stopped(item)]


def is_stopped(item: Item) -> bool:
    """Answer whether an item is out of view."""
    # Locked away before it was published: nothing opens its file while that lasts.
    return item.suspensions.filter(page=None, restored_at=None).exists()


def is_settled(item: Item) -> bool:
    """Answer whether an item was published or is held back."""
    return item.openings.exists() or is_held(item)


def store_opening(ready: openings.Opened, decided_by: str, now: datetime.datetime) -> None:
    """Log an opening that was made ready, with its rows; inside the caller's transaction."""
    item = ready.item
    pages = None if item.pages is None else item.pages - len(ready.held)
    (index,) = log.append(
        entries=[entry.make_opening(now, item.study_id, item.number, pages, ready.digest, ready.redacted)]
    )
    Opening.objects.create(
        item=item,
        digest=ready.digest,
        data=ready.document,
        whole=ready.whole,
        document=ready.published,
        redacted=ready.redacted,
        regions=list(ready.regions),
        log_index=index,
        opened_at=now,
    )
    rows = iter(ready.pages)
    while some := list(itertools.islice(rows, _ROWS_AT_ONCE)):
        PublicPage.objects.bulk_create(some)
    for number, why in ready.held.items():
        Holding.objects.create(
            item=item,
            page=number,
            ground=why,
            decided_by=decided_by,
            review=openings.find_review(why, now),
            log_index=index,
        )
    item.named = True
    item.save(update_fields=["named"])


def append_holding(
    item: Item, ground_id: str, decided_by: str, review: datetime.date, now: datetime.datetime
) -> None:
    """Log that an item is held back, with its row; inside the caller's transaction."""
    (index,) = log.append(
        entries=[entry.make_withholding(now, item.study_id, item.number, ground_id, decided_by, review)]
    )
    Holding.objects.create(item=item, ground=ground_id, decided_by=decided_by, review=review, log_index=index)


def record_publication(study: Study, summary: str, now: datetime.datetime) -> Publication:
    """Write and log the publication record of a study as it stands; inside the caller's transaction."""
    number = study.publications.count() + 1
    items = [_describe_item(item) for item in inventories.list_items(study)]
    opened = [each.item for each in items if each.outcome in publication.OPEN]
    sample = samples.make_sample(study.id, opened)
    document = publication.make_publication(
        study=study.id, number=number, summary=summary, items=items, sample=sample
    )
    digest = canonical.compute_digest(document)
    (index,) = log.append(entries=[entry.make_publication(now, study.id, number, digest)])
    return Publication.objects.create(
        study=study,
        number=number,
        digest=digest,
        data=canonical.encode(document),
        log_index=index,
        published_at=now,
    )


def _describe_item(item: Item) -> publication.PublishedItem:
    newest = item.openings.order_by("-log_index").first()
    withheld = is_held(item)
    outcome = "withheld" if withheld else "pending"
    if newest and not withheld:
        outcome = "whole" if newest.whole else "redacted" if newest.document else "pages"
    named = item.named
    return publication.PublishedItem(
        item=item.number,
        title=item.title if named else None,
        kind=item.kind,
        date=item.date or None if named else None,
        file_name=item.file_name if named else None,
        media_type=item.media_type,
        pages=item.pages,
        outcome=outcome,
        opening=newest.digest if newest and not withheld else None,
    )
