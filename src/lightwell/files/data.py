"""Data that experts own, read from the package: schemas, grounds, letters, help lines, examples.

Only the standard library is needed; nothing here is cached beyond the process, nothing is
fetched. Versioned folders hold `<version>.json`; a version, once released, is never changed.
"""

from __future__ import annotations

import functools
import importlib.resources
import json
import lzma
from importlib.resources.abc import Traversable
from typing import Any

from lightwell.archive import names
from lightwell.base import errors, ground
from lightwell.base.canonical import Json
from lightwell.figures import topic

_SHARED = "shared"


def list_kinds() -> list[str]:
    """List the kinds of disclosure that have a schema, in alphabetical order."""
    return sorted(folder.name for folder in _folder("schemas").iterdir() if _is_kind(folder))


def list_versions(kind: str) -> list[int]:
    """List the schema versions of a kind, oldest first."""
    if kind not in list_kinds():
        raise errors.UserMistake(f"there is no kind {kind!r}; kinds are {', '.join(list_kinds())}")
    files = _folder("schemas").joinpath(kind).iterdir()
    return sorted(int(file.name.removesuffix(".json")) for file in files if file.name.endswith(".json"))


@functools.cache
def read_schema(kind: str, version: int) -> dict[str, Json]:
    """Return the JSON Schema of a kind with every shared part inside, so that it stands alone.

    The result is shared between callers: read it, never change it.
    """
    if version not in list_versions(kind):
        known = ", ".join(str(each) for each in list_versions(kind))
        raise errors.UserMistake(f"the kind {kind} has no schema version {version}; it has {known}")
    text = _folder("schemas").joinpath(kind).joinpath(f"{version}.json").read_text("utf-8")
    # A shared part is written "shared/1#/$defs/name": its version is fixed in the schema that uses it.
    needed = {int(part.partition("#")[0]) for part in text.split(f'"{_SHARED}/')[1:]}
    schema: dict[str, Json] = json.loads(text)
    definitions: dict[str, Json] = {}
    for shared_version in sorted(needed):
        shared = _folder("schemas").joinpath(_SHARED).joinpath(f"{shared_version}.json")
        definitions |= json.loads(shared.read_text("utf-8"))["$defs"]
    schema = _point_inside(schema)
    needed_parts = _collect_parts(schema, _point_inside(definitions), {})
    return {**schema, "$defs": dict(sorted(needed_parts.items()))}


@functools.cache
def read_grounds(version: int = 1) -> dict[str, ground.Ground]:
    """Return the grounds by id; the result is shared between callers."""
    return ground.parse_grounds(_read_json("grounds", f"{version}.json"))


@functools.cache
def read_common_words() -> frozenset[str]:
    """Return English words that alone tell nothing of anybody, for the residue check."""
    return frozenset(_folder("words").joinpath("common.txt").read_text("utf-8").split())


@functools.cache
def read_ordinary_words() -> frozenset[str]:
    """Return common English words that are nobody's name, in which pieces of names stand by chance."""
    lists = read_names()
    return lists.common - lists.given - lists.family


@functools.cache
def read_countries() -> dict[str, str]:
    """Return the usual English name of each country by its code (ISO 3166-1 alpha-2), and EU's.

    From the time zone database (iso3166.tab, public domain), which takes no position on claims to territory.
    """
    names: dict[str, str] = _read_json("countries", "1.json")
    return names


def list_countries() -> list[str]:
    """List the countries that have help lines, as two capital letters (EU: European Union)."""
    return sorted(file.name.removesuffix(".json") for file in _folder("help-lines").iterdir())


def read_help_lines(country: str) -> dict[str, Json]:
    """Return the help lines of a country.

    Each line carries a `check` mark; those marked `recall` must be confirmed by the operator
    before anybody may rely on them, and the page says so.
    """
    if country not in list_countries():
        raise errors.UserMistake(
            f"there are no help lines for {country!r}; there are for {', '.join(list_countries())}"
        )
    lines: dict[str, Json] = _read_json("help-lines", f"{country}.json")
    return lines


