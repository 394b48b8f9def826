"""Attachments of mails as documents of their own, named after the mail: "message.eml / report.pdf".

They are found and taken out behind the fence. A row for one is allowed and not required: the mail's own page
names every attachment, and its bytes hold them. What is taken out lies in a scratch folder while it is read.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from lightwell.archive import inventory
from lightwell.base.errors import Problem
from lightwell.files import mails, scratch, workers

_ENDINGS = (".eml", ".msg")


def list_attachments(
    documents: Path, names: Iterable[str], barred: Collection[str] = ()
) -> tuple[list[str], list[Problem]]:
    """List the attachments of all mails among `names`, mails inside them too, and every problem met.

    `barred` are files that nobody may open.
    """
    chosen = [name for name in names if name.lower().endswith(_ENDINGS) and name not in barred]
    if not chosen:
        return [], []
    found: list[str] = []
    problems: list[Problem] = []
    with workers.Pool(1) as pool:
        tasks = [{"do": "attachments", "path": str(documents / name)} for name in chosen]
        for name, outcome in zip(chosen, pool.run(tasks), strict=True):
            if isinstance(outcome, dict):
                inside = [f"{name}{mails.SEPARATOR}{each!s}" for each in outcome["names"]]
                found += [each for each in inside if not inventory.list_name_problems(each)]
            elif isinstance(outcome, workers.Fault):
                problems.append(Problem(name, outcome.sentence))
            else:
                problems += [Problem(name, each.sentence) for each in outcome.problems]
    return found, problems


def list_listed(
    documents: Path, names: Collection[str], rows: Iterable[str], barred: Collection[str] = ()
) -> list[str]:
    """List those of `rows` that are attachments of mails in the folder, so that a table may name them."""
    wanted = {row for row in rows if mails.SEPARATOR in row and row not in names}
    holders = {row.split(mails.SEPARATOR)[0] for row in wanted} & set(names) - set(barred)
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
    wanted = [name for name, path in paths.items() if mails.SEPARATOR in name and not path.exists()]
    if not wanted:
        yield paths
        return
    with scratch.open_scratch(root) as folder, workers.Pool(1) as pool:
        tasks = []
        for number, name in enumerate(wanted):
            holder, *inside = name.split(mails.SEPARATOR)
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
    return f"attachments without a row of their own, which only the mail itself holds: {shown}"
