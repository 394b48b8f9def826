"""Archives that differ in a hidden name alone differ in salted hashes, what is computed from them, no more.

Compared are the bundle, packed and not, the search index on disk and what was put into it, the rows of the
database, the fingerprints, and the answers of every public address of the site, headers included: names,
lengths and contents. Keys, salts and the clock are the same on both sides (`swap_fixture`).
"""

from __future__ import annotations

import collections
import dataclasses
import re
from pathlib import Path

import pytest
import swap_fixture as swap
import test_swap as documents

from lightwell.files import pdf

pytestmark = pytest.mark.django_db

CASES = [("middle", "ragged", "participant"), ("twice", "justified", "junior-staff")]
# The only values that differ, by what they are; the numbers of nodes and entries are left out.
DIFFERING = {
    "hash of the file of document #",
    "hidden node # of the lines of page #",
    "hidden node # of the patches of page #",
    "seal in entry #",
    "root of an inventory in entry #",
    "opening in entry #",
    "record in entry #",
    "digest of entry #",
    "log node # to #",
    "beginning of the log's root",
    "digest of the list above",
    "digest of log/checkpoint",
    "digest of log/checkpoints/#",
    "digest of log/tile/#/#.p/#",
    "digest of log/tile/entries/#.p/#",
    "digest of certificates/std-#wtb#d#t#x#nf.json",
    "digest of SHA#SUMS",
    "digest of ro-crate-metadata.json",
    "digest of the fingerprints, which hold a signature",
}


def print_documents(
    count: int, place: str, setting: str, folder: Path, names: list[str] | None = None
) -> list[tuple[str, bytes]]:
    """Print documents that have one number of lines, each with its name."""
    alignment = documents.TA_LEFT if setting == "ragged" else documents.TA_JUSTIFY
    by_lines = collections.defaultdict(list)
    for name in names or documents.list_names(count * 4):
        source = documents.print_document(documents.PLACES[place].format(name, name), alignment)
        (folder / "one.pdf").write_bytes(source)
        (parts,) = pdf.read_pages(folder / "one.pdf")
        by_lines[len(parts.lines)].append((name, source))
        if len(by_lines[len(parts.lines)]) == count:
            return by_lines[len(parts.lines)]
    raise AssertionError


def list_differences(one: swap.Everything, other: swap.Everything) -> list[str]:
    return sorted(
        place
        for place in one.files.keys() | other.files.keys()
        if one.files.get(place) != other.files.get(place)
    )


@pytest.mark.parametrize(("place", "setting", "ground"), CASES)
@pytest.mark.parametrize("count", [2, pytest.param(documents.NAMES, marks=pytest.mark.full)])
def test_hidden_names_change_nothing_that_anybody_gets(
    count: int, place: str, setting: str, ground: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed = print_documents(count, place, setting, tmp_path)
    first = None
    for k, (name, source) in enumerate(printed):
        made = swap.publish_everything(tmp_path / str(k), source, name, ground, monkeypatch)
        assert made.verdict.proven
        first = first or made
        assert list_differences(first, made) == []
        differing = {
            re.sub("[0-9]+", "#", what) for value, what in made.names.items() if value not in first.names
        }
        assert differing == (DIFFERING if k else set())
    # Every exit was there to be compared.
    assert first is not None
    exits = {found.partition(":")[0] for found in first.files}
    assert exits == {"bundle", "packed", "index", "row", "site"}
    shown = [found for found, data in first.files.items() if b"\n200\n" in data or data.startswith(b"200\n")]
    for exit_ in ("/documents/1/page/1/", "/proof.json", "/picture", "/everything.fingerprints", "/search/"):
        assert any(exit_ in found for found in shown), exit_
    text = first.files["row: page 1 of 1"]
    assert swap.SEEN.encode() in text


def test_a_box_as_wide_as_the_name_is_seen_by_this_test(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed = print_documents(2, "middle", "ragged", tmp_path)
    made = [
        swap.publish_everything(tmp_path / str(k), source, name, "confidential", monkeypatch)
        for k, (name, source) in enumerate(printed)
    ]
    different = {place.partition(":")[0] for place in list_differences(*made)}
    assert {"bundle", "packed", "row", "site"} <= different


def test_a_word_left_in_the_index_is_seen_by_this_test(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One more word in what is indexed shows in the index's own files."""
    ((name, source),) = print_documents(1, "middle", "ragged", tmp_path)
    one = swap.publish_everything(tmp_path / "a", source, name, "participant", monkeypatch)
    adding = swap.index.Writer.add_page
    monkeypatch.setattr(
        swap.index.Writer,
        "add_page",
        lambda self, page: adding(self, dataclasses.replace(page, text=f"{page.text} {name}")),
    )
    other = swap.publish_everything(tmp_path / "b", source, name, "participant", monkeypatch)
    different = list_differences(one, other)
    assert any(re.fullmatch(r"index: \.(term|idx|pos) .*", place) for place in different), different
