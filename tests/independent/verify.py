"""Judge a bundle folder, or the proof of one page: verify.py BUNDLE_OR_PROOF [--policy FILE].

The second verifier, written from the documents in docs/ alone: standard library and `cryptography`, nothing
of lightwell, no network. Prints one verdict; exit 0 verified, 1 refused (one sentence naming the place), 2
could not check. What it does in order: the list of files, the log, what the log says, what is shown.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import os
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import jcs
import notes
import trees
from notes import CannotCheck, Refusal

LIST = "SHA256SUMS"
UNVOUCHED = "README.txt, ro-crate-metadata.json, verify.html"
MAX_ENTRY_BYTES = 8192
TOLERANCE = 86_400


class Folder:
    """The files of a bundle by their path in it; nothing outside it is ever read."""

    def __init__(self, root: str) -> None:
        self.root = Path(root)
        self.empty: list[str] = []
        self._digests: dict[str, str] = {}
        if not self.root.exists():
            raise CannotCheck(f"there is no folder or file {root}")

    def list(self) -> set[str]:
        """The paths of the files; folders without any are put into `empty`."""
        found, self.empty = set(), []
        for folder, folders, names in os.walk(self.root, onerror=_stop):
            if not folders and not names:
                self.empty.append(Path(folder).relative_to(self.root).as_posix())
            for name in [*names, *(each for each in folders if Path(folder, each).is_symlink())]:
                path = Path(folder, name)
                relative = path.relative_to(self.root).as_posix()
                if path.is_symlink() or not path.is_file():
                    raise Refusal(relative, "this is a link or a special file, not a file of the bundle")
                found.add(relative)
        return found

    def has(self, path: str) -> bool:
        return (self.root / path).is_file()

    def read(self, path: str) -> bytes:
        try:
            return (self.root / path).read_bytes()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            raise Refusal(path, "this file is missing") from None

    def size(self, path: str) -> int:
        if not self.has(path):
            raise Refusal(path, "this file is missing")
        return (self.root / path).stat().st_size

    def digest(self, path: str) -> str:
        """SHA-256 of a file; only the first call reads it."""
        if path not in self._digests:
            with open(self.root / path, "rb") as file:
                self._digests[path] = hashlib.file_digest(file, "sha256").hexdigest()
        return self._digests[path]


@dataclass
class Log:
    """The log as shown. `quorum_times[i]`: when the first checkpoint that covers entry i met the quorum.

    Times are those of the policy that judges; `day` is the bundle's day, by the bundle's own policy.
    """

    policy: notes.Policy
    checkpoint: notes.Checkpoint
    witnesses: list[str]
    entries: list[bytes]
    quorum_times: list[int | None]
    day: datetime.date


def check_list(folder: Folder) -> int:
    """Hold every file against the list and the list against its own last line; returns how many files."""
    present = folder.list()  # first, because to read a pipe would wait for ever
    data = folder.read(LIST)
    lines = data.decode(errors="replace").split("\n")
    if len(lines) < 2 or lines[-1] or "\ufffd" in "".join(lines):
        raise Refusal(LIST, "the list must be lines of text with a newline at its end")
    body = data[: data.rstrip(b"\n").rfind(b"\n") + 1]
    if lines[-2] != f"{hashlib.sha256(body).hexdigest()}  {LIST}":
        raise Refusal(LIST, "the list has been changed: its last line does not fit the lines above it")
    listed: dict[str, str] = {}
    for number, line in enumerate(lines[:-2], 1):
        match = re.fullmatch(r"([0-9a-f]{64})  ([^/\\\0]+(?:/[^/\\\0]+)*)", line)
        if (
            not match
            or not line.isprintable()
            or {".", ".."} & set(match[2].split("/"))
            or match[2] in listed
        ):
            raise Refusal(LIST, f"line {number} does not name one file of the bundle")
        listed[match[2]] = match[1]
    if list(listed) != sorted(listed):
        raise Refusal(LIST, "the list is not sorted by path")
    present -= {LIST}
    for path in sorted(listed.keys() - present):
        raise Refusal(path, "this file is in the list, but not in the bundle")
    for path in sorted(present - listed.keys()):
        raise Refusal(path, "this file is in the bundle, but not in the list")
    for path in sorted(folder.empty):
        raise Refusal(path, "this folder is empty")
    for path, digest in listed.items():
        if folder.digest(path) != digest:
            raise Refusal(path, "this file has been changed: it does not have the bytes that the list names")
    return len(listed)


def read_log(folder: Folder, policy_file: str | None = None) -> Log:
    """The policy, every checkpoint and every entry, each held against the others."""
    published = notes.read_policy(folder.read("policy"))
    policy = published if policy_file is None else _read_own_policy(policy_file)
    data = folder.read("log/checkpoint")
    newest, witnesses, time = _judge_newest(data, policy)
    if folder.read(f"log/checkpoints/{newest.size}") != data:
        raise Refusal("log/checkpoint", f"these are not the bytes of log/checkpoints/{newest.size}")
    entries = trees.read_entries(newest.size, newest.root, folder.read, "log/")
    for index, entry in enumerate(entries):
        if len(entry) > MAX_ENTRY_BYTES:
            raise Refusal(f"log entry {index}", f"an entry has at most {MAX_ENTRY_BYTES} bytes")
    covers = _read_checkpoints(folder, policy, newest, entries)
    quorum_times: list[int | None] = []
    for size, met in covers:
        quorum_times += [met] * (size - len(quorum_times))
    published_time = time if policy is published else _judge_newest(data, published)[2]
    if None not in (time, published_time) and abs(time - published_time) > TOLERANCE:
        raise Refusal("log/checkpoint", "by your policy it is of another day than by the publisher's")
    day = _find_day(entries) if published_time is None else _day_of(published_time)
    return Log(policy, newest, witnesses, entries, quorum_times, day)


def _read_own_policy(path: str) -> notes.Policy:
    try:
        return notes.read_policy(Path(path).read_bytes(), path)
    except (OSError, Refusal) as error:
        raise CannotCheck(f"the policy {path} cannot be used: {error}") from None


def _judge_newest(data: bytes, policy: notes.Policy) -> tuple[notes.Checkpoint, list[str], int | None]:
    newest, times = notes.judge_checkpoint(data, policy, "log/checkpoint")
    if not notes.meets_quorum(policy, set(times)):
        names = ", ".join(sorted(times)) or "none"
        raise Refusal(
            "log/checkpoint", f"too few witnesses confirm it for the quorum {policy.quorum}: {names}"
        )
    time = None if policy.quorum == "none" else notes.find_quorum_time(policy, times)
    return newest, sorted(times), time


def _find_day(entries: list[bytes]) -> datetime.date:
    """Without a quorum nobody but the log itself says what day it is: that of its largest time."""
    import gaps

    times = [gaps.read_entry(index, data).get("at") for index, data in enumerate(entries)]
    stated = [gaps.read_time(time, "log entry") for time in times if time is not None]
    if not stated:
        raise Refusal("log/checkpoint", "nothing in the log says what day it is")
    return max(stated).date()


def _day_of(time: int) -> datetime.date:
    return datetime.datetime.fromtimestamp(time, datetime.UTC).date()


def _read_checkpoints(
    folder: Folder, policy: notes.Policy, newest: notes.Checkpoint, entries: list[bytes]
) -> list[tuple[int, int | None]]:
    """(size, quorum's time) of the checkpoints that meet the policy, each on the one history."""
    names = [path.name for path in (folder.root / "log/checkpoints").glob("*")]
    for name in names:
        if not (name.isascii() and name.isdigit() and len(name) < 20 and str(int(name)) == name):
            raise Refusal(f"log/checkpoints/{name}", "a checkpoint's name is its size")
    sizes = sorted(map(int, names))
    roots = trees.compute_prefix_roots([trees.hash_leaf(entry) for entry in entries], set(sizes))
    covers = []
    for size in sizes:
        place = f"log/checkpoints/{size}"
        found, times = notes.judge_checkpoint(folder.read(place), policy, place)
        if found.size != size or found.origin != newest.origin:
            raise Refusal(place, "this checkpoint is not the one its name says")
        if size > newest.size or roots[size] != found.root:
            raise Refusal(place, "this checkpoint is of another history than the newest one")
        if notes.meets_quorum(policy, set(times)):
            time = None if policy.quorum == "none" else notes.find_quorum_time(policy, times)
            covers.append((size, time))
    return covers


def judge(folder: Folder, policy_file: str | None) -> Iterator[str]:
    """The sentences of a good verdict; `Refusal` or `CannotCheck` for any other."""
    import openings
    import statements

    if folder.root.is_file():
        if policy_file is None:
            raise CannotCheck("a page's proof brings no policy: give your own with --policy")
        proof = jcs.read(folder.root.read_bytes(), canonical=False)
        yield from openings.check_proof(proof, _read_own_policy(policy_file))
        return
    files = check_list(folder)
    log = read_log(folder, policy_file)
    yield f"log: {log.checkpoint.origin}, {log.checkpoint.size} entries, every tile and entry in place"
    whose = "the publisher's own policy" if policy_file is None else f"your policy {policy_file}"
    yield f"record-keepers by {whose}: {', '.join(log.witnesses) or 'none asked for'}"
    if log.checkpoint.origin.startswith("sample."):
        yield "a labelled sample with an invented clock: it shows the mechanism, not independence"
    yield from statements.check(folder, log)
    yield f"files: {files}, each as listed; {UNVOUCHED}: nothing in the log vouches for them"


def report(compute: Callable[[], str]) -> int:
    """Run a judgement and print what it says; the exit code of this program."""
    try:
        sys.stdout.write(compute())
        return 0
    except Refusal as refusal:
        # A file's name could hold what a terminal obeys, such as a return and a better verdict.
        print("".join(each if each.isprintable() else "?" for each in f"refused: {refusal}"))
        return 1
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        # Whatever was not foreseen is no verdict of "verified"; the place is not known then.
        print(f"refused: something in it has another form than it must have: {error}")
        return 1
    except (CannotCheck, OSError, MemoryError) as error:
        print(f"could not check: {error}")
        return 2


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle")
    parser.add_argument("--policy", help="whose signatures you require; by default the publisher's own file")
    given = parser.parse_args(arguments)
    return report(lambda: "\n".join([*judge(Folder(given.bundle), given.policy), "verified", ""]))


def _stop(error: OSError) -> None:
    raise error


if __name__ == "__main__":
    # The same classes must be caught here that the other files raise, so this file is imported by its name.
    sys.path.insert(0, str(Path(__file__).parent))
    import verify

    sys.exit(verify.main())
