"""Is a held page among 50,000 published ones? Recall by kind of damage, false hits, speed, beside a peer.

Real pages (`corpus.py`). Documents are kept apart by the folder they lie in: some folders are published, the
pages of the others are foreign. A copy counts as found when `client/check` names a page with the same text.
Damage, by seeded dice: letters misread (each replaced by one that may look alike), words blacked out, half of
the lines. Every foreign page is looked for as it is and as a damaged half. Manuals have predecessors under
other names and share chapters and licences: false hits are counted for foreign documents of which no page has
forty words in a row in common with a published page, and beside it for all. Times are CPU time of one
process, so that they mean something on a busy machine; the command's are not.

The peer is datasketch's MinHash LSH (128 permutations, threshold 0.3) on the same five-word shingles, all of
them, and the same copies. `pip install datasketch` first; without it the peer's rows are left out.

    .venv/bin/python benchmarks/check.py [--pages 50000] [--copies 400] [--foreign 3000]
"""

from __future__ import annotations

import argparse
import hashlib
import random
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import corpus
import report

from lightwell.archive import fingerprint
from lightwell.archive.fingerprint_set import Document, Words
from lightwell.client import check, fingerprints
from lightwell.files import fingerprints as writing

LOOK_ALIKE = "oO0l1Ii|rnmceauvwyhbtfsS5B8gq9zZ2"
GOAL_RECALL, GOAL_FALSE, GOAL_SECONDS = "goal 95 %", "goal below 1 %", "goal 2 s"
# The thresholds of `check` were chosen with parts 0 and 3 as the foreign ones.
PARTS, FOREIGN_PART, PASSAGE_WORDS = 20, 7, 40
PERMUTATIONS, THRESHOLD = 128, 0.3
Damage = Callable[[str, random.Random], str]


def misread(text: str, rate: float, dice: random.Random) -> str:
    """Misread letters and digits as a program does that reads a bad picture."""
    return "".join(dice.choice(LOOK_ALIKE) if c.isalnum() and dice.random() < rate else c for c in text)


def black_out(text: str, rate: float, dice: random.Random) -> str:
    """Black out words; nothing shows where they stood."""
    return "\n".join(
        " ".join(word for word in line.split() if dice.random() >= rate) for line in text.splitlines()
    )


def halve(text: str, dice: random.Random) -> str:
    """Keep the upper or the lower half of the lines."""
    lines = [line for line in text.splitlines() if line.strip()]
    middle = len(lines) // 2
    return "\n".join(lines[:middle] if dice.random() < 0.5 else lines[middle:])


def photograph(text: str, dice: random.Random) -> str:
    """Half a page, a twentieth of its words blacked out, a fiftieth of its letters misread."""
    return misread(black_out(halve(text, dice), 0.05, dice), 0.02, dice)


KINDS: dict[str, Damage] = {
    "as it is": lambda text, dice: text,
    "3 % of letters misread": lambda text, dice: misread(text, 0.03, dice),
    "10 % of words blacked out": lambda text, dice: black_out(text, 0.1, dice),
    "half a page": halve,
    "half, 5 % blacked out, 2 % misread": photograph,
}


def part_pages(count: int) -> tuple[list[corpus.Page], list[corpus.Page]]:
    """Part the corpus into published pages, in the order of their documents, and foreign ones."""
    # R's manuals lie in two folders of their package.
    pages = [page for page in corpus.read_pages() if "/share/R/doc/" not in page.document]

    def is_foreign(page: corpus.Page) -> bool:
        folder = page.document.rpartition("/")[0]
        return int(hashlib.sha256(folder.encode()).hexdigest()[:8], 16) % PARTS == FOREIGN_PART

    published = [page for page in pages if not is_foreign(page)]
    chosen = set(random.Random(1).sample(range(len(published)), min(count, len(published))))
    return [page for k, page in enumerate(published) if k in chosen], [p for p in pages if is_foreign(p)]


