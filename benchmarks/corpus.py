"""Real pages for `check.py`: the PDFs of Debian packages and of ../shared/data, as text, a document a line.

Fetched once by apt and read by `pdftotext`; kept in var/bench, never committed. Pages with fewer than fifty
words are left out, because nobody could tell them apart by their words.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import report
import texts

PACKAGES = ("texlive-latex-extra-doc", "texlive-humanities-doc", "texlive-latex-recommended-doc", "r-doc-pdf")
SHARED = report.ROOT.parent / "shared" / "data"
LEAST_WORDS = 50


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a document, both by name, and its text with its lines."""

    document: str
    number: int
    text: str


def read_pages() -> list[Page]:
    """Read every page with at least fifty words, in the order of the files' names."""
    kept = report.CACHE / "corpus.jsonl"
    if not kept.exists():
        unfinished = kept.with_suffix(".unfinished")
        with unfinished.open("w") as out:
            for path in sorted(SHARED.rglob("*.pdf")):
                _write_document(out, f"shared/{path.name}", path)
            for package in PACKAGES:
                folder = fetch_package(package)
                for path in sorted(folder.rglob("*.pdf")):
                    _write_document(out, f"{package}/{path.relative_to(folder)}", path)
        unfinished.rename(kept)
    pages = []
    for line in kept.read_text().splitlines():
        document = json.loads(line)
        pages += [
            Page(document["name"], number, text)
            for number, text in enumerate(document["pages"], 1)
            if len(text.split()) >= LEAST_WORDS
        ]
    return pages


def fetch_package(name: str) -> Path:
    """Fetch the PDFs of a Debian package into the cache and return their folder."""
    folder = report.CACHE / "corpus" / name
    if not folder.exists():
        unpacked = folder.with_name(f"{name}.unfinished")
        shutil.rmtree(unpacked, ignore_errors=True)
        unpacked.mkdir(parents=True)
        subprocess.run(["apt-get", "download", name], cwd=unpacked, check=True, capture_output=True)
        (package,) = unpacked.glob("*.deb")
        archive = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE)
        unpack = ["tar", "-x", "-C", unpacked, "--wildcards", "*.pdf"]
        subprocess.run(unpack, stdin=archive.stdout, check=True)
        package.unlink()
        unpacked.rename(folder)
    return folder


def _write_document(out: object, name: str, path: Path) -> None:
    pages = texts.read_text(path).split("\f")
    out.write(json.dumps({"name": name, "pages": pages}) + "\n")  # type: ignore[attr-defined]


if __name__ == "__main__":
    found = read_pages()
    print(f"{len(found):,} pages of {len({page.document for page in found}):,} documents")
