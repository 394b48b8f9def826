"""Publishing what a study sealed: openings, pages to read, holdings, the publication record, all or nothing.

Files are copied into the public area first, under their digests, where nothing points at them yet;
then one transaction writes rows and log entries together. A crash before it leaves unreferenced
files, a crash after it leaves nothing to repair but the search index and the checkpoint, which the
worker makes again. Who may publish is asked in `actions/proposals`: it takes two people.
"""

from __future__ import annotations

import datetime
import hashlib
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from django.db import transaction

from lightwell.actions import inventories, log, redactions, residues
from lightwell.archive import (
    entry,
    inventory,
    opening,
    page,
    picture,
    publication,
    published_pdf,
    redacted_page,
    redaction,
    release,
    seal,
    words_document,
)
from lightwell.base import canonical, errors, ground
from lightwell.base.canonical import Json
from lightwell.db.models import Disclosure, Holding, Item, Opening, Publication, PublicPage, Redaction, Study
from lightwell.files import data, parts, redrawing, sealed
from lightwell.files.state import State
from lightwell.tlog import tree


@dataclass(frozen=True, slots=True)
class _Opened:
    """One item made ready: the opening document and the rows of its pages, nothing in the database yet."""

    item: Item
    document: bytes
    digest: str
    whole: bool
    pages: tuple[PublicPage, ...]
    held: dict[int, str]
    published: str = ""
    redacted: int = 0
    # The numbers of the regions in force when it was made ready.
    regions: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Prepared:
    """A publication made ready outside any transaction: openings with their files in the public area."""

    study: str
    summary: str
    opened: tuple[_Opened, ...]
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
    return Prepared(
        study.id,
        summary,
        tuple(_open_item(state, item, summary, now) for item in wanted if item.intent != "withhold"),
        tuple(item for item in wanted if item.intent == "withhold"),
    )


def publish_study(*, prepared: Prepared, decided_by: tuple[str, str], now: datetime.datetime) -> Publication:
    """Publish what was prepared: rows and log entries together, inside the caller's transaction.

    Raises `Refused` when somebody else published one of the items in between.
    """
    with transaction.atomic():
        study = Study.objects.select_for_update().get(pk=prepared.study)
        chosen = (*(each.item for each in prepared.opened), *prepared.withheld)
        if any(_is_settled(item) or _is_stopped(item) for item in chosen):
            raise errors.Refused(f"somebody has just published {study.id}; look again before you publish")
        for each in prepared.opened:
            _check_unchanged(each)
            _store_opening(each, decided_by[1], now)
        for item in prepared.withheld:
            _append_holding(item, item.ground, decided_by[1], _find_review(item.ground, now), now)
        return _record_publication(study, prepared.summary, now)


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
            _append_holding(item, str(payload["ground"]), decided_by[1], review, now)
            item.public_pages.all().delete()
            item.named = False
            item.save(update_fields=["named"])
        study = Study.objects.get(pk=payload["study"])
        # The older records name what was taken back and leave the view; this one takes their place.
        _record_publication(study, _read_summary(study), now)


def check_release(payload: dict[str, Json], now: datetime.datetime) -> None:
    """Check a proposal to open an item again: `study`, `item`, `lift` (numbers of regions that end).

    It was held back or taken back; or regions of it end, or were approved since it was opened.
    """
    problems = []
    study, number, lift = payload.get("study"), payload.get("item"), payload.get("lift") or []
    item = Item.objects.filter(study=str(study), number=number, inventory__isnull=False).first()
    if item is None:
        raise errors.UserMistake(f"there is no sealed document {number} in {study!r}", place="item")
    if item.wrapped_key is None:
        problems.append(errors.Problem("item", "its key was destroyed; nothing can open it any more"))
    if _is_stopped(item):
        problems.append(errors.Problem("item", "it is out of view; restore it first"))
    if waiting := item.redactions.undecided().count():
        problems.append(errors.Problem("item", f"{waiting} proposed hidden parts of it wait for a person"))
    known = set(item.redactions.in_force().values_list("pk", flat=True))
    problems += [
        errors.Problem("lift", f"{each} is no hidden part of this document that is in force")
        for each in (lift if isinstance(lift, list) else [lift])
        if each not in known
    ]
    if not problems and not _is_settled(item):
        problems.append(errors.Problem("item", "it was never published or held back; publish it instead"))
    if not problems and not lift and not _is_held(item) and not _list_fresh(item):
        problems.append(errors.Problem("item", "it is open as it would be then; nothing would change"))
    if not problems and not _is_held(item) and (fresh := _list_fresh(item)):
        # Its older opening leaves the view, which takes a reason that holds for a whole document.
        problems += [
            errors.Problem("item", f"the ground {each.ground!r} is none to take a whole document back for")
            for each in fresh[:1]
            if "item" not in data.read_grounds()[each.ground].applies_to
        ]
    if problems:
        raise errors.UserMistake(problems=problems)


