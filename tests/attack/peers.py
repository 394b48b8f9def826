"""Ways of redacting that are not ours, for comparison: each from a PDF and rectangles to a PDF.

Rectangles are (page from 0, (left, bottom, right, top)) in points of the page's own space. MuPDF is called as
the program `mutool`; PyMuPDF and clearleaf are used where somebody installed them; they are no dependency.
"""

from __future__ import annotations

import importlib.util
import io
import json
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pikepdf
from pikepdf import Array, Dictionary, Name

Rects = Sequence[tuple[int, tuple[float, float, float, float]]]

_SCRIPT = """
var doc = new PDFDocument("in.pdf");
var rects = %s;
for (var k = 0; k < doc.countPages(); ++k) {
  var page = doc.loadPage(k), box = page.bound(), any = false;
  for (var n = 0; n < rects.length; ++n) {
    if (rects[n][0] != k) continue;
    var mark = page.createAnnotation("Redact"), rect = rects[n][1];
    mark.setRect([rect[0], rect[1], rect[2], rect[3]]);
    any = true;
  }
  if (any) { page.update(); page.applyRedactions(true, 2); }
}
doc.save("out.pdf", "%s");
"""


def leave_alone(pdf: bytes, rects: Rects) -> bytes:
    return pdf


def draw_boxes(pdf: bytes, rects: Rects) -> bytes:
    """Draw black boxes behind what each page draws, in a later revision as a reader's tool does."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        for number, page in enumerate(document.pages):
            boxes = b"".join(
                b"%f %f %f %f re f " % (left, bottom, right - left, top - bottom)
                for at, (left, bottom, right, top) in rects
                if at == number
            )
            page.contents_add(document.make_stream(b"q 0 g " + boxes + b"Q"))
        return _save(document)


def mark_only(pdf: bytes, rects: Rects) -> bytes:
    """Mark everything for redaction, as a person would, and forget to apply the marks."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        for number, (left, bottom, right, top) in rects:
            page = document.pages[number].obj
            if "/Annots" not in page:
                page.Annots = Array()
            mark = Dictionary(
                Type=Name.Annot, Subtype=Name.Redact, Rect=[left, bottom, right, top], IC=[0, 0, 0]
            )
            page.Annots.append(document.make_indirect(mark))
        return _save(document)


def edit_with_mupdf(pdf: bytes, rects: Rects) -> bytes:
    """Apply redactions with MuPDF and save the plain way."""
    return _run_mutool(pdf, rects, "")


def edit_and_clean_with_mupdf(pdf: bytes, rects: Rects) -> bytes:
    """Apply redactions with MuPDF and collect everything that nothing refers to."""
    return _run_mutool(pdf, rects, "garbage=deduplicate,clean,sanitize,compress")


def edit_with_pymupdf(pdf: bytes, rects: Rects) -> bytes:
    """Apply redactions with PyMuPDF, scrub what it can scrub, and collect what nothing refers to."""
    import pymupdf

    with pymupdf.open(stream=pdf) as document:
        for number, page in enumerate(document):
            turn = page.transformation_matrix
            for at, (left, bottom, right, top) in rects:
                if at == number:
                    page.add_redact_annot(pymupdf.Rect(left, bottom, right, top) * turn, fill=(0, 0, 0))
            page.apply_redactions(images=pymupdf.PDF_REDACT_IMAGE_PIXELS)
        try:
            document.scrub()
        except Exception:
            # The first call fails on an annotation that stands on no page; the second goes through.
            document.scrub(redactions=False)
        return bytes(document.tobytes(garbage=4, clean=True, deflate=True))


def edit_with_clearleaf(pdf: bytes, rects: Rects) -> bytes:
    import clearleaf

    with tempfile.TemporaryDirectory() as name:
        source, target = Path(name, "in.pdf"), Path(name, "out.pdf")
        source.write_bytes(pdf)
        document = clearleaf.open(str(source))
        for number in range(len(document)):
            page = document[number]
            for at, rect in rects:
                if at == number:
                    page.add_redact_annot(rect)
            page.apply_redactions()
        document.save(str(target))
        return target.read_bytes()


Method = Callable[[bytes, Rects], bytes]
METHODS: dict[str, Method] = {
    "nothing done": leave_alone,
    "black boxes drawn": draw_boxes,
    "redaction marks, not applied": mark_only,
    "MuPDF, redactions applied": edit_with_mupdf,
    "MuPDF, applied and cleaned": edit_and_clean_with_mupdf,
}
if importlib.util.find_spec("pymupdf"):
    METHODS["PyMuPDF, applied, scrubbed and cleaned"] = edit_with_pymupdf
if importlib.util.find_spec("clearleaf"):
    METHODS["clearleaf, redactions applied"] = edit_with_clearleaf


def _run_mutool(pdf: bytes, rects: Rects, options: str) -> bytes:
    with tempfile.TemporaryDirectory() as name:
        Path(name, "in.pdf").write_bytes(pdf)
        with pikepdf.open(io.BytesIO(pdf)) as document:
            tops = [float(page.cropbox[3]) for page in document.pages]
            lefts = [float(page.cropbox[0]) for page in document.pages]
        turned = [
            [at, [left - lefts[at], tops[at] - top, right - lefts[at], tops[at] - bottom]]
            for at, (left, bottom, right, top) in rects
        ]
        Path(name, "redact.js").write_text(_SCRIPT % (json.dumps(turned), options))
        subprocess.run(["mutool", "run", "redact.js"], cwd=name, check=True, capture_output=True, timeout=120)
        return Path(name, "out.pdf").read_bytes()


def _save(document: pikepdf.Pdf) -> bytes:
    out = io.BytesIO()
    document.save(out, static_id=True)
    return out.getvalue()
