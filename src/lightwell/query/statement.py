"""What a public record states of a private answer, and whether that is so: held beside the answer's bytes.

The bytes are those the ledger kept (`release.write_release`); a record of the kind query-release has them
attached and states the same in fields of its own, so that a reader needs no program. `describe_answer` makes
those fields from the bytes; whoever checks a record makes them again and compares. Nothing of an engine is
needed, so that the plain install checks too. Absent: whether noise was drawn, which no bytes show; and the
question, whose words the ledger never keeps: `session.compute_answer_key` ties it to the answer's id.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lightwell.base import canonical, errors
from lightwell.base.canonical import Json

KIND = "query-release"
TITLE = "answer.json"
# What of a record follows from the answer's bytes alone, in the order in which problems are named.
FIELDS = ("numbers", "cost", "plan", "notes", "data_version", "answer", "sample")

# No sum of an engine comes near it, and no chart needs an axis beyond it.
_LARGEST = 1e30


def describe_answer(data: bytes) -> dict[str, Json]:
    """Make the fields of a record from the bytes of an answer.

    Raises UserMistake for bytes that are no answer in its canonical form.
    """
    value = _read_answer(data)
    charge = value["charge"]
    return {
        "numbers": list(_list_numbers(value)),
        "cost": {name: charge[name] for name in ("epsilon", "delta", "nano_rho", "delta_units")},
        "plan": list(value["plan"]),
        "notes": list(value["notes"]),
        "data_version": value["data_version"],
        "answer": value["id"],
        "sample": value["sample"],
    }


def find_problems(body: Mapping[str, Json], data: bytes) -> list[errors.Problem]:
    """List every field of a record's body that says something else than the answer attached to it."""
    try:
        stated = describe_answer(data)
    except errors.UserMistake as error:
        return [errors.Problem("/body/file", f"the file is no answer: {error.problems[0].sentence}")]
    problems = [
        errors.Problem(f"/body/{name}", "the answer attached to this record says something else")
        for name in FIELDS
        if canonical.encode(body.get(name)) != canonical.encode(stated[name])
    ]
    named = body.get("codebook")
    if not isinstance(named, dict) or named.get("name") != _read_answer(data)["dataset"]:
        problems.append(errors.Problem("/body/codebook/name", "the answer is about another data set"))
    return problems


def _read_answer(data: bytes) -> dict[str, Any]:
    value = canonical.decode(data)
    texts = ("id", "dataset", "data_version")
    lists = ("columns", "rows", "intervals", "plan", "notes")
    good = (
        isinstance(value, dict)
        and canonical.encode(value.get("v")) == b"1"
        and value.get("kind") == KIND
        and all(isinstance(value.get(name), str) for name in texts)
        and all(isinstance(value.get(name), list) for name in lists)
        and isinstance(value.get("sample"), bool)
        and isinstance(value.get("charge"), dict)
        and {"epsilon", "delta", "nano_rho", "delta_units"} <= set(value["charge"])
        and len(value["rows"]) == len(value["intervals"])
        and value["columns"]
        and all(_has_columns(row, value["columns"]) for row in (*value["rows"], *value["intervals"]))
        and all(_is_cell(cell) for row in value["rows"] for cell in row.values())
        and all(_are_ends(ends) for row in value["intervals"] for ends in row.values())
        and all(isinstance(said, str) for said in (*value["plan"], *value["notes"]))
        and _is_truncation(value.get("truncation"))
    )
    if not good:
        raise errors.UserMistake("this is not what an answer of the query engine looks like")
    found: dict[str, Any] = value
    return found


def _has_columns(row: Json, columns: list[Json]) -> bool:
    """Whether a row has these columns, each once, and nothing beside them that no reader would be shown."""
    names = [name for name in columns if isinstance(name, str)]
    return isinstance(row, dict) and len(names) == len(columns) == len(row) and set(names) == set(row)


def _is_cell(cell: Json) -> bool:
    return cell is None or isinstance(cell, str | bool) or _is_number(cell)


def _are_ends(ends: Json) -> bool:
    if ends is None:
        return True
    return isinstance(ends, list) and len(ends) == 2 and all(end is None or _is_number(end) for end in ends)


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _LARGEST


def _is_truncation(told: Json) -> bool:
    return told is None or (isinstance(told, dict) and isinstance(told.get("bought"), str))


def _list_numbers(value: Mapping[str, Any]) -> Iterator[dict[str, Json]]:
    """List every number with its group in words; what is not known is left out, for null means held back."""
    measured = [name for name in value["columns"] if any(row[name] is not None for row in value["intervals"])]
    keys = [name for name in value["columns"] if name not in measured]
    place = 0
    for row, around in zip(value["rows"], value["intervals"], strict=True):
        group = ", ".join(f"{name}: {write_key(row[name])}" for name in keys)
        for name in measured:
            place += 1
            low, high = around[name] or (None, None)
            told: dict[str, Json] = {"value": row[name], "low": low, "high": high}
            yield {
                "id": f"n{place}",
                **({"group": group} if group else {}),
                "what": name,
                **{part: number for part, number in told.items() if number is not None},
            }


def write_key(value: Json) -> str:
    """Write the name of a group for people; a missing value is a group of its own."""
    if value is None:
        return "missing"
    if isinstance(value, bool):
        return "true" if value else "false"
    return canonical.format_number(value) if isinstance(value, float) else str(value)
