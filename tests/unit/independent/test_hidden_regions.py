"""Documents with hidden regions before all three verifiers: good ones with the same counts, forgeries.

The forger has every key: each forgery is signed by everybody, and list, table and certificate fit it.
"""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import random
import re
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redaction_fixture as fixture
import verifier_fixture
import verify
from click.testing import CliRunner
from redaction_fixture import Work
from verifier_fixture import needs_chromium

from lightwell.archive import page
from lightwell.archive.published_pdf import Block, Picture, Sheet
from lightwell.cli import verify as command

PDF = r"documents/[0-9a-f]{64}\.pdf"
RECORD = r"records/[0-9a-f]{64}\.json"
FRONT = 9  # objects before those of the first page
Change = Callable[[Work], str]


def change_sheet(work: Work, number: int, change: Callable[[Sheet], Sheet], item: int = 1) -> str:
    sheets = work.first[item].sheets
    sheets[number - 1] = change(sheets[number - 1])
    return f"{PDF}, page {number}"


def get_page(work: Work, number: int, item: int = 1) -> dict[str, Any]:
    return next(each for each in work.first[item].record["pages"] if each["page"] == number)


def set_word(sheet: Sheet, block: int, word: int, **changes: Any) -> Sheet:
    words = list(sheet.blocks[block].words)
    words[word] = dataclasses.replace(words[word], **changes)
    return fixture.change_block(sheet, block, words=tuple(words))


def add_block(sheet: Sheet, at: int, block: Block) -> Sheet:
    return Sheet(sheet.picture, (*sheet.blocks[:at], block, *sheet.blocks[at:]))


def drop_block(sheet: Sheet, at: int) -> Sheet:
    return Sheet(sheet.picture, sheet.blocks[:at] + sheet.blocks[at + 1 :])


def find_block(sheet: Sheet, kind: str, after: int = 0) -> int:
    return next(k for k, block in enumerate(sheet.blocks) if block.kind == kind and k >= after)


# ---- words ----


def change_sealed_word(work: Work) -> str:
    """A word of line 3 of the page, in the second block of those that are sealed."""
    place = change_sheet(work, 2, lambda s: set_word(s, find_block(s, "sealed", 1), 2, text="denied"))
    return f"{place}.*line 3"


def move_sealed_word(work: Work) -> str:
    def move(sheet: Sheet) -> Sheet:
        left, top, right, bottom = sheet.blocks[4].words[0].box
        return set_word(sheet, 4, 0, box=(left, top, right + 1, bottom))

    return change_sheet(work, 3, move) + ".*line 5"


def swap_sealed_lines(work: Work) -> str:
    def swap(sheet: Sheet) -> Sheet:
        first, second, *rest = sheet.blocks
        return Sheet(sheet.picture, (second, first, *rest))

    return change_sheet(work, 3, swap)


def drop_sealed_line(work: Work) -> str:
    return change_sheet(work, 3, lambda sheet: drop_block(sheet, 1))


def call_hidden_line_sealed(work: Work) -> str:
    """What was set anew of a hidden line stands there as a checked one."""

    def call(sheet: Sheet) -> Sheet:
        return fixture.change_block(sheet, find_block(sheet, "reset"), kind="sealed")

    return change_sheet(work, 2, call)


def call_sealed_line_reset(work: Work) -> str:
    def call(sheet: Sheet) -> Sheet:
        return fixture.change_block(sheet, find_block(sheet, "sealed"), kind="reset")

    return change_sheet(work, 2, call)


def reset_beside_shade(work: Work) -> str:
    """Words that nobody sealed, on the white or checked part of the page."""

    def move(sheet: Sheet) -> Sheet:
        at = find_block(sheet, "reset")
        left, top, right, bottom = sheet.blocks[at].words[0].box
        return set_word(sheet, at, 0, box=(left, top + 20, right, bottom + 20))

    return change_sheet(work, 2, move)


def reset_one_pixel_beside_shade(work: Work) -> str:
    def move(sheet: Sheet) -> Sheet:
        at = find_block(sheet, "reset")
        left, top, right, _ = sheet.blocks[at].words[0].box
        return set_word(sheet, at, 0, box=(left, top, right, top + fixture.BAND + 1))

    return change_sheet(work, 2, move)


