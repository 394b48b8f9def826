"""What a file is, judged by its first bytes and never by its name.

A picture is recognised by its signature alone: suspected abuse images must not be rendered by a
program that only wanted to know what they are. Text has no signature; there the name chooses among
kinds of text. Who reads the pages of a PDF: `files/pdf`.
"""

from __future__ import annotations

import re
import struct
import zipfile
from pathlib import Path

PDF = "application/pdf"
UNKNOWN = "application/octet-stream"

_HEAD_BYTES = 4096
# ISO 32000-1, annex H.3.4.1: readers accept the header anywhere in the first 1024 bytes.
_PDF_WITHIN = 1024
_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"BM", "image/bmp"),
    (b"%!PS", "application/postscript"),
    (b"{\\rtf", "application/rtf"),
    (b"\x1f\x8b", "application/gzip"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"PAR1", "application/vnd.apache.parquet"),
)
_OFFICE = "application/vnd.openxmlformats-officedocument."
_OPEN = "application/vnd.oasis.opendocument."
# Office files whose hidden parts are known, with the ending that their scratch copy gets.
OFFICE = {
    _OFFICE + "wordprocessingml.document": "docx",
    _OFFICE + "presentationml.presentation": "pptx",
    _OFFICE + "spreadsheetml.sheet": "xlsx",
    _OPEN + "text": "odt",
    _OPEN + "presentation": "odp",
    _OPEN + "spreadsheet": "ods",
}
# Older office files: ending of their scratch copy, and of the newer format they are turned into first.
OLDER = {
    "application/msword": ("doc", "docx"),
    "application/vnd.ms-excel": ("xls", "xlsx"),
    "application/vnd.ms-powerpoint": ("ppt", "pptx"),
    "application/rtf": ("rtf", "docx"),
}
# By the stream that holds the content ([MS-DOC] 2.1.1, [MS-XLS] 2.1.2, [MS-PPT] 2.1.2).
_OLDER_MARKS = (
    ("WordDocument", "application/msword"),
    ("Workbook", "application/vnd.ms-excel"),
    ("Book", "application/vnd.ms-excel"),
    ("PowerPoint Document", "application/vnd.ms-powerpoint"),
)
_ZIP_MARKS = (
    ("word/document.xml", _OFFICE + "wordprocessingml.document"),
    ("xl/workbook.xml", _OFFICE + "spreadsheetml.sheet"),
    ("ppt/presentation.xml", _OFFICE + "presentationml.presentation"),
)
_TEXTS = {
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".json": "application/json",
    ".md": "text/markdown",
    ".rst": "text/x-rst",
    ".html": "text/html",
    ".htm": "text/html",
}
_NAMED_TEXTS = {*_TEXTS, ".txt", ".log"}
MAIL, OUTLOOK, LOCKED = "message/rfc822", "application/vnd.ms-outlook", "application/x-locked-office"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# A field of a mail's head (RFC 5322, section 2.2), which no text begins with that is not called a mail.
_FIELD = re.compile(rb"[!-9;-~]{1,70}:[ \t\r\n]")


def judge_type(path: Path) -> str:
    """Judge the media type of a file by content; `application/octet-stream` when nothing is recognised."""
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    if b"%PDF-" in head[:_PDF_WITHIN]:
        return PDF
    if head.startswith(_OLE):
        return _judge_compound(path)
    if path.suffix.lower() == ".eml" and _FIELD.match(head):
        return MAIL
    for signature, media_type in _SIGNATURES:
        if head.startswith(signature):
            return media_type
    if head.startswith(b"PK\x03\x04"):
        return _judge_zip(path)
    if head[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}.get(
            head[8:12], UNKNOWN
        )
    if head[4:8] == b"ftyp":
        picture = head[8:12] in (b"heic", b"heix", b"mif1", b"avif")
        return "image/heif" if picture else "video/mp4"
    return _judge_text(head, path.suffix.lower())


def _judge_compound(path: Path) -> str:
    """Tell mails of Outlook, older and locked office files from other compound files ([MS-CFB])."""
    import olefile

    try:
        with olefile.OleFileIO(path) as opened:
            if opened.exists("__properties_version1.0"):
                return OUTLOOK
            if opened.exists("EncryptedPackage"):
                return LOCKED
            for mark, media_type in _OLDER_MARKS:
                if opened.exists(mark):
                    return media_type
    except (OSError, ValueError, IndexError, TypeError, struct.error):
        pass
    return "application/x-ole-storage"


def _judge_zip(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            if "mimetype" in names and archive.getinfo("mimetype").file_size < 200:
                named = archive.read("mimetype").decode("ascii", "replace").strip()
                if named.startswith(_OPEN) or named == "application/epub+zip":
                    return named
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, OSError, EOFError):
        return "application/zip"
    return next((media_type for mark, media_type in _ZIP_MARKS if mark in names), "application/zip")


def _judge_text(head: bytes, suffix: str) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) and suffix in _NAMED_TEXTS:
        return _TEXTS.get(suffix, "text/plain")
    if not head or any(byte < 9 or 13 < byte < 27 or 27 < byte < 32 for byte in head):
        return UNKNOWN
    try:
        # The last character may be cut in the middle.
        text = (head[:-3] if len(head) == _HEAD_BYTES else head).decode("utf-8", "strict")
    except UnicodeDecodeError as error:
        if len(head) < _HEAD_BYTES or error.start < _HEAD_BYTES - 8:
            # Not UTF-8, but called a text and without control characters: one of the older encodings.
            return _TEXTS.get(suffix, "text/plain") if suffix in _NAMED_TEXTS else UNKNOWN
        text = head[: error.start].decode()
    start = text.lstrip("\ufeff \t\r\n")[:200].lower()
    if start.startswith(("<!doctype html", "<html")):
        return "text/html"
    if start.startswith("<svg") or (start.startswith("<?xml") and "<svg" in text.lower()):
        return "image/svg+xml"
    return _TEXTS.get(suffix, "text/plain")
