"""A folder that no archive wants to meet goes through the real commands: one sentence for each bad file.

Every bad file is named at once with its page; nothing is half sealed or half published; what can be read is
read, and the words of any script are found as somebody would type them.
"""

from __future__ import annotations

import csv
import datetime
import os
import re
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import hostile_fixture as hostile
import pytest
import yaml

from lightwell.base import errors
from lightwell.files import data
from lightwell.files import folder as folders

# A promise lies ahead, and not too far.
DUE = (datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=90)).isoformat()
LIGHTWELL = [sys.executable, "-c", "from lightwell.cli.main import main; main()"]
STUDY = "std-6arbjdhmpawhhx"
BAD = {name: case.sentence for name, case in hostile.CASES.items() if case.sentence}
GOOD = {name: case.pages for name, case in hostile.CASES.items() if not case.sentence}


@dataclass(frozen=True)
class House:
    """An installation with a registered study, whose commands run as processes."""

    work: Path

    def run(self, *words: object, code: int = 0) -> str:
        environment = {name: value for name, value in os.environ.items() if name != "LIGHTWELL_DATABASE"}
        done = subprocess.run(
            [*LIGHTWELL, *map(str, words)],
            env={**environment, "LIGHTWELL_STATE": str(self.work / "state")},
            cwd=self.work,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        # A sentence for people is readable text, whatever the names of files were.
        said = (done.stdout + done.stderr).decode("utf-8")
        assert done.returncode == code, said
        assert "Traceback" not in said
        return said

    def count_entries(self) -> int:
        """Count what the log holds."""
        return int(re.search(r"(\d+) (?:signed )?entries", self.run("log", "fsck"))[1])


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    made = House(tmp_path_factory.mktemp("hostile"))
    made.run("init", "--origin", "log.example/hostile")
    party = {"id": "larkfield", "name": "Larkfield (sample)"}
    made.run("organisation", "add", party["id"], "--role", "provider", "--name", party["name"])
    for name, role in (("ana", "publisher"), ("ben", "approver")):
        made.run("person", "add", name, "--role", role, "--organisation", party["id"], "--no-password")
    record = yaml.safe_load(data.read_example("study-earlier"))
    record |= {"id": STUDY, "publisher": {**party, "role": "provider"}, "provider": party}
    record.pop("attachments", None)
    record["body"]["due_dates"] = [{"id": "documents", "what": "All documents", "date": DUE}]
    (made.work / "study.yaml").write_text(yaml.safe_dump(record))
    made.run("disclose", "study.yaml", "--as", "ana")
    made.run("approve", 1, "--as", "ben")
    hostile.write_folder(made.work / "research", hostile.CASES)
    hostile.write_names(made.work / "research", hostile.ODD_NAMES)
    return made


def draft(house: House, folder: str, **changes: dict[str, str]) -> str:
    """Draft the table of a folder and change cells of it, by file name."""
    table = f"{folder}.csv"
    (house.work / table).unlink(missing_ok=True)
    house.run("inventory", "draft", folder, "--output", table)
    with (house.work / table).open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        row |= changes.get(row["file"], {})
    with (house.work / table).open("w", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return table


def list_told(said: str) -> dict[str, str]:
    """List the sentences of an answer by the file they name."""
    return {line.split(":")[0].split(",")[0]: line for line in said.splitlines() if ": " in line}


@pytest.mark.parametrize("command", ["check", "seal"])
def test_every_bad_file_is_named_at_once_and_nothing_is_sealed(house: House, command: str) -> None:
    bad = {name: case for name, case in hostile.CASES.items() if case.sentence}
    hostile.write_folder(house.work / "bad", {**bad, "good.pdf": hostile.Case(hostile.make_plain, None)})
    table, before = draft(house, "bad"), house.count_entries()
    if command == "check":
        said = house.run("inventory", "check", "bad", table, code=1)
    else:
        said = house.run("inventory", "seal", STUDY, "bad", table, "--yes", "--as", "ana", code=1)
    told = list_told(said)
    assert told.keys() == bad.keys()
    for name, case in bad.items():
        assert case.sentence in told[name]
    assert str(house.work) not in said, "where the publisher keeps files is nobody's business"
    assert house.count_entries() == before


def test_what_is_read_is_found_and_what_is_not_is_held_as_a_file(house: House) -> None:
    unread = {name: {"intent": "publish-unread"} for name in BAD}
    table = draft(house, "research", **unread)
    with (house.work / table).open(newline="") as stream:
        numbers = {row["file"]: row["number"] for row in csv.DictReader(stream)}
    said = house.run("inventory", "check", "research", table)
    count, odd = len(hostile.CASES), len(hostile.ODD_NAMES)
    assert f"{count + odd} documents, {sum(GOOD.values()) + odd} pages" in said
    assert f"{len(BAD)} held as files" in said
    assert "the same bytes under 3 names: 'copy-one.pdf', 'copy-two.pdf', 'really-a-pdf.docx'" in said
    house.run("seal", STUDY, "research", table, "--yes", "--as", "ana")
    number = re.search(r"proposed as (\d+)", house.run("publish", STUDY, "--as", "ana"))[1]
    house.run("approve", number, "--as", "ben")
    house.run("search", "rebuild")
    house.run("bundle", "bundle")
    verdict = house.run("verify", "bundle")
    assert "verified" in verdict.lower()
    for words in hostile.SEARCHES:
        found = house.run("search", "find", words)
        assert found.startswith(f"{len(hostile.SEARCHES[words])} pages"), (words, found)
        for name in hostile.SEARCHES[words]:
            assert f"{STUDY} document {numbers[name]} page 1" in found, words


def test_hostile_names_and_what_is_no_file_are_refused_all_at_once(house: House) -> None:
    folder = hostile.write_names(house.work / "names", [*hostile.HOSTILE_NAMES, b"good.pdf"])
    (folder / "outside.pdf").symlink_to("/etc/passwd")
    (folder / "circle").symlink_to(folder)
    (folder / "nowhere.pdf").symlink_to("nowhere")
    os.mkfifo(folder / "pipe.pdf")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "socket"))
        for command in (
            ("inventory", "draft", "names"),
            ("seal", STUDY, "names", draft(house, "research"), "--as", "ana"),
            ("demo", "--data", "names", "--home", "home", "--no-serve"),
        ):
            said = house.run(*command, code=1)
            for name, sentence in hostile.HOSTILE_NAMES.items():
                line = next(line for line in said.splitlines() if line.startswith(repr(os.fsdecode(name))))
                assert sentence in line
            for name in ("outside.pdf", "circle", "nowhere.pdf", "pipe.pdf", "socket"):
                assert f"{name!r}: is a link or a device" in said
            assert "good.pdf" not in said
            assert "\x1b" not in said, "a name must not drive the terminal"