def reset_empty_box_outside(work: Work) -> str:
    def add(sheet: Sheet) -> Sheet:
        return add_block(sheet, 0, Block("reset", (page.Word("never", (5, 3, 5, 3)),)))

    return change_sheet(work, 2, add)


def say_more_in_checked_page(work: Work) -> str:
    """On a page of which nothing is hidden."""

    def add(sheet: Sheet) -> Sheet:
        return add_block(sheet, 5, Block("reset", (page.Word("never", (20, 4, 55, 18)),)))

    return change_sheet(work, 3, add)


# ---- labels and regions ----


def drop_label(work: Work) -> str:
    return change_sheet(work, 2, lambda sheet: drop_block(sheet, find_block(sheet, "label")))


def add_label(work: Work) -> str:
    def add(sheet: Sheet) -> Sheet:
        at = find_block(sheet, "label")
        return add_block(sheet, at, sheet.blocks[at])

    return change_sheet(work, 2, add)


def label_other_ground(work: Work) -> str:
    def change(sheet: Sheet) -> Sheet:
        return set_word(sheet, find_block(sheet, "label"), 0, text="[hidden:participant]")

    return change_sheet(work, 2, change)


def label_beside_shade(work: Work) -> str:
    def move(sheet: Sheet) -> Sheet:
        return set_word(sheet, find_block(sheet, "label"), 0, box=(20, 4, 60, 18))

    return change_sheet(work, 2, move)


def swap_regions(work: Work) -> str:
    """Two regions of other grounds change their places in the record."""
    get_page(work, 1, 4)["regions"].reverse()
    return f"{PDF}, page 1"


def drop_region(work: Work) -> str:
    get_page(work, 2)["regions"].pop()
    return f"{PDF}, page 2"


def drop_regions(work: Work) -> str:
    """Hidden lines and patches without any reason."""
    get_page(work, 2)["regions"].clear()
    change_sheet(
        work,
        2,
        lambda sheet: Sheet(sheet.picture, tuple(b for b in sheet.blocks if b.kind != "label")),
    )
    return f"{RECORD}|{PDF}, page 2"


def add_region(work: Work) -> str:
    """A region on a page of which everything is open."""
    region = copy.deepcopy(get_page(work, 2)["regions"][0])
    get_page(work, 3)["regions"].append(region)
    label = Block("label", (page.Word("[hidden:confidential]", (0, 0, 0, 0)),))
    change_sheet(work, 3, lambda sheet: add_block(sheet, 5, label))
    return f"{RECORD}|{PDF}, page 3"


def review_never(work: Work) -> str:
    get_page(work, 2)["regions"][0]["review"] = "2027-02-30"
    return RECORD


def add_member_to_region(work: Work) -> str:
    get_page(work, 2)["regions"][0]["note"] = "fine"
    return RECORD


def say_true_for_page_one(work: Work) -> str:
    get_page(work, 1)["page"] = True
    return RECORD


def hide_line_more(work: Work) -> str:
    """A line that stands open in the PDF is called hidden; its proof opens it."""
    value = get_page(work, 2)
    value["hidden_lines"] = sorted([*value["hidden_lines"], 0])
    change_sheet(work, 2, lambda sheet: drop_block(sheet, 0))
    return f"{PDF}, page 2"


def list_hidden_twice(work: Work) -> str:
    get_page(work, 2)["hidden_lines"].append(5)
    return RECORD


def hide_line_that_is_none(work: Work) -> str:
    get_page(work, 2)["hidden_lines"].append(7)
    return RECORD


# ---- the picture ----


def change_visible_pixel(work: Work) -> str:
    return change_sheet(work, 2, lambda sheet: fixture.paint(sheet, 30, 12, (0x22, 0x22, 0x22)))


def whiten_shade(work: Work) -> str:
    """One pixel of a shaded patch is white, as if it had been checked."""
    return change_sheet(work, 2, lambda sheet: fixture.paint(sheet, 50, 30, (255, 255, 255)))


