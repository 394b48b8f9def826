"""Office files printed before they are read: counted behind the fence, printed by LibreOffice in batches.

Three steps, each in processes of its own: `files/reader` counts the hidden parts and writes an unhidden copy,
LibreOffice (`files/office`) prints many copies at once, and the reader looks at the pages when it seals them.
Only the first bytes of a file are looked at here.
"""

from __future__ import annotations

import concurrent.futures
from collections.abc import Mapping, Sequence
from pathlib import Path

from lightwell.base import errors
from lightwell.files import office, preparation, typesetting, workers
from lightwell.files.conversion import Lack, Printed
from lightwell.files.preparation import Preparation

_ZIP = b"PK\x03\x04"
# So many files are printed before the first of them is read, which bounds the room that their copies take.
WINDOW = 4 * office.BATCH

Result = Printed | Lack | workers.Fault | workers.Mistake


def may_be_office(path: Path) -> bool:
    """Answer whether a file begins as office files do."""
    try:
        with path.open("rb") as stream:
            return stream.read(len(_ZIP)) == _ZIP
    except OSError:
        return False


def list_lacks(pool: workers.Pool) -> dict[str, str]:
    """List which optional programs are missing here and what to do, by their names; empty words where none
    is.
    """
    (found,) = pool.run([{"do": "lacks"}])
    lacks = {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}
    here = (
        ""
        if office.is_here()
        else (
            "it is not installed (on Debian or Ubuntu: apt-get install libreoffice-writer-nogui "
            "libreoffice-calc-nogui libreoffice-impress-nogui)"
        )
    )
    return {office.NAME: here, **lacks}


def print_files(
    sources: Mapping[int, Path], pool: workers.Pool, folder: Path, processes: int = 2
) -> dict[int, Result]:
    """Print the office files among `sources`; files of other kinds have no result.

    Below `folder` lie the copies and the printed files, until the caller removes it.
    """
    if not sources:
        return {}
    lacks = list_lacks(pool)
    if lack := next((name for name in (office.NAME, typesetting.NAME) if lacks.get(name)), None):
        return dict.fromkeys(sources, Lack(lack))
    found = office.find_office()
    tasks = [
        {"do": "prepare", "path": str(path), "scratch": str(folder), "name": f"file-{key}"}
        for key, path in sources.items()
    ]
    results: dict[int, Result] = {}
    copies: dict[str, dict[Path, tuple[int, Preparation]]] = {}
    for key, outcome in zip(sources, pool.run(tasks), strict=True):
        if not isinstance(outcome, dict):
            results[key] = outcome
        elif outcome["kind"]:
            known = preparation.parse_preparation(outcome["preparation"])
            copy = folder / f"file-{key}.{outcome['kind']}"
            copies.setdefault(known.filter, {})[copy] = (key, known)
    batches = [
        (filter_name, list(group)[at : at + office.BATCH])
        for filter_name, group in copies.items()
        for at in range(0, len(group), office.BATCH)
    ]
    for filter_name, printed in _print_batches(batches, folder, processes):
        for copy, made in printed.items():
            key, known = copies[filter_name][copy]
            if made is None:
                results[key] = workers.Mistake((errors.Problem(sources[key].name, explain_failure()),))
            else:
                results[key] = Printed(made, known, found.version if found else "")
            copy.unlink(missing_ok=True)
    return results


def explain_failure() -> str:
    """Say that LibreOffice did not print a file and what to do."""
    return (
        "LibreOffice does not print this file within its limits; save it anew or supply it as PDF, or seal "
        "it as it "
        "is with the intent publish-unread"
    )


def _print_batches(
    batches: Sequence[tuple[str, list[Path]]], folder: Path, processes: int
) -> list[tuple[str, dict[Path, Path | None]]]:
    if not batches:
        return []
    # Each thread only waits for a process.
    with concurrent.futures.ThreadPoolExecutor(min(processes, len(batches))) as threads:
        made = [threads.submit(office.convert_files, batch, name, folder) for name, batch in batches]
        return [(name, each.result()) for (name, _), each in zip(batches, made, strict=True)]
