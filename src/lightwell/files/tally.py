"""What a file of another format held besides what its pages show at once: counted before it is converted.

Each line is one kind of part, how many there are, and on which pages of the item they are now. The words of
what was found stand on those pages, never here. Kept with the item, shown once the item is public.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lightwell.archive import inventory
from lightwell.base import errors
from lightwell.base.canonical import Json

SHOWN, PRINTED, NAMED = "shown", "printed", "named"
_HOW = {
    SHOWN: "shown on",
    PRINTED: "written out on",
    NAMED: "named on",
}

# One of it, several of it, what becomes of it.
KINDS: dict[str, tuple[str, str, str]] = {
    "slides": ("slide", "slides", SHOWN),
    "hidden-slides": ("hidden slide", "hidden slides", SHOWN),
    "notes": ("speaker note", "speaker notes", SHOWN),
    "sheets": ("sheet", "sheets", SHOWN),
    "hidden-sheets": ("hidden sheet", "hidden sheets", SHOWN),
    "hidden-columns": ("hidden column", "hidden columns", SHOWN),
    "hidden-rows": ("hidden row", "hidden rows", SHOWN),
    "hidden-text": ("stretch of hidden text", "stretches of hidden text", PRINTED),
    "hidden-shapes": ("hidden shape", "hidden shapes", SHOWN),
    "beside-the-page": ("text beside a slide", "texts beside slides", PRINTED),
    "unshown-texts": ("text that no page shows whole", "texts that no page shows whole", PRINTED),
    "metadata": ("field of metadata", "fields of metadata", PRINTED),
    "comments": ("comment", "comments", PRINTED),
    "tracked-changes": ("tracked change", "tracked changes", PRINTED),
    "alternative-texts": ("description of a picture", "descriptions of pictures", PRINTED),
    "embedded-objects": ("embedded file", "embedded files", NAMED),
    "recordings": ("recording", "recordings", NAMED),
    "macros": ("macro store, never run", "macro stores, never run", NAMED),
    "outside-links": (
        "link to something outside, never fetched",
        "links to something outside, never fetched",
        NAMED,
    ),
    "pictures": ("picture, left to the original file", "pictures, left to the original file", NAMED),
    "drawn-pictures": ("picture of its own, drawn anew", "pictures of its own, drawn anew", SHOWN),
    "scripts": ("script, never run", "scripts, never run", NAMED),
    "attachments": ("attached file", "attached files", NAMED),
    "earlier-format": (
        "file of an older format, turned into a newer one before its parts were counted",
        "files of an older format, turned into newer ones before their parts were counted",
        NAMED,
    ),
    "messages": ("message", "messages", SHOWN),
    "rows": ("row", "rows", SHOWN),
    "frames": ("picture", "pictures", SHOWN),
}
# How sure the machine was that read a page from its picture; per cent.
MAX_SURE = 100


@dataclass(frozen=True, slots=True)
class Line:
    """One kind of part: how many were found, and on which pages (from 1, rising) they are now."""

    kind: str
    found: int
    pages: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        rising = all(first < second for first, second in zip(self.pages, self.pages[1:], strict=False))
        if self.kind not in KINDS or self.found < 1 or not rising or (self.pages and self.pages[0] < 1):
            raise errors.Refused(f"{self.kind!r} is no line of what a file held")

    @property
    def words(self) -> str:
        """Such as "2 comments"."""
        one, many, _ = KINDS[self.kind]
        return f"{self.found:,} {one if self.found == 1 else many}"

    @property
    def place(self) -> str:
        """Such as "written out on page 7"; empty where no page shows it."""
        if not self.pages:
            return ""
        ranges = inventory.format_held_pages(self.pages).replace(";", ", ")
        return f"{_HOW[KINDS[self.kind][2]]} page{'' if len(self.pages) == 1 else 's'} {ranges}"


@dataclass(frozen=True, slots=True)
class Tally:
    """The lines of one item, and for pages read from a picture how sure the machine was, in per cent."""

    lines: tuple[Line, ...] = ()
    sure: Mapping[int, int] = field(default_factory=dict)

    @property
    def mean_sure(self) -> int | None:
        """The mean of all pages read from a picture; None when there is none."""
        return round(sum(self.sure.values()) / len(self.sure)) if self.sure else None


EMPTY = Tally()


def format_tally(tally: Tally) -> dict[str, Json]:
    """Write a tally as JSON; inverse of `parse_tally`."""
    return {
        "lines": [
            {"kind": each.kind, "found": each.found, "pages": inventory.format_held_pages(each.pages)}
            for each in tally.lines
        ],
        "sure": {str(number): sure for number, sure in tally.sure.items()},
    }


def parse_tally(value: Json) -> Tally:
    """Read a tally; inverse of `format_tally`. `Refused` when it is malformed: a hostile file may have made
    it.
    """
    match value:
        case {"lines": list(lines), "sure": dict(sure)}:
            return Tally(
                tuple(_parse_lines(lines)), {_read_page(key): _read_sure(each) for key, each in sure.items()}
            )
    raise errors.Refused("this is not a list of what a file held")


def _parse_lines(lines: Iterable[Json]) -> Iterable[Line]:
    for each in lines:
        match each:
            case {"kind": str(kind), "found": int(found), "pages": str(pages)}:
                yield Line(kind, found, tuple(inventory.parse_held_grounds(pages, "")))
            case _:
                raise errors.Refused("a line of what a file held is malformed")


def _read_page(key: str) -> int:
    if not key.isdecimal() or not 1 <= int(key) <= inventory.MAX_PAGES:
        raise errors.Refused(f"{key!r} is no page number")
    return int(key)


def _read_sure(value: Json) -> int:
    if not isinstance(value, int) or not 0 <= value <= MAX_SURE:
        raise errors.Refused(f"{value!r} is no share in per cent")
    return value
