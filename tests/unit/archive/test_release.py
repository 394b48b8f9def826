"""Records of publication are read back as they were made, and refused when they are anything else."""

from __future__ import annotations

import copy
import datetime
import hashlib

import pytest

from lightwell.archive import opening, page, publication, release, seal, words_document
from lightwell.base import canonical, errors

KEY = bytes(range(32))
HEADER = seal.Header("std-test", 3, 2, "renderer")
MEASURE = seal.FileMeasure(hashlib.sha256(b"file").digest(), 4)


def make_parts(number: int) -> page.Parts:
    head = page.Head(number, 8, 20, 2, ((0, 8), (10, 18)))
    lines = tuple((page.Word(f"word {k}", (0, 10 * k, 8, 10 * k + 8)),) for k in range(2))
    boxes = page.list_patch_boxes(head)
    return page.Parts(head, lines, tuple(bytes((b[2] - b[0]) * (b[3] - b[1]) * 3) for b in boxes))


def make_openings() -> list[opening.PageOpening]:
    parts = [make_parts(1), make_parts(2)]
    seeds = seal.derive_page_seeds(KEY, 2)
    roots = [page.compute_root(*each) for each in zip(seeds, parts, strict=True)]
    covered = opening.cover_lines(parts[0], {1})
    return [opening.open_page(KEY, HEADER, MEASURE, roots, parts[0], {1}, covered)]


def make_pages() -> dict:
    held = release.Holding(2, "participant", "approver", datetime.date(2027, 1, 1))
    return release.make_pages_opening(header=HEADER, pages=[(make_openings()[0], "ab" * 32)], holdings=[held])


def make_whole() -> dict:
    return release.make_whole_opening(
        study="std-test",
        item=3,
        key=KEY,
        header=HEADER,
        file=MEASURE,
        media_type="application/pdf",
        page_roots=[bytes(32), bytes(32)],
        words="cd" * 32,
    )


def make_publication() -> dict:
    item = publication.PublishedItem(
        3, "Title", "report", None, "a.pdf", "application/pdf", 2, "whole", "sha256:" + "ab" * 32
    )
    sample = publication.Sample((4, 9), (publication.SampledItem(3, 2, 1, 0),))
    return publication.make_publication(
        study="std-test", number=1, summary="Words.", items=[item], sample=sample
    )


def test_an_opening_of_some_pages_comes_back_with_its_proof():
    read = release.parse_opening(canonical.decode(canonical.encode(make_pages())))
    assert isinstance(read, release.PagesOpening)
    shown = make_openings()[0]
    assert read.pages[0].join_patches(shown.patches) == shown
    assert read.holdings[0].review == datetime.date(2027, 1, 1)
    assert read.header == HEADER


def test_an_opening_of_a_whole_item_comes_back():
    read = release.parse_opening(canonical.decode(canonical.encode(make_whole())))
    assert read == release.WholeOpening(
        HEADER, KEY, MEASURE, "application/pdf", (bytes(32), bytes(32)), "cd" * 32
    )


def test_words_come_back_with_marks_and_without():
    parts, seed = make_parts(1), bytes(32)
    written = words_document.format_words(parts.head, parts.lines, bytes(32), seed)
    assert canonical.encode(canonical.decode(written[:-1])) + b"\n" == written
    marked = words_document.parse_words(written)
    assert (marked.head, marked.lines, marked.patches_root) == (parts.head, parts.lines, bytes(32))
    assert marked.marks == b"".join(each[:4] for each in page.hash_lines(seed, parts.lines))
    assert (
        words_document.parse_words(words_document.format_words(parts.head, parts.lines, bytes(32))).marks
        == b""
    )


def test_a_publication_record_comes_back():
    read = publication.parse_publication(canonical.decode(canonical.encode(make_publication())))
    assert (read.study, read.number, read.items[0].outcome) == ("std-test", 1, "whole")
    assert read.sample == publication.Sample((4, 9), (publication.SampledItem(3, 2, 1, 0),))


def test_a_publication_record_without_a_sample_is_one_of_before():
    record = make_publication()
    del record["sample"]
    assert publication.parse_publication(record).sample is None


@pytest.mark.parametrize(
    ("checkpoints", "items"),
    [
        ((), [(3, 2, 1, 0)]),
        ((4,), []),
        ((9, 4), [(3, 2, 1, 0)]),
        ((4, 4), [(3, 2, 1, 0)]),
        ((0,), [(3, 2, 1, 0)]),
        ((4,), [(3, 2, 1, 0), (2, 2, 1, 0)]),
        ((4,), [(3, 2, 1, 0), (3, 2, 1, 0)]),
        ((4,), [(3, 1, 2, 0)]),
        ((4,), [(3, 2, 1, 2)]),
        ((4,), [(3, 2, 1, -1)]),
        ((4,), [(3, 0, 0, 0), (4, 1, 1, 0)]),
        ((4,), [(3, 2, 0, 0)]),
    ],
)
def test_a_sample_that_nobody_can_have_read_cannot_be_made(checkpoints, items):
    with pytest.raises(errors.Refused, match="sample"):
        publication.Sample(checkpoints, tuple(publication.SampledItem(*each) for each in items))


def list_changes() -> list[tuple[str, dict]]:
    """Every record with one member left out, added or made something else, at every depth."""
    changed = []
    for name, record in (
        ("opening", make_whole()),
        ("opening", make_pages()),
        ("publication", make_publication()),
    ):
        for path in list_paths(record):
            for new in (..., 1.5, [None], {"more": 1}):
                other = copy.deepcopy(record)
                place = other
                for step in path[:-1]:
                    place = place[step]
                if new is ... and path == ("sample",):
                    continue  # the one member that may be missing
                if new is ... and isinstance(place, dict):
                    del place[path[-1]]
                else:
                    place[path[-1]] = new
                changed.append((name, other))
    return changed


def list_paths(value: object) -> list[tuple]:
    inner = (
        list(value.items())
        if isinstance(value, dict)
        else list(enumerate(value))
        if isinstance(value, list)
        else []
    )
    return [(key, *rest) for key, each in inner for rest in [(), *list_paths(each)]]


def test_a_record_with_any_member_missing_or_of_another_shape_is_refused():
    changes = list_changes()
    assert len(changes) > 200
    for name, record in changes:
        reader = release.parse_opening if name == "opening" else publication.parse_publication
        with pytest.raises(errors.LightwellError):
            reader(record)


def test_an_opening_names_every_page_once():
    record = make_pages()
    record["holdings"] = []
    with pytest.raises(errors.Refused, match="every page"):
        release.parse_opening(record)


@pytest.mark.parametrize("name", ["ground", "decided_by"])
def test_a_ground_that_is_a_sentence_is_no_ground(name: str) -> None:
    record = make_pages()
    record["holdings"][0][name] = "participant]\u2029Nothing was found. [hidden:participant"
    with pytest.raises(errors.Refused, match="is no id"):
        release.parse_opening(record)
