"""Mappings on the disk: those that come with this program, and those that a user wrote.

One file a layout version; what all versions of a mapping share stands in `mapping.yaml` beside them and is
taken where a version says nothing itself. A user's mapping is one file, or a folder like these.
"""

from __future__ import annotations

import importlib.resources
from importlib.resources.abc import Traversable
from pathlib import Path

from lightwell.base import errors, pointer
from lightwell.base.canonical import Json
from lightwell.figures import mapping as mappings
from lightwell.figures.mapping import Layout, Mapping
from lightwell.files import yaml_lines

_COMMON = "mapping.yaml"


def list_mappings() -> list[str]:
    """List the mappings that come with this program."""
    return sorted(each.name for each in _folder().iterdir() if each.is_dir())


def find_mapping(name: str) -> Mapping:
    """Find a mapping by its name, or a user's by the path of its file or folder."""
    if name in list_mappings():
        return _read_folder(_folder() / name, name)
    path = Path(name)
    if name and path.is_dir():
        return _read_folder(path, str(path))
    if path.is_file():
        layout = _parse(yaml_lines.read_document(path), {})
        return mappings.make_mapping(layout.mapping, [layout])
    raise errors.UserMistake(
        f"there is no mapping and no file {name!r}; mappings are {', '.join(list_mappings())}; write one "
        f"with: lightwell figures map FILE"
    )


def _folder() -> Traversable:
    return importlib.resources.files("lightwell") / "data" / "mappings"


def _read_folder(folder: Traversable, shown: str) -> Mapping:
    documents = {
        each.name: yaml_lines.parse_document(each.read_bytes(), f"{shown}/{each.name}")
        for each in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if each.name.endswith((".yaml", ".json"))
    }
    common = documents.pop(_COMMON, None)
    shared = common.value if common else {}
    if not isinstance(shared, dict):
        raise errors.UserMistake(
            "here stands a list of fields, each with its name", place=f"{shown}/{_COMMON}"
        )
    layouts: list[Layout] = []
    problems: list[errors.Problem] = []
    for document in documents.values():
        try:
            layouts.append(_parse(document, shared, common))
        except errors.UserMistake as error:
            problems += error.problems
    if problems:
        raise errors.UserMistake(problems=problems)
    if not layouts:
        raise errors.UserMistake("there is no layout version in this folder", place=shown)
    return mappings.make_mapping(layouts[0].mapping, layouts)


def _parse(
    document: yaml_lines.Document, shared: dict[str, Json], common: yaml_lines.Document | None = None
) -> Layout:
    own = document.value
    try:
        return mappings.parse_layout({**shared, **own} if isinstance(own, dict) else own)
    except errors.UserMistake as error:
        raise errors.UserMistake(
            problems=[_place(each, document, common) for each in error.problems]
        ) from None


def _place(
    problem: errors.Problem, document: yaml_lines.Document, common: yaml_lines.Document | None
) -> errors.Problem:
    """Name the line of a problem, in whichever of the two files its field stands."""
    first = pointer.parse_pointer(problem.place)[:1]
    has_it = not first or (isinstance(document.value, dict) and first[0] in document.value)
    source = document if has_it or common is None else common
    return errors.Problem(source.format_place(problem.place), problem.sentence)
