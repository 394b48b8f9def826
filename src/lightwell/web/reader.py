"""A public record laid out for a reader: sections of labelled fields, tables and cards, held back places kept.

Labels and kinds of fields come from the record's own JSON Schema, the order of reading from `LAYOUTS`; a field that
no layout names stands under "More", so that none can be forgotten. A held back value is null in the
record and its place is filled with the legal reason and the end date; no text of it exists here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lightwell.base import disclosure, ground, pointer
from lightwell.base.canonical import Json
from lightwell.files import data

# Shown in the head of every record's page and therefore left out below.
HEAD = ("title", "summary", "asks", "topics")

LAYOUTS: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "study": (
        ("What is asked", ("question", "stage", "registered_in_advance", "started", "ended", "harms")),
        ("What was found", ("findings",)),
        ("How it was done", ("methods", "population", "ages", "countries", "sample_size", "deviations")),
        ("What was promised", ("due_dates",)),
        ("How earlier research was looked for", ("search",)),
        ("Who answers for it", ("officer", "ethics", "funding")),
        ("Elsewhere", ("publications", "sources")),
    ),
    "dataset": (
        ("Who is in it", ("population", "people", "rows", "period", "privacy_unit")),
        ("How to use it", ("access",)),
        ("What it holds", ("tables",)),
        ("How complete it is", ("completeness", "errata", "source_systems")),
        ("Where it belongs", ("risk_assessment", "checksum", "sources")),
    ),
    "access-decision": (
        ("What was decided", ("outcome", "decided_on", "votes", "dissent", "conditions", "findings")),
        (
            "What was asked for",
            (
                "topic",
                "purpose",
                "risk_category",
                "about_minors",
                "data_described",
                "dataset",
                "variables",
                "holder",
            ),
        ),
        ("Who asked", ("organisations", "funders", "interests", "preregistration", "ethics")),
        ("How long it took", ("clocks", "extensions", "amendments", "mediation", "appeal")),
        ("How access works", ("modalities", "environment", "period", "budget", "queries", "order")),
        ("What came of it", ("results", "released", "events")),
        ("Case", ("number", "rules")),
    ),
    "figures-edition": (
        ("The figures", ("edition", "published_on", "period", "points_in_all", "points")),
        ("What they count", ("definitions", "caveats", "not_answered")),
        ("What changed since the edition before", ("revisions",)),
        ("Where they come from", ("source_page", "files", "mapping", "sources")),
    ),
    "risk-assessment": (
        ("What could happen to children", ("rows",)),
        ("Which service, and when", ("service", "status", "dates", "framework", "users")),
        ("What the service can do", ("functionalities",)),
        ("Measures", ("measures",)),
        ("Who was asked", ("childrens_voice", "consultations")),
        ("Who answers for it", ("governance",)),
        ("What happened later", ("incidents", "disputes", "right_of_reply")),
    ),
    "reputational-review": (
        ("What was decided", ("decision", "conditions", "alternatives", "dissent", "escalation")),
        ("Why and what was reviewed", ("trigger", "reviewed")),
        ("What was asked", ("questions", "criteria")),
        ("Who took part", ("people", "children")),
        ("What was found", ("findings",)),
        ("What was looked at", ("evidence",)),
        ("What was known and not looked at", ("research_not_consulted",)),
        ("What happened later", ("outcome", "changes", "delay")),
    ),
    "encryption-review": (
        ("What was decided", ("decision", "conditions", "alternatives", "dissent", "escalation")),
        ("Encryption", ("encryption", "reviewed", "trigger")),
        ("What was found", ("findings", "rights", "safeguards")),
        ("What might happen", ("model",)),
        ("The figures behind it", ("figures", "claims")),
        ("What was asked", ("questions", "criteria")),
        ("Who took part", ("people", "children")),
        ("What was looked at", ("evidence",)),
        ("What was known and not looked at", ("research_not_consulted",)),
        ("What happened later", ("outcome", "changes", "delay")),
    ),
    "letter": (
        ("What was asked", ("asks",)),
        ("The letter", ("sent_on", "addressee", "led_by", "note")),
        ("Who signed", ("signatories_in_all", "signatories")),
    ),
    "reply": (("The reply", ("text", "answers", "points")),),
    "commentary": (("The commentary", ("text", "points", "author", "purpose", "interests")),),
}

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
    fingerprint, list, table, cards, group, held, none. `children` are parts, rows or cards; `columns` the heads of a table.
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
    title: str
    anchor: str
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class _Frame:
    """What the walk needs everywhere: the schema's parts, the held places, names for ids."""

    parts: Mapping[str, Any]
    held: Mapping[str, Held]
    names: Mapping[str, str]
    anchors: Mapping[str, str]


