"""A public record laid out for a reader: sections of labelled fields, tables, cards; held back places stay.

Labels and kinds of fields come from the record's own JSON Schema, the order of reading from `layouts`. A held
back value is null in the record and its place is filled with the legal reason and the end date; no text of it
exists here. Places of changes in words: `places`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lightwell.base import disclosure, ground, pointer
from lightwell.base.canonical import Json
from lightwell.files import data
from lightwell.web import layouts

# A list becomes a table when its entries have few, short fields; longer ones become cards.
MAX_COLUMNS = 6
MAX_CELL = 90
# Many columns are fine as long as a row's longest fields fit on one line of a screen.
MAX_NARROW_COLUMNS, MAX_NARROW_ROW = 10, 140
# Lists of short words stand on one line.
MAX_INLINE = 28


@dataclass(frozen=True, slots=True)
class Held:
    """What stands in the place of a held back value."""

    ground: ground.Ground | None
    until: str
    decided_by: str


@dataclass(frozen=True, slots=True)
class Node:
    """One labelled part of a record.

    `shape` names the template fragment: text, paragraphs, tag, date, number, share, link, record,
    fingerprint, inline, list, table, cards, evidence, group, held, none. `children` are parts, rows or
    cards; `columns` the heads of a table.
    """

    label: str
    shape: str
    value: Any = None
    children: tuple[Any, ...] = ()
    columns: tuple[str, ...] = ()
    anchor: str = ""
    note: str = ""

    @property
    def wide(self) -> bool:
        """Whether it needs the whole width, with its label above."""
        return self.shape in ("table", "cards", "evidence", "group", "glance")


@dataclass(frozen=True, slots=True)
class Section:
    """One part of a record's page under a heading of its own; `anchor` is its place in links."""

    title: str
    anchor: str
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Frame:
    """What the walk needs everywhere: the schema's parts, the held places, names for ids, places in links."""

    parts: Mapping[str, Any]
    held: Mapping[str, Held]
    names: Mapping[str, str]
    anchors: Mapping[str, str]
    entries: Mapping[tuple[str, ...], str]
    # Where the whole record is shown, when its entries are not on the page itself.
    page: str = ""


def lay_out(record: disclosure.Disclosure, elsewhere: Collection[str] = ()) -> list[Section]:
    """Lay a record out in sections; every field of the body stands in one of them or in the page's head.

    Fields named in `elsewhere` are shown by the page itself; where one is held back it keeps its place here.
    """
    schema = data.read_schema(record.kind, record.schema)
    frame = make_frame(record, schema)
    properties: dict[str, Any] = schema["properties"]
    head = [name for name in layouts.HEAD if not (record.kind == "letter" and name == "asks")]
    elsewhere = [name for name in elsewhere if record.body.get(name) is not None]
    left = [name for name in properties if name in record.body and name not in (*head, *elsewhere)]
    sections = []
    for title, names in layouts.LAYOUTS[record.kind]:
        shown = [name for name in names if name in left]
        left = [name for name in left if name not in shown]
        sections.append(_make_section(title, shown, record.body, properties, frame))
    sections.append(_make_section("More", left, record.body, properties, frame))
    # A held back field of the head keeps its place here as well.
    gone = [name for name in head if f"/body/{name}" in frame.held]
    sections.append(_make_section("Held back", gone, record.body, properties, frame))
    return [section for section in sections if section.nodes]


def show_at_a_glance(record: disclosure.Disclosure) -> Node | None:
    """Make the short table above a risk assessment: each risk before safeguards and what remains."""
    if record.kind != "risk-assessment":
        return None
    schema = data.read_schema(record.kind, record.schema)
    frame = make_frame(record, schema)
    part: Any = schema["properties"]["rows"]["items"]["properties"]
    names = ("title", "age_group", "inherent", "residual", "confidence")
    rows = []
    value = record.body.get("rows")
    for k, each in enumerate(value if isinstance(value, list) else []):
        if isinstance(each, dict):
            cells = tuple(make_node(each.get(n), part[n], ("body", "rows", str(k), n), frame) for n in names)
            rows.append(
                Node("", "row", children=cells, anchor=frame.entries.get(("body", "rows", str(k)), ""))
            )
    columns = tuple(read_label(resolve(part[name], frame.parts)) for name in names)
    return Node("At a glance", "glance", children=tuple(rows), columns=columns) if rows else None


