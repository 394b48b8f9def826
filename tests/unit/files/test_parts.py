"""The sealed words and pictures of an item come back bit for bit, one page alone or all in order."""

import itertools
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lightwell.archive import page
from lightwell.base import errors
from lightwell.files import parts, sealed
from lightwell.files.store import FileStore

KEY = bytes(range(32))
WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
SIDES = st.integers(0, 30_000)


@st.composite
def draw_page(draw, number: int) -> page.Parts:
    width, height = draw(st.integers(1, 60)), draw(st.integers(1, 40))
    edges = sorted(draw(st.sets(st.integers(0, height), max_size=8)))
    bands = tuple(zip(edges[::2], edges[1::2], strict=False))
    line = st.builds(
        lambda words: tuple(page.Word(*word) for word in words),
        st.lists(st.tuples(WORDS, st.tuples(SIDES, SIDES, SIDES, SIDES)), min_size=1, max_size=4),
    )
    lines = tuple(draw(st.lists(line, max_size=4)))
    head = page.Head(number, width, height, len(lines), bands)
    grey = draw(st.booleans())
    patches = []
    for left, top, right, bottom in page.list_patch_boxes(head):
        pixels = (right - left) * (bottom - top)
        noise = draw(st.randoms(use_true_random=False)).randbytes(pixels if grey else 3 * pixels)
        # Pages are white but for some runs.
        white = draw(st.integers(0, len(noise)))
        patch = bytes(value & page.CHANNEL_MASK for value in noise[white:]).rjust(len(noise), b"\xf0")
        patches.append(bytes(value for value in patch for _ in range(3)) if grey else patch)
    return page.Parts(head, lines, tuple(patches))


@settings(max_examples=60, deadline=None)
@given(draw_page(7))
def test_a_page_comes_back_bit_for_bit(each: page.Parts) -> None:
    assert parts.decode_parts(parts.encode_parts(each, bytes(32))) == each


@settings(max_examples=30, deadline=None)
@given(draw_page(7))
def test_words_are_kept_as_the_words_document_needs_them(each: page.Parts) -> None:
    lines, text = page.split_lines(page.encode_lines(each.lines))
    assert lines == [page.encode_line(line) for line in each.lines]
    assert text == "\n".join(" ".join(word.text for word in line) for line in each.lines)


def make_pages(count: int) -> list[page.Parts]:
    made = []
    for number in range(1, count + 1):
        head = page.Head(number, 41, 30, 1, ((2, 9), (11, 12)))
        boxes = page.list_patch_boxes(head)
        patches = tuple(
            bytes((number * 16 + at) & 0xF0 for at in range((right - left) * (bottom - top) * 3))
            for left, top, right, bottom in boxes
        )
        made.append(page.Parts(head, ((page.Word(f"page{number}", (1, 2, 3, 9)),),), patches))
    return made


SEED = bytes(32)


def add_roots(made: list[page.Parts]) -> Iterator[tuple[page.Parts, bytes]]:
    return ((each, page.compute_roots(SEED, each)[1]) for each in made)


def test_words_come_with_the_root_of_the_patches_also_from_files_that_do_not_keep_it(tmp_path: Path) -> None:
    store, made = FileStore(tmp_path), make_pages(3)
    expected = [
        parts.Words(page.encode_head(each.head), page.encode_lines(each.lines), root)
        for each, root in add_roots(made)
    ]
    new = parts.write_parts(store, KEY, add_roots(made))
    assert list(parts.iterate_words(store, KEY, new, [SEED] * 3)) == expected
    old = write_older(store, made)
    assert list(parts.iterate_words(store, KEY, old, [SEED] * 3)) == expected
    assert list(parts.iterate_parts(store, KEY, old)) == made


def write_older(store: FileStore, made: list[page.Parts]) -> str:
    """Write the container as it was at first: all pixels, and no root of the patches."""
    records = []
    for each in made:
        channels = b"".join(each.patches)
        # Two values of four bits a byte, all three channels of every pixel.
        halves = bytes(
            a | b >> 4 for a, b in itertools.zip_longest(channels[::2], channels[1::2], fillvalue=0)
        )
        pieces = (
            page.encode_head(each.head),
            zlib.compress(page.encode_lines(each.lines), 1),
            b"3" + zlib.compress(halves, 1),
        )
        records.append(b"".join(struct.pack(">I", len(piece)) + piece for piece in pieces))
    mark, index, offset = b"lightwell.parts.v1\n", b"", len(b"lightwell.parts.v1\n")
    for record in records:
        index += struct.pack(">QQ", offset, len(record))
        offset += len(record)
    tail = index + struct.pack(">QQ", offset, len(made))
    return sealed.write_bytes(store, KEY, mark + b"".join(records) + tail)


def test_one_page_is_read_alone_and_all_in_order(tmp_path: Path) -> None:
    store, made = FileStore(tmp_path), make_pages(30)
    digest = parts.write_parts(store, KEY, add_roots(made))
    assert parts.read_part(store, KEY, digest, 17) == made[16]
    assert list(parts.iterate_parts(store, KEY, digest)) == made
    assert parts.count_parts(store, KEY, digest) == 30
    for number in (0, 31):
        with pytest.raises(errors.Refused, match="there is no page"):
            parts.read_part(store, KEY, digest, number)


def test_pages_out_of_order_leave_nothing_and_other_streams_are_refused(tmp_path: Path) -> None:
    store, made = FileStore(tmp_path), make_pages(3)
    with pytest.raises(errors.Refused, match="page 2 belongs"):
        parts.write_parts(store, KEY, add_roots([made[0], made[2]]))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    for data in (b"", b"an original file, not a container of pages at all"):
        with pytest.raises(errors.Damaged, match="holds no pages"):
            parts.read_part(store, KEY, sealed.write_bytes(store, KEY, data), 1)


def test_a_container_that_was_changed_is_refused_before_a_page_is_shown(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    digest = parts.write_parts(store, KEY, add_roots(make_pages(3)))
    path = store.find_path("sealed", digest)
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)
    with pytest.raises(errors.Damaged, match="changed or cut off"):
        parts.read_part(store, KEY, digest, 1)
