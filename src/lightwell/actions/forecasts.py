"""What the residue check would stop, told while parts are still being proposed and approved.

The check before publication (`actions/residues`) reads a finished PDF with several engines. Most of what it
finds needs none of them: a hidden name stands readable on another page, in the title or in the file name.
That is looked for here in the sealed words, by the same rules (`archive/residue`). Nothing is stopped by it,
and what it does not find may still be found: it draws only the pages that matter.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator

from lightwell.actions import inventories, redactions, residues
from lightwell.archive import inventory, page, redacted_page, redaction, seal
from lightwell.archive import residue as survival
from lightwell.base import errors
from lightwell.db.models import Item, Redaction
from lightwell.files import data, parts, redrawing, residue, scratch
from lightwell.files.state import State

# A longer document is looked at by command, not while a page of the workspace waits.
MOST_PAGES = 400


def list_obstacles(
    *, state: State, item: Item, summary: str = "", now: datetime.datetime
) -> list[errors.Problem]:
    """List the places where a hidden word would still be read if all that is proposed were approved.

    No sentence holds a word. It reads sealed words, so only those who may ask for them.
    """
    regions = _read_regions(item)
    if not regions or item.wrapped_key is None:
        return []
    drawn: set[int] = set(regions)
    with scratch.open_scratch(state.files.root) as folder:
        while True:
            examined = residues.begin_examination(folder)
            for before in _examine(state, item, regions, drawn, now, examined):
                examined.pages.append(before)
            found = list(_judge(item, examined, summary))
            # A word without ink is no word for a reader: what seems readable elsewhere is drawn to be sure.
            doubtful = {each.page for each in found if each.page} - drawn
            if not doubtful:
                break
            drawn |= doubtful
    result = residue.Result(tuple(dict.fromkeys(found)), (), "", True)
    place = f"document {item.number}"
    return [
        errors.Problem(f"{place}, {each.place}".rstrip(", "), each.sentence)
        for each in result.list_problems()
    ]


def _read_regions(item: Item) -> dict[int, list[redaction.Region]]:
    found = redactions.read_regions(item)
    for number, more in redactions.read_regions(item, rows=Redaction.objects.proposed()).items():
        found.setdefault(number, []).extend(more)
    return found


def _examine(
    state: State,
    item: Item,
    regions: dict[int, list[redaction.Region]],
    drawn: set[int],
    now: datetime.datetime,
    examined: residues.Examination,
) -> Iterator[tuple[page.Word, ...]]:
    """List what is visible on each page by decision, and gather what is hidden into `examined`."""
    key = inventories.unwrap_item_key(state, item)
    held = inventory.parse_held_grounds(item.held_pages, item.ground)
    kept, not_shown = residues.list_kept(item), redactions.make_not_shown(now)
    seeds = seal.derive_page_seeds(key, item.pages or 0)
    for number, each in enumerate(parts.iterate_words(state.files, key, item.sealed_parts, seeds), 1):
        if number in held:
            yield (page.Word(redacted_page.HELD_LABEL.format(held[number]), (0, 0, 0, 0)),)
            continue
        if number not in drawn and number not in kept:
            lines = [page.decode_line(line) for line in json.loads(each.lines)]
            yield tuple(word for line in lines for word in line)
            continue
        found = parts.read_part(state.files, key, item.sealed_parts, number)
        here = regions.get(number, [])
        examined.add_kept(found, kept.get(number, []))
        visible, hidden = residue.describe_page(
            found, here, redrawing.redraw_page(found, here, not_shown).sheet
        )
        examined.hidden += hidden
        yield visible


def _judge(item: Item, examined: residues.Examination, summary: str) -> Iterator[residue.Survivor]:
    decision = survival.Decision(
        examined.hidden,
        examined.pages,
        kept=examined.kept,
        common=data.read_common_words(),
        ordinary=data.read_ordinary_words(),
    )
    for number, hidden, found in survival.find_decided(decision):
        yield residue.Survivor(number, "visible by decision", residue.DECISION, True, hidden, found)
    for name, text in (("title", item.title), ("file name", item.file_name), ("summary", summary)):
        for hidden, found, whole in survival.judge_text(decision, text):
            yield residue.Survivor(0, name, residue.TEXT, whole, hidden, found)