def test_files_that_computers_keep_for_themselves_are_left_out_and_named(house: House) -> None:
    folder = hostile.write_names(house.work / "kept", [b"a.pdf", b".hidden.pdf"])
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", "~$a.docx", ".~lock.a.odt#", "._a.pdf"):
        (folder / name).write_bytes(b"x")
    (folder / "empty" / "in it").mkdir(parents=True)
    table = draft(house, "kept")
    said = house.run("inventory", "check", "kept", table)
    assert "2 documents, 2 pages" in said
    assert "left out, because computers keep them" in said
    assert "'.DS_Store'" in said


def test_a_folder_that_cannot_be_opened_is_told_and_never_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile.write_names(tmp_path, [b"a.pdf"])
    hostile.write_names(tmp_path / "closed", [b"b.pdf"])
    real = os.scandir

    def scan(path: str):  # type: ignore[no-untyped-def]  # what os.scandir gives
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", scan)
    with pytest.raises(errors.UserMistake, match="'closed': the folder cannot be opened: Permission denied"):
        folders.list_names(tmp_path)


@pytest.mark.parametrize(
    ("folder", "sentence"),
    [
        ("nothing", "there is no file in"),
        ("study.yaml", "is a file, not a folder"),
        ("gone", "does not exist"),
    ],
)
def test_a_folder_that_is_none_or_empty_is_one_sentence(house: House, folder: str, sentence: str) -> None:
    (house.work / "nothing").mkdir(exist_ok=True)
    for command in (("inventory", "draft", folder), ("demo", "--data", folder, "--no-serve")):
        assert sentence in house.run(*command, code=1)


