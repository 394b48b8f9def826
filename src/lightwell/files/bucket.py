"""Content-addressed files in a bucket of an S3-compatible service, with a bounded copy of what is used here.

    LIGHTWELL_FILES=s3://bucket/prefix?endpoint=https://s3.example&region=eu-1

The service's keys are found as boto3 finds them: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY of the
environment, or a file of the account.

The bucket is the store; the folder of the state is a copy by digest, from which readers are served and which
may be emptied at any time. Bytes count as stored once the service said so and told their size again. Files
that a fenced process wrote (it has no network) are handed over by `keep_bytes` before anything names them, so
that a service that refuses stops the story that wanted to name them.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import itertools
import os
import re
import secrets
import time
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from lightwell.base import errors
from lightwell.files import durable
from lightwell.files.store import AREAS, FileStore, measure_file

VARIABLE = "LIGHTWELL_FILES"
COPIES_VARIABLE = "LIGHTWELL_FILES_MB"
_COPIES_MB = 10_000
# What was used so lately may be open in another process.
_LEAST_SECONDS = 600.0
# Larger files go in parts of this size; services take 10,000 of them.
_PART_BYTES = 32 << 20
_KEY = re.compile(r"(sealed|public)/[0-9a-f]{2}/([0-9a-f]{64})")
_MISSING = ("404", "NoSuchKey", "NotFound")
_PARTS = {"endpoint", "region"}


class BucketStore(FileStore):
    """A bucket with the two areas, and a folder with copies of what was used."""

    def __init__(self, root: Path, address: str, most_bytes: int | None = None) -> None:
        super().__init__(root)
        self._bucket, self._prefix, self._client = _connect(address)
        self._most_bytes = _read_most() if most_bytes is None else most_bytes

    def put_bytes(self, area: str, data: bytes) -> str:
        """Store bytes in the bucket, then here; `CouldNotCheck` when the service does not take them."""
        digest = super().put_bytes(area, data)
        self.keep_bytes(area, digest)
        return digest

    def put_file(self, area: str, path: Path) -> str:
        """Store a file in the bucket, then here; `CouldNotCheck` when the service does not take it."""
        digest = super().put_file(area, path)
        self.keep_bytes(area, digest)
        return digest

    def keep_bytes(self, area: str, digest: str) -> None:
        """Hand over a file that lies here; when this returns, the service has all of it.

        A failure leaves the file here, without a name, for the sweep.
        """
        path = self.find_path(area, digest)
        key = self._name(area, digest)
        size = path.stat().st_size
        if self._ask_size(key) != size:
            if size > _PART_BYTES:
                self._send_parts(key, path)
            else:
                with path.open("rb") as file:
                    checksum = base64.b64encode(bytes.fromhex(digest)).decode()
                    place: dict[str, Any] = {"Bucket": self._bucket, "Key": key}
                    self._call("write", self._client.put_object, Body=file, ChecksumSHA256=checksum, **place)
            if self._ask_size(key) != size:
                raise errors.CouldNotCheck(_say("write", "what it holds is not what it was sent"))

    def _send_parts(self, key: str, path: Path) -> None:
        """Send a large file in parts, one in memory at a time, each held against its digest by the service.

        A failure takes the parts back; a crash leaves parts that no key names, which the service removes when
        it is told to (docs/how-to/operate.md).
        """
        place: dict[str, Any] = {"Bucket": self._bucket, "Key": key}
        begun = self._call(
            "write", self._client.create_multipart_upload, ChecksumAlgorithm="SHA256", **place
        )["UploadId"]
        parts = []
        try:
            with path.open("rb") as file:
                for number in itertools.count(1):
                    if not (chunk := file.read(_PART_BYTES)):
                        break
                    part: dict[str, Any] = {
                        "PartNumber": number,
                        "ChecksumSHA256": base64.b64encode(hashlib.sha256(chunk).digest()).decode(),
                    }
                    said = self._call(
                        "write", self._client.upload_part, Body=chunk, UploadId=begun, **place, **part
                    )
                    parts.append({**part, "ETag": said["ETag"]})
            listed = {"Parts": parts}
            finish = self._client.complete_multipart_upload
            self._call("write", finish, MultipartUpload=listed, UploadId=begun, **place)
        except BaseException as error:
            with contextlib.suppress(errors.CouldNotCheck):
                # An answer that was lost is asked for again, and then refused, although all parts are joined;
                # before that the key is not there.
                if isinstance(error, errors.CouldNotCheck) and self._ask_size(key) == path.stat().st_size:
                    return
                self._call("remove", self._client.abort_multipart_upload, UploadId=begun, **place)
            raise

    def get_bytes(self, area: str, digest: str) -> bytes:
        """Return stored bytes, fetched when they are not here; `Damaged` when they are not the digest's."""
        path = self.fetch_path(area, digest)
        try:
            return super().get_bytes(area, digest)
        except errors.Damaged:
            # A copy that went bad here says nothing about the bucket.
            path.unlink(missing_ok=True)
            self.fetch_path(area, digest)
            return super().get_bytes(area, digest)

    def open_bytes(self, area: str, digest: str) -> BinaryIO:
        """Open stored bytes, fetched when they are not here; `Damaged` when they are not the digest's."""
        path = self.fetch_path(area, digest)
        try:
            return super().open_bytes(area, digest)
        except errors.Damaged:
            path.unlink(missing_ok=True)
            return super().open_bytes(area, digest)

    def fetch_path(self, area: str, digest: str) -> Path:
        """Return a path with stored bytes, fetched when they are not here; `Damaged` when they are gone."""
        path = self.find_path(area, digest)
        if path.exists():
            os.utime(path)
            return path
        durable.make_folders(path.parent)
        half = path.with_name(f"{digest}.{secrets.token_hex(8)}{durable.TEMPORARY}")
        try:
            self._download(self._name(area, digest), half, area, digest)
            if measure_file(half)[0].hex() != digest:
                raise errors.Damaged(f"the {area} file {digest} has changed in the bucket; restore it")
            os.replace(half, path)
        finally:
            half.unlink(missing_ok=True)
        return path

    def has_bytes(self, area: str, digest: str) -> bool:
        """Ask the service, whatever lies here: a copy that it does not have is not stored."""
        return self.read_size(area, digest) is not None

    def read_size(self, area: str, digest: str) -> int | None:
        """Read the size of stored bytes; None when there are none."""
        return self._ask_size(self._name(area, digest))

    def remove_bytes(self, area: str, digest: str) -> bool:
        """Remove stored bytes from the bucket and from here; raises when the service does not confirm it."""
        key = self._name(area, digest)
        found = self._ask_size(key) is not None
        if found:
            self._call("remove", self._client.delete_object, Bucket=self._bucket, Key=key)
            if self._ask_size(key) is not None:
                raise errors.CouldNotCheck(_say("remove", "it still has what it was told to remove"))
        return super().remove_bytes(area, digest) or found

    def list_names(self, area: str) -> Iterator[tuple[str, float]]:
        """List every digest of bucket and folder, with when it was put, in seconds since 1970."""
        seen = dict(super().list_names(area))
        yield from seen.items()
        for digest, changed, _ in self._list_keys(area):
            if digest not in seen:
                yield digest, changed

    def drop_copies(self) -> int:
        """Remove the copies used longest ago until the rest fits; returns how many went.

        Only what the bucket has goes; the caller knows that nobody is putting bytes (`files/occupancy`).
        """
        stored = {(area, digest): size for area in AREAS for digest, _, size in self._list_keys(area)}
        copies = []
        for area, digest in stored:
            path = self.find_path(area, digest)
            if path.exists():
                found = path.stat()
                copies.append((found.st_mtime, found.st_size, path))
        total, removed = sum(size for _, size, _ in copies), 0
        for used, size, path in sorted(copies):
            if total <= self._most_bytes or used > time.time() - _LEAST_SECONDS:
                break
            path.unlink(missing_ok=True)
            total, removed = total - size, removed + 1
        return removed

    def _name(self, area: str, digest: str) -> str:
        return self._prefix + self.find_path(area, digest).relative_to(self.root).as_posix()

    def _ask_size(self, key: str) -> int | None:
        answer = self._call("read", self._client.head_object, missing=True, Bucket=self._bucket, Key=key)
        return None if answer is None else int(answer["ContentLength"])

    def _list_keys(self, area: str) -> Iterator[tuple[str, float, int]]:
        wanted: dict[str, Any] = {"Bucket": self._bucket, "Prefix": f"{self._prefix}{area}/"}
        while True:
            answer = self._call("read", self._client.list_objects_v2, **wanted)
            for each in answer.get("Contents", []):
                if match := _KEY.fullmatch(str(each["Key"]).removeprefix(self._prefix)):
                    yield match[2], each["LastModified"].timestamp(), int(each["Size"])
            if not answer.get("IsTruncated"):
                return
            wanted["ContinuationToken"] = answer["NextContinuationToken"]

    def _download(self, key: str, half: Path, area: str, digest: str) -> None:
        def fetch(**wanted: Any) -> dict[str, bool]:
            answer = self._client.get_object(**wanted)
            with half.open("wb") as file:
                for chunk in answer["Body"].iter_chunks(1 << 20):
                    file.write(chunk)
            return {"done": True}

        if self._call("read", fetch, missing=True, Bucket=self._bucket, Key=key) is None:
            raise errors.Damaged(f"the {area} file {digest} is missing; restore it from a backup")

    def _call(self, what: str, ask: Any, *, missing: bool = False, **wanted: Any) -> Any:
        """Ask the service; None for what is missing, `CouldNotCheck` with a sentence for other refusals."""
        from botocore.exceptions import BotoCoreError, ClientError
        from urllib3.exceptions import HTTPError

        try:
            return ask(**wanted)
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", "")
            if missing and (code in _MISSING or status == 404) and code != "NoSuchBucket":
                return None
            raise errors.CouldNotCheck(_say(what, f"{status} {code}".strip())) from None
        except (BotoCoreError, HTTPError) as error:
            raise errors.CouldNotCheck(_say(what, type(error).__name__)) from None


