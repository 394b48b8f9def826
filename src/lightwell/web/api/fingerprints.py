"""The fingerprint set for programs: where it lies, how large it is, and its digest."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from lightwell.actions import fingerprints
from lightwell.base import errors
from lightwell.files import state
from lightwell.web.api import shapes
from lightwell.web.api.service import REFUSALS, api


@api.get("/fingerprints", response={200: shapes.FingerprintSet, REFUSALS: shapes.Problem}, tags=["search"])
def read_fingerprints(request: HttpRequest) -> Any:
    """Say where the fingerprints and words of everything public lie, for looking for a page at home."""
    made = fingerprints.find_set(state.open_state())
    if made is None:
        raise errors.CouldNotCheck("The fingerprints are being put together; try again in a few minutes.")
    head = made.read_head()
    return shapes.FingerprintSet(
        address=request.build_absolute_uri(reverse("fingerprints")),
        bytes=made.bytes,
        digest=f"sha256:{made.sha256}",
        log_size=made.size,
        documents=head.documents,
        pages=head.pages,
        pages_without=head.unread_pages,
    )