HEADER = "number,file,title,kind,date,intent,ground,held_pages,due\n"
TABLES = {
    "row without a file": (
        HEADER + "1,gone.pdf,A,note,,publish,,,DUE\n",
        ["line 2: there is no file"],
    ),
    "file without a row": (
        HEADER + "1,a.pdf,A,note,,publish,,,DUE\n",
        ["'b.pdf': the file has no row"],
    ),
    "same row twice": (
        HEADER + "1,a.pdf,A,note,,publish,,,DUE\n2,a.pdf,A,note,,publish,,,DUE\n",
        ["line 3: 'a.pdf' stands already in line 2", "'b.pdf': the file has no row"],
    ),
    "everything wrong": (
        HEADER + "7,../a.pdf,,novel,31.12.2020,maybe,because,x,soon\n2,b.pdf,B,note,,publish,,9,DUE\n",
        [
            "line 2: the file name must be a plain path",
            "line 2: the number must be 1",
            "line 2: the title is empty",
            "line 2: the kind 'novel' is unknown",
            "line 2: the intent 'maybe' is unknown",
            "line 2: the due 'soon' is not a date",
            "line 2: the date '31.12.2020' is not a date",
            "line 3: the ground '' is unknown",
            "'a.pdf': the file has no row",
            "line 3, b.pdf: page 9 is to be held back, but there are 1 pages",
        ],
    ),
    "no header": ("1,a.pdf,A,note,,publish,,,DUE\n", ["line 1: the first line must be exactly"]),
    "not a table": (b"\x89PNG\r\n\x1a\n\xff", ["table.csv, line 1: the text is not UTF-8"]),
    "latin-1": (
        HEADER.encode() + "1,a.pdf,Café,".encode("latin-1"),
        ["table.csv, line 2: the text is not UTF-8"],
    ),
    "nothing": (b"", ["line 1: the first line must be exactly"]),
    "an open quotation": (HEADER + '1,"a.pdf,A,note', ["the line is not CSV"]),
}


@pytest.mark.parametrize("case", TABLES)
def test_every_mistake_of_a_table_is_told_by_its_line(house: House, case: str) -> None:
    hostile.write_names(house.work / "two", [b"a.pdf", b"b.pdf"])
    text, sentences = TABLES[case]
    data = text if isinstance(text, bytes) else text.replace("DUE", DUE).encode()
    (house.work / "table.csv").write_bytes(data)
    said = house.run("inventory", "check", "two", "table.csv", code=1)
    for sentence in sentences:
        assert sentence in said


@pytest.mark.full
@pytest.mark.parametrize("name", hostile.FULL)
def test_the_largest_files_are_read_or_stopped_at_the_fence(house: House, name: str, tmp_path: Path) -> None:
    case = hostile.FULL[name]
    hostile.write_folder(tmp_path / "large", {name: case})
    house.run("inventory", "draft", tmp_path / "large", "--output", tmp_path / "t.csv")
    seal = ("seal", STUDY, tmp_path / "large", tmp_path / "t.csv", "--as", "ana")
    # Unanswered, the question ends the command, so that nothing is sealed.
    said = house.run(*seal, code=1)
    assert (case.sentence or f"1 documents, {case.pages} pages") in said
