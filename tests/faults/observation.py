"""What an archive shows at every exit, what its log holds and what lies about: the facts that are compared.

Every page has a word of its own. An exit is seen by the words that come out of it, so that half a
publication or a page that should be hidden shows at once.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from journey import EDITION, HIDDEN, OTHER, PAGES, SHARED, STUDY, WHOLE

_WORD = re.compile(rb"quax[a-z]{3}[mnop]|quaxfigures[12]")
# Exits that ask the database at once; the others show a moment of before and may lag behind.
PROMPT = ("page", "document", "api")


def observe(thorough: bool = True) -> dict[str, Any]:
    """Look at everything; runs in a process of its own, and changes nothing that counts.

    Visiting the site takes most of the time: not thorough, it is left out, and the rows that its pages
    are made from, the search, the bundle and the log are looked at alone.
    """
    from lightwell.actions import bundles
    from lightwell.cli import installation

    state = installation.open_installation()
    from lightwell.db.models import Disclosure, Inventory, Item, LogEntry, Proposal, PublicPage, Redaction

    types = [json.loads(bytes(entry.data))["type"] for entry in LogEntry.objects.order_by("index")]
    facts: dict[str, Any] = {
        # A day that ends while the tests run brings a count entry more.
        "log": [each for each in types if each != "count"],
        "exits": {name: sorted(words) for name, words in _visit(thorough).items()},
        "pages": [list(row) for row in PublicPage.objects.visible().values_list("item__number", "number")],
        "records": [
            list(row) for row in Disclosure.objects.visible().order_by("pk").values_list("record", "version")
        ],
        "inventories": Inventory.objects.count(),
        "sealed": Item.objects.filter(inventory__isnull=False).count(),
        "measured": Item.objects.filter(inventory=None).count(),
        "keys": Item.objects.filter(wrapped_key__isnull=False).count(),
        "hidden": [
            [each.item.number, each.page, each.approved, each.lifted_at is not None]
            for each in Redaction.objects.select_related("item")
        ],
        "proposals": [[each.kind, each.approved] for each in Proposal.objects.order_by("pk")],
    }
    packed = bundles.find_packed(state)
    facts["exits"]["everything"] = _search_zip(packed.path.read_bytes()) if packed else []
    facts["exits"]["bundle"], facts["verdict"] = _write_bundle(state)
    facts["fsck"] = _check_log(state)
    facts["public"] = _list_public(state.root)
    return facts


def _check_log(state: Any) -> str:
    """Do what `lightwell log fsck --offline` does; empty when the log is whole."""
    from lightwell.actions import log
    from lightwell.base import errors

    try:
        log.check_start(state=state, offline=True)
    except errors.LightwellError as error:
        return str(error)
    return ""


def list_leftovers(root: Path) -> list[str]:
    """List what no reader and no later command has any use for."""
    kept = [path.relative_to(root).as_posix() for path in sorted(root.rglob("*"))]
    generations = [path for path in kept if re.fullmatch(r"index/g-[0-9a-f]+", path)]
    ends = (".tmp", ".unfinished")
    found = [
        path for path in kept if path.endswith(ends) or path.startswith(("packed/work", "files/incoming/"))
    ]
    return found + (generations if len(generations) > 1 else [])


def _list_public(root: Path) -> list[str]:
    folder = root / "files" / "public"
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def _visit(thorough: bool) -> dict[str, set[str]]:
    from django.test import Client

    client = Client(headers={"host": "localhost"})
    found: dict[str, set[str]] = {name: set() for name in ("page", "api", "document", "search", "file")}

    def visit(name: str, address: str) -> None:
        answer = client.get(address, follow=True)
        assert answer.status_code in (200, 404, 410, 451, 503), f"{address}: {answer.status_code}"
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
        found[name].update(_find_words(body))

    visit("search", f"/search/?q={SHARED}")
    visit("search", f"/search.atom?q={SHARED}")
    visit("search", f"/api/1/search?q={SHARED}&limit=50")
    if not thorough:
        return {"search": found["search"]}
    for number in range(WHOLE, HIDDEN + 1):
        place = f"/studies/{STUDY}/documents/{number}/"
        for page in range(1, PAGES + 1):
            visit("page", f"{place}page/{page}/")
        visit("api", f"/api/1/studies/{STUDY}/documents/{number}/pages/{1 + number % PAGES}")
    for record in (STUDY, EDITION, OTHER):
        visit("document", f"/records/{record}/")
    for digest in _list_digests():
        visit("file", f"/files/{digest}")
    return found


def _list_digests() -> list[str]:
    """List the digests of everything that was ever handed in to be published."""
    from lightwell.files import state

    work = state.open_state().root.parent
    papers = [*sorted((work / "research").iterdir()), *sorted(work.glob("figures-*.csv"))]
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in papers]


def _find_words(data: bytes) -> set[str]:
    return {word.decode() for word in _WORD.findall(data)}


def _search_zip(data: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return sorted(set().union(*(_find_words(archive.read(name)) for name in archive.namelist())))


def _write_bundle(state: Any) -> tuple[list[str], str]:
    """Write a bundle and judge it; its words, and the verdict: empty when verified, "none" without one."""
    from lightwell.actions import bundles
    from lightwell.base import errors
    from lightwell.client import verify

    room = Path(tempfile.mkdtemp())
    try:
        if state.tiles.read_checkpoint() is None:
            return [], ""
        try:
            bundles.write_bundle(state=state, folder=room / "bundle")
        except errors.Refused as error:
            return [], f"none: {error}"
        words = set()
        for path in (room / "bundle").rglob("*"):
            words |= _find_words(path.read_bytes()) if path.is_file() else set()
        verify.verify_bundle(room / "bundle")
        return sorted(words), ""
    except errors.LightwellError as error:
        return [], f"{type(error).__name__}: {error}"
    finally:
        shutil.rmtree(room)
