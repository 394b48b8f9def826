"""A page opens against its seal, whole or in part; whatever is changed is refused at its place."""

import dataclasses
import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightwell.archive import commitment, opening, page, seal
from lightwell.base import errors

KEY = hashlib.sha256(b"a key for tests only").digest()
MEASURE = seal.FileMeasure(hashlib.sha256(b"file").digest(), 4)


def make_parts(number: int = 1, lines: int = 5, hidden_words: int = 1) -> page.Parts:
    """A page of one band a line; line 3 carries `hidden_words` words of a name."""
    bands = tuple((20 * k, 20 * k + 12) for k in range(lines))
    head = page.Head(number, 80, 20 * lines, lines, bands)
    texts = [["Name:", *["Ann"] * hidden_words] if k == 2 else [f"line{k}", "text"] for k in range(lines)]
    rows = tuple(
        tuple(page.Word(text, (9 * j, 20 * k, 9 * j + 8, 20 * k + 12)) for j, text in enumerate(row))
        for k, row in enumerate(texts)
    )
    boxes = page.list_patch_boxes(head)
    patches = tuple(bytes([k % 16 * 16]) * ((b[2] - b[0]) * (b[3] - b[1]) * 3) for k, b in enumerate(boxes))
    return page.Parts(head, rows, patches)


def seal_pages(pages: list[page.Parts]) -> tuple[seal.Header, list[bytes], bytes]:
    header = seal.Header("std-test", 1, len(pages), "test renderer")
    seeds = seal.derive_page_seeds(KEY, len(pages))
    roots = [page.compute_root(seed, parts) for seed, parts in zip(seeds, pages, strict=True)]
    return header, roots, seal.compute_commitment(KEY, header, MEASURE, roots)


@given(st.integers(1, 9), st.data())
def test_any_choice_of_hidden_parts_verifies(count: int, data: st.DataObject) -> None:
    pages = [make_parts(k + 1) for k in range(count)]
    header, roots, sealed = seal_pages(pages)
    shown = pages[data.draw(st.integers(0, count - 1))]
    lines = data.draw(st.sets(st.integers(0, shown.head.lines - 1)))
    patches = data.draw(st.sets(st.integers(0, shown.head.patches - 1)))
    opened = opening.open_page(KEY, header, MEASURE, roots, shown, lines, patches)
    opening.check_page(opened, header, sealed)
    with pytest.raises(errors.Refused):
        opening.check_page(opened, dataclasses.replace(header, pages=count + 1), sealed)


@given(st.integers(1, 40), st.data())
def test_the_short_way_to_a_salt_agrees_with_the_list_of_all(count: int, data: st.DataObject) -> None:
    position = data.draw(st.integers(0, count - 1))
    assert commitment.derive_salt(KEY, count, position) == commitment.derive_salts(KEY, count)[position]


def test_a_changed_word_is_refused_with_its_page_and_line() -> None:
    pages = [make_parts(1), make_parts(2)]
    header, roots, sealed = seal_pages(pages)
    opened = opening.open_page(KEY, header, MEASURE, roots, pages[1])
    line = opened.lines[3]
    assert line is not None
    forged = (page.Word("forged", line[0].box), *line[1:])
    changed = dataclasses.replace(opened, lines=(*opened.lines[:3], forged, *opened.lines[4:]))
    with pytest.raises(errors.Refused, match="page 2, line 4,"):
        opening.check_page(changed, header, sealed)


def test_a_changed_patch_a_changed_head_and_a_foreign_commitment_are_refused() -> None:
    parts = make_parts()
    header, roots, sealed = seal_pages([parts])
    opened = opening.open_page(KEY, header, MEASURE, roots, parts)
    patch = opened.patches[0]
    assert patch is not None
    dark = dataclasses.replace(opened, patches=(bytes([patch[0] ^ 16]) + patch[1:], *opened.patches[1:]))
    wide = dataclasses.replace(opened, head=dataclasses.replace(opened.head, height=200))
    for changed, against in ((dark, sealed), (wide, sealed), (opened, hashlib.sha256(sealed).digest())):
        with pytest.raises(errors.Refused, match="page 1"):
            opening.check_page(changed, header, against)


def test_the_proof_has_one_size_and_shape_for_names_of_one_to_four_words() -> None:
    shapes = set()
    for words in (1, 2, 3, 4):
        parts = make_parts(hidden_words=words)
        header, roots, sealed = seal_pages([parts])
        opened = opening.open_page(KEY, header, MEASURE, roots, parts, {2}, opening.cover_lines(parts, {2}))
        opening.check_page(opened, header, sealed)
        proof = opened.proof
        nodes = tuple(tuple(node.open for node in each) for each in (proof.line_nodes, proof.patch_nodes))
        shapes.add(
            (opening.count_proof_bytes(proof), nodes, tuple(k for k, p in enumerate(opened.patches) if not p))
        )
    assert len(shapes) == 1


def test_a_partial_proof_holds_no_seed_from_which_a_hidden_salt_follows() -> None:
    seed = commitment.derive_secret(KEY, "lines")
    salts = commitment.derive_salts(seed, 8)
    leaves = [hashlib.sha256(salt).digest() for salt in salts]
    nodes = commitment.prove_partial(seed, leaves, {3})
    sizes = iter((2, 1, 1, 4))
    runs = [
        commitment.derive_salts(node.value, size)
        for node, size in zip(nodes, sizes, strict=True)
        if node.open
    ]
    assert [salt for run in runs for salt in run] == salts[:3] + salts[4:]
    assert salts[3] not in {node.value for node in nodes}


def test_a_proof_with_a_node_too_many_or_too_few_is_refused() -> None:
    leaves = [hashlib.sha256(bytes([k])).digest() for k in range(4)]
    nodes = commitment.prove_partial(KEY, leaves, {1})
    for wrong in (nodes[:-1], [*nodes, nodes[0]]):
        with pytest.raises(errors.Refused):
            commitment.compute_partial_root(wrong, 4, {1}, lambda position, salt: leaves[position])


def test_one_seal_cannot_serve_for_two_numbers() -> None:
    parts = make_parts()
    _, roots, sealed = seal_pages([parts])
    other = seal.Header("std-test", 2, 1, "test renderer")
    assert seal.compute_commitment(KEY, other, MEASURE, roots) != sealed


def test_head_and_line_are_read_back_as_written() -> None:
    parts = make_parts()
    assert page.decode_head(page.encode_head(parts.head)) == parts.head
    line = (page.Word('naïve "quoted"\u2028', (0, 1, 2, 3)),)
    assert page.decode_line(json.loads(page.encode_line(line))) == line


def test_a_page_of_many_bands_keeps_at_most_two_hundred_patches() -> None:
    bands = [(3 * k, 3 * k + 2) for k in range(300)]
    merged = page.merge_bands(bands)
    assert len(merged) == page.MAX_BANDS
    assert (merged[0][0], merged[-1][1]) == (0, 899)
    touching = page.merge_bands([(3 * k, 3 * k + 3) for k in range(75)])
    assert {bottom - top for top, bottom in touching} == {3, 6}, "no band swallows a whole column"
