"""A watched folder of figures: new files are read and proposed as they appear, unchanged ones cost nothing.

What was seen is kept in one file of the state folder, by path, size and time of change, so that a file is
opened once. Losing it loses nothing: what is on record or waits is recognised by its digest.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lightwell.actions import editions, figures, organisations, proposals
from lightwell.base import errors
from lightwell.db.models import Person
from lightwell.figures.mapping import Mapping
from lightwell.files import durable
from lightwell.files.state import State

_SEEN = "figures-seen.json"
_ENDINGS = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".parquet", ".pq", ".json")
# A file that is still being copied changes; it is left for the next look.
_SETTLED_SECONDS = 2


@dataclass
class Report:
    """What one look at the folder found.

    Proposals made (number, title, what was revised), files here already, problems of files that were refused
    whole, and how many files were unchanged and not opened.
    """

    proposed: list[tuple[int, str, dict[str, int]]] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    problems: list[errors.Problem] = field(default_factory=list)
    unchanged: int = 0

    @property
    def is_quiet(self) -> bool:
        """Whether nothing happened that anybody needs to hear of."""
        return not (self.proposed or self.known or self.problems)


def look_at_folder(
    *, state: State, actor: Person, folder: Path, mapping: Mapping, now: datetime.datetime
) -> Report:
    """Read what is new in a folder and propose it, oldest edition first; `UserMistake` without such a folder.

    A file that cannot be read is refused whole and named once, until it changes; the others go on.
    """
    if not folder.is_dir():
        raise errors.UserMistake("there is no such folder", place=str(folder))
    publisher = organisations.find_own(actor)
    report, seen = Report(), _read_seen(state)
    fresh: dict[str, tuple[str, figures.Read]] = {}
    try:
        listed = list(_list_files(folder))
    except OSError as error:
        raise errors.UserMistake(f"it cannot be looked at: {error.strerror}", place=str(folder)) from None
    for path, stamp in listed:
        key = f"{mapping.name} {path}"
        if seen.get(key) == stamp:
            report.unchanged += 1
            continue
        try:
            if path.is_symlink():
                raise errors.UserMistake(
                    "this is a link, which is not followed; copy the file", place=path.name
                )
            fresh[key] = stamp, figures.read_file(path.name, figures.read_bytes(path), mapping)
        except errors.UserMistake as error:
            report.problems += error.problems
            seen[key] = stamp
    reads = [read for _, read in fresh.values()]
    prepared = []
    if reads:
        prepared = editions.prepare_editions(
            state=state, reads=reads, said=editions.Said(), publisher=publisher, now=now
        )
    for each in prepared:
        proposal = proposals.propose(
            actor=actor, kind=each.kind, subject=each.subject, payload=each.payload, now=now
        )
        body = each.payload["record"]["body"]
        stated = body.get("revisions") or {}
        counts = {name: stated[name] for name in ("changed", "dropped", "added") if name in stated}
        report.proposed.append((proposal.pk, str(body["title"]), counts))
    titles = {str(each.payload["record"]["body"]["files"][0]["title"]) for each in prepared}
    report.known += [read.title for read in reads if read.title not in titles]
    seen |= {key: stamp for key, (stamp, _) in fresh.items()}
    if fresh or report.problems:
        _write_seen(state, seen)
    return report


def _list_files(folder: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted(folder.iterdir()):
        with contextlib.suppress(FileNotFoundError, PermissionError):
            if path.suffix.lower() in _ENDINGS and not path.name.startswith(".") and path.is_file():
                found = path.stat()
                if time.time() - found.st_mtime >= _SETTLED_SECONDS:
                    yield path.absolute(), f"{found.st_size} {found.st_mtime_ns}"


def _read_seen(state: State) -> dict[str, str]:
    try:
        found = json.loads((state.root / _SEEN).read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write_seen(state: State, seen: dict[str, str]) -> None:
    durable.replace_file(state.root / _SEEN, json.dumps(seen, indent=1, sort_keys=True).encode())
