"""Ask a witness over HTTP (C2SP tlog-witness): submit a checkpoint, read the last one it cosigned.

The answer's signatures are returned as read; `tlog.cosignature.add_cosignatures` decides which of
them count. Witnesses differ in small ways (one answers 409 where another answers 422 or 404), so
every such status is a refusal and only a 409 of type text/x.tlog.size carries a size.
"""

from __future__ import annotations

import functools
import ssl
from collections.abc import Sequence

import httpx

from lightwell.base import errors as base_errors
from lightwell.tlog import encoding, errors, note, witness

_MAX_ANSWER_BYTES = note.MAX_NOTE_BYTES
_REASONS = {
    witness.MALFORMED: "it could not read the request",
    witness.FORBIDDEN: "it does not accept the log's signature",
    witness.UNKNOWN: "it does not know this log",
    witness.CONFLICT: "it holds another state of this log",
    witness.UNPROVEN: "the proof does not show that the log only grew",
}


class WitnessRefusal(base_errors.Refused):
    """The witness answered and will not cosign. `size` is the size it last cosigned, if it said so."""

    def __init__(self, sentence: str, status: int, size: int | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.size = size


def open_client(timeout_seconds: float = 10.0) -> httpx.Client:
    """A client with a limit on every wait; it follows no redirect, a witness has one address."""
    timeout = httpx.Timeout(timeout_seconds)
    return httpx.Client(timeout=timeout, follow_redirects=False, verify=_read_authorities())


@functools.cache
def _read_authorities() -> ssl.SSLContext:
    """Read whom to trust for https once: 40 ms that every client would spend again, for every checkpoint."""
    return httpx.create_ssl_context()


def add_checkpoint(
    url: str,
    old_size: int,
    proof: Sequence[bytes],
    checkpoint_text: str,
    client: httpx.Client,
) -> tuple[note.Signature, ...]:
    """Submit a signed checkpoint with the proof from `old_size`; the cosignature lines it answers.

    Raises `WitnessRefusal` when the witness says no, and `CouldNotCheck` when there is no usable
    answer: then the witness may or may not have stored the checkpoint, and asking again with the
    same size is safe.
    """
    body = witness.format_request(witness.Request(old_size, tuple(proof), checkpoint_text))
    status, kind, answer = _ask(client, "POST", f"{url.rstrip('/')}/add-checkpoint", body.encode())
    if status != witness.OK:
        raise _describe_refusal(url, status, kind, answer)
    try:
        return note.parse_signatures(answer.decode())
    except (UnicodeDecodeError, errors.NoteError) as error:
        raise base_errors.CouldNotCheck(
            f"The witness {url} answered something that is no cosignature."
        ) from error


def read_checkpoint(url: str, origin: str, client: httpx.Client) -> str | None:
    """The last checkpoint the witness cosigned for an origin, None when it has none (404).

    The text is a signed note and not trusted yet. Raises `CouldNotCheck` for any other answer.
    """
    address = f"{url.rstrip('/')}/{witness.name_origin(origin)}/checkpoint"
    status, _, answer = _ask(client, "GET", address, None)
    if status == witness.UNKNOWN:
        return None
    if status != witness.OK:
        raise base_errors.CouldNotCheck(f"The witness {url} answered with status {status}; ask its operator.")
    try:
        return answer.decode()
    except UnicodeDecodeError as error:
        raise base_errors.CouldNotCheck(
            f"The witness {url} answered something that is no checkpoint."
        ) from error


def _ask(client: httpx.Client, method: str, address: str, body: bytes | None) -> tuple[int, str, bytes]:
    """Status, content type without parameters, and at most `_MAX_ANSWER_BYTES` of the answer."""
    headers = {"Content-Type": "text/plain; charset=utf-8"} if body is not None else {}
    try:
        with client.stream(method, address, content=body, headers=headers) as response:
            answer = b""
            for part in response.iter_bytes():
                answer += part
                if len(answer) > _MAX_ANSWER_BYTES:
                    raise base_errors.CouldNotCheck(
                        f"The witness at {address} answered more than a megabyte."
                    )
            kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            return response.status_code, kind, answer
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise base_errors.CouldNotCheck(
            f"The witness at {address} could not be reached; check the address and try again."
        ) from error


def _describe_refusal(url: str, status: int, kind: str, answer: bytes) -> base_errors.LightwellError:
    if status not in _REASONS:
        return base_errors.CouldNotCheck(
            f"The witness {url} answered with status {status}; ask its operator."
        )
    size = None
    if status == witness.CONFLICT and kind == witness.SIZE_TYPE:
        try:
            size = encoding.parse_decimal(answer.decode().removesuffix("\n"))
        except ValueError:
            size = None
    reason = _REASONS[status] if size is None else f"it last cosigned size {size}"
    return WitnessRefusal(f"The witness {url} refused: {reason}.", status, size)
