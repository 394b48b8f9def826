"""Hold an opening with hidden regions, and its published PDF, against the seal of its item.

Part of the second verifier, written from docs/reference/{bundle,published-pdf}.md alone. Raises `Refusal`
with the PDF, its page, and the line where the marks of the page tell it.
"""

from __future__ import annotations

from collections import Counter

import openings
import seals
import sheets
from notes import Refusal
from verify import Folder

WHITE = 255


def check(document: dict, item: dict, folder: Folder, place: str, tally: Counter) -> set[str]:
    """Check every sheet; returns the files that the opening names, counts into `tally` what was checked."""
    openings.check_pages_named(document, item, place)
    header, file_leaf = document["header"], openings.read_hash(document["file_hash"])
    openings.read_hash(header["salt"])
    path = f"documents/{openings.read_hash(document['document']).hex()}.pdf"
    if not folder.has(path):
        raise Refusal(path, "this file is missing")
    shown = {page["page"]: page for page in document["pages"]}
    held = {each["page"]: each["ground"] for each in document["holdings"]}
    for page in shown.values():
        check_form(page, place)
    for number, sheet in enumerate(sheets.read(folder.root / path, path, item["pages"]), 1):
        here = f"{path}, page {number}"
        if number in held:
            check_held(sheet, held[number], here)
        else:
            hold_page(shown[number], sheet, header, file_leaf, item, here)
            count(shown[number], tally)
    if folder.digest(path) != path[10:74]:
        raise Refusal(path, "these are not the bytes that the opening names")
    tally["items"] += 1
    return {path}


def check_form(page: dict, place: str) -> None:
    """What an opening says of one page, before anything is held against it."""
    try:
        openings.need_members(page, "page head hidden_lines hidden_patches regions proof")
        openings.need_members(page["proof"], "head_salt lines patches path marks")
        head = page["head"]
        seals.check_head(head, page["page"])
        openings.check_places(page["hidden_lines"], head["lines"])
        openings.check_places(page["hidden_patches"], len(seals.list_boxes(head)))
        openings.read_marks(page["proof"]["marks"], head["lines"])
        openings.read_hash(page["proof"]["head_salt"])
        for nodes in (page["proof"]["lines"], page["proof"]["patches"]):
            openings.read_nodes(nodes)
        for each in page["proof"]["path"]:
            openings.read_hash(each)
        for region in page["regions"]:
            openings.need_members(region, "ground decided_by review")
            openings.check_decision(region, place)
        if bool(page["regions"]) != bool(page["hidden_lines"] or page["hidden_patches"]):
            raise ValueError("it hides something without a region, or has a region where nothing is hidden")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refusal(place, f"a page of this opening cannot be read: {error}") from None


def count(page: dict, tally: Counter) -> None:
    tally["pages"] += 1
    tally["redacted"] += bool(page["regions"])
    tally["lines"] += page["head"]["lines"]
    tally["hidden lines"] += len(page["hidden_lines"])
    tally["patches"] += len(seals.list_boxes(page["head"]))
    tally["hidden patches"] += len(page["hidden_patches"])
    for region in page["regions"]:
        tally["ground", region["ground"]] += 1


def write_sentence(tally: Counter) -> str:
    """What was checked, of how much; regions by ground."""
    counted = sorted((key[1], number) for key, number in tally.items() if isinstance(key, tuple))
    grounds = ", ".join(f"{number} {ground}" for ground, number in counted) or "none"
    lines, patches = (tally[part] - tally[f"hidden {part}"] for part in ("lines", "patches"))
    share = 100 * (lines + patches) // max(tally["lines"] + tally["patches"], 1)
    return (
        f"open with hidden parts: {tally['items']} items, {tally['pages']} pages; hidden regions on "
        f"{tally['redacted']} pages, by ground: {grounds}; checked were {lines} of {tally['lines']} lines "
        f"and {patches} of {tally['patches']} patches ({share} %)"
    )


def check_held(sheet: sheets.Sheet, ground: str, here: str) -> None:
    said = [(kind, [word[0] for word in words]) for kind, words in sheet.blocks]
    if said != [("label", [f"[held-back:{ground}]"])]:
        raise Refusal(here, "this page is held back, and its sheet says more or something else")
    if any(WHITE in row for row in sheet.rows):
        raise Refusal(here, "this page is held back, and its sheet is not shaded")


