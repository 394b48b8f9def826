"""Attachments of mails and files embedded in office files as documents of their own: "mail.eml / report.pdf".

They are found and taken out behind the fence (`files/enclosures`). A row for one is allowed and not required:
the page of what holds it names it, and its bytes hold it. What is taken out lies in a scratch folder while it
is read.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lightwell.archive import inventory
from lightwell.base.errors import Problem
from lightwell.files import enclosures, scratch, workers
from lightwell.files.enclosures import SEPARATOR

_ENDINGS = (".eml", ".msg", *enclosures.OFFICE_ENDINGS)
_NO_NAME = "a file inside it bears a name that no list can hold, so that only the file itself holds it"


@dataclass(frozen=True, slots=True)
class Found:
    """Files inside files, by their names with their bytes, and every problem met while looking."""

    sizes: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def find_attachments(documents: Path, names: Iterable[str], barred: Collection[str] = ()) -> Found:
    """Find the files inside all mails and office files among `names`, and those inside them.

    `barred` are files that nobody may open.
    """
    chosen = [name for name in names if name.lower().endswith(_ENDINGS) and name not in barred]
    found = Found()
    if not chosen:
        return found
    with workers.Pool(1) as pool:
        tasks = [{"do": "attachments", "path": str(documents / name)} for name in chosen]
        for name, outcome in zip(chosen, pool.run(tasks), strict=True):
            if isinstance(outcome, dict):
                inside = {f"{name}{SEPARATOR}{each!s}": int(size) for each, size in outcome["found"]}
                kept = {each: inside[each] for each in inside if not inventory.list_name_problems(each)}
                found.sizes.update(kept)
                if len(kept) < len(inside):
                    found.problems.append(Problem(name, _NO_NAME))
            elif isinstance(outcome, workers.Fault):
                found.problems.append(Problem(name, outcome.sentence))
            else:
                found.problems.extend(Problem(name, each.sentence) for each in outcome.problems)
    return found


def list_attachments(
    documents: Path, names: Iterable[str], barred: Collection[str] = ()
) -> tuple[list[str], list[Problem]]:
    """List what `find_attachments` finds: the names, and every problem met."""
    found = find_attachments(documents, names, barred)
    return list(found.sizes), found.problems


def list_listed(
    documents: Path, names: Collection[str], rows: Iterable[str], barred: Collection[str] = ()
) -> list[str]:
    """List those of `rows` that are attachments of mails in the folder, so that a table may name them."""
    wanted = {row for row in rows if SEPARATOR in row and row not in names}
    holders = {row.split(SEPARATOR)[0] for row in wanted} & set(names) - set(barred)
    found, _ = list_attachments(documents, sorted(holders))
    return sorted(wanted & set(found))


def parse_rows(
    text: str, documents: Path, names: Collection[str], grounds: Collection[str], **more: object
) -> list[inventory.Row]:
    """Read rows as `inventory.parse_rows` does, where a row may name an attachment of a mail."""
    table = inventory.read_table(text, names, grounds)
    barred = {row.file for row in table.rows if inventory.is_quarantined(row)}
    listed = list_listed(documents, names, [row.file for row in table.rows], barred)
    return inventory.parse_rows(text, [*names, *listed], grounds, **more)  # type: ignore[arg-type]  # only `today`


@contextlib.contextmanager
def open_files(documents: Path, names: Iterable[str], root: Path | None) -> Iterator[Mapping[str, Path]]:
    """Give every name a path while the block runs: that of the file itself, or of the attachment taken out.

    `root` is the folder of the store, below which attachments lie meanwhile. A name that leads to nothing has
    a path where there is no file, so that whoever opens it says so.
    """
    paths = {name: documents / name for name in names}
    wanted = [name for name, path in paths.items() if SEPARATOR in name and not path.exists()]
    if not wanted:
        yield paths
        return
    with scratch.open_scratch(root) as folder, workers.Pool(1) as pool:
        tasks = []
        for number, name in enumerate(wanted):
            holder, *inside = name.split(SEPARATOR)
            paths[name] = folder / f"{number}{Path(inside[-1]).suffix[:12]}"
            tasks.append(
                {
                    "do": "take-out",
                    "path": str(documents / holder),
                    "names": inside,
                    "target": str(paths[name]),
                }
            )
        # Where one fails, its path stays without a file.
        list(pool.run(tasks))
        yield paths


def explain_unlisted(found: Collection[str], rows: Collection[str]) -> str:
    """Say which attachments have no row of their own; empty when all have."""
    left = sorted(set(found) - set(rows))
    if not left:
        return ""
    shown = ", ".join(map(repr, left[:5])) + (f" and {len(left) - 5:,} more" if len(left) > 5 else "")
    return f"attachments without a row of their own, which only the file around them holds: {shown}"