def prepare_release(
    *, state: State, payload: dict[str, Json], now: datetime.datetime
) -> tuple[dict[str, Json], object]:
    """Make the new opening of an item, where nothing points at it yet; slow, outside any transaction."""
    check_release(payload, now)
    item = Item.objects.get(study=str(payload["study"]), number=payload["item"])
    summary = _read_summary(Study.objects.get(pk=item.study_id))
    return payload, _open_item(state, item, summary, now, without=_list_lifted(payload))


def release_item(
    *, prepared: tuple[dict[str, Json], object], decided_by: tuple[str, str], now: datetime.datetime
) -> None:
    """Open an item again as prepared; an older opening that showed more is taken back with it."""
    payload, ready = prepared
    assert isinstance(ready, _Opened)
    check_release(payload, now)
    with transaction.atomic():
        item = Item.objects.select_for_update().get(pk=ready.item.pk)
        _check_unchanged(ready, _list_lifted(payload))
        if not _is_held(item) and (fresh := _list_fresh(item)):
            ground_id = fresh[0].ground
            _append_holding(item, ground_id, decided_by[1], _find_review(ground_id, now), now)
        item.redactions.filter(pk__in=_list_lifted(payload)).update(lifted_at=now)
        item.holdings.filter(lifted_at=None).update(lifted_at=now)
        item.public_pages.all().delete()
        _store_opening(ready, decided_by[1], now)
        study = Study.objects.get(pk=item.study_id)
        _record_publication(study, _read_summary(study), now)


def _list_lifted(payload: dict[str, Json]) -> list[int]:
    lift = payload.get("lift")
    return [each for each in lift if isinstance(each, int)] if isinstance(lift, list) else []


def _check_unchanged(ready: _Opened, lifted: Collection[int] = ()) -> None:
    """Refuse what was made ready before somebody proposed or decided that more, or less, is hidden."""
    waiting = ready.item.redactions.undecided().exists()
    if waiting or _list_regions(ready.item, lifted) != ready.regions:
        raise errors.Refused(
            f"what is hidden in document {ready.item.number} of {ready.item.study_id} has just been changed; "
            "nothing was published: look at it, then approve again"
        )


def _list_regions(item: Item, without: Collection[int]) -> tuple[int, ...]:
    rows = item.redactions.in_force().exclude(pk__in=without).order_by("pk")
    return tuple(rows.values_list("pk", flat=True))


def _is_held(item: Item) -> bool:
    return item.holdings.filter(page=None, lifted_at=None).exists()


def _list_fresh(item: Item) -> list[Redaction]:
    """List the regions that were approved after the item was opened, and so are not hidden yet."""
    newest = item.openings.order_by("-log_index").first()
    if newest is None:
        return []
    return list(item.redactions.in_force().filter(decided_at__gt=newest.opened_at).order_by("pk"))


def _read_summary(study: Study) -> str:
    newest = study.publications.order_by("-number").first()
    return publication.parse_publication(canonical.decode(bytes(newest.data))).summary if newest else ""


def _list_wanted(study: Study, numbers: Json) -> list[Item]:
    return [
        item
        for item in inventories.list_items(study)
        if (item.number in numbers if isinstance(numbers, list) else not _is_stopped(item))
        and not _is_settled(item)
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
            f"{count} proposed hidden parts wait for a person; decide them first: lightwell redaction list",
        )
        for number, count in sorted(waiting.items())
    ]


def _list_stopped(study: Study, numbers: Json) -> list[str]:
    wanted = numbers if isinstance(numbers, list) else []
    return [str(item.number) for item in study.items.filter(number__in=wanted) if _is_stopped(item)]


def _is_stopped(item: Item) -> bool:
    # Locked away before it was published: nothing opens its file while that lasts.
    return item.suspensions.filter(page=None, restored_at=None).exists()


def _is_settled(item: Item) -> bool:
    return item.openings.exists() or _is_held(item)


def _open_item(
    state: State, item: Item, summary: str, now: datetime.datetime, without: Collection[int] = ()
) -> _Opened:
    # Listed before they are read: what is decided in between makes the two differ when it is published.
    numbers = _list_regions(item, without)
    return replace(_make_opening(state, item, summary, now, without), regions=numbers)