def hold_page(page: dict, sheet: sheets.Sheet, header: dict, file_leaf: bytes, item: dict, here: str) -> None:
    """Hold the words and the picture of a sheet against the seal of its page."""
    head, hidden = page["head"], set(page["hidden_patches"])
    if (sheet.width, sheet.height) != (head["width"], head["height"]):
        raise Refusal(here, "the picture is not as large as the page that was sealed")
    sealed = [words for kind, words in sheet.blocks if kind == "sealed"]
    visible = [k for k in range(head["lines"]) if k not in page["hidden_lines"]]
    if len(sealed) != len(visible):
        raise Refusal(here, f"{len(sealed)} lines are shown as sealed; {len(visible)} are open")
    labels = [" ".join(word[0] for word in words) for kind, words in sheet.blocks if kind == "label"]
    if labels != [f"[hidden:{region['ground']}]" for region in page["regions"]]:
        raise Refusal(here, "its labels are not those of the hidden regions, in order")
    runs = list_runs(head, hidden)
    shades = runs + join_patches(head, hidden)
    for kind, words in sheet.blocks:
        for text, *box in words if kind != "sealed" else ():
            empty = box[0] == box[2] or box[1] == box[3]
            if not (empty and kind == "label") and not any(lies_within(box, shade) for shade in shades):
                raise Refusal(here, f"{text[:40]!r} was not sealed, and does not lie on the shade")
    patches = cut_patches(sheet, head, hidden, runs, here)
    lines: list = [None] * head["lines"]
    for position, words in zip(visible, sealed, strict=True):
        lines[position] = [list(word) for word in words]
    openings.hold_parts(page, lines, patches, header, file_leaf, item, here)


def lies_within(box: list[int], shade: tuple[int, int, int, int]) -> bool:
    return shade[0] <= box[0] and shade[1] <= box[1] and box[2] <= shade[2] and box[3] <= shade[3]


def list_runs(head: dict, hidden: set[int]) -> list[tuple[int, int, int, int]]:
    """Bands next to each other that are hidden whole, with the rows between them, as wide as the page."""
    runs: list[list[int]] = []
    after = -1
    for band, (top, bottom) in enumerate(head["bands"]):
        if all(band * seals.COLUMNS + k in hidden for k in range(seals.COLUMNS)):
            if after == band:
                runs[-1][1] = bottom
            else:
                runs.append([top, bottom])
            after = band + 1
    return [(0, top, head["width"], bottom) for top, bottom in runs]


def join_patches(head: dict, hidden: set[int]) -> list[tuple[int, int, int, int]]:
    """Hidden patches side by side in one band."""
    joined: list[tuple[int, int, int, int]] = []
    boxes = seals.list_boxes(head)
    for k in sorted(hidden):
        left, top, right, bottom = boxes[k]
        if joined and k % seals.COLUMNS and k - 1 in hidden:
            joined[-1] = (joined[-1][0], top, right, bottom)
        else:
            joined.append((left, top, right, bottom))
    return joined


def cut_patches(
    sheet: sheets.Sheet, head: dict, hidden: set[int], runs: list[tuple[int, int, int, int]], here: str
) -> list[bytes]:
    """The sealed bytes of each visible patch; what is hidden must be shaded, and all else white."""
    patches = [bytearray() for _ in seals.list_boxes(head)]
    edges = [3 * (head["width"] * k // seals.COLUMNS) for k in range(seals.COLUMNS + 1)]
    band = 0
    for y, row in enumerate(sheet.rows):
        while band < len(head["bands"]) and head["bands"][band][1] <= y:
            band += 1
        if any(top <= y < bottom for _, top, _, bottom in runs):
            wrong = WHITE in row
        elif band < len(head["bands"]) and head["bands"][band][0] <= y:
            wrong = False
            for k in range(seals.COLUMNS):
                piece, position = row[edges[k] : edges[k + 1]], band * seals.COLUMNS + k
                if position in hidden:
                    wrong = wrong or WHITE in piece
                else:
                    patches[position] += piece.translate(openings.UPPER)
        else:
            wrong = row.count(WHITE) != len(row)
        if wrong:
            raise Refusal(here, f"row {y + 1} of its picture is neither sealed nor shaded as it must be")
    return [bytes(patch) for patch in patches]