def whiten_one_channel(work: Work) -> str:
    return change_sheet(work, 2, lambda sheet: fixture.paint(sheet, 50, 30, (255, 0, 0)))


def whiten_between_bands(work: Work) -> str:
    """Between two bands that are hidden whole, where rows belong to the shade."""
    return change_sheet(work, 1, lambda sheet: fixture.paint(sheet, 50, 20, (255, 255, 255)))


def draw_between_bands(work: Work) -> str:
    """Where rows are to be white, because the bands beside them are open."""
    return change_sheet(work, 3, lambda sheet: fixture.paint(sheet, 50, 20, (0, 0, 0)))


def draw_beside_hidden_patch(work: Work) -> str:
    """In a row between bands of which one is hidden in part only."""
    return change_sheet(work, 2, lambda sheet: fixture.paint(sheet, 50, 20, (0xEE, 0xEE, 0xEE)))


def widen_picture(work: Work) -> str:
    def widen(sheet: Sheet) -> Sheet:
        shown = sheet.picture
        white = shown.palette.index(b"\xff\xff\xff") // 3
        row = bytes([white]) * shown.width
        taller = Picture(shown.width, shown.height + 1, shown.palette, shown.pixels + row)
        return Sheet(taller, sheet.blocks)

    return change_sheet(work, 3, widen)


def change_photo(work: Work) -> str:
    """One pixel of a picture with more than 256 colours."""
    return change_sheet(work, 1, lambda sheet: fixture.paint(sheet, 400, 60, (0, 0, 0)), item=2)


# ---- sheets ----


def drop_sheet(work: Work) -> str:
    work.first[1].sheets.pop()
    return PDF


def add_sheet(work: Work) -> str:
    work.first[1].sheets.append(work.first[1].sheets[-1])
    return PDF


def swap_sheets(work: Work) -> str:
    sheets = work.first[2].sheets
    sheets.reverse()
    return f"{PDF}, page 1"


def say_more_on_held_sheet(work: Work) -> str:
    def add(sheet: Sheet) -> Sheet:
        return add_block(sheet, 1, Block("reset", (page.Word("never", (9, 9, 40, 20)),)))

    return change_sheet(work, 4, add)


def say_more_in_held_label(work: Work) -> str:
    def add(sheet: Sheet) -> Sheet:
        words = (*sheet.blocks[0].words, page.Word("never", (9, 9, 40, 20)))
        return fixture.change_block(sheet, 0, words=words)

    return change_sheet(work, 4, add)


def whiten_held_sheet(work: Work) -> str:
    return change_sheet(work, 4, lambda sheet: fixture.paint(sheet, 800, 1200, (255, 255, 255)))


def hold_for_other_ground(work: Work) -> str:
    work.first[1].record["holdings"][0]["ground"] = "confidential"
    return f"{PDF}, page 4"


def hold_page_that_is_shown(work: Work) -> str:
    """Page 3 is called held back; its sheet shows it."""
    record = work.first[1].record
    record["pages"].pop()
    record["holdings"].insert(0, {**record["holdings"][0], "page": 3})
    return f"{PDF}, page 3"


def forget_page(work: Work) -> str:
    work.first[1].record["holdings"].clear()
    return RECORD


# ---- the bytes of the PDF ----


def change_bytes(work: Work, change: Callable[[bytes], bytes], place: str = PDF) -> str:
    work.first[1].change_pdf = change
    return place


def change_object(work: Work, number: int, change: Callable[[bytes], bytes], place: str = PDF) -> str:
    """One object, with the table written to fit."""

    def rebuild(data: bytes) -> bytes:
        bodies = fixture.list_objects(data)
        changed = change(bodies[number - 1])
        assert changed != bodies[number - 1]
        bodies[number - 1] = changed
        return fixture.join_objects(bodies)

    return change_bytes(work, rebuild, place)


