"""Pages of our own setting: cleaned HTML made into PDF by WeasyPrint, which may fetch nothing at all.

What is set was cleaned before (`clean_html`, by nh3), keeps no styles of its own, and is cut into pieces, so
that a table of many thousand rows needs the memory of a few hundred. WeasyPrint needs Pango, a library of the
system, and is therefore optional: `find_lack` says what is missing.
"""

from __future__ import annotations

import functools
import html
import importlib.metadata
import io
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nh3
import pikepdf

from lightwell.base import errors

NAME = "WeasyPrint with Pango"
MAX_PAGES = 5_000
# Elements inside elements: WeasyPrint takes some ten calls for each.
_RECURSION, _MAX_DEPTH, _RAW_DEPTH = 8_000, 450, 3_000
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)")
# Elements that need no end (HTML, 13.1.2.4), so that counting their beginnings says nothing of depth.
_UNCLOSED = {
    *("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"),
    *("p", "li", "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot", "option", "html", "head", "body"),
}
_TAGS = {
    *("a", "abbr", "b", "blockquote", "br", "caption", "cite", "code", "dd", "del", "details", "dfn", "div"),
    *("dl", "dt", "em", "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "ins", "kbd"),
    *(
        "li",
        "mark",
        "ol",
        "p",
        "pre",
        "q",
        "s",
        "samp",
        "section",
        "small",
        "span",
        "strong",
        "sub",
        "summary",
    ),
    *(
        "sup",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "u",
        "ul",
        "var",
        "article",
        "header",
        "footer",
    ),
}
_STYLE = """
@page { size: A4; margin: 18mm 16mm }
@page wide { size: A4 landscape; margin: 14mm 12mm }
html { font: 10pt/1.4 'DejaVu Sans', 'Liberation Sans', 'Noto Sans', sans-serif; color: #111 }
body { margin: 0; overflow-wrap: anywhere }
body.wide { page: wide; font-size: 7.5pt }
h1 { font-size: 15pt } h2 { font-size: 12.5pt } h3, h4, h5, h6 { font-size: 11pt }
h1, h2, h3, h4, h5, h6 { break-after: avoid; line-height: 1.2; margin: 1em 0 .4em }
p, ul, ol, dl, pre, blockquote, table { margin: .5em 0 }
pre, code, samp, kbd { font-family: 'DejaVu Sans Mono', 'Liberation Mono', monospace; font-size: 8.5pt }
pre { white-space: pre-wrap }
table { border-collapse: collapse; width: 100% }
table.given { table-layout: fixed }
td, th { border-bottom: .4pt solid #999; padding: 1.5pt 4pt; text-align: left; vertical-align: top }
th { border-bottom: .8pt solid #333 }
img { max-width: 100%; max-height: 230mm }
a { color: inherit; text-decoration: underline }
.note { color: #444; font-size: 9pt }
.message { margin: 0 0 .6em; break-inside: avoid-page }
.message b { margin-right: .6em }
.message time { color: #444; font-size: 8.5pt }
.message p { margin: .1em 0 0; white-space: pre-wrap }
"""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of HTML that begins on a page of its own; `wide` for tables, which are set across.

    `pictures` are those that it names, as PNG by address (`files/enclosed_pictures`).
    """

    html: str
    wide: bool = False
    pictures: Mapping[str, bytes] = field(default_factory=dict)


@functools.lru_cache(maxsize=1)
def find_lack() -> str:
    """Find what is missing for setting pages; empty when nothing is."""
    try:
        import weasyprint  # noqa: F401 - loading it is the question
    except ImportError:
        return "WeasyPrint is not installed (pip install 'lightwell[site]')"
    except OSError:
        return (
            "Pango is not installed (on Debian or Ubuntu: apt-get install libpango-1.0-0 libpangoft2-1.0-0)"
        )
    return ""


def name_setter() -> str:
    """Name the typesetter and its version as it stands in seals; loads nothing."""
    return f"weasyprint {importlib.metadata.version('weasyprint')}"


def clean_html(text: str, *, pictures: bool = False) -> str:
    """Keep of HTML what says something and can do nothing: no scripts, styles, pictures, frames or forms.

    With `pictures` their places stay, for which whoever asks puts in what may be shown
    (`files/enclosed_pictures`). Raises `UserMistake` for elements that lie too deep inside one another.
    """
    # Cleaning takes the square of the depth, so that the worst is refused before.
    _check_depth(text, _RAW_DEPTH)
    cleaned = nh3.clean(
        text,
        tags={*_TAGS, "img"} if pictures else _TAGS,
        attributes={
            "a": {"href"},
            "td": {"colspan", "rowspan"},
            "th": {"colspan", "rowspan"},
            "ol": {"start"},
            "img": {"src", "alt"},
        },
        url_schemes={"http", "https", "mailto", "cid", "data"},
        attribute_filter=_drop_carried,
        link_rel=None,
    )
    _check_depth(cleaned, _MAX_DEPTH)
    return cleaned


def _drop_carried(tag: str, name: str, value: str) -> str | None:
    """Leave addresses that carry something in themselves to pictures alone."""
    carried = re.sub(r"[\x00-\x20]", "", value).lower().startswith(("cid:", "data:"))
    return None if carried and tag != "img" else value


def _check_depth(text: str, most: int) -> None:
    depth = 0
    for mark in _TAG.finditer(text):
        if mark[2].lower() not in _UNCLOSED:
            depth = max(0, depth - 1) if mark[1] else depth + 1
        if depth > most:
            raise errors.UserMistake(_explain_depth())


def _explain_depth() -> str:
    return (
        "its parts lie inside one another too deep to be set on pages; supply a simpler copy, or seal it as "
        "it is "
        "with the intent publish-unread"
    )


def escape_text(text: str) -> str:
    """Write text so that it stands in HTML as it is; characters that no document may hold are left out."""
    return html.escape(
        "".join(each for each in text if each in "\n\t" or each.isprintable() or each.isspace())
    )


def set_pieces(
    pieces: Iterable[Piece], target: Path, *, title: str = "", alive: Callable[[], None] | None = None
) -> list[dict[str, int]]:
    """Set pieces one behind the other into one PDF; for each piece the pages of its anchors and of its "end".

    Raises `UserMistake` when the pages become too many.
    """
    made = pikepdf.new()
    places = []
    first = 1
    for piece in pieces:
        document = _render(piece, title)
        anchors = {
            name: number + first for number, sheet in enumerate(document.pages) for name in sheet.anchors
        }
        with pikepdf.open(io.BytesIO(document.write_pdf())) as printed:
            made.pages.extend(printed.pages)
        first += len(document.pages)
        places.append({**anchors, "end": first - 1})
        if len(made.pages) > MAX_PAGES:
            raise errors.UserMistake(
                f"it would fill more than {MAX_PAGES:,} pages; supply it in parts, or seal it as it is with "
                "the "
                "intent publish-unread"
            )
        if alive:
            alive()
    made.save(target, deterministic_id=True)
    return places


def _render(piece: Piece, title: str) -> Any:
    import weasyprint

    page = (
        f'<html lang="en"><head><title>{html.escape(title)}</title><style>{_STYLE}</style></head>'
        f'<body class="{"wide" if piece.wide else ""}">{piece.html}</body></html>'
    )
    sys.setrecursionlimit(_RECURSION)
    try:
        return weasyprint.HTML(string=page, url_fetcher=_make_shelf(piece.pictures), base_url=None).render()
    except RecursionError:
        raise errors.UserMistake(_explain_depth()) from None


def _make_shelf(pictures: Mapping[str, bytes]) -> Any:
    """Make what WeasyPrint asks for addresses: it knows the pictures of a piece and fetches nothing."""
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class Shelf(URLFetcher):  # type: ignore[misc]  # the library carries no types
        def fetch(self, url: str, headers: object = None) -> Any:
            if url not in pictures:
                raise ValueError("nothing is fetched")
            return URLFetcherResponse(url, pictures[url], {"Content-Type": "image/png"})

    return Shelf()