def make_frame(record: disclosure.Disclosure, schema: Mapping[str, Any], page: str = "") -> Frame:
    """Gather what the walk needs; links to entries lead to `page`, by default to the page they stand on."""
    grounds = data.read_grounds()
    held = {
        each.pointer: Held(grounds.get(each.ground), each.expires, each.decided_by)
        for each in record.withheld
    }
    names = {service.id: service.name for service in record.services}
    anchors: dict[str, str] = {}
    entries: dict[tuple[str, ...], str] = {}
    for place, path, entry in list_entries(record.body, ("body",), ()):
        identity = str(entry["id"])
        entries[place] = "-".join(path)
        anchors.setdefault(identity, entries[place])
        if name := name_entry(entry):
            names.setdefault(identity, name)
    return Frame(schema.get("$defs", {}), held, names, anchors, entries, page)


def list_entries(
    value: Json, place: tuple[str, ...], path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], tuple[str, ...], dict[str, Json]]]:
    """List the entries that have an id, each with its place and the names and ids that lead to it.

    Ids name an entry in its list only: that of a variable may stand in two tables.
    """
    if isinstance(value, dict):
        for key, item in value.items():
            yield from list_entries(item, (*place, key), (*path, key))
    elif isinstance(value, list):
        for k, item in enumerate(value):
            within = path
            if isinstance(item, dict) and isinstance(item.get("id"), str):
                within = (*path, str(item["id"]))
                yield (*place, str(k)), within, item
            yield from list_entries(item, (*place, str(k)), within)


def find_index(value: list[Json], token: str) -> int | None:
    """Find where an entry named "id=…" or by its number stands in a list; None when it is not there."""
    key, _, name = token.partition("=")
    if name:
        return next(
            (k for k, each in enumerate(value) if isinstance(each, dict) and each.get(key) == name), None
        )
    return int(token) if token.isdigit() and int(token) < len(value) else None


def find_entry(value: Json, token: str) -> Json:
    """Find the entry itself, as `find_index` finds its place; None when it is not there."""
    index = find_index(value, token) if isinstance(value, list) else None
    return value[index] if isinstance(value, list) and index is not None else None


def name_entry(entry: Json) -> str:
    """Name an entry by the field that a reader would call its title; empty when it has none."""
    if isinstance(entry, dict):
        for key in (
            "title",
            "name",
            "question",
            "harm",
            "right",
            "what",
            "claim",
            "action",
            "function",
            "metric",
        ):
            if isinstance(entry.get(key), str):
                return str(entry[key])
    return ""


def _make_section(
    title: str, names: list[str], body: Mapping[str, Json], properties: Mapping[str, Any], frame: Frame
) -> Section:
    nodes = []
    for name in names:
        node = make_node(body[name], properties[name], ("body", name), frame)
        if node.label == title:
            node = Node("", node.shape, node.value, node.children, node.columns, node.anchor, node.note)
        nodes.append(node)
    return Section(title, "part-" + re.sub("[^a-z]+", "-", title.lower()).strip("-"), tuple(nodes))


def read_label(schema: Mapping[str, Any]) -> str:
    """Return the label of a field in public words; schemas are written for publishers and say "provider"."""
    label = str(schema.get("title", "")).replace("Publisher's summary", "Summary")
    return label.replace("the publisher", "whoever put this here").replace("provider", "company")


def resolve(schema: Mapping[str, Any], parts: Mapping[str, Any]) -> dict[str, Any]:
    """Follow a reference to a shared part; its own title and description win over the part's."""
    if "$ref" not in schema:
        return dict(schema)
    name = str(schema["$ref"]).rpartition("/")[2]
    return {
        **resolve(parts[name], parts),
        **{k: v for k, v in schema.items() if k != "$ref"},
        "x-part": name,
    }


def make_node(value: Json, schema: Mapping[str, Any], tokens: tuple[str, ...], frame: Frame) -> Node:
    """Make the node of a value by its schema; what is held back becomes its legal reason."""
    full = resolve(schema, frame.parts)
    label = read_label(full)
    note = (
        ""
        if full.get("x-part") in ("slug", "level", "check", "digest", "record_reference")
        else str(full.get("description", ""))
    )
    anchor = "-".join(tokens[1:])
    if held := frame.held.get(pointer.format_pointer(tokens)):
        return Node(label, "held", held, anchor=anchor)
    if isinstance(value, list):
        return _make_list(label, value, full, tokens, frame, note)
    if isinstance(value, dict):
        if full.get("x-part") == "record_reference":
            return Node(label, "record", value)
        return Node(label, "group", children=_make_fields(value, full, tokens, frame), note=note)
    return Node(label, *_read_scalar(value, full, frame), note=note)


def _make_fields(
    value: Mapping[str, Json], schema: Mapping[str, Any], tokens: tuple[str, ...], frame: Frame
) -> tuple[Node, ...]:
    properties = schema.get("properties", {})
    return tuple(
        make_node(value[name], part, (*tokens, name), frame)
        for name, part in properties.items()
        if name in value and name != "id"
    )