def repack(body: bytes, change: Callable[[bytes], bytes], behind: bytes = b"", level: int = 9) -> bytes:
    """Unpack the stream of an object, change it, pack it again."""
    head, _, rest = body.partition(b"/Length ")
    length, _, rest = rest.partition(b">>\nstream\n")
    packed = zlib.compress(change(zlib.decompress(rest[: int(length)])), level) + behind
    return b"%b/Length %d>>\nstream\n%b\nendstream" % (head, len(packed), packed)


def find_object(number: int, part: int) -> int:
    """The number of one of the five objects of a page: 0 page, 1 words, 2 picture, 3 paragraph, 4 parents."""
    return FRONT + 1 + 5 * (number - 1) + part


def append_bytes(work: Work) -> str:
    return change_bytes(work, lambda data: data + b"\n")


def append_update(work: Work) -> str:
    """A second table, as an editor appends it."""

    def update(data: bytes) -> bytes:
        table = data[data.rindex(b"xref\n0 ") :]
        return data + table.replace(b"startxref\n%d" % data.rindex(b"xref\n0 "), b"startxref\n%d" % len(data))

    return change_bytes(work, update)


def add_object(work: Work) -> str:
    return change_bytes(
        work, lambda data: fixture.join_objects([*fixture.list_objects(data), b"(a name that nobody sees)"])
    )


def exchange_font_map(work: Work) -> str:
    return change_object(work, 7, lambda body: body.replace(b"<FFFF> <0000>", b"<FFFF> <0041>"))


def name_other_font(work: Work) -> str:
    return change_object(work, 5, lambda body: body.replace(b"/Flags 5", b"/Flags 4"))


def exchange_glyphs(work: Work) -> str:
    return change_object(work, 9, lambda body: repack(body, lambda data: b"\0\0" + data[2:]))


def add_metadata(work: Work) -> str:
    return change_object(work, 1, lambda body: body.replace(b">>", b"/Author (Ana)>>"))


def write_title_small(work: Work) -> str:
    """The same title, in small digits."""
    return change_object(work, 1, lambda body: body.replace(b"FEFF", b"feff"))


def break_title(work: Work) -> str:
    """Half of a pair of UTF-16 alone."""
    return change_object(work, 1, lambda body: body.replace(b"FEFF0053", b"FEFFD800"))


def name_no_language(work: Work) -> str:
    return change_object(work, 2, lambda body: body.replace(b"(en)", b"(english-)"))


def add_action(work: Work) -> str:
    return change_object(work, 2, lambda body: body.replace(b"/MarkInfo", b"/OpenAction 10 0 R/MarkInfo"))


def widen_page(work: Work) -> str:
    def widen(body: bytes) -> bytes:
        return body.replace(b"MediaBox[0 0 275", b"MediaBox[0 0 276")

    return change_object(work, find_object(2, 0), widen, f"{PDF}, page 2")


def mark_no_block(work: Work) -> str:
    def drop(body: bytes) -> bytes:
        return re.sub(rb" [0-9]+\]", b"]", body)

    return change_object(work, find_object(2, 3), drop, f"{PDF}, page 2")


def unsort_palette(work: Work) -> str:
    """The same picture, with two colours and their indexes exchanged."""

    def exchange(body: bytes) -> bytes:
        found = re.search(rb"<([0-9A-F]{6})([0-9A-F]{6})", body)
        head = body.replace(found[0], b"<" + found[2] + found[1], 1)
        nibble = bytes(1 if v == 0 else 0 if v == 1 else v for v in range(16))

        def swap(data: bytes) -> bytes:
            return bytes(nibble[b >> 4] << 4 | nibble[b & 15] for b in data)

        assert b"/BitsPerComponent 4" in body
        return repack(head, swap)

    return change_object(work, find_object(3, 2), exchange, f"{PDF}, page 3")


def repeat_colour(work: Work) -> str:
    def repeat(body: bytes) -> bytes:
        found = re.search(rb"Indexed/DeviceRGB ([0-9]+) <([0-9A-F]+)>", body)
        colours, last = found[2] + found[2][-6:], int(found[1]) + 1
        return body.replace(found[0], b"Indexed/DeviceRGB %d <%b>" % (last, colours))

    return change_object(work, find_object(3, 2), repeat, f"{PDF}, page 3")


