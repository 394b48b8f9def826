"""Patterns: places in sealed pages where one stands, proposed to be hidden all at once or left readable.

A pattern is looked for line by line in a process with a time limit (`files/seeking`), by those who may read
what is sealed; what is looked for is never kept. One region, and who decides: `actions/redactions`.
"""

from __future__ import annotations

import datetime
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.db import transaction

from lightwell.actions import inventories, organisations, redactions
from lightwell.archive import page, redaction, seal
from lightwell.base import errors
from lightwell.db.models import Item, Person, Redaction, Study
from lightwell.files import parts, seeking
from lightwell.files.state import State

PATTERN = "pattern"
MOST_HITS = 5000
# A pattern that is found at more than this share of all words names nothing; pages are held back instead.
MOST_SHARE, _FEW_WORDS = 0.5, 200


@dataclass(frozen=True, slots=True)
class Hit:
    """A place where a pattern or a value stands: document, page, words as (line, word), a line of context.

    In `context` what would be hidden stands between the two marks U+27E6 and U+27E7.
    """

    item: int
    page: int
    words: tuple[redaction.Place, ...]
    context: str


def find_words(
    *, state: State, actor: Person, study: Study, pattern: str, items: Collection[int] = ()
) -> list[Hit]:
    """Find every place in the sealed pages of a study where a pattern (a regular expression) stands.

    It is looked for line by line, words parted by one blank, whatever their case. `UserMistake` for a pattern
    that cannot be read, takes too long (`files/seeking`), or finds more than `MOST_HITS` or `MOST_SHARE`.
    """
    organisations.check_owner(actor, "read_sealed", organisations.find_owner(study.id))
    for number in items:
        redactions.find_item(study.id, number)
    hits: list[Hit] = []
    words = hidden = 0
    with seeking.Seeker(pattern) as seeker:
        for item, number, lines in iterate_lines(state, study, items):
            words += sum(map(len, lines))
            for hit in _find_on_page(item.number, number, lines, seeker):
                hits.append(hit)
                hidden += len(hit.words)
            if len(hits) > MOST_HITS:
                raise errors.UserMistake(
                    f"this is found more than {MOST_HITS:,} times; narrow the pattern, or name documents",
                    place="pattern",
                )
    if words > _FEW_WORDS and hidden > MOST_SHARE * words:
        raise errors.UserMistake(
            f"this is found at {hidden:,} of {words:,} words; name a narrower pattern, or hold pages or "
            "documents back",
            place="pattern",
        )
    return hits


def leave_out_known(study: Study, hits: Iterable[Hit]) -> list[Hit]:
    """Leave out hits every word of which is proposed or in force; what was dismissed once is shown again."""
    known = redactions.list_hidden_words(study)
    return [hit for hit in hits if not known[hit.item, hit.page].issuperset(hit.words)]


def propose_hits(
    *,
    state: State,
    actor: Person,
    study: Study,
    hits: Collection[tuple[int, int, tuple[redaction.Place, ...]]],
    ground_id: str,
    review: datetime.date | None = None,
    source: str = PATTERN,
    now: datetime.datetime,
) -> int:
    """Propose to hide words at many places, each (document, page, words), all or nothing; how many are new.

    What is suggested, proposed or in force with the same words already is left as it is, but a suggestion
    becomes the actor's proposal. Raises as `propose_regions`.
    """
    organisations.check_owner(actor, "propose", organisations.find_owner(study.id))
    until = redactions.check_ground(ground_id, review, now)
    if not hits:
        raise errors.UserMistake("choose at least one place", place="hits")
    by_page: defaultdict[tuple[int, int], list[tuple[redaction.Place, ...]]] = defaultdict(list)
    for number, page_number, words in hits:
        by_page[number, page_number].append(words)
    items = {number: redactions.find_item(study.id, number) for number, _ in by_page}
    for (number, page_number), listed in by_page.items():
        found = redactions.read_page(state=state, actor=actor, item=items[number], number=page_number)
        redaction.check_regions(
            found, [redaction.Region(ground_id, "approver", until, False, words) for words in listed]
        )
    new = 0
    with transaction.atomic():
        list(Item.objects.select_for_update().filter(pk__in=[each.pk for each in items.values()]))
        for (number, page_number), listed in by_page.items():
            live = redactions.list_live(items[number]).filter(page=page_number)
            known = {redactions.freeze_words(row.words): row for row in live}
            for words in dict.fromkeys(listed):
                row = known.get(words)
                if row is not None and row.proposer_id is not None:
                    continue
                values = {"ground": ground_id, "review": until, "proposer": actor, "proposed_at": now}
                if row is not None:
                    Redaction.objects.filter(pk=row.pk).update(**values)
                else:
                    Redaction.objects.create(
                        item=items[number],
                        page=page_number,
                        words=[list(each) for each in words],
                        source=source,
                        **values,
                    )
                new += 1
    return new


