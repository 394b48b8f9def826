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
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from lightwell.archive import page, seal
from lightwell.base import errors
from lightwell.files import fence, media, parts, pdf, sealed
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
    if media_type == media.PDF:
        count = pdf.count_pages(path)
        seeds = seal.derive_page_seeds(key, count)
        roots: list[bytes] = []

        def read_and_hash() -> Iterator[tuple[page.Parts, bytes]]:
            for each in pdf.read_pages(path, announce=lambda number: tell({"page": number})):
                root, patches_root = page.compute_roots(seeds[each.head.number - 1], each)
                roots.append(root)
                yield each, patches_root

        answer["sealed_parts"] = parts.write_parts(store, key, read_and_hash())
        answer |= {"pages": count, "page_roots": b"".join(roots).hex()}
        tell({"page": 0})
    elif path.suffix.lower() == ".pdf":
        raise errors.UserMistake(_explain_no_pdf(path, media_type), place=path.name)
    answer |= _seal_bytes(path, store, key)
    # The pages must come from the very bytes that were sealed.
    if _identify(path) != before:
        raise errors.UserMistake("the file changed while it was being read; run this again", place=path.name)
    return answer


def _seal_only_bytes(task: Task, tell: Tell) -> dict[str, Any]:
    path, store, key = Path(task["path"]), FileStore(Path(task["store"])), bytes.fromhex(task["key"])
    answer = {"media_type": media.judge_type(path), "pages": None, "page_roots": "", "sealed_parts": ""}
    return answer | _seal_bytes(path, store, key)


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
    answer = {"media_type": media_type, "size": size, "pages": None, "seconds": 0.0, "parts_bytes": 0}
    if media_type == media.PDF:
        count = pdf.count_pages(path)
        pdf.check_measures(path)
        chosen = sorted({1, (count + 1) // 2, count})
        start, written = time.perf_counter(), 0
        for each in pdf.read_pages(path, chosen, announce=lambda number: tell({"page": number})):
            _, patches_root = page.compute_roots(bytes(32), each)
            written += len(parts.encode_parts(each, patches_root))
        seconds = (time.perf_counter() - start) * count / len(chosen)
        answer |= {"pages": count, "seconds": seconds, "parts_bytes": written * count // len(chosen)}
    elif path.suffix.lower() == ".pdf":
        raise errors.UserMistake(_explain_no_pdf(path, media_type), place=path.name)
    return answer


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
    "reread": _reread,
    "cover": _cover,
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
