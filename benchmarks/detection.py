"""How fast and how well words to hide are proposed, beside Aho-Corasick, a plain regex pass and Presidio.

Speed: pages of 2,340 characters made of this repository's texts, with a name of the roster on every eighth
line; a roster of 20,000 people with given and family names of the US census and others; words already read,
one core. Aho-Corasick (pyahocorasick) looks for seven written forms of each name in small letters and does
not look at what stands around them. Presidio runs with the pinned small model, in batches.

Quality: 1,500 sentences made of every second template of Presidio's own test package (presidio-evaluator,
MIT, fetched once into var/bench) and its people, who are those of FakeNameGenerator.com. The other templates
served to develop the rules, with the same people; of those that are measured the first lines of the file,
and a trial over fifty of all, had been seen before. A name counts as found when every word of it is
covered. Figures on real pages: docs/make/detection.py.

    .venv/bin/python benchmarks/detection.py [--people 20000] [--pages 2000] [--sentences 1500]

Without pyahocorasick or lightwell[presidio] that peer is left out, and the row says so.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import random
import re
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import report

from lightwell.archive import detection, finding, matcher, roster
from lightwell.archive.page import Line, Word
from lightwell.files import data, presidio

CHARACTERS, WORDS_A_LINE, NAMED_LINES = 2340, 13, 8
SEED = 20261128
EVALUATOR = "presidio-evaluator==0.3.2"
RAW = "presidio_evaluator/data_generator/raw_data/"
NAMES = ("person", "name", "name_female", "name_male", "first_name", "last_name", "first_name_male")
NAMES += ("first_name_female", "first_name_nonbinary", "last_name_male", "last_name_female")
KINDS = dict.fromkeys(NAMES, "name") | {
    "phone_number": "phone",
    "email": "email",
    "credit_card_number": "id",
    "iban": "id",
    "ssn": "id",
    "ip_address": "ip",
    "address": "address",
    "date_of_birth": "birth-date",
}
# What somebody writes in an afternoon: two words with capitals, and the usual patterns.
PLAIN = [
    ("name", re.compile(r"\b[A-Z][a-z]+ (?:[A-Z]\. )?[A-Z][a-z]+\b")),
    ("email", re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+")),
    ("phone", re.compile(r"\+?\d[\d ().-]{7,}\d")),
    ("id", re.compile(r"\b\d{3}-\d{2}-\d{4}\b|\b(?:\d[ -]?){13,16}\b|\b[A-Z]{2}\d{2}[A-Z0-9]{11,30}\b")),
    ("ip", re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b")),
    ("address", re.compile(r"\b\d+ (?:[A-Z]\w+ )+(?:St|Street|Ave|Avenue|Rd|Road|Ln|Lane|Blvd|Dr)\b")),
    ("birth-date", re.compile(r"\b\d{1,2}/\d{1,2}/\d{4}\b")),
]
Label = tuple[str, int, int]
Finder = Callable[[Sequence[Sequence[Line]]], list[list[finding.Finding]]]


def make_people(count: int, dice: random.Random) -> list[roster.Person]:
    """Make people with names of the lists that the product ships."""
    lists = data.read_names()
    given, family = sorted(lists.given), sorted(lists.family)
    return [
        roster.Person(row, "participant", f"{dice.choice(given)} {dice.choice(family)}".title())
        for row in range(2, count + 2)
    ]


def make_pages(count: int, people: Sequence[roster.Person], dice: random.Random) -> list[list[Line]]:
    """Make pages of 2,340 characters of this repository's texts, with people of the roster on some lines."""
    files = [*report.ROOT.glob("*.md"), *report.ROOT.glob("src/lightwell/sample/text/*.txt")]
    words = [word for file in sorted(files) for word in file.read_text("utf-8").split()]
    pages, at = [], 0
    for _ in range(count):
        lines: list[Line] = []
        size = 0
        while size < CHARACTERS:
            row = [words[(at + k) % len(words)] for k in range(WORDS_A_LINE)]
            at += WORDS_A_LINE
            if dice.randrange(NAMED_LINES) == 0:
                row[5:7] = dice.choice(people).name.split()
            lines.append(tuple(Word(word, (0, 0, 1, 1)) for word in row))
            size += sum(len(word) + 1 for word in row)
        pages.append(lines)
    return pages


def list_texts(pages: Sequence[Sequence[Line]]) -> list[str]:
    """Write each page as text with a line feed between lines."""
    return ["\n".join(" ".join(word.text for word in line) for line in lines) for lines in pages]


def measure(pages: Sequence[object], work: Callable[[], object]) -> float:
    """Return pages a CPU second, the better of two passes, of which the first warms."""
    best = 0.0
    for _ in range(2):
        started = time.process_time()
        work()
        best = max(best, len(pages) / (time.process_time() - started))
    return best


