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

from public_words import find_words, list_leaks, list_public_words
from rows import describe_rows, list_unlogged
from scene import Scene

# Exits that ask the database at once; the others show a moment of before and may lag behind.
PROMPT = ("page", "document", "api")


def observe(scene: Scene, thorough: bool = True, bundle: bool = True) -> dict[str, Any]:
    """Look at everything; runs in a process of its own, and changes nothing that counts.

    Visiting the site takes most of the time: not thorough, it is left out, and the rows that its pages
    are made from, the search, the bundle and the log are looked at alone. `bundle` has one written and
    judged.
    """
    from lightwell.actions import bundles
    from lightwell.cli import installation

    state = installation.open_installation()
    from lightwell.db.models import LogEntry

    types = [json.loads(bytes(entry.data))["type"] for entry in LogEntry.objects.order_by("index")]
    facts: dict[str, Any] = {
        # A day that ends while the tests run brings a count entry more.
        "log": [each for each in types if each != "count"],
        "exits": {name: sorted(words) for name, words in _visit(scene, thorough).items()},
        **describe_rows(),
        "unlogged": list_unlogged(),
    }
    packed = bundles.find_packed(state)
    facts["exits"]["everything"] = _search_zip(scene, packed.path.read_bytes()) if packed else []
    if bundle:
        facts["exits"]["bundle"], facts["verdict"] = _write_bundle(scene, state)
    facts["fsck"] = _check_log(state)
    facts["public"] = _list_public(state.root)
    facts["asked"] = [path.name for path in state.root.glob("incoming/*/asked*")]
    inside = {"public": list_public_words(scene, state), **facts["exits"]}
    facts["leaks"] = list_leaks(scene, state, inside)
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


def _visit(scene: Scene, thorough: bool) -> dict[str, set[str]]:
    from django.test import Client

    client = Client(headers={"host": "localhost"})
    found: dict[str, set[str]] = {name: set() for name in (*PROMPT, "search", "file", "challenge")}

    def visit(name: str, address: str) -> None:
        answer = client.get(address, follow=True)
        assert answer.status_code in (200, 404, 410, 451, 503), f"{address}: {answer.status_code}"
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
        found[name].update(find_words(scene, body))

    visit("search", f"/search/?q={scene.shared}")
    visit("search", f"/search.atom?q={scene.shared}")
    visit("search", f"/api/1/search?q={scene.shared}&limit=50")
    if not thorough:
        return {"search": found["search"]}
    for number in range(1, scene.documents + 1):
        place = f"/studies/{scene.study}/documents/{number}/"
        for page in range(1, scene.pages + 1):
            visit("page", f"{place}page/{page}/")
        visit("api", f"/api/1/studies/{scene.study}/documents/{number}/pages/{1 + number % scene.pages}")
    for record in (scene.study, *scene.records):
        visit("document", f"/records/{record}/")
    for digest in _list_digests(scene):
        visit("file", f"/files/{digest}")
    for address in _list_challenges():
        visit("challenge", address)
    return found


def _list_challenges() -> list[str]:
    from lightwell.db.models import Challenge

    names = Challenge.objects.values_list("pk", flat=True)
    return ["/challenges/", "/api/1/challenges", *(f"/challenges/{name}/" for name in names)]


def _list_digests(scene: Scene) -> list[str]:
    """List the digests of everything that was ever handed in to be published, or made to be."""
    from lightwell.db.models import Item, Opening
    from lightwell.files import state

    work = state.open_state().root.parent
    papers = [path for each in scene.papers for path in sorted(work.glob(each))]
    made = [
        *Opening.objects.exclude(document="").order_by("pk").values_list("document", flat=True),
        *Item.objects.exclude(copy_sha256="").order_by("pk").values_list("copy_sha256", flat=True),
    ]
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in papers] + made


def _search_zip(scene: Scene, data: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = archive.namelist()
        return sorted(set().union(*(find_words(scene, archive.read(name)) for name in names)))


def _write_bundle(scene: Scene, state: Any) -> tuple[list[str], str]:
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
            words |= find_words(scene, path.read_bytes()) if path.is_file() else set()
        verify.verify_bundle(room / "bundle")
        return sorted(words), ""
    except errors.LightwellError as error:
        return [], f"{type(error).__name__}: {error}"
    finally:
        shutil.rmtree(room)
