"""A folder of documents as it lies on disk: which files there are, as paths below the folder."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from lightwell.archive import inventory
from lightwell.base import errors
from lightwell.base.errors import Problem

# What computers put into folders for themselves: macOS, Windows, and the locks of office programs, which
# name whoever has the document open. None is a document, and to publish them would tell of other files.
_KEPT_BY_SYSTEM = re.compile(r"\.DS_Store|\._.+|Thumbs\.db|desktop\.ini|~\$.+|\.~lock\..+#", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Listing:
    """What lies below a folder: names of documents in order, every problem, names that are no documents."""

    names: list[str]
    problems: list[Problem]
    left_out: list[str]


def list_names(folder: Path) -> list[str]:
    """List the documents below `folder` as sorted paths with forward slashes.

    Raises `UserMistake` naming each link, socket or device, because what they lead to is not in the
    folder, each folder that cannot be opened, and each name that cannot stand in a public list.
    """
    listing = read_folder(folder)
    if listing.problems:
        raise errors.UserMistake(problems=listing.problems)
    return listing.names


def read_folder(folder: Path) -> Listing:
    """Read what lies below a folder; `UserMistake` when it is no folder."""
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "does not exist"
        raise errors.UserMistake(
            f"{what}, so there is no folder to read; name the one that holds the documents", place=str(folder)
        )
    listing = Listing([], [], [])

    def tell_unopened(error: OSError) -> None:
        # Passed over in silence, its documents would be missing from an inventory that never grows.
        name = os.path.relpath(os.fsdecode(error.filename), folder)
        listing.problems.append(Problem(repr(name), f"the folder cannot be opened: {error.strerror}"))

    for place, folders, files in os.walk(folder, onerror=tell_unopened):
        links = [name for name in folders if os.path.islink(os.path.join(place, name))]
        for base in (*links, *files):
            path = Path(place, base)
            name = path.relative_to(folder).as_posix()
            if is_kept_by_system(base):
                listing.left_out.append(name)
                continue
            if path.is_symlink() or not path.is_file():
                listing.problems.append(
                    Problem(repr(name), "is a link or a device; copy the file itself here, or move it away")
                )
            elif not _is_utf8(name):
                listing.problems.append(Problem(repr(name), "the file name is not UTF-8; rename the file"))
            else:
                problems = inventory.list_name_problems(name)
                listing.problems.extend(Problem(repr(name), sentence) for sentence in problems)
            listing.names.append(name)
    for each in (listing.names, listing.left_out):
        each.sort()
    listing.problems.sort(key=lambda problem: problem.place)
    return listing


def is_kept_by_system(name: str) -> bool:
    """Answer whether computers put a file of this name into folders for themselves; it is no document."""
    return _KEPT_BY_SYSTEM.fullmatch(name.rsplit("/", 1)[-1]) is not None


def describe_left_out(listing: Listing) -> str:
    """Say in a sentence which files are no documents; empty when there is none."""
    if not listing.left_out:
        return ""
    shown = ", ".join(map(repr, listing.left_out[:5]))
    more = f" and {len(listing.left_out) - 5} more" if len(listing.left_out) > 5 else ""
    return f"left out, because computers keep them for themselves and they are no documents: {shown}{more}"


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