def build_automaton(people: Sequence[roster.Person]) -> object:
    """Build the peer's automaton of seven written forms a person."""
    import ahocorasick

    automaton = ahocorasick.Automaton()
    for person in people:
        first, _, last = person.name.lower().partition(" ")
        for form in (
            f"{first} {last}",
            f"{last}, {first}",
            f"{last} {first}",
            f"{first[0]}. {last}",
            f"{first[0]} {last}",
            f"{last}, {first[0]}.",
            f"{last} {first[0]}",
        ):
            automaton.add_word(form, person.row)
    automaton.make_automaton()
    return automaton


def find_plainly(pages: Sequence[Sequence[Line]]) -> list[list[finding.Finding]]:
    """Apply the plain patterns."""
    found = []
    for lines in pages:
        sheet = finding.Sheet(1, lines)
        found.append(
            [
                sheet.make(*sheet.find_words(*match.span()), kind, "rule: plain", 50, "")
                for kind, pattern in PLAIN
                for match in pattern.finditer(sheet.text)
            ]
        )
    return found


def find_by_rules(pages: Sequence[Sequence[Line]]) -> list[list[finding.Finding]]:
    """Apply the product's rules and lists."""
    lists = data.read_names()
    return [detection.detect(lines, None, lists) for lines in pages]


def find_by_model(pages: Sequence[Sequence[Line]]) -> list[list[finding.Finding]]:
    """Ask Presidio."""
    return presidio.load().find_many(pages)


def find_by_both(pages: Sequence[Sequence[Line]]) -> list[list[finding.Finding]]:
    """Unite rules and model as the product does."""
    lists = data.read_names()
    found = zip(pages, find_by_model(pages), strict=True)
    return [detection.detect(lines, None, lists, others=others) for lines, others in found]


def fetch_evaluator() -> Path:
    """Fetch the wheel of presidio-evaluator into the cache; nothing of it is installed."""
    report.CACHE.mkdir(parents=True, exist_ok=True)
    if not (wheels := sorted(report.CACHE.glob("presidio_evaluator-*.whl"))):
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "-qq",
            "--no-deps",
            "-d",
            str(report.CACHE),
            EVALUATOR,
        ]
        subprocess.run(command, check=True)
        wheels = sorted(report.CACHE.glob("presidio_evaluator-*.whl"))
    return wheels[0]


def make_sentences(
    count: int, dice: random.Random, half: int = 0
) -> Iterator[tuple[list[Line], list[Label]]]:
    """Fill every second template with people; labels are (kind, first word, last word)."""
    with zipfile.ZipFile(fetch_evaluator()) as wheel:
        templates = wheel.read(f"{RAW}templates.txt").decode("utf-8").splitlines()
        people = list(
            csv.DictReader(
                wheel.read(f"{RAW}FakeNameGenerator.com_3000.csv").decode("utf-8-sig").splitlines()
            )
        )
        companies = wheel.read(f"{RAW}companies_and_organizations.csv").decode("utf-8").splitlines()[1:]
    templates = [template.replace("\\n", " ") for template in templates if template.strip()][half::2]
    for _ in range(count):
        words: list[str] = []
        labels: list[Label] = []
        for part in re.split(r"(\{\{\w+\}\})", dice.choice(templates)):
            if not part.startswith("{{"):
                words, labels = _join(words, part, labels, None)
                continue
            field = part.strip("{}")
            # Each place has a person of its own, as in the original.
            value = fill(field, dice.choice(people), dice.choice(companies).split(",")[0].strip('"'), dice)
            words, labels = _join(words, value, labels, KINDS.get(field))
        yield [tuple(Word(word, (0, 0, 1, 1)) for word in words)], labels


def _join(
    words: list[str], text: str, labels: list[Label], kind: str | None
) -> tuple[list[str], list[Label]]:
    """Add a text behind the words: its first word may continue the last one, as a full stop does."""
    so_far = " ".join(words) if not words or words[-1] else " ".join(words[:-1]) + " "
    whole = so_far + text
    pieces = whole.split(" ")
    if kind:
        first = so_far.count(" ")
        labels = [*labels, (kind, first, first + text.count(" "))]
    return pieces, labels