def _make_opening(
    state: State, item: Item, summary: str, now: datetime.datetime, without: Collection[int]
) -> _Opened:
    key = inventories.unwrap_item_key(state, item)
    held = inventory.parse_held_grounds(item.held_pages, item.ground)
    if regions := redactions.read_regions(item, without=without):
        return _open_redacted(state, item, key, held, regions, summary, now)
    if held:
        return _open_pages(state, item, key, held, now)
    original = sealed.read_bytes(state.files, key, item.sealed_file)
    stored = state.files.put_bytes("public", original)
    if stored != item.sha256:
        raise errors.Damaged(
            f"the sealed file of item {item.number} of {item.study_id} is not what was sealed"
        )
    if item.sealed_copy:
        # The PDF made of the file when it was sealed, from which the pictures of its pages are drawn.
        copy = sealed.read_bytes(state.files, key, item.sealed_copy)
        if state.files.put_bytes("public", copy) != item.copy_sha256:
            raise errors.Damaged(f"the reading copy of item {item.number} of {item.study_id} has changed")
    rows, words = _open_words(state, item, key) if item.read else ([], [])
    words_digest = state.files.put_bytes("public", b"".join(words)) if words else None
    document = release.make_whole_opening(
        study=item.study_id,
        item=item.number,
        key=key,
        header=_make_header(item),
        file=seal.FileMeasure(bytes.fromhex(item.sha256), item.size),
        media_type=item.media_type,
        page_roots=inventories.read_page_roots(item),
        words=words_digest,
    )
    return _finish(item, document, True, rows, {})


def _open_words(state: State, item: Item, key: bytes) -> tuple[list[PublicPage], list[bytes]]:
    """Make the rows of all pages and the lines of the words document; `Damaged` where the seal differs."""
    roots = inventories.read_page_roots(item)
    seeds = seal.derive_page_seeds(key, len(roots))
    rows, words = [], []
    kept = parts.iterate_words(state.files, key, item.sealed_parts, seeds)
    for number, (root, seed, each) in enumerate(zip(roots, seeds, kept, strict=True), 1):
        lines, text = page.split_lines(each.lines)
        hashes = page.hash_encoded_lines(seed, lines)
        head_hash = page.hash_head(seed, page.decode_head(each.head))
        if page.join_root(head_hash, tree.compute_root(hashes), each.patches_root) != root:
            raise errors.Damaged(
                f"page {number} of item {item.number} of {item.study_id} is not what was sealed"
            )
        words.append(words_document.format_encoded_words(each.head, each.lines, hashes, each.patches_root))
        row = PublicPage(item=item, number=number, head=each.head, lines=each.lines, text=text)
        row.drawn_from = item.copy_sha256
        rows.append(row)
    return rows, words


def _open_pages(
    state: State, item: Item, key: bytes, held: dict[int, str], now: datetime.datetime
) -> _Opened:
    header, roots = _make_header(item), inventories.read_page_roots(item)
    measure = seal.FileMeasure(bytes.fromhex(item.sha256), item.size)
    rows, opened = [], []
    for each in parts.iterate_parts(state.files, key, item.sealed_parts):
        if each.head.number in held:
            continue
        png = picture.encode_picture(each.head, each.patches)
        name = state.files.put_bytes("public", png)
        opened.append((opening.open_page(key, header, measure, roots, each), name))
        rows.append(_make_page(item, each.head, each.lines, name))
    holdings = [
        release.Holding(number, why, "approver", _find_review(why, now))
        for number, why in sorted(held.items())
    ]
    document = release.make_pages_opening(header=header, pages=opened, holdings=holdings)
    return _finish(item, document, False, rows, held)