def point_at_no_colour(work: Work) -> str:
    return change_object(
        work,
        find_object(3, 2),
        lambda body: repack(body, lambda data: b"\xff" + data[1:]),
        f"{PDF}, page 3",
    )


def fill_padding(work: Work) -> str:
    """Bits behind the last pixel of a row, in which something could be written."""

    def fill(data: bytes) -> bytes:
        stride = (fixture.WIDTH + 1) // 2
        return data[: stride - 1] + bytes([data[stride - 1] | 1]) + data[stride:]

    return change_object(work, find_object(3, 2), lambda body: repack(body, fill), f"{PDF}, page 3")


def lengthen_picture(work: Work) -> str:
    return change_object(
        work, find_object(3, 2), lambda body: repack(body, lambda data: data + b"\0"), f"{PDF}, page 3"
    )


def shorten_picture(work: Work) -> str:
    return change_object(
        work, find_object(3, 2), lambda body: repack(body, lambda data: data[:-1]), f"{PDF}, page 3"
    )


def write_behind_stream(work: Work) -> str:
    return change_object(
        work,
        find_object(3, 2),
        lambda body: repack(body, lambda data: data, b"hidden"),
        f"{PDF}, page 3",
    )


def write_behind_words(work: Work) -> str:
    return change_object(
        work,
        find_object(3, 1),
        lambda body: repack(body, lambda data: data, b"hidden"),
        f"{PDF}, page 3",
    )


def write_comment_into_words(work: Work) -> str:
    return change_object(
        work,
        find_object(2, 1),
        lambda body: repack(body, lambda data: data.replace(b"ET\n", b"% Ana\nET\n")),
        f"{PDF}, page 2",
    )


def draw_another_text(work: Work) -> str:
    """Words in no block."""
    return change_object(
        work,
        find_object(2, 1),
        lambda body: repack(body, lambda data: data.replace(b"EMC\nET\n", b"<0041> Tj\nEMC\nET\n")),
        f"{PDF}, page 2",
    )


def stretch_word(work: Work) -> str:
    def stretch(data: bytes) -> bytes:
        return re.sub(rb"([0-9])\.([0-9]{2}) Tz", rb"\1.\2\2 Tz", data, count=1)

    return change_object(work, find_object(2, 1), lambda body: repack(body, stretch), f"{PDF}, page 2")


def break_word(work: Work) -> str:
    """A word with half of a pair of UTF-16 alone."""

    def change(data: bytes) -> bytes:
        return re.sub(rb"Tm <[0-9A-F]{4}", b"Tm <D800", data, count=1)

    return change_object(work, find_object(2, 1), lambda body: repack(body, change), f"{PDF}, page 2")


def show_words(work: Work) -> str:
    """The same words, drawn instead of invisible."""
    return change_object(
        work,
        find_object(2, 1),
        lambda body: repack(body, lambda data: data.replace(b"3 Tr", b"0 Tr")),
        f"{PDF}, page 2",
    )


def exchange_packing(work: Work) -> str:
    """The bytes of another packing under the digest of the first."""

    def exchange(data: bytes) -> bytes:
        bodies = fixture.list_objects(data)
        at = find_object(3, 1) - 1
        bodies[at] = repack(bodies[at], lambda same: same, level=1)
        changed = fixture.join_objects(bodies)
        assert changed != data
        return changed

    work.first[1].exchange_pdf = exchange
    return PDF


def name_older_pdf(work: Work) -> str:
    """The second opening, with less hidden, names the PDF of the first one."""
    data = work.first[1].write_pdf()
    work.later[1].record["document"] = hashlib.sha256(data).hexdigest()
    return f"{PDF}, page 1"


# ---- the log ----


def count_other_pages_redacted(work: Work) -> str:
    work.first[1].redacted = 1
    return RECORD


def count_no_page_redacted(work: Work) -> str:
    work.first[1].redacted = 0
    return RECORD


def count_more_redacted_than_open(work: Work) -> str:
    work.first[1].redacted = 4
    return ".*log entry"


def count_other_pages(work: Work) -> str:
    work.first[1].pages = 4
    return RECORD