def is_set() -> bool:
    """Answer whether files lie in a bucket."""
    return bool(os.environ.get(VARIABLE, "").strip())


def open_store(root: Path) -> FileStore:
    """Open the store of an installation: the bucket that the environment names, else the folder."""
    if not is_set():
        return FileStore(root)
    address = os.environ[VARIABLE].strip()
    key = (str(root), address, os.getpid())
    if key not in _opened:
        _opened.clear()
        _opened[key] = BucketStore(root, address)
    return _opened[key]


# One client for each process: making one takes longer than a request.
_opened: dict[tuple[str, str, int], BucketStore] = {}


def parse_address(address: str) -> tuple[str, str, dict[str, str]]:
    """Read bucket, prefix and options of an address; `UserMistake` for what cannot be one."""
    parts = urllib.parse.urlsplit(address)
    options = dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True))
    prefix = parts.path.strip("/")
    fine = parts.scheme == "s3" and re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,62}", parts.netloc)
    endpoint = options.get("endpoint", "https://")
    if not fine or set(options) - _PARTS or not endpoint.startswith(("https://", "http://")):
        raise errors.UserMistake(
            "write it as s3://bucket/prefix?endpoint=https://s3.example&region=name, or leave it out",
            place=VARIABLE,
        )
    return parts.netloc, f"{prefix}/" if prefix else "", options


def _connect(address: str) -> tuple[str, str, Any]:
    bucket, prefix, options = parse_address(address)
    try:
        import boto3
        from botocore.config import Config
    except ImportError:
        raise errors.UserMistake(
            "a bucket needs the package boto3: pip install 'lightwell[s3]'", place=VARIABLE
        ) from None
    config = Config(
        connect_timeout=5,
        read_timeout=20,
        retries={"mode": "standard", "total_max_attempts": 3},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        s3={"addressing_style": "path"},
    )
    client = boto3.client(
        "s3",
        endpoint_url=options.get("endpoint"),
        region_name=options.get("region", "us-east-1"),
        config=config,
    )
    return bucket, prefix, client


def _read_most() -> int:
    value = os.environ.get(COPIES_VARIABLE) or str(_COPIES_MB)
    if not value.isascii() or not value.isdigit():
        raise errors.UserMistake(f"{value!r} is not a whole number of megabytes", place=COPIES_VARIABLE)
    return int(value) * 1_000_000


def _say(what: str, reason: str) -> str:
    tail = "" if what == "read" else "; nothing that was confirmed is lost, and nothing of this is public"
    again = f"look at the service, then run this again{tail}"
    return f"the bucket of {VARIABLE} could not {what} ({reason}): {again}"