def list_sources(pages: list[corpus.Page]) -> Iterator[writing.Source]:
    """Make documents of the published pages, as publishing would."""
    documents: dict[str, list[corpus.Page]] = {}
    for page in pages:
        documents.setdefault(page.document, []).append(page)
    for number, (name, group) in enumerate(documents.items(), 1):
        document = Document(
            study="std-benchmark", number=number, study_title="Manuals", title=name, company="debian",
            kind="report", date="", size=len(group), version=1, publication=1, opened="2026-11-28",
            opening="", held=(),
        )  # fmt: skip
        yield writing.Source(document, [(page.number, Words((page.text,))) for page in group], ())


def look(archive: fingerprints.Archive, text: str) -> tuple[list[check.Match], float]:
    """Look for one page; what it is called a copy of, and how long that took."""
    started = time.process_time()
    held = check.Held("held", b"\0" * 32, (check.Sheet("page", text),))
    (finding,) = check.check_file(held, archive).findings
    return list(finding.copies), time.process_time() - started


def list_passages(text: str) -> set[bytes]:
    """List the stretches of forty words of a text, each as a short hash."""
    words = fingerprint.normalise_words(text)
    stretches = range(len(words) - PASSAGE_WORDS + 1)
    return {fingerprint.hash_shingle(words[start : start + PASSAGE_WORDS]) for start in stretches}


class Peer:
    """datasketch's MinHash LSH over the same shingles."""

    def __init__(self, pages: list[corpus.Page]) -> None:
        import datasketch

        self._sketch = datasketch.MinHash
        self._index = datasketch.MinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS)
        for place, page in enumerate(pages):
            self._index.insert(place, self._make(page.text))

    def look(self, text: str) -> tuple[list[int], float]:
        started = time.process_time()
        found = self._index.query(self._make(text))
        return found, time.process_time() - started

    def _make(self, text: str) -> object:
        words = fingerprint.normalise_words(text)
        starts = range(max(1, len(words) - fingerprint.SHINGLE_WORDS + 1))
        sketch = self._sketch(num_perm=PERMUTATIONS)
        sketch.update_batch([" ".join(words[k : k + fingerprint.SHINGLE_WORDS]).encode() for k in starts])
        return sketch


def measure_copies(
    found: report.Report, name: str, pages: list[corpus.Page], chosen: list[int],
    find: Callable[[str], tuple[set[str], float]], goal: str,
) -> list[float]:  # fmt: skip
    """Look for damaged copies of published pages; the time of each look."""
    dice, times = random.Random(7), []
    for kind, damage in KINDS.items():
        right = 0
        for place in chosen:
            texts, taken = find(damage(pages[place].text, dice))
            times.append(taken)
            right += pages[place].text in texts
        found.add(f"{name}: copies found, {kind}", f"{right / len(chosen):.1%}", goal)
    return times


def judge_foreign(
    find: Callable[[str], tuple[set[str], float]], pages: Sequence[corpus.Page]
) -> dict[str, list[bool]]:
    """Look for foreign pages, as they are and as damaged halves: which are called published."""
    dice = random.Random(11)
    return {
        "as they are": [bool(find(page.text)[0]) for page in pages],
        "as damaged halves": [bool(find(photograph(page.text, dice))[0]) for page in pages],
    }


def find_strangers(published: Iterable[corpus.Page], foreign: Sequence[corpus.Page]) -> list[bool]:
    """Say of each foreign page whether its document shares no forty words in a row with a published page."""
    known: set[bytes] = set()
    for page in published:
        known |= list_passages(page.text)
    related = {page.document for page in foreign if list_passages(page.text) & known}
    return [page.document not in related for page in foreign]