def call_it_whole(work: Work) -> str:
    work.outcomes[2] = "whole"
    return RECORD


def call_it_pages(work: Work) -> str:
    work.outcomes[2] = "pages"
    return RECORD


def call_it_pending(work: Work) -> str:
    work.outcomes[2] = "pending"
    return RECORD


def call_it_withheld(work: Work) -> str:
    work.outcomes[2] = "withheld"
    return RECORD


def invent_mode(work: Work) -> str:
    work.first[1].record["mode"] = "shaded"
    return RECORD


def invent_member(work: Work) -> str:
    work.first[1].record["note"] = "fine"
    return RECORD


FORGERIES: list[Change] = [
    *(change_sealed_word, move_sealed_word, swap_sealed_lines, drop_sealed_line, call_hidden_line_sealed),
    *(call_sealed_line_reset, reset_beside_shade, reset_one_pixel_beside_shade, reset_empty_box_outside),
    *(say_more_in_checked_page, drop_label, add_label, label_other_ground, label_beside_shade, swap_regions),
    *(drop_region, drop_regions, add_region, review_never, add_member_to_region, say_true_for_page_one),
    *(hide_line_more, list_hidden_twice, hide_line_that_is_none, change_visible_pixel, whiten_shade),
    *(whiten_one_channel, whiten_between_bands, draw_between_bands, draw_beside_hidden_patch, widen_picture),
    *(change_photo, drop_sheet, add_sheet, swap_sheets, say_more_on_held_sheet, say_more_in_held_label),
    *(whiten_held_sheet, hold_for_other_ground, hold_page_that_is_shown, forget_page, append_bytes),
    *(append_update, add_object, exchange_font_map, name_other_font, exchange_glyphs, add_metadata),
    *(write_title_small, break_title, name_no_language, add_action, widen_page, mark_no_block),
    *(unsort_palette, repeat_colour, point_at_no_colour, fill_padding, lengthen_picture, shorten_picture),
    *(write_behind_stream, write_behind_words, write_comment_into_words, draw_another_text, stretch_word),
    *(
        break_word,
        show_words,
        exchange_packing,
        name_older_pdf,
        count_other_pages_redacted,
        count_no_page_redacted,
    ),
    *(count_more_redacted_than_open, count_other_pages, call_it_whole, call_it_pages),
    *(call_it_pending, call_it_withheld, invent_mode, invent_member),
]


@pytest.fixture(scope="session")
def module(made: Any) -> Any:
    return sys.modules[type(made).__module__]


@pytest.fixture(scope="session")
def good(module: Any) -> Work:
    return fixture.make_work(module.STUDY)


@pytest.fixture(scope="session")
def good_bundle(good: Work, module: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("good") / "bundle"
    good.write(module).write(folder)
    return folder


@pytest.fixture(scope="session")
def forged(good: Work, module: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, str]]:
    """The folder of each forgery, and how its refusal must begin."""
    room, found = tmp_path_factory.mktemp("forged"), {}
    for forgery in FORGERIES:
        work = copy.deepcopy(good)
        place = forgery(work)
        work.write(module).write(room / forgery.__name__)
        found[forgery.__name__] = room / forgery.__name__, place
    return found


