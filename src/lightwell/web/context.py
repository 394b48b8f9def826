"""What every page knows about the site: whether it is a sample, the log's size, the day, the way home."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from lightwell.base import errors
from lightwell.db.models import Checkpoint
from lightwell.files import state


@functools.lru_cache(maxsize=8)
def _read_origin(root: Path, _modified: int) -> str:
    return state.State(root).read_origin()


def read_origin(opened: state.State) -> str:
    """Return the log's name, or nothing before an installation was begun; read once per key file."""
    try:
        return _read_origin(opened.root, (opened.root / "log.key").stat().st_mtime_ns)
    except (errors.Damaged, OSError):
        return ""


def is_sample(opened: state.State) -> bool:
    """Answer whether this site shows a labelled sample; the log's own name decides."""
    return read_origin(opened).startswith(state.SAMPLE_PREFIX)


def describe_site(request: HttpRequest) -> dict[str, Any]:
    """Give every template `site` and `newest`, the newest signed record of the log."""
    opened = state.open_state()
    newest = Checkpoint.objects.order_by("-size").first()
    return {
        "site": {
            "sample": is_sample(opened),
            "demo": read_origin(opened).startswith(state.DEMO_PREFIX),
            "origin": read_origin(opened),
            "address": settings.SITE_ADDRESS or f"{request.scheme}://{request.get_host()}",
            "now": opened.read_now(),
            "country": settings.HELP_COUNTRY,
            "contact": settings.CONTACT,
            "mail": settings.MAIL,
        },
        "newest": newest,
        "root": bytes(newest.root).hex() if newest else "",
    }
