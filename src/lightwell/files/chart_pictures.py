"""Our own charts (SVG) as PNG, for whoever cannot use SVG: set by WeasyPrint, drawn by PDFium."""

from __future__ import annotations

import base64
import functools
import io
import re

_SIZE = re.compile(r'<svg [^>]*width="(\d+)" height="(\d+)"')
_SCALE = 2.0


@functools.lru_cache(maxsize=64)
def draw_png(svg: str) -> bytes:
    """Draw a chart of `figures/chart` as PNG, twice its size in pixels; `ValueError` for any other SVG."""
    # Imported here, because both are heavy and most readers take the SVG.
    import pypdfium2
    import weasyprint

    found = _SIZE.match(svg)
    if found is None:
        raise ValueError("this is no chart of ours")
    width, height = found.groups()
    source = base64.b64encode(svg.encode()).decode()
    page = (
        f"<style>@page{{size:{width}px {height}px;margin:0}}body{{margin:0}}img{{display:block}}</style>"
        f'<img src="data:image/svg+xml;base64,{source}">'
    )
    document = pypdfium2.PdfDocument(weasyprint.HTML(string=page).write_pdf())
    try:
        picture = document[0].render(scale=_SCALE * 96 / 72).to_pil()
    finally:
        document.close()
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()
