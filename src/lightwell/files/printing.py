"""Office files printed before they are read: counted behind the fence, printed by LibreOffice in batches.

Three steps, each in processes of its own: `files/reader` counts the hidden parts and writes an unhidden copy,
LibreOffice (`files/office`) prints many copies at once, and the reader looks at the pages when it seals them.
Files of older formats are turned into newer ones by LibreOffice first and then go the same way. Only the
first bytes of a file are looked at here.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

from lightwell.base import errors
from lightwell.files import media, office, preparation, typesetting, workers
from lightwell.files.conversion import Lack, Printed
from lightwell.files.preparation import Preparation

# Packages, compound files ([MS-CFB] 2.2), RTF.
_HEADS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"{\\rtf")
_OLDER_ENDINGS = dict(media.OLDER.values())
# So many files are printed before the first of them is read, which bounds the room that their copies take.
WINDOW = 4 * office.BATCH

Result = Printed | Lack | workers.Fault | workers.Mistake


def may_be_office(path: Path) -> bool:
    """Answer whether a file begins as office files do."""
    try:
        with path.open("rb") as stream:
            return stream.read(max(map(len, _HEADS))).startswith(_HEADS)
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
    prepared = dict(zip(sources, pool.run(tasks), strict=True))
    results: dict[int, Result] = {}
    prepared |= _renew_older(sources, prepared, pool, folder, processes)
    copies: dict[str, dict[Path, tuple[int, Preparation]]] = {}
    for key, outcome in prepared.items():
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


def _renew_older(
    sources: Mapping[int, Path],
    prepared: Mapping[int, workers.Outcome],
    pool: workers.Pool,
    folder: Path,
    processes: int,
) -> dict[int, workers.Outcome]:
    """Turn files of older formats into newer ones and prepare those; what came of each.

    Their hidden parts are counted in the newer file, their macros were before.
    """
    waiting: dict[str, dict[Path, int]] = {}
    macros: dict[int, list[str]] = {}
    for key, outcome in prepared.items():
        if isinstance(outcome, dict) and outcome.get("older") in _OLDER_ENDINGS:
            copy = folder / f"file-{key}-older.{outcome['older']}"
            waiting.setdefault(_OLDER_ENDINGS[outcome["older"]], {})[copy] = key
            macros[key] = [str(each) for each in outcome["macros"]]
    batches = [
        (newer, list(group)[at : at + office.BATCH])
        for newer, group in waiting.items()
        for at in range(0, len(group), office.BATCH)
    ]
    renewed: dict[int, workers.Outcome] = {}
    newer_files: dict[int, Path] = {}
    for newer, made in _print_batches(batches, folder, processes):
        for copy, found in made.items():
            key = waiting[newer][copy]
            copy.unlink(missing_ok=True)
            if found is None:
                renewed[key] = workers.Mistake((errors.Problem(sources[key].name, explain_failure()),))
            else:
                newer_files[key] = found
    tasks = [
        {"do": "prepare", "path": str(path), "scratch": str(folder), "name": f"file-{key}"}
        for key, path in newer_files.items()
    ]
    for key, outcome in zip(newer_files, pool.run(tasks), strict=True):
        renewed[key] = _finish_older(sources[key].name, newer_files[key].name, outcome, macros[key])
    return renewed


def _finish_older(name: str, newer: str, outcome: workers.Outcome, macros: list[str]) -> workers.Outcome:
    if isinstance(outcome, workers.Mistake):
        problems = (
            errors.Problem(name + each.place.removeprefix(newer), each.sentence) for each in outcome.problems
        )
        return workers.Mistake(tuple(problems))
    if not isinstance(outcome, dict) or not outcome["kind"]:
        return outcome
    known = preparation.parse_preparation(outcome["preparation"])
    found = (
        *known.findings,
        *preparation.make_finding("macros", macros),
        preparation.Finding("earlier-format", 1),
    )
    return {
        **outcome,
        "preparation": preparation.format_preparation(dataclasses.replace(known, findings=found)),
    }


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
