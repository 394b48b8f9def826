"""Getting what is to be verified onto this disk: a download, and a packed bundle unpacked.

Neither is trusted: sizes are limited, and no name in an archive leads outside its folder. What was fetched
is judged afterwards like any other folder or file.
"""

from __future__ import annotations

import zipfile
from pathlib import Path, PurePosixPath

import httpx

from lightwell.base import errors

MAX_DOWNLOAD_BYTES = 4 * 1024**3
MAX_UNPACKED_BYTES = 16 * 1024**3
MAX_FILES = 1_000_000
_CHUNK = 1 << 20
_MAX_NAME = 100  # its end, which tells a .zip


def is_address(text: str) -> bool:
    """Answer whether this is a web address and not a path."""
    return text.startswith(("https://", "http://"))


def download(address: str, folder: Path, client: httpx.Client) -> Path:
    """Download into a folder under the last part of the address; `CouldNotCheck` when it cannot be had."""
    size = 0
    try:
        name = PurePosixPath(httpx.URL(address).path).name or "download"
        target = folder / name[-_MAX_NAME:]
        with client.stream("GET", address) as response, target.open("wb") as file:
            if response.status_code != httpx.codes.OK:
                raise errors.CouldNotCheck(f"{address} answered with status {response.status_code}")
            for chunk in response.iter_bytes(_CHUNK):
                size += file.write(chunk)
                if size > MAX_DOWNLOAD_BYTES:
                    raise errors.CouldNotCheck(f"{address} has more than {MAX_DOWNLOAD_BYTES:,} bytes")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise errors.CouldNotCheck(f"{address} cannot be reached: {error}") from None
    return target


def is_packed(path: Path) -> bool:
    """Answer whether a file is a ZIP archive."""
    return zipfile.is_zipfile(path)


def unpack(path: Path, folder: Path) -> Path:
    """Unpack a bundle and return its folder, also when it lies in a folder of its own inside the archive."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with zipfile.ZipFile(path) as archive:
            members = [each for each in archive.infolist() if not each.is_dir()]
            if len(members) > MAX_FILES or sum(each.file_size for each in members) > MAX_UNPACKED_BYTES:
                raise errors.CouldNotCheck(
                    f"{path.name} is larger than any bundle; unpack it yourself to check"
                )
            for each in members:
                _check_name(each.filename, path)
                archive.extract(each, folder)
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError) as error:
        raise errors.Refused(f"{path.name} is a damaged archive: {error}") from None
    inside = list(folder.iterdir())
    return inside[0] if len(inside) == 1 and inside[0].is_dir() else folder


def _check_name(name: str, path: Path) -> None:
    parts = name.split("/")
    if name.startswith("/") or "\\" in name or "\0" in name or any(part in ("", ".", "..") for part in parts):
        raise errors.Refused(f"{path.name} holds the name {name!r}, which leads out of a folder")
