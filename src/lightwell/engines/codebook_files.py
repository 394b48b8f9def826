"""Codebooks as files, YAML or JSON: read with the line of every problem, dates included.

What a codebook may say is decided in `query/codebook`; here a file's texts become dates where a column says
that it holds some, and problems get the line that a person looks for.
"""

from __future__ import annotations

import datetime
import importlib.resources
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from lightwell.base import errors
from lightwell.files import yaml_lines
from lightwell.files.yaml_lines import Document
from lightwell.query import codebook
from lightwell.query import domain as domains
from lightwell.query.codebook import Codebook

# How many unattested bounds are named one by one before the rest is counted.
_NAMED = 5
_BOUNDS = ("low", "high")


@dataclass(frozen=True, slots=True)
class CodebookFile:
    """A codebook and the file it was read from, whose lines are named to people."""

    path: Path
    codebook: Codebook
    document: Document

    def place(self, problems: Iterable[errors.Problem]) -> errors.UserMistake:
        """Make a mistake of problems found by JSON Pointer, each at its line."""
        return errors.UserMistake(
            problems=[
                errors.Problem(self.document.format_place(each.place), each.sentence) for each in problems
            ]
        )

    def check_attested(self) -> None:
        """Refuse a draft: a codebook with a bound that nothing public stands behind (UserMistake)."""
        places = codebook.list_unattested(self.codebook)
        if not places:
            return
        problems = [
            errors.Problem(
                place,
                "nothing attests this bound; write attested: and its public source, or the release that "
                "bought it",
            )
            for place in places[:_NAMED]
        ]
        if len(places) > _NAMED:
            problems.append(
                errors.Problem("", f"and {len(places) - _NAMED} more bounds that nothing attests")
            )
        problems.append(
            errors.Problem(
                "",
                "this codebook is a draft, so it answers nothing yet, because a bound taken from the data "
                "tells of the child that set it; attest what you can, leave out the columns you cannot "
                "(docs/reference/codebook.md), then ask again",
            )
        )
        raise self.place(problems)


def read_codebook_file(path: Path | str) -> CodebookFile:
    """Read a codebook; `UserMistake` names every problem with its line."""
    return _read_document(Path(path), yaml_lines.read_document(Path(path)))


def parse_codebook_file(data: bytes, name: str) -> CodebookFile:
    """Read a codebook from its bytes (attached to a record); errors as of `read_codebook_file`."""
    return _read_document(Path(name), yaml_lines.parse_document(data, name))


def describe_codebook(data: bytes) -> dict[str, str]:
    """Say what the record of a data set states of a codebook's bytes; errors as of `read_codebook_file`."""
    read = parse_codebook_file(data, "codebook.yaml").codebook
    return {"name": read.dataset, "version": read.version, "digest": read.digest}


def _read_document(path: Path, document: Document) -> CodebookFile:
    try:
        read = codebook.parse_codebook(_read_dates(document.value))
    except errors.UserMistake as error:
        raise errors.UserMistake(
            problems=[
                errors.Problem(document.format_place(each.place), each.sentence) for each in error.problems
            ]
        ) from None
    return CodebookFile(path, read, document)


def list_examples() -> list[str]:
    """Name the codebooks that ship with the package."""
    names = (file.name for file in _open_examples().iterdir())
    return sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml"))


def read_example(name: str) -> str:
    """Read a codebook that ships with the package, as text; UserMistake names those there are."""
    if name not in list_examples():
        raise errors.UserMistake(
            f"there is no codebook {name[:80]!r}; there are {', '.join(list_examples())}"
        )
    return _open_examples().joinpath(f"{name}.yaml").read_text("utf-8")


def _open_examples() -> Traversable:
    return importlib.resources.files("lightwell").joinpath("data", "examples", "codebooks")


def list_unattested(file: CodebookFile) -> list[str]:
    """Name each bound of a codebook, as a JSON Pointer, that nothing stands behind."""
    return codebook.list_unattested(file.codebook)


def read_codebook(path: Path | str) -> Codebook:
    """Read a codebook alone; as `read_codebook_file`."""
    return read_codebook_file(path).codebook


def _read_dates(value: Any) -> Any:
    """Turn the texts of date and timestamp columns into what they say; whatever is none stays a text."""
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("tables"), dict):
        return {**value, "tables": {name: _read_table(table) for name, table in value["tables"].items()}}
    return value


def _read_table(table: Any) -> Any:
    if not isinstance(table, dict) or not isinstance(table.get("columns"), dict):
        return table
    return {
        **table,
        "columns": {name: _read_column(column) for name, column in table["columns"].items()},
    }


def _read_column(column: Any) -> Any:
    if not isinstance(column, dict) or column.get("type") not in (domains.DATE, domains.TIMESTAMP):
        return column
    kind = column["type"]
    read = {**column, **{end: _read_moment(column[end], kind) for end in _BOUNDS if end in column}}
    if isinstance(column.get("values"), list):
        read["values"] = [_read_moment(each, kind) for each in column["values"]]
    return read


def _read_moment(said: Any, kind: str) -> Any:
    if not isinstance(said, str):
        return said
    try:
        if kind == domains.DATE:
            return datetime.date.fromisoformat(said)
        moment = datetime.datetime.fromisoformat(said)
    except ValueError:
        return said
    # A data set's times have no zone: one with a zone would be compared with what it is not.
    return said if moment.tzinfo else moment