def read_letter(name: str = "open-letter-2021") -> dict[str, Json]:
    """Return the body of a letter (kind letter, schema version 1)."""
    letter: dict[str, Json] = _read_json("letters", f"{name}.json")
    return letter


def list_examples() -> list[str]:
    """List the names of the example records, such as "study" and "risk-assessment-2"."""
    names = (file.name for file in _folder("examples").iterdir())
    return sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml"))


def read_sample_records() -> dict[str, bytes]:
    """Return the YAML text of the sample's records about the company that never joined, by name."""
    folder = _folder("sample").joinpath("others")
    files = sorted(
        (file for file in folder.iterdir() if file.name.endswith(".yaml")), key=lambda file: file.name
    )
    return {file.name.removesuffix(".yaml"): file.read_bytes() for file in files}


def read_example(name: str) -> bytes:
    """Return the YAML text of an example record, to be read by `files/drafts`."""
    if name not in list_examples():
        raise errors.UserMistake(f"there is no example {name!r}; there are {', '.join(list_examples())}")
    return _folder("examples").joinpath(f"{name}.yaml").read_bytes()


def read_example_attachment(title: str) -> bytes:
    """Return the bytes of a file that an example record names among its attachments."""
    examples = _folder("examples")
    codebook = examples.joinpath("codebooks").joinpath(title)
    return (codebook if codebook.is_file() else examples.joinpath(title)).read_bytes()


@functools.cache
def read_names() -> names.Names:
    """Return the lists of names and of words that are none, for `archive/detection`; shared between callers.

    From the US census of 1990 (public domain), faker (MIT) and others, see docs/make/name_lists.py.
    """
    packed = _folder("detection").joinpath("names.xz").read_bytes()
    lists: dict[str, list[str]] = json.loads(lzma.decompress(packed))
    words: dict[str, str] = _read_json("detection", "words.json")
    return names.Names(
        given=frozenset(lists["given"]),
        family=frozenset(lists["family"]),
        common=frozenset(lists["common"]),
        introducers=frozenset(words["introducers"].split()),
        speakers=frozenset(words["speakers"].split()),
        titles=frozenset(words["titles"].split()),
        degrees=frozenset(words["degrees"].split()),
        particles=frozenset(words["particles"].split()),
        others=frozenset(words["others"].split()),
        places=frozenset(words["places"].split()),
        endings=tuple(words["endings"].split()),
    )


@functools.cache
def read_figure_topics() -> tuple[topic.Rule, ...]:
    """Return the rules that say which topic a published figure belongs to."""
    return topic.parse_rules(_read_json("figure-topics", "1.json"))


@functools.cache
def read_detection_figures() -> dict[str, Any]:
    """Return what the detectors were measured to be worth on pages labelled beforehand."""
    figures: dict[str, Any] = _read_json("detection", "figures.json")
    return figures


def _folder(name: str) -> Traversable:
    return importlib.resources.files("lightwell").joinpath("data").joinpath(name)


def _is_kind(folder: Traversable) -> bool:
    return folder.is_dir() and folder.name != _SHARED


def _read_json(folder: str, name: str) -> Json:
    return json.loads(_folder(folder).joinpath(name).read_text("utf-8"))


def _point_inside(value: Json) -> Json:
    if isinstance(value, dict):
        return {
            key: "#" + item.partition("#")[2] if key == "$ref" else _point_inside(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_point_inside(item) for item in value]
    return value


def _collect_parts(value: Json, definitions: dict[str, Json], found: dict[str, Json]) -> dict[str, Json]:
    """Gather the shared parts that a schema uses, and those that they use in turn."""
    if isinstance(value, dict):
        if "$ref" in value:
            name = value["$ref"].rpartition("/")[2]
            if name not in found:
                found[name] = definitions[name]
                _collect_parts(definitions[name], definitions, found)
        for item in value.values():
            _collect_parts(item, definitions, found)
    elif isinstance(value, list):
        for item in value:
            _collect_parts(item, definitions, found)
    return found