def judge_twice(folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    first = CliRunner().invoke(command.verify, [str(folder)])
    code = verify.main([str(folder)])
    return f"{first.exit_code} {first.output}", f"{code} {capsys.readouterr().out}"


def count_regions(said: str) -> list[str]:
    """Every number of what a verdict says about hidden parts, with the grounds."""
    about = re.search(r"(?:open|[Pp]ublished) with hidden parts:(.*?%\))", said, re.DOTALL)[1]
    return re.findall(r"[0-9]+ [a-z-]*[a-z]+-[a-z-]+|[0-9]+ (?:participant|confidential)|[0-9]+", about)


COUNTS = [
    *("4", "8", "4", "1 child-identifiable", "3 confidential", "1 participant", "1 text-not-shown"),
    *("30", "38", "128", "160", "79"),
]


def test_good_documents_are_accepted_by_both_with_the_same_counts(
    good_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Several pages, one held back, widths hidden or kept, a photograph, ink missing, less hidden later."""
    for said in judge_twice(good_bundle, capsys):
        assert said[0] == "0", said
        assert count_regions(said) == COUNTS
    table = (good_bundle / "gaps.csv").read_text().splitlines()
    assert [line.split(",")[2] for line in table[1:]] == ["partly-opened"] * 4
    assert [line.split(",")[7:10] for line in table[1:]] == [
        *(["4", "3", "1"], ["2", "2", "1"], ["2", "2", "1"], ["1", "1", "1"]),
    ]


def test_what_a_lifted_redaction_hid_is_counted_by_neither_although_its_opening_is_checked(
    good: Work, module: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    work = copy.deepcopy(good)
    work.first = {1: work.first[1]}
    work.later = {1: work.first[1].document.redact({})}
    work.write(module).write(tmp_path / "good")
    for said in judge_twice(tmp_path / "good", capsys):
        assert said[0] == "0", said
        assert count_regions(said)[:3] == ["1", "4", "0"]
        assert "by ground: none" in said
        assert "openings that a later one of the same item replaced, checked and not counted: 1" in said
    change_visible_pixel(work)
    work.write(module).write(tmp_path / "changed")
    assert {said[0] for said in judge_twice(tmp_path / "changed", capsys)} == {"1"}


@pytest.mark.parametrize("name", [each.__name__ for each in FORGERIES])
def test_a_document_that_breaks_a_rule_is_refused_by_both_at_its_place(
    name: str, forged: dict[str, tuple[Path, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, place = forged[name]
    for said in judge_twice(folder, capsys):
        assert re.match(f"1 refused: ({place})", said), said
        assert said.count("\n") == 1, "one sentence"


@pytest.mark.parametrize("seed", range(24))
def test_any_changed_byte_of_a_published_pdf_is_refused_by_both_although_the_record_names_its_digest(
    seed: int, good: Work, module: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dice, work = random.Random(seed), copy.deepcopy(good)

    def change(data: bytes) -> bytes:
        at = dice.randrange(len(data))
        return data[:at] + bytes([data[at] ^ 1 << dice.randrange(8)]) + data[at + 1 :]

    work.first[dice.choice([1, 2, 3, 4])].change_pdf = change
    work.write(module).write(tmp_path / "bundle")
    for said in judge_twice(tmp_path / "bundle", capsys):
        assert re.match(f"1 refused: {PDF}", said), said


def test_another_packing_is_no_other_document_when_the_record_names_its_digest(
    good: Work, module: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    work = copy.deepcopy(good)
    exchange_packing(work)
    work.first[1].change_pdf, work.first[1].exchange_pdf = work.first[1].exchange_pdf, lambda data: data
    work.write(module).write(tmp_path / "bundle")
    assert {said[0] for said in judge_twice(tmp_path / "bundle", capsys)} == {"0"}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with verifier_fixture.run_chromium() as driver:
        yield driver


@pytest.mark.browser
@needs_chromium
def test_the_browser_accepts_good_documents_with_the_same_counts(browser: Any, good_bundle: Path) -> None:
    title, sentence = verifier_fixture.check(browser, good_bundle)
    assert title == "Verified", sentence
    said = browser.find_element("id", "summary").text
    assert count_regions(said) == COUNTS
    row = browser.find_element("css selector", "tbody tr").text
    assert row.endswith(" 4 3 1 0"), "pages, published, of these with hidden parts, days late"


@pytest.mark.browser
@needs_chromium
@pytest.mark.parametrize("share", [0.25, pytest.param(1, marks=pytest.mark.full)], ids=["sample", "all"])
def test_the_browser_refuses_them_at_the_same_places(
    share: float, browser: Any, forged: dict[str, tuple[Path, str]]
) -> None:
    wrong = {}
    for name in random.Random(27).sample(sorted(forged), int(share * len(forged))):
        folder, place = forged[name]
        title, sentence = verifier_fixture.check(browser, folder)
        if title != "Refused" or not re.match(f"({place})", sentence):
            wrong[name] = (title, sentence)
    assert wrong == {}
