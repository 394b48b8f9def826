"""`lightwell demo --data FOLDER` as somebody runs it: every page is accounted for, and found by its words.

The phrases come from `pdftotext`, which shares nothing with us: five words in a row, several a document,
asked of the served site in quotation marks. A phrase counts as found only on the page it was taken from.
Documents made here are always read, the folders of real ones where they lie beside the checkout.
"""

from __future__ import annotations

import csv
import json
import os
import random
import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import folder_fixture
import pytest
from folder_fixture import LIGHTWELL

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared/data"
GENERATED = "generated"
LONG = "us-gov-documents"  # 763 pages take a minute
FOLDERS = [
    GENERATED,
    *(["research-papers"] if (SHARED / "research-papers").is_dir() else []),
    *([pytest.param(LONG, marks=pytest.mark.full)] if (SHARED / LONG).is_dir() else []),
]
WORDS, PHRASES, SEED = 5, 12, 2021
# Extractors part where a PDF draws letters one by one or an accent as a sign of its own.
LEAST_FOUND = {GENERATED: 1.0, "research-papers": 0.97, LONG: 0.97}
pytestmark = pytest.mark.skipif(
    not shutil.which("pdftotext"), reason="pdftotext (Debian package poppler-utils) is not here"
)


@pytest.fixture(scope="module", params=FOLDERS)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path, Path]:
    """The name, the folder of documents and the home of the finished demo."""
    room = tmp_path_factory.mktemp("phrases")
    folder = SHARED / request.param
    if request.param == GENERATED:
        folder_fixture.write_documents(folder := room / "documents")
    return request.param, folder, folder_fixture.make_demo(folder, room / "home")


def count_pages(path: Path) -> int | None:
    done = subprocess.run(["pdfinfo", str(path)], capture_output=True, check=False)
    found = re.search(rb"^Pages: +(\d+)$", done.stdout, re.MULTILINE)
    return int(found[1]) if found else None


def list_documents(folder: Path) -> dict[str, int | None]:
    """Pages by file name, as another engine than the product's counts them."""
    return {path.name: count_pages(path) for path in sorted(folder.iterdir()) if path.is_file()}


def list_embedded(folder: Path) -> dict[str, bytes]:
    """What office files carry within them by the name it is published under: each is its own document."""
    found = {}
    for path in sorted(folder.iterdir()):
        if path.suffix in (".docx", ".pptx", ".xlsx"):
            with zipfile.ZipFile(path) as parts:
                inner = [name for name in parts.namelist() if Path(name).parent.name == "embeddings"]
                found |= {f"{path.name} / {Path(name).name}": parts.read(name) for name in inner}
    return found


def test_every_file_and_every_page_of_the_folder_is_accounted_for(made: tuple[str, Path, Path]) -> None:
    _, folder, home = made
    embedded = list_embedded(folder)
    documents: dict[str, int | None] = {**list_documents(folder), **dict.fromkeys(embedded)}
    said = (home / "said").read_text()
    assert "\nverified: what is in this bundle matches" in said
    with (home / "bundle/gaps.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(documents)
    unread = [name for name in documents if name.endswith((".parquet", ".bin"))]
    assert sorted(row["state"] for row in rows) == sorted(
        "held-not-read" if name in unread else "opened" for name in documents
    )
    assert all(row["pages_open"] == row["pages"] for row in rows)
    (publication,) = (
        value
        for path in (home / "bundle/records").iterdir()
        if (value := json.loads(path.read_bytes())).get("type") == "lightwell.publication.v1"
    )
    published = {row["file_name"]: row["pages"] for row in publication["items"]}
    assert published.keys() == documents.keys()
    # Only of a PDF does the other engine know how many pages it has; a text has those we set it on.
    assert {name: pages for name, pages in published.items() if documents[name]} == {
        name: pages for name, pages in documents.items() if pages
    }
    assert all((published[name] is None) == (name in unread) for name in documents)
    originals = {path.read_bytes() for path in folder.iterdir() if path.is_file()} | {*embedded.values()}
    assert originals <= {path.read_bytes() for path in (home / "bundle/files").iterdir()}


def take_phrases(folder: Path, dice: random.Random) -> Iterator[tuple[str, int, str]]:
    """Phrases as a reader would copy them: within one line, most of them real words."""
    for name, pages in list_documents(folder).items():
        found = []
        for number in range(1, (pages or 0) + 1):
            command = [
                "pdftotext",
                "-f",
                str(number),
                "-l",
                str(number),
                "-enc",
                "UTF-8",
                str(folder / name),
                "-",
            ]
            text = subprocess.run(command, capture_output=True, check=True).stdout.decode()
            for line in text.splitlines():
                # The quotation marks and stars of the search box are no part of a phrase.
                words = re.sub('[“”„‟«»＂"*]', " ", line).split()
                runs = [words[at : at + WORDS] for at in range(len(words) - WORDS + 1)]
                found += [
                    (number, run) for run in runs if len(re.findall(r"[^\W\d_]{3,}", " ".join(run))) >= 3
                ]
        for number, run in dice.sample(found, min(PHRASES, len(found))):
            yield name, number, " ".join(run)


@contextmanager
def serve(home: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "LIGHTWELL_STATE": str(home / "state")}
    with (home / "serve.log").open("wb") as out:
        command = [*LIGHTWELL, "serve", "--port", str(port)]
        server = subprocess.Popen(command, env=environment, stdout=out, stderr=out)
    try:
        while server.poll() is None:
            try:
                ask(f"http://127.0.0.1:{port}/api/1/search")
                break
            except OSError:
                time.sleep(0.2)
        assert server.poll() is None, (home / "serve.log").read_text()
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def ask(address: str) -> dict:
    with urllib.request.urlopen(address) as answer:
        return json.load(answer)


def is_found(site: str, study: str, item: int, page: int, phrase: str) -> bool:
    after = ""
    while True:
        query = urllib.parse.urlencode({"q": f'"{phrase}"', "study": study, "limit": 100, "after": after})
        found = ask(f"{site}/api/1/search?{query}")
        if any((each["number"], each["page"]) == (item, page) for each in found["items"]):
            return True
        if not found["next"]:
            return False
        after = found["next"]


def test_phrases_that_pdftotext_reads_on_a_page_are_found_on_that_page(made: tuple[str, Path, Path]) -> None:
    name, folder, home = made
    (publication,) = (
        value
        for path in (home / "bundle/records").iterdir()
        if (value := json.loads(path.read_bytes())).get("type") == "lightwell.publication.v1"
    )
    numbers = {row["file_name"]: row["item"] for row in publication["items"]}
    phrases = list(take_phrases(folder, random.Random(SEED)))
    assert len({document for document, _, _ in phrases}) == sum(map(bool, list_documents(folder).values()))
    with serve(home) as site:
        lost = [
            each
            for each in phrases
            if not is_found(site, publication["study"], numbers[each[0]], each[1], each[2])
        ]
        document, page, _ = phrases[0]
        assert not is_found(
            site, publication["study"], numbers[document], page, "words that stand nowhere here"
        )
    print(f"{name}: {len(phrases) - len(lost)} of {len(phrases)} phrases found on their page; not: {lost}")
    assert len(lost) <= (1 - LEAST_FOUND[name]) * len(phrases), lost
