"""Mails (EML, RFC 5322, and Outlook's MSG) made into pages of our own setting, and their attachments found.

The head and the words are set; where a mail says the same as plain text and as HTML, both are, if they
differ. Attachments are found here; as items of their own: `files/enclosures`. MSG is read from its streams
([MS-OXMSG], [MS-OXPROPS]). Nothing is fetched.
"""

from __future__ import annotations

import datetime
import email
import email.message
import email.policy
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import olefile

from lightwell.base import errors
from lightwell.files import source_texts, texts, typesetting
from lightwell.files.draft_pages import Draft
from lightwell.files.enclosed_pictures import Album
from lightwell.files.preparation import Finding
from lightwell.files.typesetting import Piece, escape_text

EML, MSG = "message/rfc822", "application/vnd.ms-outlook"
MEDIA_TYPES = (EML, MSG)
SEPARATOR = " / "
MAX_DEPTH = 5
MAX_PARTS = 2_000
MAX_BYTES = 200 << 20
_RECURSION = 1_000
# What says how a part is written.
_FORMAL = {
    "content-type",
    "content-disposition",
    "content-transfer-encoding",
    "mime-version",
    "content-length",
    "lines",
}
_HEADERS = ("From", "To", "Cc", "Bcc", "Reply-To", "Date", "Subject")
# Tags of MAPI properties with the heading each is shown under.
_MSG_HEADERS = (
    ("0C1A", "From"),
    ("0C1F", "Address"),
    ("0E04", "To"),
    ("0E03", "Cc"),
    ("0E02", "Bcc"),
    ("0037", "Subject"),
)
_TIMES = {0x0039: "Date", 0x0E06: "Received"}
# 100 ns since 1601, as Windows counts ([MS-DTYP] 2.3.3).
_EPOCH = datetime.datetime(1601, 1, 1, tzinfo=datetime.UTC)
_NESTED = "3701000D"
_PROPERTY = re.compile(r"__substg1\.0_([0-9A-F]{4})001[EF]")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file inside a mail: its name, made safe and different from its neighbours', and its bytes."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as read: headings with their values, plain words, HTML, attachments; `pictures` are those parts
    that its HTML can name, by content id; `rest` are other headings and texts, which no page shows.
    """

    headings: tuple[tuple[str, str], ...]
    plain: str
    html: str
    attachments: tuple[Attachment, ...]
    remark: str = ""
    pictures: Mapping[str, bytes] = field(default_factory=dict)
    rest: tuple[tuple[str, str], ...] = ()


def read_mail(data: bytes, media_type: str) -> Mail:
    """Read a mail; `UserMistake` says what is wrong with it."""
    if len(data) > MAX_BYTES:
        raise errors.UserMistake(f"the mail has more than {MAX_BYTES >> 20} MB; supply its parts as files")
    # A process that set pages before allows more (`files/typesetting`), so that chance would decide.
    allowed = sys.getrecursionlimit()
    sys.setrecursionlimit(_RECURSION)
    try:
        return _read_msg(data) if media_type == MSG else _read_eml(data)
    except RecursionError:
        raise errors.UserMistake(
            "the mail holds messages inside messages without end; supply a sound copy"
        ) from None
    except (OSError, ValueError, LookupError, AttributeError, TypeError, KeyError):
        raise errors.UserMistake("the mail is damaged and cannot be read; supply a sound copy") from None
    finally:
        sys.setrecursionlimit(allowed)


def draft_mail(mail: Mail) -> Draft:
    """Draft the pages of a mail: its head, its words, and the names of its attachments."""
    named = [f"{each.name} ({len(each.data):,} bytes)" for each in mail.attachments]
    album = Album(mail.pictures)
    shown = album.place(typesetting.clean_html(mail.html, pictures=True)) if mail.html.strip() else ""
    findings = texts.count_html(mail.html, album)
    # Their names stand in the head.
    findings += [Finding("attachments", len(named), (1,))] if named else []
    held = [*mail.rest, *source_texts.list_html_texts(mail.html)]
    return Draft(iter([_set_mail(mail, named, shown, album)]), findings, held)


def judge_inner(attachment: Attachment) -> str:
    """Judge whether an attachment is a mail itself; its media type, or nothing."""
    name = attachment.name.lower()
    return EML if name.endswith(".eml") else MSG if name.endswith(".msg") else ""


def _set_mail(mail: Mail, named: list[str], cleaned: str, album: Album) -> Piece:
    rows = "".join(
        f"<tr><th>{escape_text(name)}</th><td>{escape_text(value)}</td></tr>" for name, value in mail.headings
    )
    attached = "".join(f"<li>{escape_text(each)}</li>" for each in named)
    head = f"<table>{rows}</table>" + (f"<p>Attached:</p><ul>{attached}</ul>" if attached else "")
    head += f"<p class='note'>{escape_text(mail.remark)}</p>" if mail.remark else ""
    plain = f"<pre>{escape_text(mail.plain)}</pre>" if mail.plain.strip() else ""
    same = _squeeze(re.sub(r"<[^>]*>", " ", cleaned)) == _squeeze(escape_text(mail.plain))
    if plain and cleaned and same and not album.pictures:
        cleaned = ""
    if plain and cleaned:
        cleaned = f"<h2>The same mail as HTML, which differs</h2>{cleaned}"
    return Piece(head + plain + cleaned, pictures=album.pictures)


def _squeeze(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).lower()


def _read_eml(data: bytes) -> Mail:
    message = email.message_from_bytes(data, policy=email.policy.default)
    headings = [
        (name, " ".join(_read_header(each).split()))
        for name in _HEADERS
        for each in message.get_all(name, [])
    ]
    plain, html, found = [], [], []
    pictures: dict[str, bytes] = {}
    rest = list(_list_rest(message))
    for number, part in enumerate(_list_leaves(message)):
        if number > MAX_PARTS:
            raise errors.UserMistake(f"the mail has more than {MAX_PARTS:,} parts; supply a sound copy")
        kind = part.get_content_type()
        inline = part.get_content_disposition() != "attachment" and not part.get_filename()
        if kind == "text/plain" and inline:
            plain.append(_decode_part(part))
        elif kind == "text/html" and inline:
            html.append(_decode_part(part))
        elif kind == "message/rfc822":
            inner = part.get_payload(0) if part.is_multipart() else None
            inside = inner.as_bytes() if isinstance(inner, email.message.Message) else b""
            found.append(
                Attachment(f"{part.get_filename() or 'message'}".removesuffix(".eml") + ".eml", inside)
            )
        else:
            body = part.get_payload(decode=True)
            ending = (kind.rpartition("/")[2] or "bin")[:10]
            named = _read_header(part.get("Content-ID", "")).strip().strip("<>")
            if named and kind.startswith("image/") and isinstance(body, bytes):
                pictures[named] = body
            found.append(
                Attachment(part.get_filename() or f"part.{ending}", body if isinstance(body, bytes) else b"")
            )
    shown = "\n".join(html)
    apart = name_apart(found)
    return Mail(tuple(headings), "\n\n".join(plain), shown, apart, pictures=pictures, rest=tuple(rest))


def _list_rest(message: email.message.Message) -> Iterator[tuple[str, str]]:
    """List the other headings of a mail and its parts, and what stands before and behind the parts."""
    waiting = [message]
    while waiting:
        part = waiting.pop(0)
        for name, value in part.items():
            if name.lower() not in _FORMAL:
                yield name, _read_header(value)
        for name, text in (("before the parts", part.preamble), ("behind the parts", part.epilogue)):
            if text and text.strip():
                yield name, str(text)
        inside = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(inside, list):
            waiting += [each for each in inside if isinstance(each, email.message.Message)]


def _list_leaves(message: email.message.Message) -> Iterator[email.message.Message]:
    """List the parts of a mail that hold something, mails inside it whole."""
    waiting = [message]
    while waiting:
        part = waiting.pop(0)
        inside = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(inside, list):
            waiting[:0] = [each for each in inside if isinstance(each, email.message.Message)]
        else:
            yield part


def _read_header(value: object) -> str:
    try:
        return str(value)
    except Exception:
        # The standard library raises of all kinds on heads that are malformed enough.
        return "(cannot be read)"


def _decode_part(part: email.message.Message) -> str:
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes):
        return ""
    try:
        return data.decode(part.get_content_charset() or "utf-8")
    except (UnicodeDecodeError, LookupError):
        return texts.decode_text(data)


def name_apart(found: list[Attachment]) -> tuple[Attachment, ...]:
    """Make the names of attachments safe for a list of files, and different from one another."""
    kept: list[Attachment] = []
    seen: set[str] = set()
    for number, each in enumerate(found, 1):
        plain = re.sub(r"[/\\:\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+", "_", each.name)
        plain = " ".join(plain.split())[:150].strip(". ") or f"part {number}"
        stem, dot, ending = plain.rpartition(".")
        name, copies = plain, 1
        while name.lower() in seen:
            copies += 1
            name = f"{stem} ({copies}).{ending}" if dot else f"{plain} ({copies})"
        seen.add(name.lower())
        kept.append(Attachment(name, each.data))
    return tuple(kept)


def _read_msg(data: bytes) -> Mail:
    with olefile.OleFileIO(data) as opened:
        return _read_storage(opened, [])


def _read_storage(opened: olefile.OleFileIO, place: list[str]) -> Mail:
    headings = [(name, text) for tag, name in _MSG_HEADERS if (text := _read_text(opened, place, tag))]
    headings += [(_TIMES[tag], when) for tag, when in _read_times(opened, place) if tag in _TIMES]
    plain = _read_text(opened, place, "1000")
    html = _read_bytes(opened, place, "10130102") or b""
    found = []
    pictures: dict[str, bytes] = {}
    inside = sorted({tuple(each) for each in opened.listdir(streams=False, storages=True)})
    for path in inside:
        if list(path[:-1]) == place and path[-1].startswith("__attach_version1.0_"):
            found.append(_read_msg_attachment(opened, list(path)))
            # PidTagAttachContentId ([MS-OXPROPS] 2.586).
            if named := _read_text(opened, list(path), "3712").strip().strip("<>"):
                pictures[named] = found[-1].data
    rich = not plain and not html and _read_bytes(opened, place, "10090102") is not None
    remark = (
        "Its words are kept in a form that is not read here; they are in the original file." if rich else ""
    )
    text = texts.decode_text(html, html=True) if html else _read_text(opened, place, "1013")
    rest = _list_properties(opened, place)
    return Mail(tuple(headings), plain, text, name_apart(found), remark, pictures, tuple(rest))


def _list_properties(opened: olefile.OleFileIO, place: list[str]) -> Iterator[tuple[str, str]]:
    """List every property that is a text, of the message, its recipients and attachments."""
    for path in opened.listdir():
        named = _PROPERTY.fullmatch(path[-1])
        inner = any(each.endswith(_NESTED) for each in path[len(place) :])
        if named and not inner and path[: len(place)] == place and named[1] not in ("1000", "1013"):
            yield f"property {named[1]}", _read_text(opened, path[:-1], named[1])


def _read_msg_attachment(opened: olefile.OleFileIO, place: list[str]) -> Attachment:
    name = _read_text(opened, place, "3707") or _read_text(opened, place, "3704") or "part.bin"
    data = _read_bytes(opened, place, "37010102")
    if data is None and opened.exists([*place, f"__substg1.0_{_NESTED}"]):
        inner = _read_storage(opened, [*place, f"__substg1.0_{_NESTED}"])
        return Attachment(f"{name.removesuffix('.msg').removesuffix('.eml')}.eml", _write_eml(inner))
    return Attachment(name, data or b"")


def _write_eml(mail: Mail) -> bytes:
    """Write a mail that lies inside an MSG as an EML, because it has no bytes of its own."""
    made = email.message.EmailMessage()
    for name, value in mail.headings:
        made[name if name in ("From", "To", "Cc", "Bcc", "Subject") else f"X-{name}"] = " ".join(
            value.split()
        )
    made.set_content(mail.plain or "")
    if mail.html:
        made.add_alternative(mail.html, subtype="html")
    for each in mail.attachments:
        made.add_attachment(each.data, maintype="application", subtype="octet-stream", filename=each.name)
    return made.as_bytes()


def _read_text(opened: olefile.OleFileIO, place: list[str], tag: str) -> str:
    if (wide := _read_bytes(opened, place, f"{tag}001F")) is not None:
        return wide.decode("utf-16-le", "replace").rstrip("\0")
    narrow = _read_bytes(opened, place, f"{tag}001E")
    return texts.decode_text(narrow).rstrip("\0") if narrow is not None else ""


def _read_bytes(opened: olefile.OleFileIO, place: list[str], tag: str) -> bytes | None:
    path = [*place, f"__substg1.0_{tag}"]
    if not opened.exists(path) or opened.get_type(path) != olefile.STGTY_STREAM:
        return None
    read: bytes = opened.openstream(path).read()
    return read


def _read_times(opened: olefile.OleFileIO, place: list[str]) -> Iterator[tuple[int, str]]:
    path = [*place, "__properties_version1.0"]
    if not opened.exists(path):
        return
    data = opened.openstream(path).read()
    # The head of a message has 32 bytes, that of a message inside another 24 ([MS-OXMSG] 2.4.1).
    for at in range(24 if place else 32, len(data) - 15, 16):
        kind = int.from_bytes(data[at : at + 2], "little")
        tag = int.from_bytes(data[at + 2 : at + 4], "little")
        ticks = int.from_bytes(data[at + 8 : at + 16], "little")
        if kind == 0x0040 and 0 < ticks < 1 << 62:
            moment = _EPOCH + datetime.timedelta(microseconds=ticks // 10)
            yield tag, f"{moment:%Y-%m-%d %H:%M:%S} UTC"
