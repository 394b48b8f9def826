"""Parts of an Open XML package: read once, changed in a scratch copy, their elements known by local names.

The strict form of the standard has other namespaces (ECMA-376), so none is asked for. What is counted and
unhidden: `files/openxml`, `files/workbook`.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from lightwell.files import package
from lightwell.files.package import Element, Package

MAX_SLIDES = 2_000
MAX_SHEETS = 1_000
OFF = ("0", "false", "off", "none")


@dataclass(slots=True)
class Copy:
    """A package being read, and the members that its scratch copy will have otherwise."""

    package: Package
    changed: dict[str, bytes | None] = field(default_factory=dict)
    roots: dict[str, Element] = field(default_factory=dict)

    def read(self, name: str) -> Element:
        """Read a part once; what is changed in it is kept by `save`."""
        if name not in self.roots:
            self.roots[name] = self.package.read_xml(name)
        return self.roots[name]

    def save(self, name: str) -> None:
        """Have the scratch copy hold a part as it is now."""
        self.changed[name] = package.write_xml(self.roots[name])

    def drop(self, name: str) -> None:
        """Forget a part that was read, for the sake of memory."""
        self.roots.pop(name, None)


@dataclass(frozen=True, slots=True)
class Relation:
    """Where a relation leads inside the package, and its kind as an address."""

    target: str
    kind: str


def read_relations(opened: Package, part: str) -> dict[str, Relation]:
    """Read where a part leads inside the package, by the id of the relation."""
    folder, name = posixpath.split(part)
    path = f"{folder}/_rels/{name}.rels"
    if not opened.has(path):
        return {}
    found = {}
    for each in find_all(opened.read_xml(path), "Relationship"):
        if (each.get("TargetMode") or "") != "External":
            target = each.get("Target") or ""
            inside = target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target)
            found[each.get("Id") or ""] = Relation(posixpath.normpath(inside), each.get("Type") or "")
    return found


def describe_pictures(root: Element, name: str) -> list[str]:
    """List the alternative texts of elements of this name, those for older programs left out."""
    found = []
    for each in find_all(root, name):
        if any(local(above) == "Fallback" for above in each.iterancestors()):
            continue
        words = " ".join(filter(None, (each.get("title"), each.get("descr"))))
        found += [words] if words.strip() else []
    return found


def find_all(root: Element, *names: str) -> Iterator[Element]:
    """Go through elements by their local names, in order."""
    yield from root.iter(*(f"{{*}}{name}" for name in names))


def remove_all(root: Element, *names: str) -> None:
    """Take elements out by their local names."""
    for each in list(find_all(root, *names)):
        each.getparent().remove(each)


def unwrap(element: Element) -> None:
    """Put the children of an element in its place."""
    parent = element.getparent()
    place = parent.index(element)
    for child in list(element):
        parent.insert(place, child)
        place += 1
    parent.remove(element)


def read_text(root: Element) -> str:
    """Read the words of an element, deleted ones too, parted by single blanks."""
    pieces = []
    for each in root.iter("{*}t", "{*}delText", "{*}p", "{*}br", "{*}tab", "{*}text"):
        pieces.append(" " if local(each) in ("p", "br", "tab") else each.text or "")
    return " ".join("".join(pieces).split())


def sign(element: Element) -> str:
    """Say whose a change or comment is, and of which day."""
    author, when = get(element, "author") or "somebody", get(element, "date")
    return f"{author}, {when[:10]}" if when else author


def local(element: Element) -> str:
    """Name an element without its namespace; "" for what is none."""
    return str(etree.QName(element).localname) if isinstance(element.tag, str) else ""


def get(element: Element, name: str) -> str:
    """Read an attribute by its local name, whatever its namespace."""
    for key, value in element.attrib.items():
        if key == name or key.endswith(f"}}{name}"):
            return str(value)
    return ""


def get_id(element: Element) -> str:
    """Read the id of a relation, which has a namespace beside a plain id that has none."""
    return next((str(value) for key, value in element.attrib.items() if key.endswith("}id")), "")


def is_on(mark: Element) -> bool:
    """Answer whether a mark is set: it is, unless it says that it is not."""
    return (get(mark, "val") or "1").lower() not in OFF
