"""Chats handed in as files, read into one form: who wrote what when, with the names of what was attached.

One form is documented and exact, `lightwell.chat.v1` (docs/reference/formats.md); beside it the usual exports
are known by their shape: lines as WhatsApp writes them, lists as Slack and objects as Discord and Telegram
exporters write them, and tables with columns for author, time and text. What is no chat is None here.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lightwell.base import errors
from lightwell.base.canonical import Json
from lightwell.files.draft_pages import Draft
from lightwell.files.preparation import Finding
from lightwell.files.typesetting import Piece, escape_text

FORMAT = "lightwell.chat.v1"
_PIECE_MESSAGES = 200
_LINE = re.compile(
    r"\u200e?\[?(\d{1,4}[./-]\d{1,2}[./-]\d{1,4},? \d{1,2}:\d{2}(?::\d{2})?"
    r"(?:[\s\u202f]?[AaPp]\.?[Mm]\.?)?)\]?"
    r"(?: - |\s)([^:\n]{1,80}): ?(.*)"
)
# Of the first lines this share must look like messages.
_LOOKED_AT, _SHARE = 20, 0.5
_ATTACHED = re.compile(
    r"\u200e?<?(?:attached: )?([\w .()-]{1,120}\.[A-Za-z0-9]{2,5})(?: \(file attached\)|>)"
)
_AUTHORS = ("author", "from", "sender", "user", "username", "name")
_TIMES = ("time", "timestamp", "date", "datetime", "created", "created_at", "sent")
_TEXTS = ("text", "message", "body", "content")
_FILES = ("attachment", "attachments", "file", "files")


@dataclass(frozen=True, slots=True)
class Message:
    """One message; everything as it was written, an unknown author or time empty."""

    author: str
    time: str
    text: str
    attachments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chat:
    """Messages in the order of the file."""

    messages: tuple[Message, ...]
    title: str = ""


def read_lines(text: str) -> Chat | None:
    """Read a chat as WhatsApp exports it, one line a message and more lines where the message had them."""
    lines = text.replace("\r\n", "\n").lstrip("\ufeff").split("\n")
    first = [line for line in lines if line.strip()][:_LOOKED_AT]
    if len(first) < 2 or sum(bool(_LINE.match(line)) for line in first) < max(2, _SHARE * len(first)):
        return None
    found: list[list[str]] = []
    for line in lines:
        if start := _LINE.match(line):
            found.append([start[2].strip(), start[1].strip(), start[3]])
        elif found:
            found[-1][2] += f"\n{line}"
        elif line.strip():
            found.append(["", "", line])
    return Chat(tuple(Message(who, when, what.rstrip(), _find_attached(what)) for who, when, what in found))


def read_rows(rows: Sequence[Sequence[str]]) -> Chat | None:
    """Read a chat from a table whose first row names columns for author, time and text."""
    names = [each.strip().lower() for each in rows[0]]
    places = [
        next((names.index(name) for name in known if name in names), None)
        for known in (_AUTHORS, _TIMES, _TEXTS)
    ]
    author, time, text = places
    if author is None or time is None or text is None:
        return None
    files = next((names.index(name) for name in _FILES if name in names), None)
    messages = []
    for row in rows[1:]:
        cells = [*row, *[""] * (len(names) - len(row))]
        attached = tuple(filter(None, re.split(r"[;,]\s*", cells[files]))) if files is not None else ()
        messages.append(Message(cells[author], cells[time], cells[text], attached))
    return Chat(tuple(messages))


def read_value(value: Json) -> Chat | None:
    """Read a chat from JSON; `UserMistake` names the message where one that says it is ours is malformed."""
    if isinstance(value, dict) and value.get("format") == FORMAT:
        return _read_ours(value)
    messages = value.get("messages") if isinstance(value, dict) else value
    if not isinstance(messages, list) or not messages or not all(isinstance(each, dict) for each in messages):
        return None
    read = [_read_message(each) for each in messages]
    if sum(each is not None for each in read) < _SHARE * len(read):
        return None
    title = value.get("name") or value.get("title") or "" if isinstance(value, dict) else ""
    # What looks like no message is shown all the same, as it stands.
    shown = [each or Message("", "", str(raw)) for each, raw in zip(read, messages, strict=True)]
    return Chat(tuple(shown), title if isinstance(title, str) else "")


def draft_chat(chat: Chat) -> Draft:
    """Draft the pages of a chat, one block a message."""
    attached = sum(len(each.attachments) for each in chat.messages)
    findings = [Finding("messages", len(chat.messages))] if chat.messages else []
    findings += [Finding("attachments", attached)] if attached else []
    return Draft(_cut_messages(chat), findings)


def _cut_messages(chat: Chat) -> Iterator[Piece]:
    for at in range(0, max(1, len(chat.messages)), _PIECE_MESSAGES):
        title = f"<h1>{escape_text(chat.title)}</h1>" if chat.title and not at else ""
        yield Piece(title + "".join(map(_set_message, chat.messages[at : at + _PIECE_MESSAGES])))


def _set_message(message: Message) -> str:
    attached = "".join(f"<br>[attached: {escape_text(name)}]" for name in message.attachments)
    return (
        f'<div class="message"><b>{escape_text(message.author or "unknown")}</b> '
        f"<time>{escape_text(message.time)}</time><p>{escape_text(message.text)}{attached}</p></div>"
    )


def _read_ours(value: dict[str, Json]) -> Chat:
    problems = []
    messages = []
    listed = value.get("messages")
    if set(value) - {"format", "title", "messages"} or not isinstance(listed, list):
        raise errors.UserMistake(f"a {FORMAT} has a format, a title and a list of messages, and nothing else")
    for number, each in enumerate(listed, 1):
        match each:
            case {"author": str(author), "time": str(time), "text": str(text)} if set(each) <= {
                "author",
                "time",
                "text",
                "attachments",
            }:
                attached = each.get("attachments", [])
                if isinstance(attached, list) and all(isinstance(name, str) for name in attached):
                    messages.append(Message(author, time, text, tuple(attached)))
                    continue
        problems.append(
            errors.Problem("", f"message {number} of the chat has not author, time and text as text; mend it")
        )
    if problems:
        raise errors.UserMistake(problems=problems)
    title = value.get("title", "")
    return Chat(tuple(messages), title if isinstance(title, str) else "")


def _read_message(value: dict[str, Json]) -> Message | None:
    text = next((value[name] for name in _TEXTS if name in value), None)
    if isinstance(text, list):
        # Telegram cuts a text where its look changes.
        text = "".join(each if isinstance(each, str) else str(each.get("text", "")) for each in text if each)
    time = next((value[name] for name in ("ts", *_TIMES) if name in value), "")
    author = _read_author(value)
    if not isinstance(text, str) or not (author or time):
        return None
    files: list[Json] = next((value[name] for name in _FILES if isinstance(value.get(name), list)), [])
    names = tuple(_name_file(each) for each in files)
    return Message(author, _read_time(time), text, names)


def _read_author(value: dict[str, Json]) -> str:
    profile = value.get("user_profile")
    if isinstance(profile, dict) and isinstance(profile.get("real_name"), str):
        return str(profile["real_name"])
    found = next((value[name] for name in _AUTHORS if value.get(name)), "")
    if isinstance(found, dict):
        found = next((found[name] for name in ("nickname", "name", "username", "id") if found.get(name)), "")
    return str(found)


def _read_time(value: Json) -> str:
    """Write the seconds since 1970 of Slack as a time; anything else stays as it is."""
    if re.fullmatch(r"\d{9,10}(\.\d+)?", str(value)):
        moment = datetime.datetime.fromtimestamp(float(str(value)), datetime.UTC)
        return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
    return str(value)


def _name_file(value: Json) -> str:
    if isinstance(value, dict):
        value = next(
            (value[name] for name in ("name", "fileName", "filename", "title") if value.get(name)), "a file"
        )
    return str(value)


def _find_attached(text: str) -> tuple[str, ...]:
    return tuple(_ATTACHED.findall(text))
