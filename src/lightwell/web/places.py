"""Places of a change between two versions: their names, and what stands there."""

from __future__ import annotations

from typing import Any

from lightwell.base import disclosure, pointer
from lightwell.base.canonical import Json
from lightwell.files import data
from lightwell.web import reader


def read_place(record: disclosure.Disclosure, place: str, page: str = "") -> reader.Node:
    """Make the node of one place of a change, whose entries are named "id=…"; outside the body as text.

    `page` is the address of the whole record, to which links to its entries lead.
    """
    schema: Any = data.read_schema(record.kind, record.schema)
    frame = reader.make_frame(record, schema, page)
    value: Json = disclosure.format_disclosure(record)
    tokens: tuple[str, ...] = ()
    for token in pointer.parse_pointer(place):
        if isinstance(value, list):
            index = reader.find_index(value, token)
            if index is None:
                return reader.Node("", "none")
            value, tokens = value[index], (*tokens, str(index))
            schema = reader.resolve(schema, frame.parts).get("items", {})
        elif isinstance(value, dict) and token in value:
            value, tokens = value[token], (*tokens, token)
            if tokens != ("body",):
                schema = reader.resolve(schema, frame.parts).get("properties", {}).get(token, {})
        else:
            return reader.Node("", "none")
    if tokens[:1] != ("body",):
        return reader.Node("", "paragraphs", format_value(value))
    return reader.make_node(value, schema, tokens, frame)


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
        schema = reader.resolve(schema, data.read_schema(record.kind, record.schema)["$defs"])
        if isinstance(value, list) or schema.get("type") == "array":
            entry = reader.find_entry(value, token)
            said.append(
                reader.name_entry(entry) or token.partition("=")[2] or f"number {int(token) + 1}"
                if token
                else ""
            )
            schema, value = schema.get("items", {}), entry
        else:
            schema = schema.get("properties", {}).get(token, {})
            said.append(reader.read_label(schema) or token.replace("_", " ").capitalize())
            value = value.get(token) if isinstance(value, dict) else None
    return " › ".join(part for part in said if part)


def format_value(value: Json) -> str:
    """Write one side of a change as text: a scalar as it is, an entry as its fields."""
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