def measure_command(path: Path, pages: list[corpus.Page], folder: Path) -> list[float]:
    """Run `lightwell check` on texts of one page each in processes of their own; seconds of each."""
    times = []
    for number, page in enumerate(random.Random(3).sample(pages, 10)):
        held = folder / f"held-{number}.txt"
        held.write_text(photograph(page.text, random.Random(number)))
        command = [sys.executable, "-c", "from lightwell.cli.main import main; main()", "check", str(held)]
        started = time.perf_counter()
        subprocess.run([*command, "--set", str(path)], capture_output=True, check=False)
        times.append(time.perf_counter() - started)
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=50_000)
    parser.add_argument("--copies", type=int, default=400, help="held copies of each kind")
    parser.add_argument("--foreign", type=int, default=3000, help="foreign pages")
    options = parser.parse_args()
    pages, everything_else = part_pages(options.pages)
    dice = random.Random(5)
    chosen = dice.sample(range(len(pages)), min(options.copies, len(pages)))
    strange = dict(zip(everything_else, find_strangers(pages, everything_else), strict=True))
    foreign = dice.sample(everything_else, min(options.foreign, len(everything_else)))
    strangers = [strange[page] for page in foreign]
    folder = report.CACHE / "check"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    path = folder / "archive.fingerprints"
    with report.Report("check", ("numpy",)) as found:
        started = time.process_time()
        head = writing.write_set(path, "benchmark.example/check", 1, list_sources(pages), [])
        elapsed, size = time.process_time() - started, path.stat().st_size
        found.add(
            f"set of {head.pages:,} pages of {head.documents:,} documents made",
            f"{head.pages / elapsed:,.0f} pages/CPU-s",
            f"{size / head.pages / 1000:.1f} KB a page with its words",
        )
        with fingerprints.open_set(path) as archive:
            texts = {(page.document, page.number): page.text for page in pages}

            def find(text: str) -> tuple[set[str], float]:
                copies, taken = look(archive, text)
                return {texts[match.document.title, match.page] for match in copies}, taken

            times = measure_copies(found, "`check`", pages, chosen, find, GOAL_RECALL)
            add_false(found, "`check`", judge_foreign(find, foreign), strangers, GOAL_FALSE)
        half, most = report.cut([each * 1000 for each in times])
        found.add("one look in an open set, half / 99 %", f"{half:.1f} / {most:.1f} ms CPU", "words compared")
        command = measure_command(path, pages, folder)
        found.add(
            "`lightwell check` of one page, half / slowest of 10",
            f"{statistics.median(command):.2f} / {max(command):.2f} s",
            f"{GOAL_SECONDS}; a process of its own, digest of {size / 1e6:,.0f} MB, words compared",
        )
        measure_peer(found, pages, chosen, foreign, strangers)


def add_false(
    found: report.Report, name: str, judged: dict[str, list[bool]], strangers: list[bool], goal: str
) -> None:
    """Add the share of foreign pages that are called published: of unrelated documents, and of all."""
    for how, called in judged.items():
        wrong = [each for each, stranger in zip(called, strangers, strict=True) if stranger]
        found.add(
            f"{name}: called published of {len(wrong):,} foreign pages {how}",
            f"{sum(wrong) / len(wrong):.2%}",
            f"{goal}; with predecessors and partial copies {sum(called) / len(called):.1%}",
        )


def measure_peer(
    found: report.Report,
    pages: list[corpus.Page],
    chosen: list[int],
    foreign: list[corpus.Page],
    strangers: list[bool],
) -> None:
    """Ask datasketch the same, unless it is not installed."""
    try:
        started = time.process_time()
        peer = Peer(pages)
    except ImportError:
        print("datasketch is not installed: pip install datasketch", flush=True)
        return
    elapsed = time.process_time() - started
    found.add("MinHash LSH: index made", f"{len(pages) / elapsed:,.0f} pages/CPU-s", "peer")

    def find(text: str) -> tuple[set[str], float]:
        places, taken = peer.look(text)
        return {pages[place].text for place in places}, taken

    times = measure_copies(found, "MinHash LSH", pages, chosen, find, "peer")
    add_false(found, "MinHash LSH", judge_foreign(find, foreign), strangers, "peer")
    half, most = report.cut([each * 1000 for each in times])
    found.add("MinHash LSH: one look, half / 99 %", f"{half:.1f} / {most:.1f} ms CPU", "peer")


if __name__ == "__main__":
    main()
