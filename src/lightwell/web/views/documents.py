"""One document: what it is, where each of its pages stands, and the downloads that may leave now."""

from __future__ import annotations

import base64
from typing import Any

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.http import content_disposition_header

from lightwell.actions import amendments, cells, documents, extracts, overview, quotations
from lightwell.base import errors
from lightwell.db.models import Item
from lightwell.files import state
from lightwell.web import help_lines, memory, methods, stretch

# Types that a browser or a program may be told about; every other file is plain bytes.
_NAMED_TYPES = {"application/pdf", "text/csv", "text/plain", "application/json", "application/zip"}
_GONE_FOR_LEGAL_REASONS = 451
MOST_SHEETS = 50
# Larger files are sent piece by piece, never held in memory whole.
STREAMED_FROM = 16 << 20


def find_document(study: str, number: int) -> documents.Document:
    """Find a sealed document or answer 404, whatever the reason."""
    try:
        return documents.read_document(documents.find_item(study, number))
    except Item.DoesNotExist:
        raise Http404 from None


@methods.only_read
@memory.keep
def show_document(request: HttpRequest, study: str, number: int) -> HttpResponse:
    """Show one document with a place for each of its pages."""
    document = find_document(study, number)
    if wanted := request.GET.get("page", "").strip():
        if not (wanted.isascii() and wanted.isdecimal() and 1 <= int(wanted[:9]) <= len(document.places)):
            raise errors.UserMistake(f"the document has pages 1 to {len(document.places)}", place="page")
        return redirect("page", study, number, int(wanted))
    places, steps = stretch.cut_stretch(document.places, request.GET.get("from", ""), {}, place="pages")
    open_numbers = [place.number for place in document.places if place.state == documents.OPEN]
    context: dict[str, Any] = {
        "document": document,
        "places": places,
        "steps": steps,
        "item": document.item,
        "listed": (listed := _find_listed(study, number)),
        "log_state": listed.state if listed else "sealed",
        "amendments": amendments.list_amendments(document.item),
        "report_path": f"{request.path}report/",
        "help": help_lines.find_for_study(study),
        "open_numbers": open_numbers,
        "first_open": open_numbers[0] if open_numbers else None,
        "most": extracts.MOST_PAGES,
        "spreadsheet": document.standing == documents.OPEN and bool(cells.find_kind(document.item)),
        "sheets": _list_sheets(document),
    }
    return render(request, "documents/document.html", context)


def _list_sheets(document: documents.Document) -> range:
    """List the numbers of a spreadsheet's sheets as its parts were counted, the first of very many."""
    count = next((line.found for line in document.tally.lines if line.kind == "sheets"), 0)
    return range(1, min(count, MOST_SHEETS) + 1)


def _find_listed(study: str, number: int) -> overview.Document | None:
    """Find what became of a document, as the log says it and every other page counts it."""
    found = overview.read_overview(state.open_state()).find_study(study)
    return next((each for each in (found.documents if found else ()) if each.number == number), None)


@methods.only_read
def send_pages(request: HttpRequest, study: str, number: int) -> HttpResponse:
    """Send chosen pages as one PDF with the proof of each page inside."""
    document = find_document(study, number)
    opened = state.open_state()
    open_pages = {place.number for place in document.places if place.state == documents.OPEN}
    wanted = ",".join(request.GET.getlist("pages"))
    numbers = quotations.parse_pages(wanted, open_pages, extracts.MOST_PAGES)
    address = request.build_absolute_uri(request.path.removesuffix("pages.pdf"))
    data = extracts.make_extract(state=opened, document=document, numbers=numbers, address=address)
    name = (
        f"{study}-{number}-pages-{numbers[0]}" + (f"-to-{numbers[-1]}" if len(numbers) > 1 else "") + ".pdf"
    )
    return send_bytes(data, "application/pdf", name)


