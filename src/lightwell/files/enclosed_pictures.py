"""Pictures that a web page or a mail carries in itself (`data:`, `cid:`), drawn anew for its page.

Each is opened by Pillow, of four formats only and with a limit of pixels, and written again as plain pixels:
what a page shows has nothing of the file's own bytes, no metadata, no second frame. What is not safe, too
much, or only linked stays named in the account of the file. Nothing is fetched. Runs behind the fence.
"""

from __future__ import annotations

import base64
import binascii
import html
import io
import re
import urllib.parse
import warnings
from collections.abc import Mapping

from PIL import Image, ImageFile, UnidentifiedImageError

SCHEME = "lightwell-picture:"
FORMATS = ("PNG", "JPEG", "GIF", "WEBP")
MAX_PICTURES = 200
MAX_PIXELS, MAX_PIXELS_IN_ALL = 20_000_000, 100_000_000
# Wider than any page at the resolution in which pages are kept.
_WIDEST = 1600
_PICTURE = re.compile(r'<img((?:\s+[a-z]+="[^"]*")*)\s*/?>')
_ATTRIBUTE = re.compile(r'([a-z]+)="([^"]*)"')
_DATA = re.compile(r"data:image/[a-z0-9.+-]{1,20}((?:;[a-z0-9=-]{1,40})*),", re.I)


class Album:
    """The pictures of one text: `parts` are those that came beside it, by content id (RFC 2392).

    `pictures` are those that were drawn anew so far, by the address under which a page names them.
    """

    def __init__(self, parts: Mapping[str, bytes] | None = None) -> None:
        self.pictures: dict[str, bytes] = {}
        self._parts = dict(parts or {})
        self._known: dict[str, str] = {}
        self._pixels = 0

    def find(self, source: str) -> str:
        """Find the address of a picture by its source, drawn when it is first asked for; empty for none."""
        source = source.strip()
        if source not in self._known:
            data = self._read(source)
            drawn = self._draw(data) if data and len(self.pictures) < MAX_PICTURES else None
            address = f"{SCHEME}{len(self.pictures) + 1}" if drawn else ""
            if drawn:
                self.pictures[address] = drawn
            self._known[source] = address
        return self._known[source]

    def place(self, cleaned: str) -> str:
        """Put the pictures into cleaned HTML; one that is not shown leaves its name there."""

        def replace(mark: re.Match[str]) -> str:
            told = {name: html.unescape(value) for name, value in _ATTRIBUTE.findall(mark[1])}
            if address := self.find(told.get("src", "")):
                return f'<img src="{address}" alt="">'
            name = html.escape(told.get("alt", "").strip()[:200])
            return f'<span class="note">[a picture{f": {name}" if name else ""}, not shown here]</span>'

        return _PICTURE.sub(replace, cleaned)

    def _read(self, source: str) -> bytes:
        if source[:4].lower() == "cid:":
            return self._parts.get(urllib.parse.unquote(source[4:]), b"")
        found = _DATA.match(source)
        if found is None:
            return b""
        rest = urllib.parse.unquote_to_bytes(source[found.end() :])
        if not found[1].lower().endswith(";base64"):
            return rest
        try:
            return base64.b64decode(re.sub(rb"\s+", b"", rest), validate=True)
        except binascii.Error:
            return b""

    def _draw(self, data: bytes) -> bytes | None:
        """Write a picture anew as PNG; None for what is none of ours, damaged or too large."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", Image.DecompressionBombWarning)
                # WeasyPrint asks Pillow, when it is imported, to take broken pictures too.
                ImageFile.LOAD_TRUNCATED_IMAGES = False
                with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
                    pixels = opened.width * opened.height
                    if pixels > MAX_PIXELS or self._pixels + pixels > MAX_PIXELS_IN_ALL:
                        return None
                    self._pixels += pixels
                    return _redraw(opened)
        except MemoryError:
            raise
        except (
            *(OSError, ValueError, SyntaxError, EOFError, KeyError, IndexError, OverflowError),
            *(UnidentifiedImageError, Image.DecompressionBombError, Image.DecompressionBombWarning),
        ):
            return None


def _redraw(opened: Image.Image) -> bytes:
    ground = Image.new("RGB", opened.size, "white")
    layer = opened.convert("RGBA")
    ground.paste(layer, mask=layer.getchannel("A"))
    if ground.width > _WIDEST:
        ground = ground.resize((_WIDEST, max(1, round(ground.height * _WIDEST / ground.width))))
    out = io.BytesIO()
    ground.save(out, "PNG")
    return out.getvalue()
