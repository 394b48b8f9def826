"""Where the API lies, and the log's own files beside it, so that others can monitor it."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path, re_path

from lightwell.files import state
from lightwell.tlog import errors as log_errors
from lightwell.tlog import tile
from lightwell.web import methods
from lightwell.web.api import archive, challenges, figures, fingerprints, lists, log, queries, records
from lightwell.web.api.service import api

# Importing these modules is what gives the API its operations.
OPERATIONS = (archive, challenges, figures, fingerprints, lists, log, queries, records)


@methods.only_read
def send_tile(request: HttpRequest, name: str) -> HttpResponse:
    """Send a tile or entry bundle (C2SP tlog-tiles); full ones never change."""
    try:
        wanted = tile.parse_path(name)
    except log_errors.TileError:
        raise Http404 from None
    tiles = state.open_state().tiles
    if wanted.level is None:
        data = tiles.read_bundle(wanted.index, wanted.width)
    else:
        data = tiles.read_tile(wanted.level, wanted.index, wanted.width)
    if data is None:
        raise Http404
    response = HttpResponse(data, content_type="application/octet-stream")
    response["Access-Control-Allow-Origin"] = "*"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


urlpatterns = [
    path("api/1/", api.urls),
    re_path(r"^log/(?P<name>tile/[0-9a-z/.]+)$", send_tile, name="log-tile"),
]
