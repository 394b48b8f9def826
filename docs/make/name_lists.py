"""Make src/lightwell/data/detection/names.xz: given names, family names and common English words, packed.

    .venv/bin/python -m pip install --target /tmp/lists names==0.3.0 faker==40.63.0
    PYTHONPATH=/tmp/lists .venv/bin/python docs/make/name_lists.py

Sources: the US census lists of 1990 (public domain) as the package names carries them (MIT); the names of
all locales of faker that are written in Latin letters (MIT). Common words, which make a name doubtful: those
of faker's English list, of Python's own docstrings and topics (PSF-2.0) and of this repository's texts. Only
words are taken, folded to plain small letters; no text is copied.
"""

from __future__ import annotations

import ast
import collections
import importlib
import json
import lzma
import pathlib
import re
import sysconfig
from collections.abc import Iterator

from lightwell.archive import spelling

ROOT = pathlib.Path(__file__).parents[2]
TARGET = ROOT / "src" / "lightwell" / "data" / "detection" / "names.xz"
# Family names of the census by rank: 84 of 100 people bear these, and 90 all 88,799.
FAMILIES = 40_000
PLAIN = re.compile(r"[a-z]{2,}")
LOWER = re.compile(r"(?<![\w.])[a-z]{2,}(?![\w(])")


def read_census() -> tuple[set[str], list[str]]:
    """Read given names, and family names by rank, from the package names."""
    folder = pathlib.Path(importlib.import_module("names").__file__ or "").parent

    def read(name: str) -> list[str]:
        return [row.split()[0].lower() for row in (folder / name).read_text().splitlines()]

    return {*read("dist.female.first"), *read("dist.male.first")}, read("dist.all.last")


def read_faker() -> tuple[set[str], set[str], set[str]]:
    """Read given names, family names and English words from faker."""
    package = importlib.import_module("faker.providers.person")
    given: set[str] = set()
    family: set[str] = set()
    for folder in sorted(pathlib.Path(package.__file__ or "").parent.glob("[a-z]*")):
        if not folder.is_dir():
            continue
        provider = importlib.import_module(f"faker.providers.person.{folder.name}").Provider
        for attribute in dir(provider):
            if "name" in attribute and attribute.startswith(("first", "last")):
                target = family if attribute.startswith("last") else given
                target.update(_list_keys(getattr(provider, attribute)))
    words = importlib.import_module("faker.providers.lorem.en_US").Provider.word_list
    return given, family, {word for word in words if PLAIN.fullmatch(word)}


def _list_keys(names: object) -> Iterator[str]:
    if isinstance(names, (tuple, list, set, dict)):
        for name in names:
            if isinstance(name, str):
                yield from (key for key in spelling.split_keys(name) if PLAIN.fullmatch(key))


def read_words() -> set[str]:
    """Read the small words that stand in two texts or more of Python's documentation and this repository."""
    texts = list(importlib.import_module("pydoc_data.topics").topics.values())
    for path in sorted(pathlib.Path(sysconfig.get_path("stdlib")).rglob("*.py")):
        if {"test", "tests", "site-packages", "idle_test"} & set(path.parts):
            continue
        try:
            tree = ast.parse(path.read_text("utf-8"))
        except (SyntaxError, UnicodeDecodeError):
            continue
        documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
        texts += [ast.get_docstring(node) or "" for node in ast.walk(tree) if isinstance(node, documented)]
    for pattern in ("*.md", "docs/**/*.md", "src/lightwell/**/*.txt", "src/lightwell/data/examples/*.yaml"):
        texts += [path.read_text("utf-8") for path in sorted(ROOT.glob(pattern))]
    counts = collections.Counter(word for text in texts for word in set(LOWER.findall(text)))
    return {word for word, count in counts.items() if count > 1}


def main() -> None:
    given, ranked = read_census()
    faker_given, faker_family, words = read_faker()
    lists = {
        "given": sorted(given | faker_given),
        "family": sorted({*ranked[:FAMILIES], *faker_family}),
        "common": sorted(words | read_words()),
    }
    packed = lzma.compress(json.dumps(lists, separators=(",", ":")).encode(), preset=9 | lzma.PRESET_EXTREME)
    TARGET.write_bytes(packed)
    print({name: len(entries) for name, entries in lists.items()}, len(packed), "bytes")


if __name__ == "__main__":
    main()
