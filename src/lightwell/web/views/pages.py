"""The page viewer: picture and text of one page side by side, words marked, a quote ready to copy.

Everything works without script. A page that is not shown has the same address and says why.
"""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.http import urlencode

from lightwell.actions import documents, pictures, proofs, quotations
from lightwell.db.models import PublicPage
from lightwell.files import state
from lightwell.web import help_lines, memory, methods
from lightwell.web.views import documents as document_views

_SUSPENDED = 451


@methods.only_read
@methods.with_own_script
@memory.keep
def show_page(request: HttpRequest, study: str, number: int, page: int) -> HttpResponse:
    """Show a page, or the place of a page that is not shown."""
    document = document_views.find_document(study, number)
    place = _find_place(document, page)
    row = documents.find_page(document.item, page) if place.state == documents.OPEN else None
    context: dict[str, Any] = {
        "document": document,
        "item": document.item,
        "place": place,
        "previous": page - 1 if page > 1 else None,
        "next": page + 1 if page < len(document.places) else None,
        "report_path": f"{request.path}report/",
        "help": help_lines.find_for_study(study),
    }
    if row is None:
        status = _SUSPENDED if place.state == documents.SUSPENDED else 200
        return render(request, "documents/closed_page.html", context, status=status)
    query = request.GET.get("q", "")[:400]
    sheet = quotations.read_sheet(row, query)
    texts = [word.text for word in sheet.words]
    if passage := request.GET.get("passage", "")[:4000]:
        if found := quotations.find_passage(texts, passage):
            words = urlencode({"words": f"{found[0]}-{found[1]}"})
            return redirect(f"{request.path}?{words}#w{found[0]}")
        context["not_found"] = passage
    chosen = quotations.parse_range(request.GET.get("words", ""), len(texts))
    if chosen:
        sheet = quotations.read_sheet(row, query, chosen)
        context["quote"] = _make_quote(request, document, sheet, chosen)
    context |= {
        "sheet": sheet,
        "query": query,
        "suffix": f"?{urlencode({'q': query})}" if query else "",
        "marked": sum(word.marked for word in sheet.words),
        "sure": document.tally.sure.get(page),
        "fingerprint": pictures.name_source(document.item, row),
    }
    return render(request, "documents/page.html", context)


@methods.only_read
def send_picture(request: HttpRequest, study: str, number: int, page: int) -> HttpResponse:
    """Send the picture of a page that may be shown now; every other page has none."""
    row = _find_visible(study, number, page)
    tag = f'"{pictures.name_source(row.item, row)}-{page}"'
    if request.headers.get("If-None-Match") == tag:
        return HttpResponseNotModified(headers={"ETag": tag, "Cache-Control": "no-cache"})
    picture = pictures.read_picture(state=state.open_state(), row=row)
    response = HttpResponse(picture.data, content_type=picture.media_type)
    response["Content-Security-Policy"] = methods.BARE
    response["Cache-Control"] = "no-cache"
    response["ETag"] = tag
    return response


@methods.only_read
def send_proof(request: HttpRequest, study: str, number: int, page: int) -> HttpResponse:
    """Send the proof of one page as a file that the offline verifier reads."""
    row = _find_visible(study, number, page)
    proof = proofs.make_proof(state=state.open_state(), row=row)
    return document_views.send_bytes(proof, "application/json", f"{study}-{number}-page-{page}-proof.json")


def _find_place(document: documents.Document, page: int) -> documents.Place:
    if not 1 <= page <= len(document.places):
        raise Http404
    return document.places[page - 1]


def _find_visible(study: str, number: int, page: int) -> PublicPage:
    row = PublicPage.objects.visible().filter(
        item__study_id=study, item__number=number, item__inventory__isnull=False, number=page
    )
    found = row.select_related("item__study").first()
    if found is None:
        raise Http404
    return found


def _make_quote(
    request: HttpRequest, document: documents.Document, sheet: quotations.Sheet, chosen: tuple[int, int]
) -> dict[str, Any]:
    first, last = chosen
    link = request.build_absolute_uri(f"{request.path}?{urlencode({'words': f'{first}-{last}'})}#w{first}")
    provider = document.item.study.provider.name
    source = f"{document.title or document.item.kind}, page {sheet.number}"
    study = document.study_title or document.item.study_id
    opened = document.opened_on.isoformat() if document.opened_on else ""
    proof = request.build_absolute_uri(f"{request.path}proof.json")
    words = quotations.join_words(sheet, first, last)
    return {
        "first": first,
        "last": last,
        "words": words,
        "text": f"“{words}”\n{source} ({study}). {provider}, published {opened}.\n{link}\nProof: {proof}",
    }


_PAGE = "studies/<slug:study>/documents/<int:number>/page/<int:page>/"
urlpatterns = [
    path(_PAGE, show_page, name="page"),
    path(f"{_PAGE}picture", send_picture, name="page-picture"),
    path(f"{_PAGE}proof.json", send_proof, name="page-proof"),
]
