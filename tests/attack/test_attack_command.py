"""`lightwell redaction attack` says of anybody's folder what comes back, and what is wrong with it."""

from __future__ import annotations

import json

import hiding
import pytest
from click.testing import CliRunner

from lightwell.cli import redaction as command
from lightwell.cli.redaction import redaction
from lightwell.files import attack, rehearsal


@pytest.fixture
def quick(monkeypatch):
    """Leave out the programs of others; they are driven in `test_attack`."""
    monkeypatch.setattr(
        attack, "list_programs", lambda: [attack.Attacker("none", ("no-such-program",), None, "it")]
    )


def run(folder, *options):
    return CliRunner().invoke(redaction, ["attack", str(folder), *options])


def bring(folder, name="one.pdf", place="text under a rectangle", secrets=None):
    pdf, canary, _ = hiding.make_file(place, 5)
    (folder / name).write_bytes(pdf)
    (folder / name).with_suffix(".txt").write_text("\ufeff" + "\r\n".join(secrets or [canary, ""]), "utf-8")
    return canary


def test_a_folder_is_attacked_and_nothing_comes_back(tmp_path, quick):
    canary = bring(tmp_path)
    result = run(tmp_path)

    assert result.exit_code == 0, result.output
    assert "one.pdf: 1 secret; boxes gave back 1, Lightwell 0; residue check passed" in result.output
    assert "not tried: none: no-such-program not installed (it)" in result.output
    assert canary not in result.output
    assert sorted(each.name for each in tmp_path.iterdir()) == ["one.pdf", "one.txt"]


def test_the_outcome_for_programs_names_secrets_by_number(tmp_path, quick):
    canary = bring(tmp_path)
    result = run(tmp_path, "--json")
    value = json.loads(result.output)

    assert result.exit_code == value["recovered"] == 0
    assert value["files"][0]["boxes"]["pdfium"] == [1]
    assert canary not in result.output


def test_a_secret_that_stands_on_no_page_is_told(tmp_path, quick):
    (tmp_path / "notes.md").write_text("# Visit\n\nKatherine Ashdown told us about her nights.\n")
    (tmp_path / "notes.txt").write_text("Katherine Ashdown\nQuillfeather\n")
    told = run(tmp_path)
    assert "on no page, so that nothing was hidden for it: secret 2\n" in told.output
    assert json.loads(run(tmp_path, "--json").output)["files"][0]["on_no_page"] == [2]
    assert "Quillfeather" not in told.output


def test_a_text_file_is_a_document_too(tmp_path, quick):
    (tmp_path / "notes.md").write_text("# Visit\n\nKatherine Ashdown told us about her nights.\n")
    (tmp_path / "secrets.txt").write_text("Katherine Ashdown\n")
    result = run(tmp_path)

    assert result.exit_code == 0, result.output
    assert "notes.md: 1 secret; boxes gave back 1, Lightwell 0" in result.output


def test_a_secret_that_comes_back_is_a_failure(tmp_path, quick, monkeypatch):
    # In words that are seen: what a picture does not show is left out even where nobody looked for it.
    (tmp_path / "notes.md").write_text("# Visit\n\nKatherine Ashdown told us about her nights.\n")
    (tmp_path / "secrets.txt").write_text("Katherine Ashdown\n")
    monkeypatch.setattr(rehearsal, "find_words", lambda parts, secret: iter(()))
    monkeypatch.setattr(rehearsal.ocr, "is_here", lambda: False)
    result = run(tmp_path)

    assert result.exit_code == 1
    assert "Lightwell 1; residue check stopped" in result.output


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "there is no file in this folder"),
        ({"a.pdf": b"%PDF-"}, "a.pdf: write its secrets into a.txt, one a line"),
        ({"a.pdf": b"%PDF-", "a.txt": b"\n"}, "a.txt: this holds no secret"),
        ({"a.pdf": b"%PDF-", "a.txt": b"ok\nx\n"}, "a.txt, line 2: a secret has at least 2 letters"),
        ({"a.pdf": b"%PDF-", "a.txt": b"\xff\xfe"}, "a.txt: this is not UTF-8 text"),
    ],
)
def test_what_is_wrong_with_a_folder_is_said_with_its_place(files, said, tmp_path):
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    result = run(tmp_path)

    assert said in str(result.exception)


def test_a_damaged_file_is_named_and_the_others_are_attacked(tmp_path, quick):
    bring(tmp_path)
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7 and nothing else")
    (tmp_path / "broken.txt").write_text("Ashdown")
    result = run(tmp_path)

    assert result.exit_code == 1
    assert "broken.pdf: the PDF cannot be read" in result.output
    assert "one.pdf: 1 secret" in result.output


def test_a_word_divided_among_others_is_found_and_a_short_one_within_others_is_not():
    line = tuple(
        rehearsal.page.Word(text, (0, 0, 9, 9)) for text in ("said", "Kath-", "erine", "Ann", "and", "Anna")
    )
    parts = rehearsal.page.Parts(rehearsal.page.Head(1, 99, 99, 1, ()), (line,), ())

    assert list(rehearsal.find_words(parts, "Katherine")) == [((0, 1), (0, 2))]
    assert list(rehearsal.find_words(parts, "Ann")) == [((0, 3),)]
    assert command.attack.name == "attack"