def fill(field: str, person: dict[str, str], company: str, dice: random.Random) -> str:
    """Return a value for a field of a template."""
    whole = f"{person['GivenName']} {person['Surname']}"
    address = f"{person['StreetAddress']}, {person['City']} {person['ZipCode']}"
    given = dict.fromkeys(
        ("first_name", "first_name_male", "first_name_female", "first_name_nonbinary"), "GivenName"
    )
    family = dict.fromkeys(("last_name", "last_name_male", "last_name_female"), "Surname")
    values = {field: person[column] for field, column in (given | family).items()}
    values |= dict.fromkeys(("person", "name", "name_female", "name_male"), whole)
    values |= {
        "address": address,
        "street_name": re.sub(r"^\d+\s|\s\d+\w?$", "", person["StreetAddress"]),
        "city": person["City"],
        "country": person["CountryFull"],
        "phone_number": person["TelephoneNumber"],
        "email": person["EmailAddress"],
        "organization": company,
        "credit_card_number": _make_card(dice),
        "iban": f"GB{dice.randrange(10, 99)}WEST{dice.randrange(10**13, 10**14)}",
        "ssn": f"{dice.randrange(100, 600)}-{dice.randrange(10, 99)}-{dice.randrange(1000, 9999)}",
        "ip_address": ".".join(str(dice.randrange(1, 255)) for _ in range(4)),
        "date_of_birth": person["Birthday"],
        "age": person["Age"],
        "job": person["Occupation"],
        "postcode": person["ZipCode"],
        "zipcode": person["ZipCode"],
        "building_number": str(dice.randrange(1, 300)),
        "year": str(dice.randrange(1950, 2020)),
        "url": f"https://www.{person['Domain']}",
        "nationality": "Danish",
        "day_of_week": "Monday",
    }
    return values.get(field) or "one"


def _make_card(dice: random.Random) -> str:
    digits = "4" + "".join(str(dice.randrange(10)) for _ in range(14))
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 - place % 2)
        total += value - 9 if value > 9 else value
    return digits + str(-total % 10)


def judge(
    sentences: Sequence[tuple[list[Line], list[Label]]], found: Sequence[list[finding.Finding]], kind: str
) -> str:
    """Count what was covered whole of a kind, and how many findings of it touch any label."""
    labels = covered = proposed = right = 0
    for (_, marks), findings in zip(sentences, found, strict=True):
        hidden = {at for each in findings for _, first, last in each.words for at in range(first, last + 1)}
        wanted = {at for _, first, last in marks for at in range(first, last + 1)}
        for mark, first, last in marks:
            labels += mark == kind
            covered += mark == kind and set(range(first, last + 1)) <= hidden
        for each in findings:
            places = {at for _, first, last in each.words for at in range(first, last + 1)}
            proposed += each.kind == kind
            right += each.kind == kind and bool(places & wanted)
    precision = f"{right / proposed:.2f}" if proposed else "–"
    recall = f"{covered / labels:.2f}" if labels else "–"
    return f"{recall} of {labels}, {precision}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--pages", type=int, default=2000)
    parser.add_argument("--sentences", type=int, default=1500)
    options = parser.parse_args()
    dice = random.Random(SEED)
    absent = presidio.explain_absence()
    peers = [] if absent else list(presidio.PACKAGES)
    with report.Report("detection", peers) as table:
        people = make_people(options.people, dice)
        started = time.process_time()
        prepared = matcher.Matcher(people)
        table.add(f"roster of {options.people:,} people prepared", f"{time.process_time() - started:.1f} s")
        pages = make_pages(options.pages, people, dice)
        texts = list_texts(pages)
        speed = measure(pages, lambda: [prepared.find(lines) for lines in pages])
        table.add("roster, every written form", f"{speed:,.0f} pages/s", "goal 5,000")
        if importlib.util.find_spec("ahocorasick"):
            automaton = build_automaton(people)
            speed = measure(pages, lambda: [list(automaton.iter(text.lower())) for text in texts])
            table.add("Aho-Corasick, seven forms, text already joined", f"{speed:,.0f} pages/s", "peer")
        else:
            table.add("Aho-Corasick", "not measured", "peer; pip install pyahocorasick")
        speed = measure(pages, lambda: find_by_rules(pages))
        table.add("rules and name lists", f"{speed:,.0f} pages/s", "goal 1,000")
        lists = data.read_names()
        speed = measure(pages, lambda: [detection.detect(lines, prepared, lists) for lines in pages])
        table.add("roster, rules and name lists, united", f"{speed:,.0f} pages/s")
        speed = measure(pages, lambda: find_plainly(pages))
        table.add("plain regex pass", f"{speed:,.0f} pages/s", "peer")
        finders: dict[str, Finder] = {"rules and name lists": find_by_rules, "plain regex pass": find_plainly}
        if absent:
            table.add("Presidio", "not measured", "peer; pip install 'lightwell[presidio]'")
        else:
            few = pages[: max(10, options.pages // 20)]
            table.add(
                "Presidio with the small model",
                f"{measure(few, lambda: find_by_model(few)):,.1f} pages/s",
                "peer",
            )
            finders |= {"Presidio": find_by_model, "rules and Presidio": find_by_both}
        sentences = list(make_sentences(options.sentences, dice))
        for name, finder in finders.items():
            found = finder([lines for lines, _ in sentences])
            for kind in ("name", "phone", "email", "id", "address", "birth-date", "ip"):
                shown = f"{kind}, {name}: recall (whole), precision"
                table.add(shown, judge(sentences, found, kind), "" if "rules" in name else "peer")


if __name__ == "__main__":
    main()
