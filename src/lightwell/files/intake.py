"""Taking files in: read, rendered, hashed, encrypted and stored, each in a process behind a fence.

A PDF is read page by page; a file of a format that is known is first made into one (`files/conversion`), and
that is kept beside it; any other file is held as bytes, "held, not read", its page count unknown and never
zero. A file that is damaged, locked or too much is refused with a sentence that names file and page, unless
the publisher decided to seal it unread. What is refused leaves nothing that a row names.

The item's commitment is made elsewhere (`archive/seal`) from `page_roots`, `sha256` and `size`.
Running this again is safe: the caller hands in only what is missing.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from lightwell.base import errors
from lightwell.files import conversion, printing, scratch, workers
from lightwell.files import tally as tallies
from lightwell.files.store import FileStore

NO_RENDERER = "none"
MAX_RENDERER = 200

_Each = TypeVar("_Each")


@dataclass(frozen=True, slots=True)
class Job:
    """One file to take in: `unread` when the publisher seals it as bytes although it cannot be read.

    `quarantined` when it may show abuse: its bytes are encrypted and hashed, and nothing looks into them.
    `name` is how the publisher knows it (the row's path); by default the file's own name.
    """

    source: Path
    key: bytes = field(repr=False)
    unread: bool = False
    name: str = ""
    quarantined: bool = False


@dataclass(frozen=True, slots=True)
class Intake:
    """What is known of a file once its bytes, words and pictures lie encrypted in the store.

    `pages` is None and `note` says why where nothing could be read; `page_roots` are 32 bytes a page. Where
    the pages come from a PDF made here, `sealed_copy` names its encrypted bytes and `copy_sha256` is its
    digest.
    """

    media_type: str
    size: int
    sha256: str
    pages: int | None
    read: bool
    renderer: str
    page_roots: bytes
    sealed_file: str
    sealed_parts: str
    note: str
    sealed_copy: str = ""
    copy_sha256: str = ""
    tally: tallies.Tally = tallies.EMPTY


@dataclass(frozen=True, slots=True)
class Check:
    """A first look at a file: what sealing it will take, reckoned from up to three of its pages.

    `lack` names the program that is missing here and would add the pages of this file.
    """

    media_type: str
    size: int
    pages: int | None
    seconds: float
    parts_bytes: int
    tally: tallies.Tally = tallies.EMPTY
    lack: str = ""


def take_in_all(
    jobs: Iterable[Job], store: FileStore, *, processes: int = 2, limits: workers.Limits | None = None
) -> Iterator[Intake | errors.UserMistake]:
    """Take in many files, each result in its job's place; a mistake is a result, so that the others go on.

    Raises `Refused` when the disk is full or fails. Killed anywhere, what was yielded is whole.
    """
    listed = list(jobs)
    if not listed:
        return
    count = min(processes, len(listed))
    with workers.Pool(count, limits) as pool, scratch.open_scratch(store.root) as folder:
        for window in _cut_windows(listed, [None if job.quarantined else job.source for job in listed]):
            named = {at: job.source for at, job in enumerate(window) if not job.quarantined}
            tasks = [_make_task(job, store) for job in window]
            for job, outcome in zip(window, _run(tasks, named, pool, folder, count), strict=True):
                name = job.name or job.source.name
                if not isinstance(outcome, dict):
                    yield _make_mistake(outcome, name, job.source)
                elif job.unread and outcome["pages"]:
                    yield errors.UserMistake(
                        f"all {outcome['pages']} pages can be read; use the intent publish", place=name
                    )
                else:
                    intake = _make_intake(outcome)
                    # The process that wrote them has no network.
                    for digest in filter(None, (intake.sealed_file, intake.sealed_parts, intake.sealed_copy)):
                        store.keep_bytes("sealed", digest)
                    yield intake


def check_all(
    sources: Sequence[tuple[str, Path]], *, processes: int = 2, limits: workers.Limits | None = None
) -> Iterator[Check | errors.UserMistake]:
    """Look at files, given by name and path, without storing anything; each result in its file's place."""
    if not sources:
        return
    count = min(processes, len(sources))
    with workers.Pool(count, limits) as pool, scratch.open_scratch(None) as folder:
        for window in _cut_windows(sources, [path for _, path in sources]):
            named = {at: path for at, (_, path) in enumerate(window)}
            tasks = [{"do": "check", "path": str(path)} for _, path in window]
            for (name, path), outcome in zip(window, _run(tasks, named, pool, folder, count), strict=True):
                yield (
                    _make_check(outcome) if isinstance(outcome, dict) else _make_mistake(outcome, name, path)
                )


def list_lacks() -> dict[str, str]:
    """List the optional programs that files of other formats need: for each what is missing, or nothing."""
    with workers.Pool(1) as pool:
        return printing.list_lacks(pool)


def describe_fence() -> tuple[str, ...]:
    """Describe what the kernel enforces on this machine for the processes that open files."""
    with workers.Pool(1) as pool:
        return pool.describe_fence()


def measure_free(folder: Path) -> int:
    """Measure the free bytes of the disk that holds `folder` or will hold it."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def _cut_windows(listed: Sequence[_Each], paths: Sequence[Path | None]) -> Iterator[list[_Each]]:
    """Cut a list into windows with a bounded number of office files, whose copies lie on the disk
    together.
    """
    window: list[_Each] = []
    office_files = 0
    for each, path in zip(listed, paths, strict=True):
        window.append(each)
        office_files += path is not None and printing.may_be_office(path)
        if office_files >= printing.WINDOW:
            yield window
            window, office_files = [], 0
    if window:
        yield window


def _run(
    tasks: Sequence[workers.Task], named: Mapping[int, Path], pool: workers.Pool, folder: Path, processes: int
) -> Iterator[workers.Outcome]:
    """Do the tasks of one window, its office files printed first; `named` are the files that may be
    opened.
    """
    candidates = {at: path for at, path in named.items() if printing.may_be_office(path)}
    inside = folder / secrets.token_hex(4)
    inside.mkdir()
    printed = printing.print_files(candidates, pool, inside, processes)
    try:
        yield from pool.run(_add_printed(task, printed.get(at), inside) for at, task in enumerate(tasks))
    finally:
        shutil.rmtree(inside, ignore_errors=True)


def _add_printed(task: workers.Task, result: printing.Result | None, folder: Path) -> workers.Task:
    task = {**task, "scratch": str(folder)}
    if result is None:
        return task
    if isinstance(result, conversion.Printed | conversion.Lack):
        return {**task, "printed": conversion.format_printed(result)}
    problems = [["", each] for each in ([result.sentence] if isinstance(result, workers.Fault) else [])]
    if isinstance(result, workers.Mistake):
        problems = [[each.place, each.sentence] for each in result.problems]
    # Refused by a task, so that a publisher's "otherwise" stands behind it as behind every other.
    return {**task, "do": "refuse", "problems": problems}


def _make_task(job: Job, store: FileStore) -> workers.Task:
    task = {"do": "seal", "path": str(job.source), "key": job.key.hex(), "store": str(store.root)}
    if job.quarantined:
        return {**task, "do": "hold"}
    # Only after trying is it known that a file cannot be read, as the publisher said.
    return {**task, "otherwise": {**task, "do": "bytes"}} if job.unread else task


def _make_mistake(outcome: workers.Fault | workers.Mistake, name: str, path: Path) -> errors.UserMistake:
    if isinstance(outcome, workers.Fault):
        place = f"{name}, page {outcome.page}" if outcome.page else name
        return errors.UserMistake(outcome.sentence, place=place)
    # The reader knows only the file's own name; the publisher's name of it is told.
    problems = [(name + each.place.removeprefix(path.name), each.sentence) for each in outcome.problems]
    return errors.UserMistake(problems=[errors.Problem(*each) for each in problems])


def _make_check(answer: workers.Task) -> Check:
    return Check(
        str(answer["media_type"]),
        answer["size"],
        answer["pages"],
        float(answer["seconds"]),
        answer["parts_bytes"],
        tallies.parse_tally(answer["tally"]) if "tally" in answer else tallies.EMPTY,
        str(answer.get("lack", "")),
    )


def _make_intake(answer: workers.Task) -> Intake:
    pages, roots = answer["pages"], bytes.fromhex(answer["page_roots"])
    names = [answer["sealed_file"], answer["sha256"], *([answer["sealed_parts"]] if pages else [])]
    copy = [str(answer.get(name, "")) for name in ("sealed_copy", "copy_sha256")]
    names += copy if any(copy) else []
    # A hostile file may own the reader: what does not fit together is not believed.
    if any(len(bytes.fromhex(name)) != 32 for name in names) or len(roots) != 32 * (pages or 0):
        raise errors.Damaged("the reader's answer does not fit together; nothing of it was kept")
    note = ""
    if answer.get("because"):
        note = f"sealed unread by the publisher's decision: {answer['because']}"
    elif answer.get("lack"):
        note = f"held, not read: {answer['lack']} is not installed here and would add the pages of this file"
    elif answer.get("reason"):
        note = f"held, not read: {answer['reason']}"
    elif not pages:
        note = f"held, not read: {answer['media_type']} is not a format whose pages are read here"
    return Intake(
        media_type=str(answer["media_type"]),
        size=int(answer["size"]),
        sha256=str(answer["sha256"]),
        pages=pages,
        read=pages is not None,
        renderer=_name_renderer(answer.get("made_by", [])) if pages else NO_RENDERER,
        page_roots=roots,
        sealed_file=str(answer["sealed_file"]),
        sealed_parts=str(answer["sealed_parts"]),
        note=note,
        sealed_copy=copy[0],
        copy_sha256=copy[1],
        tally=tallies.parse_tally(answer["tally"]) if pages else tallies.EMPTY,
    )


def _name_renderer(made_by: Sequence[object]) -> str:
    """Name everything that had a part in the pages, in order: converter, renderer, reader of pictures."""
    name = " + ".join(str(each) for each in made_by)
    if not name or len(name) > MAX_RENDERER or not name.isprintable():
        raise errors.Damaged("the reader's answer names no renderer; nothing of it was kept")
    return name