def lay_out(record: disclosure.Disclosure) -> list[Section]:
    """Lay a record out in sections; every field of the body stands in one of them or in the page's head."""
    schema = data.read_schema(record.kind, record.schema)
    frame = _make_frame(record, schema)
    properties: dict[str, Any] = schema["properties"]  # type: ignore[assignment]
    head = [name for name in HEAD if not (record.kind == "letter" and name == "asks")]
    left = [name for name in properties if name in record.body and name not in head]
    sections = []
    for title, names in LAYOUTS[record.kind]:
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
    frame = _make_frame(record, schema)
    part: Any = schema["properties"]["rows"]["items"]["properties"]  # type: ignore[index,call-overload]
    names = ("title", "age_group", "inherent", "residual", "confidence")
    rows = []
    value = record.body.get("rows")
    for k, each in enumerate(value if isinstance(value, list) else []):
        if isinstance(each, dict):
            cells = tuple(_make_node(each.get(n), part[n], ("body", "rows", str(k), n), frame) for n in names)
            rows.append(Node("", "row", children=cells, anchor=_anchor(each, ("body", "rows"))))
    columns = tuple(_read_label(_resolve(part[name], frame.parts)) for name in names)
    return Node("At a glance", "glance", children=tuple(rows), columns=columns) if rows else None


def read_place(record: disclosure.Disclosure, place: str) -> Node:
    """Make the node of one place of a change, whose entries are named "id=…"; a place outside the body as text."""
    schema: Any = data.read_schema(record.kind, record.schema)
    frame = _make_frame(record, schema)
    value: Json = disclosure.format_disclosure(record)
    tokens: tuple[str, ...] = ()
    for token in pointer.parse_pointer(place):
        if isinstance(value, list):
            index = _find_index(value, token)
            if index is None:
                return Node("", "none")
            value, tokens = value[index], (*tokens, str(index))
            schema = _resolve(schema, frame.parts).get("items", {})
        elif isinstance(value, dict) and token in value:
            value, tokens = value[token], (*tokens, token)
            if tokens != ("body",):
                schema = _resolve(schema, frame.parts).get("properties", {}).get(token, {})
        else:
            return Node("", "none")
    if tokens[:1] != ("body",):
        return Node("", "paragraphs", format_value(value))
    return _make_node(value, schema, tokens, frame)


def name_place(record: disclosure.Disclosure, place: str) -> str:
    """Write the place of a change in words: "Risks › Bullying in comments › Risk that remains"."""
    schema: Any = data.read_schema(record.kind, record.schema)
    value: Json = disclosure.format_disclosure(record)
    said: list[str] = []
    tokens = pointer.parse_pointer(place)
    if tokens[:1] != ("body",):
        return {
            "withheld": "What is held back",
            "opened": "What was held back before",
            "services": "Services",
        }.get(tokens[0], tokens[0].replace("_", " ").capitalize())
    value = value["body"]
    for token in tokens[1:]:
        schema = _resolve(schema, data.read_schema(record.kind, record.schema)["$defs"])  # type: ignore[arg-type]
        if isinstance(value, list) or schema.get("type") == "array":
            entry = _find_entry(value, token)
            said.append(
                _name_entry(entry) or token.partition("=")[2] or f"number {int(token) + 1}" if token else ""
            )
            schema, value = schema.get("items", {}), entry
        else:
            schema = schema.get("properties", {}).get(token, {})
            said.append(_read_label(schema) or token.replace("_", " ").capitalize())
            value = value.get(token) if isinstance(value, dict) else None
    return " › ".join(part for part in said if part)


def _make_frame(record: disclosure.Disclosure, schema: Mapping[str, Any]) -> _Frame:
    grounds = data.read_grounds()
    held = {
        each.pointer: Held(grounds.get(each.ground), each.expires, each.decided_by)
        for each in record.withheld
    }
    names = {service.id: service.name for service in record.services}
    anchors: dict[str, str] = {}
    for tokens, entry in _list_entries(record.body, ()):
        identity = str(entry["id"])
        anchors.setdefault(identity, "-".join((*tokens, identity)))
        if name := _name_entry(entry):
            names.setdefault(identity, name)
    return _Frame(schema.get("$defs", {}), held, names, anchors)


def _list_entries(value: Json, tokens: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], dict[str, Json]]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _list_entries(item, (*tokens, key))
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, dict) and isinstance(item.get("id"), str):
                yield tokens, item
            yield from _list_entries(item, tokens)


def _find_index(value: list[Json], token: str) -> int | None:
    key, _, name = token.partition("=")
    if name:
        return next(
            (k for k, each in enumerate(value) if isinstance(each, dict) and each.get(key) == name), None
        )
    return int(token) if token.isdigit() and int(token) < len(value) else None


def _find_entry(value: Json, token: str) -> Json:
    index = _find_index(value, token) if isinstance(value, list) else None
    return value[index] if isinstance(value, list) and index is not None else None