def _make_list(
    label: str,
    value: list[Json],
    schema: Mapping[str, Any],
    tokens: tuple[str, ...],
    frame: Frame,
    note: str,
) -> Node:
    if not value:
        return Node(label, "none", note=note)
    item = resolve(schema.get("items", {}), frame.parts)
    if item.get("type") != "object":
        nodes = [make_node(each, item, (*tokens, str(k)), frame) for k, each in enumerate(value)]
        short = all(isinstance(each, str | int) and len(str(each)) <= MAX_INLINE for each in value)
        return Node(label, "inline" if short else "list", children=tuple(nodes), note=note)
    places = [(*tokens, str(k)) for k in range(len(value))]
    if item.get("x-part") == "evidence":
        return Node(label, "evidence", children=tuple(_list_evidence(value, item, tokens, frame)), note=note)
    names = [
        name
        for name in item.get("properties", {})
        if name != "id" and any(name in each for each in value if isinstance(each, dict))
    ]
    if _fits_table(value, names):
        rows = []
        for each, place in zip(value, places, strict=True):
            cells = (
                tuple(
                    make_node(each[name], item["properties"][name], (*place, name), frame)
                    if isinstance(each, dict) and name in each
                    else Node("", "blank")
                    for name in names
                )
                if pointer.format_pointer(place) not in frame.held
                else (Node("", "held", frame.held[pointer.format_pointer(place)]),)
            )
            rows.append(Node("", "row", children=cells, anchor=frame.entries.get(place, "")))
        columns = tuple(read_label(resolve(item["properties"][name], frame.parts)) for name in names)
        return Node(label, "table", children=tuple(rows), columns=columns, note=note)
    cards = []
    for each, place in zip(value, places, strict=True):
        if held := frame.held.get(pointer.format_pointer(place)):
            cards.append(Node("", "held", held))
            continue
        fields = _make_fields(each, item, place, frame) if isinstance(each, dict) else ()
        title = name_entry(each)
        cards.append(
            Node(
                title,
                "card",
                children=tuple(f for f in fields if f.value != title or not title),
                anchor=frame.entries.get(place, ""),
            )
        )
    return Node(label, "cards", children=tuple(cards), note=note)


def _list_evidence(
    value: list[Json], item: Mapping[str, Any], tokens: tuple[str, ...], frame: Frame
) -> Iterator[Node]:
    """Make one short paragraph of each piece of evidence: its fields by name, for a fragment of its own."""
    for k, each in enumerate(value):
        place = (*tokens, str(k))
        if held := frame.held.get(pointer.format_pointer(place)):
            yield Node("", "held", held)
        elif isinstance(each, dict):
            parts = {
                name: make_node(each[name], part, (*place, name), frame)
                for name, part in item["properties"].items()
                if name in each and name != "id"
            }
            yield Node("", "piece", parts, anchor=frame.entries.get(place, ""))


def _fits_table(value: list[Json], names: list[str]) -> bool:
    texts = [each.get(name) for each in value if isinstance(each, dict) for name in names]
    if any(isinstance(text, dict | list) for text in texts):
        return False
    longest = [
        max((len(str(each.get(name) or "")) for each in value if isinstance(each, dict)), default=0)
        for name in names
    ]
    if len(names) <= MAX_NARROW_COLUMNS and sum(longest) <= MAX_NARROW_ROW:
        return True
    return (
        len(names) <= MAX_COLUMNS and sum(longest) <= MAX_CELL * 3 and max(longest, default=0) <= MAX_CELL * 2
    )


def _read_scalar(value: Json, schema: Mapping[str, Any], frame: Frame) -> tuple[str, Any]:
    part = schema.get("x-part")
    if value is None:
        return "none", None
    if isinstance(value, bool):
        return "text", "Yes" if value else "No"
    if part == "share":
        return "share", value
    if isinstance(value, int | float):
        return "number", value
    if part in ("date", "edtf"):
        return "date", value
    if part == "url":
        return "link", value
    if part == "digest":
        return "fingerprint", value
    if part == "level":
        return "level", value
    if part == "topic":
        return "topic", value
    if "enum" in schema or part in ("age_group", "check", "confidence"):
        return "tag", value
    if part == "country":
        return "text", data.read_countries().get(str(value), value)
    if part == "slug":
        if value in frame.names:
            anchor = frame.anchors.get(value)
            return "entry", {
                "name": frame.names[value],
                "address": f"{frame.page}#{anchor}" if anchor else "",
            }
        return "text", value
    if isinstance(value, str) and "\n" in value.strip():
        return "paragraphs", value
    return "text", value
