"""Schemas: is the body of a record what its kind asks for? Every problem at once, as a sentence.

The rules are the JSON Schemas in `data/schemas` (draft 2020-12); a place that is held back may
be null whatever its schema says. Sentences are ours, since a validator's own are written for
programmers. A part of a schema may carry its own sentence under "x-sentence".
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable
from typing import Any

import jsonschema

from lightwell.base import disclosure, errors, fields, pointer
from lightwell.base.canonical import Json
from lightwell.files import data

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[?~%]?")


def check_disclosure(record: disclosure.Disclosure) -> None:
    """Raise `UserMistake` with every problem of the body, each at its place such as /body/title."""
    held = [field.pointer for field in record.withheld]
    problems = find_problems(record.kind, record.schema, record.body, held)
    if problems:
        raise errors.UserMistake(problems=problems)


def find_problems(
    kind: str, version: int, body: Json, withheld: Collection[str] = ()
) -> list[errors.Problem]:
    """List the problems of a body against the schema of its kind, in the order of the places.

    `withheld` are the places, from the root of the record, where null stands for a held back value.
    """
    validator = jsonschema.Draft202012Validator(
        data.read_schema(kind, version), format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    problems: dict[str, errors.Problem] = {}
    for error in validator.iter_errors(body):
        for place, sentence in _describe(error):
            if place not in withheld:
                # The first sentence about a place is enough to mend it.
                problems.setdefault(place, errors.Problem(place, sentence))
    for problem in (*_find_loose_ends(body), *_find_impossible_days(body)):
        problems.setdefault(problem.place, problem)
    return list(problems.values())


def _find_loose_ends(body: Json) -> Iterable[errors.Problem]:
    """Find what a JSON Schema cannot see: ids given twice, and sources or evidence that are not there.

    A field `source` names an entry of the body's `sources`; a list `evidence` of short ids names
    entries of a list `evidence` somewhere in the body.
    """
    sources = {item.get("id") for item in _list_objects(body, "sources")}
    evidence = {item.get("id") for item in _list_objects(body, "evidence")}
    for tokens, holder in _walk_objects(body, ("body",)):
        for name, value in holder.items():
            place = pointer.format_pointer((*tokens, name))
            if name == "source" and isinstance(value, str) and value not in sources:
                yield errors.Problem(
                    place, f"there is no source {value!r} in the list sources of this record"
                )
            if not isinstance(value, list):
                continue
            given = [item.get("id") for item in value if isinstance(item, dict)]
            for index, each in enumerate(given):
                if each is not None and each in given[:index]:
                    yield errors.Problem(
                        pointer.format_pointer((*tokens, name, index, "id")),
                        f"the short id {each!r} stands twice in this list; give each entry its own",
                    )
            if name == "evidence":
                for index, item in enumerate(value):
                    if isinstance(item, str) and item not in evidence:
                        yield errors.Problem(
                            pointer.format_pointer((*tokens, name, index)),
                            f"there is no evidence {item!r} in this record",
                        )


def _find_impossible_days(body: Json) -> Iterable[errors.Problem]:
    """Find texts in the form of a day that no calendar has, which the pattern of EDTF lets through."""
    for tokens, value in pointer.list_leaves(body, ("body",)):
        if isinstance(value, str) and _DAY.fullmatch(value):
            day = value.rstrip("?~%")
            if sentence := fields.check_date(day):
                yield errors.Problem(pointer.format_pointer(tokens), sentence)


def _list_objects(body: Json, name: str) -> Iterable[dict[str, Json]]:
    for _, holder in _walk_objects(body, ()):
        value = holder.get(name)
        if isinstance(value, list):
            yield from (item for item in value if isinstance(item, dict))


def _walk_objects(
    value: Json, tokens: tuple[str | int, ...]
) -> Iterable[tuple[tuple[str | int, ...], dict[str, Json]]]:
    if isinstance(value, dict):
        yield tokens, value
        for name, item in value.items():
            yield from _walk_objects(item, (*tokens, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _walk_objects(item, (*tokens, index))


def _describe(error: jsonschema.ValidationError) -> Iterable[tuple[str, str]]:
    tokens: tuple[str | int, ...] = ("body", *error.absolute_path)
    place = pointer.format_pointer(tokens)
    rule = str(error.validator)
    wanted: Any = error.validator_value
    found: Any = error.instance
    schema: dict[str, Any] = error.schema if isinstance(error.schema, dict) else {}
    if rule == "required":
        missing = _read_missing(error)
        yield pointer.format_pointer((*tokens, missing)), _name_missing(missing, schema)
    elif rule == "additionalProperties":
        known = list(schema.get("properties", {}))
        for name in found:
            if name not in known:
                yield pointer.format_pointer((*tokens, name)), _name_unknown(name, known)
    elif "x-sentence" in schema:
        yield place, f"{schema['x-sentence']}{_quote(found)}"
    elif rule == "type":
        yield place, f"this must be {_name_type(wanted)}, not {_name_found(found)}"
    elif rule == "enum":
        yield place, f"{found!r} is none of {', '.join(str(choice) for choice in wanted)}"
    elif rule == "format":
        yield place, f"{str(found)[:40]!r} is not a calendar date such as 2021-10-14"
    elif rule in ("minItems", "maxItems"):
        bound = "at least" if rule == "minItems" else "at most"
        yield place, f"this list needs {bound} {wanted}; it has {len(found)}"
    elif rule == "uniqueItems":
        yield place, "something stands twice in this list"
    elif rule in ("minimum", "maximum"):
        bound = "at least" if rule == "minimum" else "at most"
        yield place, f"{found} must be {bound} {wanted}"
    elif rule == "maxLength":
        yield place, f"this text has {len(found):,} characters, at most {wanted:,} are kept"
    else:
        yield place, f"this breaks the rule {rule} of the schema"


def _read_missing(error: jsonschema.ValidationError) -> str:
    # jsonschema reports each missing field on its own and names it first, in quotes.
    return error.message.partition("'")[2].rpartition("' is a required")[0]


def _name_missing(name: str, schema: dict[str, Any]) -> str:
    about = schema.get("properties", {}).get(name, {})
    title = about.get("title") if isinstance(about, dict) else None
    return f"{name} is missing" + (f" ({title})" if title else "")


def _name_unknown(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    advice = f"did you mean {near[0]}?" if near else f"known here: {', '.join(known)}"
    return f"the field {name[:60]!r} is not known; {advice}"


def _name_type(wanted: str | list[str]) -> str:
    names = {
        "string": "text",
        "array": "a list",
        "object": "a group of fields",
        "integer": "a whole number",
        "number": "a number",
        "boolean": "true or false",
        "null": "null",
    }
    return " or ".join(names[each] for each in ([wanted] if isinstance(wanted, str) else wanted))


def _name_found(found: Json) -> str:
    if found is None:
        return "empty"
    if isinstance(found, bool):
        return "true or false"
    if isinstance(found, int | float):
        return f"the number {found} (put it in quotes if text is meant)"
    return "text" if isinstance(found, str) else "a list" if isinstance(found, list) else "a group of fields"


def _quote(found: Json) -> str:
    if isinstance(found, int | float) and not isinstance(found, bool):
        return f"; a bare {found} is a number, so put it in quotes"
    return f" (here: {found!r})" if isinstance(found, str) and 0 < len(found.strip()) <= 60 else ""