def leave_visible(
    *,
    actor: Person,
    study: Study,
    hits: Collection[tuple[int, int, tuple[redaction.Place, ...]]],
    ground_id: str,
    source: str = PATTERN,
    now: datetime.datetime,
) -> None:
    """Keep that a person looked at places, each (document, page, words), and decided that they stay readable.

    Without it the residue check stops a document in which a hidden value stands readable elsewhere.
    """
    organisations.check_owner(actor, "propose", organisations.find_owner(study.id))
    redactions.check_ground(ground_id, None, now)
    by_item: defaultdict[int, list[redactions.Suggestion]] = defaultdict(list)
    for number, page_number, words in hits:
        by_item[number].append(redactions.Suggestion(page_number, words, ground_id, source, 0))
    with transaction.atomic():
        for number, suggestions in by_item.items():
            item = redactions.find_item(study.id, number)
            redactions.keep_suggestions(item=item, suggestions=suggestions, now=now)
            wanted = {(each.page, each.words) for each in suggestions}
            rows = Redaction.objects.suggested().filter(item=item)
            here = [row.pk for row in rows if (row.page, redactions.freeze_words(row.words)) in wanted]
            if here:
                redactions.dismiss_suggestions(actor=actor, study=study, numbers=here)


def iterate_lines(
    state: State, study: Study, items: Collection[int]
) -> Iterator[tuple[Item, int, Sequence[page.Line]]]:
    """Read the lines of every page of sealed documents, of all or of those of the given numbers."""
    for item in study.items.filter(inventory__isnull=False, read=True, wrapped_key__isnull=False):
        if items and item.number not in items:
            continue
        key = inventories.unwrap_item_key(state, item)
        seeds = seal.derive_page_seeds(key, item.pages or 0)
        for number, each in enumerate(parts.iterate_words(state.files, key, item.sealed_parts, seeds), 1):
            yield item, number, [page.decode_line(line) for line in json.loads(each.lines)]


def count_pages(study: Study, items: Collection[int] = ()) -> int:
    """Count the pages that `iterate_lines` reads."""
    rows = study.items.filter(inventory__isnull=False, read=True, wrapped_key__isnull=False)
    return sum(
        pages or 0 for number, pages in rows.values_list("number", "pages") if not items or number in items
    )


def _find_on_page(
    item: int, number: int, lines: Sequence[page.Line], seeker: seeking.Seeker
) -> Iterator[Hit]:
    before: tuple[redaction.Place, ...] = ()
    for k, start, end in seeker.find([" ".join(word.text for word in line) for line in lines]):
        words, at = [], 0
        for n, word in enumerate(lines[k]):
            if at < end and at + len(word.text) > start:
                words.append((k, n))
            at += len(word.text) + 1
        # A pattern of a letter stands in a word several times; it is one place all the same.
        if words and tuple(words) != before:
            before = tuple(words)
            yield Hit(item, number, before, redactions.show_context(lines, before))
