"""Files inside files: what a mail carries (EML, MSG) and what an office file embeds, found and taken out.

Each is named by the names that lead to it, "mail.eml / report.docx / Sheet1.xlsx", and may be a document of
its own. Office files keep whole files below `embeddings/` (ECMA-376, part 1, 15.2.10), OpenDocument those of
other programs as members beside `content.xml` (ODF 1.3, part 2, 3.3); what OpenDocument takes apart into a
folder is no file and is only counted. Runs in the process behind the fence; nothing is run or fetched.
"""

from __future__ import annotations

import io
import posixpath
from pathlib import Path

from lightwell.base import errors
from lightwell.files import mails, media
from lightwell.files.mails import MAX_DEPTH, MAX_PARTS, Attachment
from lightwell.files.package import Package

SEPARATOR = mails.SEPARATOR
OFFICE_ENDINGS = tuple(f".{each}" for each in media.OFFICE.values())
_OPEN_OLE = "Object "


def list_enclosures(source: Path | bytes, media_type: str, depth: int = 1) -> list[tuple[str, int]]:
    """List the files inside a file with their bytes, those inside them behind them, by the names that lead
    there.

    `UserMistake` when mails lie inside mails deeper than is followed, there are too many, or one is damaged.
    """
    if depth > MAX_DEPTH:
        raise errors.UserMistake(
            f"it holds mails inside mails more than {MAX_DEPTH} deep; supply the inner ones as files"
        )
    found: list[tuple[str, int]] = []
    for each in _open_enclosures(source, media_type):
        found.append((each.name, len(each.data)))
        if inner := judge_inner(each):
            found += [
                (f"{each.name}{SEPARATOR}{name}", size)
                for name, size in list_enclosures(each.data, inner, depth + 1)
            ]
    if len(found) > MAX_PARTS:
        raise errors.UserMistake(f"it holds {len(found):,} attachments; at most {MAX_PARTS:,} are read")
    return found


def find_enclosure(source: Path | bytes, media_type: str, names: list[str]) -> bytes:
    """Find the bytes of a file inside a file by the names that lead to it; `UserMistake` when there is
    none.
    """
    for each in _open_enclosures(source, media_type):
        if each.name == names[0]:
            if len(names) == 1:
                return each.data
            return find_enclosure(each.data, judge_inner(each), names[1:])
    raise errors.UserMistake(f"the file holds no {names[0]!r}; draft the list anew")


def judge_inner(enclosure: Attachment) -> str:
    """Judge whether a file inside another may hold files itself; its media type, or nothing."""
    name = enclosure.name.lower()
    for media_type, ending in media.OFFICE.items():
        # A file that only bears such a name is a document like any other.
        if name.endswith(f".{ending}") and enclosure.data.startswith(b"PK\x03\x04"):
            return media_type
    return mails.judge_inner(enclosure)


def _open_enclosures(source: Path | bytes, media_type: str) -> tuple[Attachment, ...]:
    if media_type in mails.MEDIA_TYPES:
        data = source if isinstance(source, bytes) else _read_mail(source)
        return mails.read_mail(data, media_type).attachments
    if media_type not in media.OFFICE:
        return ()
    with Package(source if isinstance(source, Path) else io.BytesIO(source)) as opened:
        names = [each for each in opened.list_names() if _is_whole_file(each, media.OFFICE[media_type])]
        if len(names) > MAX_PARTS:
            raise errors.UserMistake(f"it holds {len(names):,} files; at most {MAX_PARTS:,} are read")
        # Names of members may say anything.
        return mails.name_apart([Attachment(posixpath.basename(each), opened.read(each)) for each in names])


def _read_mail(path: Path) -> bytes:
    # More than this is left the file that it is, and nothing in it is listed.
    return path.read_bytes() if path.stat().st_size <= mails.MAX_BYTES else b""


def _is_whole_file(member: str, ending: str) -> bool:
    if ending in ("docx", "pptx", "xlsx"):
        return "/embeddings/" in member
    return "/" not in member and member.startswith(_OPEN_OLE)
