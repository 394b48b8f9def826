"""What a record of a data set states of its codebook, held beside the attached file.

Part of the second verifier, written from docs/reference/codebook.md alone; standard library only. Codebooks
are YAML; read is the plain part of it that they are written in (mappings and lists by lines or between
brackets, texts on one line). A file that needs more is counted as not read, never guessed at.
"""

from __future__ import annotations

import datetime
import hashlib
import re

import jcs

_KEY = re.compile(r"""("[^"\\]*"|'[^']*'|[^\s'"\[\]{}&*!|>%@`#,?:-][^#:{}\[\]]*?)\s*:(?:\s+|$)""")
_WHOLE, _REAL = re.compile(r"[-+]?\d{1,40}"), re.compile(r"[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d{1,3})?")
_WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}


class NotRead(Exception):
    """The file is written in a part of YAML that is not read here."""


class Compared:
    """How many codebooks say what their record states, and how many were not read."""

    def __init__(self) -> None:
        self.same = self.unread = 0

    def compare(self, record: dict, folder: object) -> None:
        """`ValueError` where the record states something else than its codebook."""
        stated = record["body"]["codebook"]
        if stated["file"] not in [each["digest"] for each in record["attachments"]]:
            raise ValueError("it names a codebook that is not attached to it")
        try:
            value = read(folder.read(f"files/{stated['file'].removeprefix('sha256:')}").decode())
        except (NotRead, UnicodeDecodeError):
            self.unread += 1
            return
        found = {"name": value.get("dataset"), "version": str(value.get("version")), "digest": digest(value)}
        for name, said in found.items():
            if stated[name] != said:
                raise ValueError(f"the {name} of the codebook attached to it is {said}")
        self.same += 1

    def describe(self) -> list[str]:
        lines = [f"codebooks that say what their record states: {self.same}"] if self.same else []
        return lines + ([f"codebooks not read: {self.unread}"] if self.unread else [])


def digest(value: dict) -> str:
    plain = _plain(value)
    for table in plain.get("tables", {}).values():
        for column in table.get("columns", {}).values():
            for name in ("low", "high", "values"):
                if column.get("type") in ("date", "timestamp") and name in column:
                    column[name] = _write_moment(column[name], column["type"])
    return "sha256:" + hashlib.sha256(jcs.write(plain).encode()).hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return repr(value) if isinstance(value, float) else value


def _write_moment(said: object, kind: str) -> object:
    if isinstance(said, list):
        return [_write_moment(each, kind) for each in said]
    if not isinstance(said, str):
        return said
    try:
        if kind == "date":
            return datetime.date.fromisoformat(said).isoformat()
        moment = datetime.datetime.fromisoformat(said)
        return said if moment.tzinfo else moment.isoformat()
    except ValueError:
        return said


def read(text: str) -> dict:
    """The value of a codebook; `NotRead` for whatever is not plain."""
    lines = []
    for line in text.removeprefix("\ufeff").split("\n"):
        bare = _drop_comment(line).rstrip()
        if bare.strip():
            if "\t" in bare or bare.startswith(("---", "...", "%")):
                raise NotRead
            lines.append((len(bare) - len(bare.lstrip()), bare.strip()))
    if lines and lines[0][1][0] == "{":
        # JSON is YAML too.
        value, left = _read_whole(" ".join(text for _, text in lines)), len(lines)
    else:
        value, left = _read_block(lines, 0, 0) if lines else (None, 0)
    if left != len(lines) or not isinstance(value, dict):
        raise NotRead
    return value


def _drop_comment(line: str) -> str:
    quote = ""
    for at, sign in enumerate(line):
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "\"'" and (at == 0 or line[at - 1] in " [{,"):
            quote = sign
        elif sign == "#" and (at == 0 or line[at - 1] in " \t"):
            return line[:at]
    return line


def _read_block(lines: list[tuple[int, str]], at: int, indent: int) -> tuple[object, int]:
    found: dict | list = [] if lines[at][1].startswith("- ") else {}
    while at < len(lines) and lines[at][0] == indent:
        text = lines[at][1]
        if isinstance(found, list):
            if not text.startswith("- ") or _KEY.match(text[2:].strip()):
                raise NotRead
            found.append(_read_whole(text[2:].strip()))
            at += 1
            continue
        key = _KEY.match(text)
        if not key:
            raise NotRead
        name, rest = _unquote(key[1]), text[key.end() :]
        if name in found or name == "<<":
            raise NotRead
        at += 1
        parts = [rest]
        open_brackets = _count_open(rest) if rest[:1] in ("[", "{") else 0
        while open_brackets > 0 and at < len(lines):
            parts.append(lines[at][1])
            open_brackets += _count_open(lines[at][1])
            at += 1
        if rest:
            found[name] = _read_whole(" ".join(parts))
            continue
        inner = lines[at][0] if at < len(lines) else -1
        if inner > indent or (inner == indent and lines[at][1].startswith("- ")):
            found[name], at = _read_block(lines, at, inner)
        else:
            found[name] = None
    if at < len(lines) and lines[at][0] > indent:
        raise NotRead  # a text that goes on in the next line
    return found, at


def _count_open(text: str) -> int:
    bare = re.sub("\"[^\"]*\"|'[^']*'", "", text)
    return sum(bare.count(each) for each in "[{") - sum(bare.count(each) for each in "]}")


def _read_whole(text: str) -> object:
    if text[0] in "[{":
        value, end = _read_flow(text, 0)
    else:
        value, end = _read_scalar(text), len(text)
    if text[end:].strip():
        raise NotRead
    return value


def _read_flow(text: str, at: int) -> tuple[object, int]:
    """A list or mapping between brackets, whole in one line, from its bracket on."""
    close, found = ("]", []) if text[at] == "[" else ("}", {})
    at += 1
    while True:
        at = _skip(text, at)
        if text[at : at + 1] == close:
            return found, at + 1
        name = None
        if isinstance(found, dict):
            key = _KEY.match(text, at)
            if not key or "," in key[1]:
                raise NotRead
            name, at = _unquote(key[1]), key.end()
        if text[at : at + 1] in ("[", "{"):
            value, at = _read_flow(text, at)
        else:
            end = _find_end(text, at)
            value, at = _read_scalar(text[at:end].strip()), end
        if isinstance(found, list):
            found.append(value)
        elif name in found or name == "<<":
            raise NotRead
        else:
            found[name] = value
        at = _skip(text, at)
        if text[at : at + 1] == ",":
            at += 1
        elif text[at : at + 1] != close:
            raise NotRead


def _skip(text: str, at: int) -> int:
    while text[at : at + 1] == " ":
        at += 1
    return at


def _find_end(text: str, at: int) -> int:
    if text[at : at + 1] in ("'", '"') and (close := text.find(text[at], at + 1)) > 0:
        return close + 1
    end = re.compile(r"[,\]}]").search(text, at)
    if not end:
        raise NotRead
    return end.start()


def _read_scalar(text: str) -> object:
    if text[:1] in ("'", '"'):
        return _unquote(text)
    if (text and text[0] in "&*!|>%@`[]{}#,?") or ": " in text or text.endswith(":") or text[:2] == "- ":
        raise NotRead
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _REAL.fullmatch(text) else text


def _unquote(text: str) -> str:
    if text[:1] not in ("'", '"'):
        return text
    if len(text) < 2 or text[-1] != text[0] or text[0] in text[1:-1] or "\\" in text:
        raise NotRead
    return text[1:-1]
