"""Chosen pages put into one PDF, with files attached, in a process of its own with limits.

Pages come either from a published PDF or from pictures. From a PDF only what the chosen pages draw is
carried over: links to other pages are dropped, because copying one would copy the page behind it.
Which pages may be chosen is never asked here (`actions/extracts`).
"""

from __future__ import annotations

import base64
import io
import json
import resource
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lightwell.base import errors

if TYPE_CHECKING:
    import pikepdf

_MEMORY_BYTES = 2 << 30
_SECONDS = 60
_BROUGHT = ("/Link", "/FileAttachment", "/RichMedia", "/Screen", "/Movie", "/Widget")


@dataclass(frozen=True, slots=True)
class Source:
    """Where the pages come from: a PDF with page numbers from 1, or pictures with their resolution."""

    pdf: Path | None = None
    numbers: Sequence[int] = ()
    pictures: Sequence[bytes] = ()
    dpi: int = 110


def gather_pages(source: Source, title: str, attachments: Mapping[str, bytes]) -> bytes:
    """Return one PDF of the chosen pages; `CouldNotCheck` when it cannot be made within the limits."""
    order = {
        "pdf": str(source.pdf) if source.pdf else None,
        "numbers": list(source.numbers),
        "pictures": [base64.b64encode(each).decode() for each in source.pictures],
        "dpi": source.dpi,
        "title": title,
        "attachments": {name: base64.b64encode(each).decode() for name, each in attachments.items()},
    }
    command = [sys.executable, "-m", "lightwell.files.extracting"]
    try:
        done = subprocess.run(  # noqa: S603
            command, input=json.dumps(order).encode(), capture_output=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise errors.CouldNotCheck("these pages take too long to put together; choose fewer") from None
    if done.returncode or not done.stdout:
        raise errors.CouldNotCheck("these pages cannot be put together; download the whole file instead")
    return done.stdout


def build_pdf(order: Mapping[str, Any]) -> bytes:
    """Put the pages of an order together in this process; used by the process that `gather_pages` starts.

    An order is JSON that `gather_pages` wrote: `pdf` (a path or nothing), `numbers` of its pages, `pictures`
    and `attachments` in base 64, `dpi`, `title`.
    """
    import pikepdf

    made = pikepdf.new()
    if order["pdf"]:
        with pikepdf.open(str(order["pdf"])) as original:
            for number in order["numbers"]:
                sheet = original.pages[number - 1]
                _drop_links(sheet)
                made.pages.append(sheet)
    for encoded in order["pictures"]:
        with pikepdf.open(_print_picture(base64.b64decode(encoded), int(order["dpi"]))) as printed:
            made.pages.extend(printed.pages)
    made.docinfo["/Title"] = str(order["title"])
    for name, encoded in order["attachments"].items():
        kind = "application/json" if name.endswith(".json") else "text/plain"
        made.attachments[name] = pikepdf.AttachedFileSpec(made, base64.b64decode(encoded), mime_type=kind)
    out = io.BytesIO()
    made.save(out, deterministic_id=True)
    return out.getvalue()


def _drop_links(sheet: pikepdf.Page) -> None:
    import pikepdf

    held = sheet.obj
    if "/Annots" in held:
        kept = [each for each in held.Annots if str(each.get("/Subtype")) not in _BROUGHT]
        held.Annots = pikepdf.Array(kept)
    for name in ("/B", "/AA", "/StructParents", "/PieceInfo"):
        if name in held:
            del held[name]


def _print_picture(data: bytes, dpi: int) -> io.BytesIO:
    from PIL import Image

    out = io.BytesIO()
    with Image.open(io.BytesIO(data)) as picture:
        picture.convert("RGB").save(out, "PDF", resolution=dpi)
    out.seek(0)
    return out


def main() -> None:
    """Read an order from the standard input and write the PDF to the standard output, within limits."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    sys.stdout.buffer.write(build_pdf(json.load(sys.stdin)))


if __name__ == "__main__":
    main()
