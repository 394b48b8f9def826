"""Every text that a source holds, whether or not a page shows it: HTML, JSON, tables, pictures.

What a reader of the pages does not see (an attribute, a member of a chat's JSON, a field of a camera) no
roster finds, and the original file holds it. Each text is told with where it stands; which of them no page
shows: `files/unshown`. Left out is what runs and what looks: scripts, styles and the names of classes.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

import lxml.html
from lxml import etree
from PIL import ExifTags, Image

from lightwell.base.canonical import Json

Text = tuple[str, str]
"""Where it stands, and the text."""

_LOOKS = {
    *("class", "style", "type", "rel", "media", "charset", "dir", "width", "height", "colspan", "rowspan"),
    *("align", "valign", "border", "bgcolor", "color", "cellpadding", "cellspacing", "http-equiv", "xmlns"),
}
_RUNS = re.compile(r"javascript|ecmascript|module|^$", re.I)
_TIMES = {"ts", "thread_ts", "time", "timestamp", "date", "date_unixtime", "edited_unixtime", "created"}
_SECONDS = re.compile(r"\d{9,13}(\.\d+)?")
_LONGEST_FIELD = 20_000
_XML_TAG = re.compile(r"</?[\w.:-]*|/?>|<[?!]")
# Places of pixels and tables, colours, thumbnails; XMP and IPTC stand among the infos as well.
_STRUCTURE = {273, 279, 320, 324, 325, 347, 34675, 37500, 513, 514}


def list_html_texts(text: str) -> Iterator[Text]:
    """List the words, remarks and attributes of HTML that is not trusted."""
    if not text.strip():
        return
    parser = lxml.html.HTMLParser(no_network=True, huge_tree=False)
    try:
        root = lxml.html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, ValueError):
        return
    for each in root.iter():
        name = each.tag if isinstance(each.tag, str) else "remark"
        runs = name == "style" or (name == "script" and _RUNS.search(each.get("type") or ""))
        if each.text and not runs:
            yield name, each.text
        if each.tail:
            yield "", each.tail
        for key, value in each.attrib.items() if isinstance(each.tag, str) else ():
            carried = value.lstrip().lower().startswith(("data:", "cid:"))
            if key not in _LOOKS and not key.startswith("on") and not carried:
                yield key, value


def list_json_texts(text: str, besides: Text = ("", "")) -> Iterator[Text]:
    """List the strings and whole numbers of sound JSON but one, members of one name all of them."""
    for each in _list_members("", json.loads(text, object_pairs_hook=_Members)):
        if each != besides:
            yield each


class _Members(list[tuple[str, Json]]):
    """The members of an object in order; a list of JSON holds no pairs."""


def _list_members(place: str, value: Json) -> Iterator[Text]:
    if isinstance(value, _Members):
        for name, each in value:
            yield from _list_members(f"{place}.{name}" if place else name, each)
    elif isinstance(value, list):
        for each in value:
            yield from _list_members(place, each)
    elif isinstance(value, str | int) and not isinstance(value, bool):
        is_time = place.rpartition(".")[2] in _TIMES and _SECONDS.fullmatch(str(value))
        if not is_time:
            yield place, str(value)


def list_row_texts(rows: Sequence[Sequence[str]]) -> Iterator[Text]:
    """List the cells of a table whose first row names its columns."""
    names = rows[0]
    for row in rows[1:]:
        for number, cell in enumerate(row):
            yield names[number] if number < len(names) else f"column {number + 1}", cell


def list_line_texts(text: str) -> Iterator[Text]:
    """List the lines of a text with markup."""
    yield from (("", line) for line in text.splitlines())


def list_picture_texts(path: Path) -> Iterator[Text]:
    """List the fields that a camera or program wrote beside a sound picture: EXIF, XMP, PNG texts."""
    try:
        with Image.open(path) as picture:
            yield from _list_fields(picture)
    except (OSError, SyntaxError, ValueError, LookupError, TypeError, struct.error):
        yield "metadata", "(some fields cannot be read)"


def _list_fields(picture: Image.Image) -> Iterator[Text]:
    held = picture.getexif()
    for tag, value in held.items():
        # In TIFF the measures of the picture stand among them.
        if isinstance(value, str | bytes) and tag not in _STRUCTURE:
            yield ExifTags.TAGS.get(tag, f"field {tag}"), _decode(value)
    for part, names in ((ExifTags.IFD.Exif, ExifTags.TAGS), (ExifTags.IFD.GPSInfo, ExifTags.GPSTAGS)):
        for tag, value in held.get_ifd(part).items():
            yield names.get(tag, f"field {tag}"), _decode(value)
    written = getattr(picture, "text", {})
    for name, value in picture.info.items():
        if isinstance(name, str) and (name in written or name in ("comment", "xmp")):
            # Of XMP the words between its tags, and those that stand in attributes.
            yield name, _decode(_XML_TAG.sub(" ", _decode(value)) if name != "comment" else value)


def _decode(value: object) -> str:
    if isinstance(value, bytes):
        # XPAuthor and its kind are in UTF-16 (Windows), user comments begin with their code.
        wide = value.count(0) > len(value) // 3
        value = value.decode("utf-16-le" if wide else "utf-8", "replace")
    return " ".join(str(value).replace("\0", " ").split())[:_LONGEST_FIELD]
