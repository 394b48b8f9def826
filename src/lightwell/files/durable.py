"""Writing a small file so that a crash or a power loss leaves it whole, old or new.

POSIX promises a new file only when the file, its directory and every newly made parent have been
flushed (fsync). An error while flushing is raised and never retried: the kernel may already have
dropped the bytes, so only reading again after a restart tells what is there.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

TEMPORARY = ".tmp"


def replace_file(path: Path, data: bytes, mode: int = 0o644, *, crowded: bool = False) -> None:
    """Write a file of state durably, making its folder if needed.

    A crash here leaves the old content or the new one, and perhaps a `.tmp` leftover, which the
    next write replaces; a `crowded` one, which several processes may write at once, is swept. When
    this returns, the new content survives a power loss.
    """
    changed = make_folders(path.parent)
    write_and_rename(path, data, mode, crowded=crowded)
    for folder in changed | {path.parent}:
        flush_folder(folder)


def make_folders(folder: Path) -> set[Path]:
    """Make a directory with its parents; return every directory whose list of names changed.

    A crash here leaves some of the directories, empty; the caller flushes what is returned.
    """
    changed: set[Path] = set()
    missing = folder
    while not missing.exists():
        missing = missing.parent
        changed.add(missing)
    folder.mkdir(parents=True, exist_ok=True)
    return changed


def write_and_rename(path: Path, data: bytes, mode: int = 0o644, *, crowded: bool = False) -> None:
    """Write beside the place, flush, rename into place; the caller flushes the directory.

    Flushed before the rename, or a power loss could leave the name without the bytes. A crash
    here leaves the old file, or the new one, and perhaps the leftover.
    """
    # Two writers under one name would cut each other's bytes short and rename them half.
    own = f".{secrets.token_hex(8)}" if crowded else ""
    temporary = path.with_name(f"{path.name}{own}{TEMPORARY}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with open(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def flush_file(path: Path, mode: int = 0o644) -> None:
    """Make the bytes of a file that was written elsewhere durable before it is renamed into its place."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fchmod(descriptor, mode)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def flush_folder(folder: Path) -> None:
    """Make the names in a directory durable: renames and new entries live in the directory itself."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
