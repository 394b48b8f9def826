"""Chosen pages of one document as one PDF, with the proof of each page inside as an attached file.

While anything of the document is out of view or held back, the pages leave as pictures: a page taken
out of a PDF can carry parts of its neighbours, and a picture cannot.
"""

from __future__ import annotations

from collections.abc import Sequence

from lightwell.actions import documents, pictures, proofs
from lightwell.base import errors
from lightwell.db.models import PublicPage
from lightwell.files import drawing, extracting
from lightwell.files.state import State

MOST_PAGES = 50

_EXPLANATION = """These pages were taken from a published document. {address}

Beside this note stands one proof for each page, page-N-proof.json. It shows that the words of the
page are those that were locked in before publication; it does not show that they are true.
Check one with the free program Lightwell: lightwell verify page-N-proof.json
"""


def make_extract(
    *, state: State, document: documents.Document, numbers: Sequence[int], address: str
) -> bytes:
    """Put pages together that are visible now; raises `Refused` naming a page that went out of view."""
    rows = {
        row.number: row for row in PublicPage.objects.visible().filter(item=document.item, number__in=numbers)
    }
    for number in numbers:
        if number not in rows:
            raise errors.Refused(f"page {number} has just been taken out of view")
    attachments = {
        f"page-{number}-proof.json": proofs.make_proof(state=state, row=rows[number]) for number in numbers
    }
    attachments["how-to-check.txt"] = _EXPLANATION.format(address=address).encode()
    title = f"{document.title or document.item.kind}, {len(numbers)} of {document.item.pages} pages"
    if document.whole:
        pdf = state.files.fetch_path("public", document.item.copy_sha256 or document.item.sha256)
        source = extracting.Source(pdf=pdf, numbers=numbers)
    else:
        drawn = [pictures.read_picture(state=state, row=rows[number]).data for number in numbers]
        dpi = drawing.DPI if not rows[numbers[0]].picture else 110
        source = extracting.Source(pictures=drawn, dpi=dpi)
    return extracting.gather_pages(source, title, attachments)
