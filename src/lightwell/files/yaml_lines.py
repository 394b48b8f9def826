"""YAML read for people: plain data, with the line of every place, and nothing that bites.

Read are mappings with text keys, lists, texts, numbers, true, false and null (YAML 1.2 core
schema: `no` and `2021-10-14` stay texts). Refused, because they surprise or attack: duplicate
keys, anchors and aliases, tags, merge keys, several documents, more than 5 MB, deep nesting.
JSON is YAML, so JSON files are read as well.
"""

from __future__ import annotations

import math
import pathlib
import re
from dataclasses import dataclass

import yaml

from lightwell.base import errors, pointer
from lightwell.base.canonical import Json

MAX_BYTES = 5_000_000
MAX_DEPTH = 60

_NULL = ("", "~", "null", "Null", "NULL")
_TRUE = ("true", "True", "TRUE")
_FALSE = ("false", "False", "FALSE")
_INTEGER = re.compile(r"[-+]?[0-9]{1,40}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?")


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML document: its name for messages, its value, and the line (from 1) of each JSON Pointer."""

    name: str
    value: Json
    lines: dict[str, int]

    def format_place(self, place: str) -> str:
        """Write a JSON Pointer as "study.yaml, line 7 (/body/title)"; a gap has its holder's line."""
        shown = f" ({place})" if place else ""
        return f"{self.name}, line {self.find_line(place)}{shown}"

    def find_line(self, place: str) -> int:
        """Return the line of a JSON Pointer, or that of the nearest place that holds it."""
        holder = place
        while holder not in self.lines and holder:
            holder = holder.rpartition("/")[0]
        return self.lines.get(holder, 1)


def read_document(path: pathlib.Path) -> Document:
    """Read a YAML or JSON file; `UserMistake` names what cannot be read, with its line."""
    name = str(path)
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise errors.UserMistake(
                f"the file has {size:,} bytes, at most {MAX_BYTES:,} are read", place=name
            )
        data = path.read_bytes()
    except OSError as error:
        raise errors.UserMistake(f"the file cannot be read: {error.strerror}", place=name) from error
    return parse_document(data, name)


def parse_document(data: bytes, name: str) -> Document:
    """Parse YAML bytes; raises `UserMistake` with every problem that can be found in one pass."""
    if len(data) > MAX_BYTES:
        raise errors.UserMistake(f"at most {MAX_BYTES:,} bytes are read", place=name)
    try:
        text = data.decode("utf-8-sig")
        _refuse_surprises(text, name)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except UnicodeDecodeError as error:
        raise errors.UserMistake(f"the text is not UTF-8 at byte {error.start}", place=name) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{name}, line {mark.line + 1}" if mark else name
        raise errors.UserMistake(
            f"this is not YAML: {error.problem or error.context}", place=where
        ) from error
    except yaml.YAMLError as error:
        raise errors.UserMistake(
            "this is not YAML: it holds a character that no text has", place=name
        ) from error
    except RecursionError as error:
        raise errors.UserMistake(f"nested more than {MAX_DEPTH} levels deep", place=name) from error
    if node is None:
        raise errors.UserMistake("the file is empty", place=name)
    builder = _Builder(name)
    value = builder.build(node, ())
    if builder.problems:
        raise errors.UserMistake(problems=builder.problems)
    return Document(name, value, builder.lines)


def _refuse_surprises(text: str, name: str) -> None:
    # Aliases make a small file huge ("billion laughs"): refused at the first one, and depth with it,
    # before anything is built.
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = (event.start_mark.line if event.start_mark else 0) + 1
        if tag := getattr(event, "tag", None):
            raise errors.UserMistake(f"tags such as {tag[:40]} are not read", place=f"{name}, line {line}")
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise errors.UserMistake(
                "anchors and aliases (& and *) are not read; write the text out", place=f"{name}, line {line}"
            )
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise errors.UserMistake(
                f"nested more than {MAX_DEPTH} levels deep", place=f"{name}, line {line}"
            )


class _Builder:
    """Turns YAML nodes into plain data and remembers lines and problems."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.lines: dict[str, int] = {}
        self.problems: list[errors.Problem] = []

    def report(self, node: yaml.Node, sentence: str) -> None:
        self.problems.append(errors.Problem(f"{self.name}, line {node.start_mark.line + 1}", sentence))

    def build(self, node: yaml.Node, tokens: tuple[str | int, ...]) -> Json:
        self.lines.setdefault(pointer.format_pointer(tokens), node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self.build_mapping(node, tokens)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*tokens, index)) for index, item in enumerate(node.value)]
        if not isinstance(node, yaml.ScalarNode):
            raise TypeError(type(node))
        return self.build_scalar(node)

    def build_mapping(self, node: yaml.MappingNode, tokens: tuple[str | int, ...]) -> dict[str, Json]:
        built: dict[str, Json] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self.report(key_node, "a field name must be a text")
                continue
            key = key_node.value
            if key == "<<" and key_node.style is None:
                self.report(key_node, "merge keys (<<) are not read; write the fields out")
                continue
            if key in built:
                self.report(key_node, f"the field {key!r} stands twice in one place; keep one of them")
                continue
            # The line of a field is that of its name, where a reader looks first.
            self.lines[pointer.format_pointer((*tokens, key))] = key_node.start_mark.line + 1
            built[key] = self.build(value_node, (*tokens, key))
        return built

    def build_scalar(self, node: yaml.ScalarNode) -> Json:
        text = node.value
        if node.style is not None:
            return str(text)
        if text in _NULL:
            return None
        if text in _TRUE or text in _FALSE:
            return text in _TRUE
        if _INTEGER.fullmatch(text):
            return int(text)
        if _FLOAT.fullmatch(text):
            number = float(text)
            if math.isinf(number):
                self.report(node, f"the number {text[:40]} is too large")
                return None
            return number
        return str(text)
