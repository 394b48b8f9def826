"""Invented pages that read like real ones: a chain of words learned from the manuals of a Debian package.

Source of the text: the words of the 2,985 pages of Debian's texlive-humanities-doc, by `pdftotext`. Each
word is followed by one that followed it there, so that common words, rare words and phrases are as
frequent as in the manuals; the length of a page is that of one of theirs. The vocabulary is closed: a
real archive of this size has more words, each rarer, which are the cheap ones to search.
"""

from __future__ import annotations

import random
import subprocess
from collections import Counter
from pathlib import Path

import report
import seal

_LINE_WORDS = 12


class Texts:
    """Seeded pages: the same for every run."""

    def __init__(self, seed: int) -> None:
        pages = read_pages()
        self.lengths = [len(page) for page in pages]
        self.words = [word for page in pages for word in page]
        self.counts = Counter(word.lower() for word in self.words if word.isalpha())
        self.after: dict[str, list[int]] = {}
        for place, word in enumerate(self.words[:-1]):
            self.after.setdefault(word, []).append(place + 1)
        self.dice = random.Random(seed)

    def make_page(self) -> str:
        """Make a page of lines of twelve words."""
        length, words = self.dice.choice(self.lengths), []
        word = self.dice.choice(self.words)
        for _ in range(length):
            words.append(word)
            following = self.after.get(word)
            word = self.words[self.dice.choice(following)] if following else self.dice.choice(self.words)
        return "\n".join(" ".join(words[at : at + _LINE_WORDS]) for at in range(0, length, _LINE_WORDS))

    def list_words(self) -> list[str]:
        """List the words of letters by falling frequency, but for those everybody writes everywhere."""
        return [word for word, _ in self.counts.most_common() if len(word) > 2][20:]


def read_pages() -> list[list[str]]:
    """Read the words of every page of the package that holds at least fifty, kept as text in the cache."""
    kept = report.CACHE / "words.txt"
    if not kept.exists():
        found = []
        for path in sorted(seal.fetch_folder().glob("*.pdf")):
            found += read_text(path).split("\f")
        lines = [" ".join(page.split()) for page in found]
        kept.write_text("\n".join(line for line in lines if line.count(" ") >= 50))
    return [line.split() for line in kept.read_text().splitlines()]


def read_text(path: Path) -> str:
    return subprocess.run(
        ["pdftotext", "-enc", "UTF-8", str(path), "-"], check=True, capture_output=True
    ).stdout.decode(errors="replace")
