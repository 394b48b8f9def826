"""Invented pages that read like real ones: a chain of words learned from the manuals of a Debian package.

Source of the text: the words of the 2,985 pages of Debian's texlive-humanities-doc, by `pdftotext`. Each
word is followed by one that followed it there, so that common words, rare words and phrases are as
frequent as in the manuals; the length of a page is that of one of theirs. The vocabulary is closed: a
real archive of this size has more words, each rarer, which are the cheap ones to search.
"""

from __future__ import annotations

import subprocess
from collections import Counter
from pathlib import Path

import numpy
import report
import seal

_LINE_WORDS = 12


class Texts:
    """Seeded pages: the same for every run."""

    def __init__(self, seed: int) -> None:
        pages = read_pages()
        self.lengths = numpy.array([len(page) for page in pages])
        words = [word for page in pages for word in page]
        self.counts = Counter(word.lower() for word in words if word.isalpha())
        self.vocabulary, self.words = numpy.unique(words, return_inverse=True)
        # Where each word stands in the manuals: the places of word k lie from starts[k] to starts[k + 1].
        self.places = numpy.argsort(self.words, kind="stable")
        self.starts = numpy.searchsorted(self.words[self.places], numpy.arange(len(self.vocabulary) + 1))
        self.dice = numpy.random.default_rng(seed)

    def make_pages(self, count: int) -> list[str]:
        """Make pages of lines of twelve words, all at once, a word of each at a time."""
        lengths = self.dice.choice(self.lengths, size=count)
        at = self.dice.integers(len(self.words), size=count)
        made = numpy.empty((count, int(lengths.max())), dtype=numpy.int64)
        for column in range(made.shape[1]):
            word = self.words[at]
            made[:, column] = word
            first, after = self.starts[word], self.starts[word + 1]
            chosen = self.places[first + (self.dice.random(count) * (after - first)).astype(numpy.int64)]
            at = (chosen + 1) % len(self.words)
        return [_join_lines(self.vocabulary[row[:length]]) for row, length in zip(made, lengths, strict=True)]

    def list_words(self) -> list[str]:
        """List the words of letters by falling frequency, but for those everybody writes everywhere."""
        return [word for word, _ in self.counts.most_common() if len(word) > 2][20:]


def _join_lines(words: numpy.ndarray) -> str:
    return "\n".join(" ".join(words[at : at + _LINE_WORDS]) for at in range(0, len(words), _LINE_WORDS))


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
