"""The life of questions about a paper: asked, told, denied, admitted, and an answer shown to be false.

Three holders, each with a paper: one that nobody has, and two that are locked in.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hiding
import scene
from scene import ANA, BEN, Act

from lightwell.archive import challenge, inventory, seal

STUDY = hiding.STUDY
STRANGE, ADMITTED, DENIED = "strange", "admitted", "denied"
WORDS = {STRANGE: "florvane", ADMITTED: "Zabrinski", DENIED: "Kuldova"}

SCENE = scene.Scene(
    STUDY,
    documents=2,
    pages=1,
    shared=hiding.SHARED,
    words=tuple(WORDS.values()),
    # Nothing is published here: what is asked, answered and shown says nothing of what stands in a paper.
    never=tuple(WORDS.values()),
)


def make_acts(work: Path) -> list[Act]:
    """List the acts after the beginning; folders lie below `work`."""
    seal_command = [
        *("seal", STUDY, str(work / "research"), str(work / "inventory.csv")),
        *("--yes", "--processes", "1", *ANA),
    ]
    answered = ("already", "answered before")
    receipt = str(work / "receipt.json")
    make = ["challenge", "make", str(work / f"{STRANGE}.pdf"), "--company", "larkfield", "--bits", "1"]
    return [
        Act("propose a study", ["disclose", str(work / "study.yaml"), *ANA], struck=False),
        Act("publish a study's record", ["approve", "1", *BEN], struck=False),
        Act("seal two papers", seal_command, struck=False),
        Act("make a question", [*make, "--out", receipt], ("is there already",)),
        Act("ask", _ask(work, STRANGE)),
        Act("tell the company", _tell(work, STRANGE)),
        Act("propose to deny", _propose(STRANGE, "not-in-inventory")),
        Act("deny", ["approve", "2", *BEN], answered),
        Act("ask about what is there", _ask(work, ADMITTED), struck=False),
        Act("tell of what is there", _tell(work, ADMITTED), struck=False),
        Act("propose to admit", _propose(ADMITTED, "in-inventory")),
        Act("propose a second time", _propose(ADMITTED, "in-inventory", named=True), struck=False),
        Act("turn an answer down", ["reject", "4", *BEN], answered),
        Act("admit", ["approve", "3", *BEN], answered),
        Act("ask about what is denied", _ask(work, DENIED), struck=False),
        Act("tell of what is denied", _tell(work, DENIED), struck=False),
        Act("lie", _lie, struck=False),
        Act("disprove", _disprove(work), ("shown before",)),
        Act("count what is turned away", _turn_away),
        Act("work", ["worker", "--once"], struck=False),
        Act("write a bundle", ["bundle", str(work / "bundle")], ("exists already",)),
    ]


def list_beginnings() -> list[list[str]]:
    """List the commands that begin the installation; no fault strikes them."""
    return scene.list_beginnings()


def write_papers(work: Path) -> None:
    """Write everything that the commands read, and the work that asking takes."""
    scene.write_study(work, STUDY)
    folder = work / "research"
    folder.mkdir()
    rows, nonces = [], {}
    for number, (name, word) in enumerate(WORDS.items()):
        data = hiding.print_pages(((f"The {hiding.SHARED} of {word} was counted.",),))
        nonces[name] = challenge.find_work("larkfield", _commit(name, data), challenge.FIRST_BITS)
        (work / f"{name}.pdf").write_bytes(data)
        if name == STRANGE:
            continue
        (folder / f"{name}.pdf").write_bytes(data)
        due = scene.find_promise_day()
        rows.append(
            inventory.Row(
                number, f"{name}.pdf", f"Paper {number}", "report", "2025-05-01", "publish", "", "", due
            )
        )
    (work / "inventory.csv").write_text(inventory.format_rows(rows))
    (work / "nonces.json").write_text(json.dumps(nonces))


def _measure(data: bytes) -> seal.FileMeasure:
    return seal.FileMeasure(hashlib.sha256(data).digest(), len(data))


def _salt(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()


def _commit(name: str, data: bytes) -> bytes:
    return challenge.commit_file(_salt(name), _measure(data))


def _find(name: str) -> str:
    """Find the id under which a holder's question was logged: they ask in the order of `WORDS`."""
    from lightwell.db.models import Challenge

    asked = Challenge.objects.order_by("log_index").values_list("pk", flat=True)
    return str(asked[list(WORDS).index(name)])


def _ask(work: Path, name: str) -> Callable[[], Any]:
    def ask() -> None:
        from lightwell.actions import challenges
        from lightwell.cli import installation

        state = installation.open_installation()
        nonce = json.loads((work / "nonces.json").read_text())[name]
        sealed = _commit(name, (work / f"{name}.pdf").read_bytes())
        challenges.ask(provider="larkfield", commitment=sealed, nonce=nonce, now=state.read_now())

    return ask


def _tell(work: Path, name: str) -> Callable[[], Any]:
    def tell() -> None:
        from lightwell.actions import challenges
        from lightwell.cli import installation

        state = installation.open_installation()
        measure = _measure((work / f"{name}.pdf").read_bytes())
        challenges.hand_over(name=_find(name), salt=_salt(name), measure=measure, now=state.read_now())

    return tell


def _propose(name: str, answer: str, named: bool = False) -> Callable[[], Any]:
    def propose() -> None:
        from lightwell.cli import installation

        installation.open_installation()
        number = _find(name)
        payload = {"challenge": number, "answer": answer, "named": named}
        scene.propose("ana", "challenge-answer", number, payload)()

    return propose


def _lie() -> None:
    """Deny what is there, as a company could that changed its program."""
    from lightwell.actions import log
    from lightwell.archive import entry
    from lightwell.cli import installation

    now, roles = installation.open_installation().read_now(), ("publisher", "approver")
    made = entry.make_challenge_answer(now, _find(DENIED), "not-in-inventory", None, None, roles)
    log.append(entries=[made])


def _disprove(work: Path) -> Callable[[], Any]:
    def disprove() -> None:
        from lightwell.actions import challenges
        from lightwell.cli import installation
        from lightwell.db.models import Item

        state = installation.open_installation()
        route = challenges.trace_item(state, Item.objects.get(file_name=f"{DENIED}.pdf"))
        challenges.disprove(
            name=_find(DENIED),
            salt=_salt(DENIED),
            measure=_measure((work / f"{DENIED}.pdf").read_bytes()),
            route=route,
            now=state.read_now(),
        )

    return disprove


def _turn_away() -> None:
    from lightwell.actions import challenges
    from lightwell.cli import installation

    state = installation.open_installation()
    challenges.count_turned_away(reason=challenges.MALFORMED, now=state.read_now())