def _open_redacted(
    state: State,
    item: Item,
    key: bytes,
    held: dict[int, str],
    regions: dict[int, list[redaction.Region]],
    summary: str,
    now: datetime.datetime,
) -> _Opened:
    header, roots = _make_header(item), inventories.read_page_roots(item)
    measure = seal.FileMeasure(bytes.fromhex(item.sha256), item.size)
    grounds, not_shown = data.read_grounds(), redactions.make_not_shown(now)
    opened: list[tuple[opening.PageOpening, list[redacted_page.PublishedRegion]]] = []
    rows: list[PublicPage] = []
    examined, kept = residues.begin_examination(), residues.list_kept(item)

    def draw_sheets() -> Iterator[published_pdf.Sheet]:
        for each in parts.iterate_parts(state.files, key, item.sealed_parts):
            number = each.head.number
            if number in held:
                sheet = redrawing.draw_held_sheet(number, held[number], grounds[held[number]].title)
                examined.add_held_page(sheet.blocks[0].words[0])
                yield sheet
                continue
            made = redrawing.redraw_page(each, regions.get(number, []), not_shown)
            examined.add_page(each, regions.get(number, []), made)
            examined.add_kept(each, kept.get(number, []))
            hidden = made.plan.hidden_lines, made.plan.hidden_patches
            shown = [
                redacted_page.PublishedRegion(gap.ground, gap.decided_by, gap.review)
                for gap in made.plan.gaps
            ]
            opened.append((opening.open_page(key, header, measure, roots, each, *hidden), shown))
            rows.append(_make_redacted_page(item, each.head, made))
            yield made.sheet

    pieces = published_pdf.write_document(item.title, _read_language(item), header.pages or 0, draw_sheets())
    pdf = b"".join(pieces)
    digest = hashlib.sha256(pdf).hexdigest()
    for row in rows:
        row.drawn_from = digest
    holdings = [
        release.Holding(number, why, "approver", _find_review(why, now))
        for number, why in sorted(held.items())
    ]
    document = release.make_redacted_opening(header=header, document=digest, pages=opened, holdings=holdings)
    ready = _finish(item, document, False, rows, held)
    # Nothing is put into the public area before it was read again.
    residues.check_residue(item, pdf, examined, rows, ready.document, summary)
    state.files.put_bytes("public", pdf)
    redacted = sum(bool(shown) for _, shown in opened)
    return replace(ready, published=digest, redacted=redacted)


def _read_language(item: Item) -> str:
    """Read the language of a study's newest record; "und", undetermined, where there is none."""
    row = Disclosure.objects.newest().filter(record=item.study_id).first()
    return row.read_record().language if row else "und"


def _make_redacted_page(item: Item, head: page.Head, made: redrawing.Redrawn) -> PublicPage:
    """Make the row of a page from what its sheet says: what is hidden is nowhere in it."""
    blocks = [block for block in made.sheet.blocks if block.words]
    gaps = iter(made.plan.gaps)
    regions = []
    for block in blocks:
        if block.kind == "label":
            gap = next(gaps)
            regions.append([gap.ground, gap.decided_by, gap.review.isoformat(), list(block.words[0].box)])
    return PublicPage(
        item=item,
        number=head.number,
        head=page.encode_head(head),
        lines=page.encode_lines([block.words for block in blocks]),
        # One line of text for each block, so that a word's place is the same in both; a label says nothing.
        text="\n".join(
            "" if block.kind == "label" else " ".join(word.text for word in block.words) for block in blocks
        ),
        hidden={"kinds": [block.kind for block in blocks], "regions": regions},
    )


def _finish(
    item: Item, document: dict[str, Json], whole: bool, rows: Sequence[PublicPage], held: dict[int, str]
) -> _Opened:
    encoded = canonical.encode(document)
    return _Opened(item, encoded, canonical.compute_digest(document), whole, tuple(rows), held)


def _make_header(item: Item) -> seal.Header:
    return seal.Header(item.study_id, item.number, item.pages, item.renderer)


def _make_page(item: Item, head: page.Head, lines: Sequence[page.Line], name: str) -> PublicPage:
    return PublicPage(
        item=item,
        number=head.number,
        head=page.encode_head(head),
        lines=page.encode_lines(lines),
        text="\n".join(" ".join(word.text for word in line) for line in lines),
        picture=name,
    )


def _store_opening(ready: _Opened, decided_by: str, now: datetime.datetime) -> None:
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
        log_index=index,
        opened_at=now,
    )
    PublicPage.objects.bulk_create(ready.pages, batch_size=200)
    for number, why in ready.held.items():
        Holding.objects.create(
            item=item,
            page=number,
            ground=why,
            decided_by=decided_by,
            review=_find_review(why, now),
            log_index=index,
        )
    item.named = True
    item.save(update_fields=["named"])


def _append_holding(
    item: Item, ground_id: str, decided_by: str, review: datetime.date, now: datetime.datetime
) -> None:
    (index,) = log.append(
        entries=[entry.make_withholding(now, item.study_id, item.number, ground_id, decided_by, review)]
    )
    Holding.objects.create(item=item, ground=ground_id, decided_by=decided_by, review=review, log_index=index)


def _find_review(ground_id: str, now: datetime.datetime) -> datetime.date:
    known = data.read_grounds()[ground_id]
    return datetime.date.fromisoformat(ground.propose_expiry(known, now.date().isoformat()))


def _record_publication(study: Study, summary: str, now: datetime.datetime) -> Publication:
    number = study.publications.count() + 1
    items = [_describe_item(item) for item in inventories.list_items(study)]
    document = publication.make_publication(study=study.id, number=number, summary=summary, items=items)
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
    withheld = _is_held(item)
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
