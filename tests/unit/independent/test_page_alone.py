"""One page opened alone: its proof as a file and by address, what is refused and where, how large it is."""

from __future__ import annotations

import copy
import functools
import hashlib
import http.server
import json
import random
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import verify
from click.testing import CliRunner

from lightwell.archive import opening, page, picture, seal
from lightwell.archive import page_proof as page_proofs
from lightwell.cli import verify as command
from lightwell.tlog import tree

KEY, MEASURE = b"k" * 32, seal.FileMeasure(b"m" * 32, 9)
SEEDS = range(60)


def judge_twice(proof: dict[str, Any], rule: Path, capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    path = rule.parent.parent / "proof.json"
    path.write_text(json.dumps(proof))
    first = CliRunner().invoke(command.verify, [str(path), "--policy", str(rule)])
    code = verify.main([str(path), "--policy", str(rule)])
    return f"{first.exit_code} {first.output}", f"{code} {capsys.readouterr().out}"


@pytest.fixture
def rule(bundle: Path) -> Path:
    return bundle / "policy"


def test_it_verifies_as_a_file_and_by_its_address(
    page_proof: dict[str, Any], rule: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for said in judge_twice(page_proof, rule, capsys):
        assert said[0] == "0"
        assert "page 2 of item 2 of std-" in said
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(rule.parent.parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}/proof.json"
        done = CliRunner().invoke(command.verify, [address, "--policy", str(rule)])
        server.shutdown()
    assert (done.exit_code, done.output.startswith("verified: page 2 of item 2 of std-")) == (0, True)


def test_any_changed_word_is_refused_with_document_page_and_line(
    page_proof: dict[str, Any], rule: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, line in enumerate(page_proof["page"]["lines"], 1):
        for at in range(len(line or ())):
            changed = copy.deepcopy(page_proof)
            changed["page"]["lines"][number - 1][at][0] += "s"
            for said in judge_twice(changed, rule, capsys):
                assert said.startswith("1 refused: proof"), said
                assert f"page 2, line {number}, does not match what was sealed" in said


def swap_lines(proof: dict[str, Any]) -> None:
    lines = proof["page"]["lines"]
    lines[0], lines[3] = lines[3], lines[0]


def swap_words(proof: dict[str, Any]) -> None:
    line = proof["page"]["lines"][0]
    line[0][0], line[1][0] = line[1][0], line[0][0]


def move_word(proof: dict[str, Any]) -> None:
    proof["page"]["lines"][0][0][1] += 1


def call_it_another_page(proof: dict[str, Any]) -> None:
    proof["page"]["page"] = proof["page"]["head"]["page"] = 3


def call_it_another_item(proof: dict[str, Any]) -> None:
    proof["entry"]["item"] = 1


def show_nothing(proof: dict[str, Any]) -> None:
    proof["page"]["lines"] = [None] * len(proof["page"]["lines"])


def hide_a_line_more(proof: dict[str, Any]) -> None:
    proof["page"]["lines"][0] = None


def invent_hidden_line(proof: dict[str, Any]) -> None:
    proof["page"]["lines"][1] = proof["page"]["lines"][0]


@pytest.mark.parametrize(
    "change",
    [
        *(swap_lines, swap_words, move_word, call_it_another_page, call_it_another_item),
        *(show_nothing, hide_a_line_more, invent_hidden_line),
    ],
    ids=lambda change: change.__name__,
)
def test_a_page_or_line_that_is_not_in_its_place_is_refused(
    change: Callable[[dict[str, Any]], None],
    page_proof: dict[str, Any],
    rule: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    change(page_proof)
    for said in judge_twice(page_proof, rule, capsys):
        assert said.startswith("1 refused: "), said
        assert said.count("\n") == 1


def make_parts(number: int, rows: list[list[str]]) -> page.Parts:
    """A page of these rows of words, each row on a band of its own."""
    bands = tuple((15 * k + 3, 15 * k + 13) for k in range(len(rows)))
    head = page.Head(number, 700, 15 * len(rows), len(rows), bands)
    lines = []
    for k, row in enumerate(rows):
        at, words = 5, []
        for text in row:
            words.append(page.Word(text, (at, 15 * k + 3, at + 6 * len(text), 15 * k + 13)))
            at += 6 * len(text) + 4
        lines.append(tuple(words))
    patches = tuple(bytes((r - x) * (b - t) * 3) for x, t, r, b in page.list_patch_boxes(head))
    return page.Parts(head, tuple(lines), patches)


def prove(parts: page.Parts, pages: int, hidden: set[int]) -> opening.PageOpening:
    roots = [hashlib.sha256(b"%d" % k).digest() for k in range(pages)]
    header = seal.Header("std-aaaaaaaaaaaaaa", 1, pages, "a test's renderer")
    covered = opening.cover_lines(parts, hidden)
    return opening.open_page(KEY, header, MEASURE, roots, parts, hidden, covered)


def test_a_whole_page_needs_at_most_1_kb_and_one_with_ten_hidden_parts_at_most_8_kb() -> None:
    """Pages of up to 130 lines in documents of up to a thousand pages; hidden anywhere."""
    for seed in SEEDS:
        dice = random.Random(seed)
        count, pages = dice.randrange(1, 131), dice.choice([1, 2, 9, 300, 1000])
        bands = min(count, page.MAX_BANDS)
        parts = make_parts(dice.randrange(1, pages + 1), [["word"]] * bands)
        more = count - bands  # lines side by side share a band
        head = page.Head(parts.head.number, 700, parts.head.height, count, parts.head.bands)
        parts = page.Parts(head, parts.lines + tuple(dice.choices(parts.lines, k=more)), parts.patches)
        assert opening.count_proof_bytes(prove(parts, pages, set()).proof) <= 1024
        hidden = set(dice.sample(range(count), min(10, count)))
        assert opening.count_proof_bytes(prove(parts, pages, hidden).proof) <= 8192


def test_the_file_of_a_proof_has_one_size_whether_a_hidden_name_has_one_word_or_four(
    made: Any,
) -> None:
    """Even the whole JSON file and the picture in it, byte by byte but for hashes and seeds."""
    shapes = set()
    for words in range(1, 5):
        name = ["Maximiliane", "van", "der", "Sonnenfelder"][:words]
        rows = [["A", "line", "above"], ["Her", "name", "is", *name], ["A", "line", "below"], ["The", "end"]]
        parts = make_parts(1, rows)
        shown = prove(parts, 7, {1})
        png = picture.encode_picture(shown.head, shown.patches)
        entry = {"type": "item", "commitment": "0" * 64}
        header = seal.Header("std-aaaaaaaaaaaaaa", 1, 7, "a test's renderer")
        proof = page_proofs.make_page_proof(
            entry=entry, index=5, path=[bytes(32)] * 3, checkpoint="text", header=header, page=shown, png=png
        )
        shapes.add((len(json.dumps(proof)), describe(proof), proof["png"]))
    assert len(shapes) == 1


def describe(value: object) -> str:
    """The shape of a JSON value: names, counts and lengths, but not what hashes and seeds are."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{name}:{describe(each)}" for name, each in sorted(value.items())) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(describe, value)) + "]"
    return str(len(value)) if isinstance(value, str) else str(value)


def test_the_page_of_another_document_is_refused(
    made: Any, page_proof: dict[str, Any], rule: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The proof of the page stays, and its entry is that of another document, with its place in the log."""
    leaves = [tree.hash_leaf(each) for each in made.entries]
    index = page_proof["index"] - 1
    page_proof["index"], page_proof["entry"] = index, json.loads(made.entries[index])
    page_proof["path"] = [each.hex() for each in tree.prove_inclusion(leaves, index, len(leaves))]
    for said in judge_twice(page_proof, rule, capsys):
        assert said.startswith("1 refused: "), said
