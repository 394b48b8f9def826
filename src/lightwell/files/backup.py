"""A copy of a whole installation in one file, and the way back: a tar archive with a list of digests.

Not in it: the search index (made again), web.key (sessions end), locks. The secret keys are in it only
when asked for: without them a stolen copy opens nothing and signs nothing, and they must be kept elsewhere.
Who calls holds the sequencer's lock, so that tiles and database agree. The database: `actions/copies`.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from lightwell.base import errors
from lightwell.files import durable, sequencer

MANIFEST = "lightwell-backup.json"
FORMAT = 1
_PUBLIC_PARTS = ("policy", "policies", "sample-clock", "log", "files")
_SECRET_PARTS = ("log.key", "keys")
_OTHERS = 0o077


def write_backup(root: Path, target: Path, database: Path, *, with_keys: bool, facts: dict[str, str]) -> int:
    """Write the backup `target` from the state folder and a dumped database; returns its bytes.

    `facts` are written beside the digests for whoever restores. A crash or a full disk leaves no file under
    the final name. Raises `UserMistake` when the target exists: a backup is never overwritten.
    """
    if target.exists():
        raise errors.UserMistake(f"{target} exists already; a backup is never overwritten, name another file")
    temporary = target.with_name(target.name + durable.TEMPORARY)
    digests: dict[str, str] = {}
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "wb") as stream:
            with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
                for name, path in [(database.name, database), *_list_parts(root, with_keys)]:
                    if (digest := _add_file(archive, name, path)) is not None:
                        digests[name] = digest
                manifest = {"format": FORMAT, "keys": with_keys, "facts": facts, "sha256": digests}
                data = json.dumps(manifest, indent=1, sort_keys=True).encode()
                member = tarfile.TarInfo(MANIFEST)
                member.size, member.mode = len(data), 0o600
                archive.addfile(member, io.BytesIO(data))
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, target)
        durable.flush_folder(target.parent)
    except OSError as error:
        raise errors.UserMistake(
            f"the backup could not be written ({error.strerror}); free space at {target.parent} and try again"
        ) from None
    finally:
        temporary.unlink(missing_ok=True)
    return target.stat().st_size


def read_backup(source: Path, root: Path) -> dict[str, str]:
    """Unpack a backup into `root`, which must not exist or be empty; returns the facts of the backup.

    Every byte is checked against the list before anything stands under the final name, so that a
    damaged backup restores nothing: `Refused`. A crash leaves at most a folder beside it, which the next
    call removes.
    """
    if root.exists() and any(root.iterdir()):
        raise errors.UserMistake(
            f"{root} is not empty; restore into a new folder: LIGHTWELL_STATE=/new/folder lightwell restore"
        )
    beside = root.with_name(root.name + ".restoring")
    shutil.rmtree(beside, ignore_errors=True)
    durable.make_folders(beside)
    beside.chmod(0o700)
    try:
        try:
            with tarfile.open(source, "r:") as archive:
                _unpack(archive, beside, source)
        except (tarfile.TarError, EOFError) as error:
            raise errors.Refused(f"{source} is damaged or is no backup: {error}") from None
        except OSError as error:
            raise errors.UserMistake(f"{source} cannot be restored to {beside}: {error.strerror}") from None
        facts = _check_files(beside, source)
        for folder in [path for path in beside.rglob("*") if path.is_dir()] + [beside]:
            durable.flush_folder(folder)
        if root.exists():
            root.rmdir()
        os.replace(beside, root)
        durable.flush_folder(root.parent)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return facts


def _list_parts(root: Path, with_keys: bool) -> Iterator[tuple[str, Path]]:
    for part in (*_PUBLIC_PARTS, *(_SECRET_PARTS if with_keys else ())):
        path = root / part
        found = sorted(path.rglob("*")) if path.is_dir() else [path]
        for each in found:
            if each.is_file() and each.suffix != durable.TEMPORARY and each.name != sequencer.NAME:
                yield each.relative_to(root).as_posix(), each


def _add_file(archive: tarfile.TarFile, name: str, path: Path) -> str | None:
    """Add one file and return its digest; None when it was erased or taken back meanwhile."""
    try:
        stream = path.open("rb")
    except FileNotFoundError:
        return None
    with stream:
        member = archive.gettarinfo(arcname=name, fileobj=stream)
        member.uid = member.gid = 0
        member.uname = member.gname = ""
        reader = _Hashing(stream)
        archive.addfile(member, reader)
    return reader.digest.hexdigest()


class _Hashing:
    """Reads a stream and hashes what passes."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self.digest.update(data)
        return data


def _unpack(archive: tarfile.TarFile, folder: Path, source: Path) -> None:
    """Unpack plain files below `folder`, made anew; `Refused` for links, devices and names that lead out.

    By hand, because the filter of `tarfile` that refuses them came with Python 3.11.4 only.
    """
    for member in archive:
        name = PurePosixPath(member.name)
        data = archive.extractfile(member) if member.isreg() else None
        if data is None or name.is_absolute() or ".." in name.parts or not name.parts:
            raise errors.Refused(f"{source} is no backup: {member.name!r} is no plain file of it")
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with data, open(descriptor, "wb") as file:
            shutil.copyfileobj(data, file)
            os.fchmod(descriptor, 0o644 if member.mode & _OTHERS else 0o600)
        # What was put lately is no leftover yet (`actions/leftovers`).
        os.utime(target, (member.mtime, member.mtime))


def _check_files(folder: Path, source: Path) -> dict[str, str]:
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        digests, facts = dict(manifest["sha256"]), dict(manifest["facts"])
        known = manifest["format"] == FORMAT
    except (OSError, ValueError, KeyError, TypeError):
        raise errors.Refused(f"{source} is no backup of Lightwell, or was cut short") from None
    if not known:
        raise errors.Refused(f"{source} was written by a newer version; update first")
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()} - {MANIFEST}
    for name in sorted(there ^ set(digests)):
        raise errors.Refused(f"{source}: {name} is missing or does not belong to it; use another backup")
    for name, digest in digests.items():
        with (folder / name).open("rb") as stream:
            if hashlib.file_digest(stream, "sha256").hexdigest() != digest:
                raise errors.Refused(f"{source}: {name} has changed; use another backup")
            os.fsync(stream.fileno())
    (folder / MANIFEST).unlink()
    return facts
