"""A folder of documents as it lies on disk: which files there are, as paths below the folder."""

from __future__ import annotations

from pathlib import Path

from lightwell.base import errors


def list_names(folder: Path) -> list[str]:
    """List the regular files below `folder` as sorted paths with forward slashes.

    Raises `UserMistake` naming each link, socket or device, because what they lead to is not in the
    folder, and each name that is not UTF-8.
    """
    if not folder.is_dir():
        raise errors.UserMistake(f"there is no folder {folder}; name the one that holds the documents")
    names, problems = [], []
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if path.is_dir() and not path.is_symlink():
            continue
        if path.is_symlink() or not path.is_file():
            problems.append(errors.Problem(repr(name), "is a link or a device; copy the file itself here"))
        elif not _is_utf8(name):
            problems.append(errors.Problem(repr(name), "the file name is not UTF-8; rename the file"))
        names.append(name)
    if problems:
        raise errors.UserMistake(problems=problems)
    return sorted(names)


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
