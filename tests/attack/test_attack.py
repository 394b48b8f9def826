"""A word hidden in any of the places is got back from other ways of redacting, and never from ours."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import hiding
import peers
import pytest

from lightwell.files import attack, rehearsal, residue, workers

SEED = 20261128
TABLE = Path(__file__).parents[2] / "docs" / "attack.md"
# What each way gave back when this was written, less some for other versions of the attackers.
AT_LEAST = {
    "nothing done": 111,
    "black boxes drawn": 90,
    "redaction marks, not applied": 90,
    "MuPDF, redactions applied": 70,
    "MuPDF, applied and cleaned": 50,
}

IN_CI = ("black boxes drawn", "MuPDF, applied and cleaned")


@pytest.fixture(scope="module")
def pool():
    with workers.Pool(1) as shared:
        yield shared


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    pdf, canaries, rects = hiding.make_all(SEED)
    path = tmp_path_factory.mktemp("attack") / "all.pdf"
    path.write_bytes(pdf)
    return path, tuple(canaries.values()), rects


@pytest.fixture(autouse=True)
def _programs():
    """Skip where an attacker is missing, which fails in CI: an attack by half of them proves half."""
    needed = {name for each in attack.list_programs() for name in each.needs} | {"tesseract"}
    if absent := sorted(name for name in needed if shutil.which(name) is None):
        pytest.skip(f"not installed: {', '.join(absent)}")


def test_there_are_enough_places_and_attackers():
    assert len(hiding.PLACES) >= 60
    assert len(attack.list_programs()) + 5 >= 8


def test_a_document_follows_from_its_seed():
    assert hiding.make_all(1) == hiding.make_all(1)
    assert hiding.make_all(1)[0] != hiding.make_all(2)[0]
    for name in hiding.PLACES:
        assert hiding.make_file(name, 1) == hiding.make_file(name, 1)


@pytest.mark.parametrize(
    "method", [name if name in IN_CI else pytest.param(name, marks=pytest.mark.full) for name in AT_LEAST]
)
def test_other_ways_of_redacting_give_words_back(method, everything, pool):
    path, secrets, rects = everything
    found = attack.attack_file(peers.METHODS[method](path.read_bytes(), rects), secrets, pool)

    assert not found.missing
    assert len(found.all_recovered) >= AT_LEAST[method]


def test_ours_gives_nothing_back(everything, pool):
    path, secrets, _ = everything
    made = rehearsal.redact_file(path, secrets, pool)
    found = attack.attack_file(made.subject.pdf, secrets, pool)

    assert not found.missing
    assert len(found.recovered) >= 14
    assert {name: sorted(numbers) for name, numbers in found.recovered.items() if numbers} == {}
    assert not residue.check_residue(made.subject, pool).blocks


@pytest.mark.full
def test_ours_without_ocr_leaves_only_what_is_a_picture(everything, pool, monkeypatch):
    """Where nobody looked at the picture, words that are no text stay in sight, and the check cannot know."""
    path, secrets, _ = everything
    monkeypatch.setattr(rehearsal.ocr, "is_here", lambda: False)
    made = rehearsal.redact_file(path, secrets, pool)
    monkeypatch.undo()
    left = attack.attack_file(made.subject.pdf, secrets, pool)

    assert set(left.recovered["OCR of every page"]) == set(left.all_recovered) != set()


def test_the_table_is_of_these_places():
    text = TABLE.read_text("utf-8")

    assert f"of {len(hiding.PLACES)}" in text
    assert re.search(r"\| \*\*Lightwell\*\* \| \*\*0\*\* \|", text)
    for method in AT_LEAST:
        assert method in text


@pytest.mark.full
@pytest.mark.parametrize("place", hiding.PLACES)
def test_a_place_alone_gives_its_word_back_until_we_redact_it(place, tmp_path, pool):
    pdf, canary, _ = hiding.make_file(place, SEED)
    path = tmp_path / "one.pdf"
    path.write_bytes(pdf)

    assert attack.attack_file(pdf, [canary], pool).all_recovered
    made = rehearsal.redact_file(path, [canary], pool)
    assert not attack.attack_file(made.subject.pdf, [canary], pool).all_recovered
    assert not residue.check_residue(made.subject, pool).blocks
