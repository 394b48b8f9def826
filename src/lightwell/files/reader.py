"""The process that opens files from outside: one task a line in, answers as lines of JSON out.

It runs behind `files/fence` and is started, watched and killed by `files/workers`. Tasks: `seal` (words,
pictures and original bytes into the store), `bytes` (original bytes only), `check` (page count and a
measured guess of time and room), `draw` (one page as PNG), `reread` (a published PDF as an attacker reads
it). Before each page it says which, so that whoever kills it can name the page. The answers are data only,
because a hostile file may own this process: nothing here is pickled, and the parent checks the shape of what
it gets.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from lightwell.archive import page, seal
from lightwell.base import errors
from lightwell.files import (
    cells,
    conversion,
    enclosures,
    fence,
    media,
    older,
    opendocument,
    openxml,
    parts,
    pdf,
    preparation,
    recognition,
    sealed,
    tally,
    typesetting,
)
from lightwell.files.store import FileStore

Task = dict[str, Any]
Tell = Callable[[dict[str, Any]], None]


def serve(tasks: BinaryIO, tell: Tell) -> None:
    """Do tasks until there are no more; after one that used up the memory the process ends itself."""
    for line in tasks:
        task = json.loads(line)
        try:
            tell({"done": _TASKS[task["do"]](task, tell)})
        except errors.UserMistake as error:
            tell({"problems": [[problem.place, problem.sentence] for problem in error.problems]})
        except MemoryError:
            tell({"memory": True})
            return
        except OSError as error:
            if error.errno is None:
                raise
            tell(_explain_disk(Path(task["path"]), error))


def _explain_disk(path: Path, error: OSError) -> dict[str, Any]:
    """Tell a file that cannot be opened, the publisher's matter, from a store that fails, the operator's."""
    try:
        path.open("rb").close()
    except OSError as unopened:
        return {"problems": [[path.name, f"the file cannot be opened: {unopened.strerror}"]]}
    return {"disk": os.strerror(error.errno or 0)}


def _seal(task: Task, tell: Tell) -> dict[str, Any]:
    path, store, key = Path(task["path"]), FileStore(Path(task["store"])), bytes.fromhex(task["key"])
    before = _identify(path)
    media_type = media.judge_type(path)
    answer: dict[str, Any] = {"media_type": media_type, "pages": None, "page_roots": "", "sealed_parts": ""}
    with _open_pages(path, media_type, task, tell) as found:
        if isinstance(found, conversion.Pages):
            answer |= _seal_pages(found, store, key, tell)
        else:
            answer |= {"lack": found.program, "reason": found.reason}
    answer |= _seal_bytes(path, store, key)
    # The pages must come from the very bytes that were sealed.
    if _identify(path) != before:
        raise errors.UserMistake("the file changed while it was being read; run this again", place=path.name)
    return answer


@contextlib.contextmanager
def _open_pages(
    path: Path, media_type: str, task: Task, tell: Tell
) -> Iterator[conversion.Pages | conversion.Lack]:
    """Find or make the PDF of a file; what is made lies in a scratch folder while the block runs."""
    if media_type != media.PDF and path.suffix.lower() == ".pdf":
        raise errors.UserMistake(_explain_no_pdf(path, media_type), place=path.name)
    if media_type == media.PDF:
        yield conversion.find_pages(path, media_type, path.parent)
        return
    printed = task.get("printed")
    with tempfile.TemporaryDirectory(dir=task.get("scratch")) as folder:
        try:
            yield conversion.find_pages(
                path,
                media_type,
                Path(folder),
                printed=conversion.parse_printed(printed) if printed else None,
                alive=lambda: tell({"alive": True}),
            )
        except errors.UserMistake as error:
            raise _place_mistake(error, path) from None


def _place_mistake(error: errors.UserMistake, path: Path) -> errors.UserMistake:
    # The pages lie in a file of our own, whose name tells nobody anything.
    problems = [
        errors.Problem(
            path.name + each.place.removeprefix(path.name).removeprefix(conversion.MADE), each.sentence
        )
        for each in error.problems
    ]
    return errors.UserMistake(problems=problems)


def _seal_pages(found: conversion.Pages, store: FileStore, key: bytes, tell: Tell) -> dict[str, Any]:
    count = pdf.count_pages(found.pdf)
    seeds = seal.derive_page_seeds(key, count)
    roots: list[bytes] = []
    recogniser = recognition.Recogniser() if found.recognise else None

    def read_and_hash() -> Iterator[tuple[page.Parts, bytes]]:
        for each in pdf.read_pages(
            found.pdf, announce=lambda number: tell({"page": number}), recogniser=recogniser
        ):
            root, patches_root = page.compute_roots(seeds[each.head.number - 1], each)
            roots.append(root)
            yield each, patches_root

    sealed_parts = parts.write_parts(store, key, read_and_hash())
    tell({"page": 0})
    sure = recogniser.sure if recogniser else {}
    names = [recognition.name_recogniser(turns=bool(recogniser.turned))] if recogniser and sure else []
    made_by = [found.converter] if found.converter else []
    answer = {
        "sealed_parts": sealed_parts,
        "pages": count,
        "page_roots": b"".join(roots).hex(),
        "made_by": [*made_by, pdf.name_renderer(), *names],
        "tally": tally.format_tally(tally.Tally(found.lines, sure)),
    }
    if found.converter:
        with found.pdf.open("rb") as source:
            stored, digest, _ = sealed.write_stream(store, key, source)
        answer |= {"sealed_copy": stored, "copy_sha256": digest.hex()}
    return answer


def _seal_only_bytes(task: Task, tell: Tell) -> dict[str, Any]:
    path, store, key = Path(task["path"]), FileStore(Path(task["store"])), bytes.fromhex(task["key"])
    answer = {"media_type": media.judge_type(path), "pages": None, "page_roots": "", "sealed_parts": ""}
    return answer | _seal_bytes(path, store, key)


def _compute_roots(task: Task, tell: Tell) -> dict[str, Any]:
    """Read chosen pages again and compute their roots, for an audit; nothing is stored.

    A file of another format is made into pages again as it was for the seal. With `all_words` the words of
    every page are read instead, and answered as one digest.
    """
    path, seeds = Path(task["path"]), seal.derive_page_seeds(bytes.fromhex(task["key"]), task["pages"])
    with _open_pages(path, media.judge_type(path), task, tell) as found:
        if isinstance(found, conversion.Lack):
            return {"lack": found.program or found.reason or "its format is not read here"}
        count = pdf.count_pages(found.pdf)
        reads = task["recognise"] and found.recognise
        recogniser = recognition.Recogniser(turns=task["turns"]) if reads else None
        numbers = range(1, count + 1) if task["all_words"] else [n for n in task["numbers"] if n <= count]
        roots, words = [], hashlib.sha256()
        for each in pdf.read_pages(
            found.pdf, numbers, announce=lambda number: tell({"page": number}), recogniser=recogniser
        ):
            for line in each.lines:
                words.update("".join(f"{word.text} " for word in line).encode())
            if not task["all_words"] and each.head.number <= len(seeds):
                roots.append([each.head.number, page.compute_root(seeds[each.head.number - 1], each).hex()])
        made_by = [*([found.converter] if found.converter else []), pdf.name_renderer()]
    return {
        "roots": roots,
        "words": words.hexdigest(),
        "made_by": [*made_by, *([recognition.name_recogniser(turns=task["turns"])] if recogniser else [])],
    }


def _hold_unseen(task: Task, tell: Tell) -> dict[str, Any]:
    # Not even its type is judged: whatever it is, nothing here looks.
    answer = {"media_type": media.UNKNOWN, "pages": None, "page_roots": "", "sealed_parts": ""}
    return answer | _seal_bytes(
        Path(task["path"]), FileStore(Path(task["store"])), bytes.fromhex(task["key"])
    )


def _seal_bytes(path: Path, store: FileStore, key: bytes) -> dict[str, Any]:
    with path.open("rb") as source:
        stored, digest, size = sealed.write_stream(store, key, source)
    return {"sealed_file": stored, "sha256": digest.hex(), "size": size}


def _check(task: Task, tell: Tell) -> dict[str, Any]:
    path = Path(task["path"])
    media_type, size = media.judge_type(path), path.stat().st_size
    answer: dict[str, Any] = {
        **{"media_type": media_type, "size": size, "pages": None, "seconds": 0.0, "parts_bytes": 0}
    }
    start = time.perf_counter()
    with _open_pages(path, media_type, task, tell) as found:
        if isinstance(found, conversion.Lack):
            return {**answer, "lack": found.program, "reason": found.reason}
        count = pdf.count_pages(found.pdf)
        pdf.check_measures(found.pdf)
        making = time.perf_counter() - start
        recogniser = recognition.Recogniser() if found.recognise else None
        chosen = sorted({1, (count + 1) // 2, count})
        start, written = time.perf_counter(), 0
        for each in pdf.read_pages(found.pdf, chosen, lambda number: tell({"page": number}), recogniser):
            _, patches_root = page.compute_roots(bytes(32), each)
            written += len(parts.encode_parts(each, patches_root))
        seconds = making + (time.perf_counter() - start) * count / len(chosen)
        answer |= {"pages": count, "seconds": seconds, "parts_bytes": written * count // len(chosen)}
        if found.converter:
            answer["parts_bytes"] += found.pdf.stat().st_size
        answer["tally"] = tally.format_tally(tally.Tally(found.lines, recogniser.sure if recogniser else {}))
    return answer


def _prepare(task: Task, tell: Tell) -> dict[str, Any]:
    """Count what an office file holds and write its unhidden copy; an empty `kind` for what is none.

    Of a file of an older format only a copy is written, named `older`, and its macros listed.
    """
    path, folder = Path(task["path"]), Path(task["scratch"])
    media_type = media.judge_type(path)
    if media_type in media.OLDER:
        ending, newer = media.OLDER[media_type]
        shutil.copyfile(path, folder / f"{task['name']}-older.{ending}")
        return {"kind": "", "older": ending, "newer": newer, "macros": older.list_macros(path)}
    kind = media.OFFICE.get(media_type, "")
    if not kind:
        return {"kind": ""}
    room = openxml if kind in openxml.KINDS else opendocument
    copy = folder / f"{task['name']}.{kind}"
    try:
        made = room.prepare_file(path, copy, kind)
    except errors.UserMistake as error:
        raise _place_mistake(error, path) from None
    return {"kind": kind, "copy": str(copy), "preparation": preparation.format_preparation(made)}


def _list_attachments(task: Task, tell: Tell) -> dict[str, Any]:
    path = Path(task["path"])
    return {"found": enclosures.list_enclosures(path, media.judge_type(path))}


def _take_out(task: Task, tell: Tell) -> dict[str, Any]:
    path = Path(task["path"])
    data = enclosures.find_enclosure(path, media.judge_type(path), task["names"])
    Path(task["target"]).write_bytes(data)
    return {}


def _read_cells(task: Task, tell: Tell) -> dict[str, Any]:
    """Write the cells of a spreadsheet as data: one sheet as CSV, or all as JSON."""
    sheets = cells.read_sheets(Path(task["path"]), task["kind"], task["sheet"])
    number = task["sheet"]
    told = (
        cells.format_cells(sheets, task["source"])
        if number is None
        else cells.format_table(sheets[number - 1])
    )
    Path(task["target"]).write_text(told, "utf-8", newline="")
    return {}


def _recognise(task: Task, tell: Tell) -> dict[str, Any]:
    text, words = recognition.read_picture(base64.b64decode(task["picture"]), int(task["layout"]))
    return {"text": text, "words": words}


def _list_lacks(task: Task, tell: Tell) -> dict[str, Any]:
    return {
        typesetting.NAME: typesetting.find_lack(),
        recognition.NAME: recognition.find_lack(),
    }


def _refuse(task: Task, tell: Tell) -> dict[str, Any]:
    raise errors.UserMistake(problems=[errors.Problem(*each) for each in task["problems"]])


def _draw(task: Task, tell: Tell) -> dict[str, Any]:
    tell({"page": task["number"]})
    picture = pdf.draw_page_here(Path(task["path"]), task["number"], task["dpi"])
    return {"png": base64.b64encode(picture).decode()}


def _explain_no_pdf(path: Path, media_type: str) -> str:
    if not path.stat().st_size:
        return "the file is empty; supply the real one, or seal it as it is with the intent publish-unread"
    seems = "" if media_type == media.UNKNOWN else f" but looks like {media_type}"
    return (
        f"the name ends in .pdf, but the content is not a PDF{seems}; rename the file, supply the real one, "
        "or seal it as it is with the intent publish-unread"
    )


def _identify(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


def _cover(task: Task, tell: Tell) -> dict[str, Any]:
    from lightwell.files import covering

    return covering.do_task(task)


def _reread(task: Task, tell: Tell) -> dict[str, Any]:
    # Engines that no other task needs.
    from lightwell.files import rereading

    return rereading.do_task(task, tell)


_TASKS = {
    "seal": _seal,
    "bytes": _seal_only_bytes,
    "hold": _hold_unseen,
    "check": _check,
    "draw": _draw,
    "roots": _compute_roots,
    "reread": _reread,
    "cover": _cover,
    "prepare": _prepare,
    "lacks": _list_lacks,
    "refuse": _refuse,
    "attachments": _list_attachments,
    "take-out": _take_out,
    "cells": _read_cells,
    "recognise": _recognise,
}


def main() -> None:
    """Fence this process in, say what holds, then serve the tasks on standard input."""
    # Libraries may print to standard output, which would break the answers; they get standard error.
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)

    def tell(answer: dict[str, Any]) -> None:
        answers.write(json.dumps(answer).encode() + b"\n")

    tell({"fence": fence.enter(int(sys.argv[1]))})
    serve(sys.stdin.buffer, tell)


if __name__ == "__main__":
    main()