def _name_entry(entry: Json) -> str:
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
    title: str, names: list[str], body: Mapping[str, Json], properties: Mapping[str, Any], frame: _Frame
) -> Section:
    nodes = []
    for name in names:
        node = _make_node(body[name], properties[name], ("body", name), frame)
        if node.label == title:
            node = Node("", node.shape, node.value, node.children, node.columns, node.anchor, node.note)
        nodes.append(node)
    return Section(title, "part-" + re.sub("[^a-z]+", "-", title.lower()).strip("-"), tuple(nodes))


def _read_label(schema: Mapping[str, Any]) -> str:
    """Return the label of a field in public words; schemas are written for publishers and say "provider"."""
    label = str(schema.get("title", "")).replace("Publisher's summary", "Summary")
    return re.sub("provider", "company", label)


def _resolve(schema: Mapping[str, Any], parts: Mapping[str, Any]) -> dict[str, Any]:
    """Follow a reference to a shared part; its own title and description win over the part's."""
    if "$ref" not in schema:
        return dict(schema)
    name = str(schema["$ref"]).rpartition("/")[2]
    return {
        **_resolve(parts[name], parts),
        **{k: v for k, v in schema.items() if k != "$ref"},
        "x-part": name,
    }


def _make_node(value: Json, schema: Mapping[str, Any], tokens: tuple[str, ...], frame: _Frame) -> Node:
    full = _resolve(schema, frame.parts)
    label = _read_label(full)
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
    value: Mapping[str, Json], schema: Mapping[str, Any], tokens: tuple[str, ...], frame: _Frame
) -> tuple[Node, ...]:
    properties = schema.get("properties", {})
    return tuple(
        _make_node(value[name], part, (*tokens, name), frame)
        for name, part in properties.items()
        if name in value and name != "id"
    )


def _make_list(
    label: str,
    value: list[Json],
    schema: Mapping[str, Any],
    tokens: tuple[str, ...],
    frame: _Frame,
    note: str,
) -> Node:
    if not value:
        return Node(label, "none", note=note)
    item = _resolve(schema.get("items", {}), frame.parts)
    if item.get("type") != "object":
        nodes = [_make_node(each, item, (*tokens, str(k)), frame) for k, each in enumerate(value)]
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
                    _make_node(each[name], item["properties"][name], (*place, name), frame)
                    if isinstance(each, dict) and name in each
                    else Node("", "blank")
                    for name in names
                )
                if pointer.format_pointer(place) not in frame.held
                else (Node("", "held", frame.held[pointer.format_pointer(place)]),)
            )
            rows.append(Node("", "row", children=cells, anchor=_anchor(each, tokens)))
        columns = tuple(_read_label(_resolve(item["properties"][name], frame.parts)) for name in names)
        return Node(label, "table", children=tuple(rows), columns=columns, note=note)
    cards = []
    for each, place in zip(value, places, strict=True):
        if held := frame.held.get(pointer.format_pointer(place)):
            cards.append(Node("", "held", held))
            continue
        fields = _make_fields(each, item, place, frame) if isinstance(each, dict) else ()
        title = _name_entry(each)
        cards.append(
            Node(
                title,
                "card",
                children=tuple(f for f in fields if f.value != title or not title),
                anchor=_anchor(each, tokens),
            )
        )
    return Node(label, "cards", children=tuple(cards), note=note)


def _list_evidence(
    value: list[Json], item: Mapping[str, Any], tokens: tuple[str, ...], frame: _Frame
) -> Iterator[Node]:
    """Make one short paragraph of each piece of evidence: its fields by name, for a fragment of its own."""
    for k, each in enumerate(value):
        place = (*tokens, str(k))
        if held := frame.held.get(pointer.format_pointer(place)):
            yield Node("", "held", held)
        elif isinstance(each, dict):
            parts = {
                name: _make_node(each[name], part, (*place, name), frame)
                for name, part in item["properties"].items()
                if name in each and name != "id"
            }
            yield Node("", "piece", parts, anchor=_anchor(each, tokens))


def _anchor(entry: Json, tokens: tuple[str, ...]) -> str:
    if isinstance(entry, dict) and isinstance(entry.get("id"), str):
        return "-".join((*(token for token in tokens[1:] if not token.isdigit()), str(entry["id"])))
    return ""


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


def _read_scalar(value: Json, schema: Mapping[str, Any], frame: _Frame) -> tuple[str, Any]:
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
    if part == "slug":
        if value in frame.names:
            return "entry", {"name": frame.names[value], "anchor": frame.anchors.get(value, "")}
        return "tag", value
    if isinstance(value, str) and "\n" in value.strip():
        return "paragraphs", value
    return "text", value


def format_value(value: Json) -> str:
    """Write one side of a change as text: a scalar as it is, an entry as its name and fields, nothing as nothing."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, dict):
        lines = [
            f"{key.replace('_', ' ')}: {format_value(item)}" for key, item in value.items() if key != "id"
        ]
        return "\n".join(lines)
    if isinstance(value, list):
        return "\n".join(f"• {format_value(item)}" for item in value)
    return str(value)
