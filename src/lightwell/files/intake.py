"""Taking files in: read, rendered, hashed, encrypted and stored, each in a process behind a fence.

A PDF is read page by page; any other file is held as bytes, "held, not read", its page count unknown and
never zero. A file that is damaged, locked or too much is refused with a sentence that names file and
page, unless the publisher decided to seal it unread. What is refused leaves nothing that a row names.

The item's commitment is made elsewhere (`archive/seal`) from `page_roots`, `sha256` and `size`.
Running this again is safe: the caller hands in only what is missing.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lightwell.base import errors
from lightwell.files import pdf, workers
from lightwell.files.store import FileStore

NO_RENDERER = "none"


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

    `pages` is None and `note` says why where nothing could be read; `page_roots` are 32 bytes a page.
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


@dataclass(frozen=True, slots=True)
class Check:
    """A first look at a file: what sealing it will take, reckoned from up to three of its pages."""

    media_type: str
    size: int
    pages: int | None
    seconds: float
    parts_bytes: int


def take_in_all(
    jobs: Iterable[Job], store: FileStore, *, processes: int = 2, limits: workers.Limits | None = None
) -> Iterator[Intake | errors.UserMistake]:
    """Take in many files, each result in its job's place; a mistake is a result, so that the others go on.

    Raises `Refused` when the disk is full or fails. Killed anywhere, what was yielded is whole.
    """
    listed = list(jobs)
    if not listed:
        return
    tasks = [_make_task(job, store) for job in listed]
    with workers.Pool(min(processes, len(listed)), limits) as pool:
        for job, outcome in zip(listed, pool.run(tasks), strict=True):
            name = job.name or job.source.name
            if not isinstance(outcome, dict):
                yield _make_mistake(outcome, name, job.source)
            elif job.unread and outcome["pages"]:
                yield errors.UserMistake(
                    f"all {outcome['pages']} pages can be read; use the intent publish", place=name
                )
            else:
                yield _make_intake(outcome)


def check_all(
    sources: Sequence[tuple[str, Path]], *, processes: int = 2, limits: workers.Limits | None = None
) -> Iterator[Check | errors.UserMistake]:
    """Look at files, given by name and path, without storing anything; each result in its file's place."""
    if not sources:
        return
    tasks = [{"do": "check", "path": str(path)} for _, path in sources]
    with workers.Pool(min(processes, len(sources)), limits) as pool:
        for (name, path), outcome in zip(sources, pool.run(tasks), strict=True):
            if isinstance(outcome, dict):
                size, pages, written = outcome["size"], outcome["pages"], outcome["parts_bytes"]
                yield Check(str(outcome["media_type"]), size, pages, float(outcome["seconds"]), written)
            else:
                yield _make_mistake(outcome, name, path)


def describe_fence() -> tuple[str, ...]:
    """Describe what the kernel enforces on this machine for the processes that open files."""
    with workers.Pool(1) as pool:
        return pool.describe_fence()


def measure_free(folder: Path) -> int:
    """Measure the free bytes of the disk that holds `folder` or will hold it."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


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


def _make_intake(answer: workers.Task) -> Intake:
    pages, roots = answer["pages"], bytes.fromhex(answer["page_roots"])
    names = [answer["sealed_file"], answer["sha256"], *([answer["sealed_parts"]] if pages else [])]
    # A hostile file may own the reader: what does not fit together is not believed.
    if any(len(bytes.fromhex(name)) != 32 for name in names) or len(roots) != 32 * (pages or 0):
        raise errors.Damaged("the reader's answer does not fit together; nothing of it was kept")
    note = ""
    if answer.get("because"):
        note = f"sealed unread by the publisher's decision: {answer['because']}"
    elif not pages:
        note = f"held, not read: {answer['media_type']} is not a format whose pages are read here"
    return Intake(
        media_type=str(answer["media_type"]),
        size=int(answer["size"]),
        sha256=str(answer["sha256"]),
        pages=pages,
        read=pages is not None,
        renderer=pdf.name_renderer() if pages else NO_RENDERER,
        page_roots=roots,
        sealed_file=str(answer["sealed_file"]),
        sealed_parts=str(answer["sealed_parts"]),
        note=note,
    )