@methods.only_read
def send_sheet(request: HttpRequest, study: str, number: int, sheet: int) -> HttpResponse:
    """Send one sheet of a spreadsheet as CSV."""
    return _send_cells(request, study, number, sheet)


@methods.only_read
def send_cells(request: HttpRequest, study: str, number: int) -> HttpResponse:
    """Send all cells of a spreadsheet, with their formulas, as JSON."""
    return _send_cells(request, study, number, None)


def _send_cells(request: HttpRequest, study: str, number: int, sheet: int | None) -> HttpResponse:
    document = find_document(study, number)
    try:
        data = cells.read_cells(state=state.open_state(), document=document, sheet=sheet)
    except Item.DoesNotExist:
        raise Http404 from None
    except errors.Refused as refusal:
        return refuse_for_legal_reasons(request, refusal.sentence)
    name = document.file_name.rpartition(".")[0] or "document"
    if sheet is None:
        return send_bytes(data, "application/json", f"{name}-cells.json")
    return send_bytes(data, "text/csv; charset=utf-8", f"{name}-sheet-{sheet}.csv")


@methods.only_read
def send_file(request: HttpRequest, digest: str) -> HttpResponse | FileResponse:
    """Send a published file as it was handed in; its address is its digest, so that it can be compared."""
    try:
        original = documents.find_original(digest)
    except Item.DoesNotExist:
        raise Http404 from None
    except errors.Refused as refusal:
        return refuse_for_legal_reasons(request, refusal.sentence)
    files = state.open_state().files
    response: HttpResponse | FileResponse
    if (files.read_size("public", digest) or 0) > STREAMED_FROM:
        response = FileResponse(files.open_bytes("public", digest))
        response["Content-Type"] = _name_type(original.media_type, b"\xff")
        _protect(response, original.file_name)
    else:
        response = send_bytes(files.get_bytes("public", digest), original.media_type, original.file_name)
    response["Repr-Digest"] = f"sha-256=:{base64.b64encode(bytes.fromhex(digest)).decode()}:"
    response["ETag"] = f'"{digest}"'
    return response


def send_bytes(data: bytes, media_type: str, name: str) -> HttpResponse:
    """Answer with a file that a browser saves and never runs: no script, no type guessing, no cookie."""
    response = HttpResponse(data, content_type=_name_type(media_type, data))
    _protect(response, name)
    return response


def _name_type(media_type: str, data: bytes) -> str:
    shown = media_type if media_type.partition(";")[0] in _NAMED_TYPES else "application/octet-stream"
    if shown.startswith("text/") and "charset" not in shown:
        # A text whose letters nobody told is called what it is only where it can be read as that.
        shown = f"{shown}; charset=utf-8" if _is_utf8(data) else "application/octet-stream"
    return shown


def _protect(response: HttpResponse | FileResponse, name: str) -> None:
    """Have a browser save what is sent, under this name, and run nothing of it."""
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    response["Content-Security-Policy"] = f"sandbox; {methods.BARE}"
    response["X-Content-Type-Options"] = "nosniff"
    # Asked again each time, so that a file taken out of view is gone at once from every cache.
    response["Cache-Control"] = "no-cache"


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def refuse_for_legal_reasons(request: HttpRequest, sentence: str) -> HttpResponse:
    """Answer 451 (RFC 7725) with one sentence."""
    context = {"sentences": [sentence], "status": _GONE_FOR_LEGAL_REASONS}
    return render(request, "problem.html", context, status=_GONE_FOR_LEGAL_REASONS)


urlpatterns = [
    path("studies/<slug:study>/documents/<int:number>/", show_document, name="document"),
    path("studies/<slug:study>/documents/<int:number>/pages.pdf", send_pages, name="document-pages"),
    path("studies/<slug:study>/documents/<int:number>/cells.json", send_cells, name="document-cells"),
    path(
        "studies/<slug:study>/documents/<int:number>/sheets/<int:sheet>.csv",
        send_sheet,
        name="document-sheet",
    ),
    path("files/<slug:digest>", send_file, name="file"),
]
