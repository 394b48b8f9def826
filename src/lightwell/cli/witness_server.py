"""A small witness: one HTTP server, one file of state per log, standard library only.

What it decides is in `tlog.witness`; here are the lock, the durable write and the wire. It keeps
for each origin the last checkpoint it cosigned, with its cosignatures, which is also what its
read side serves. A witness whose state is lost must retire its key: it could no longer notice a
log that rewinds.
"""

from __future__ import annotations

import fcntl
import http.server
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from lightwell.base import errors as base_errors
from lightwell.files import durable
from lightwell.tlog import checkpoint, cosignature, errors, note, witness

CLOCK_HEADER = "Lightwell-Clock"
"""Sent with the value "sample" on every answer whose time comes from a file."""

_TEXT = "text/plain; charset=utf-8"
Answer = tuple[int, str, bytes]  # status, content type, body


class Record:
    """The durable memory of a witness: a folder with one signed checkpoint per origin."""

    def __init__(self, folder: Path, origins: Sequence[str]) -> None:
        """Take the folder for this process alone and read everything once; `Damaged` or `UserMistake`."""
        durable.make_folders(folder)
        self._folder = folder
        self._lock_file = open(folder / "lock", "w")  # noqa: SIM115  held until the process ends
        try:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise base_errors.UserMistake(
                f"Another witness is already using {folder}; stop it or give another --state."
            ) from error
        self.locks = {origin: threading.Lock() for origin in origins}
        for origin in origins:
            self.read_latest(origin)

    def read_text(self, origin: str) -> str | None:
        """The last checkpoint with all its signatures, None before the first."""
        try:
            return self._find_path(origin).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None

    def read_latest(self, origin: str) -> checkpoint.Checkpoint | None:
        """The last checkpoint cosigned for an origin."""
        text = self.read_text(origin)
        if text is None:
            return None
        try:
            latest = checkpoint.parse_checkpoint(note.parse_note(text).text)
        except (errors.NoteError, errors.CheckpointError) as error:
            raise base_errors.Damaged(
                f"{self._find_path(origin)} is damaged. Restore it or retire this witness's key."
            ) from error
        if latest.origin != origin:
            raise base_errors.Damaged(f"{self._find_path(origin)} belongs to another log.")
        return latest

    def write_text(self, origin: str, text: str) -> None:
        """Store a newly cosigned checkpoint, before it is answered to anybody.

        A crash here leaves the old checkpoint or the new one. If the new one, its cosignatures
        were perhaps never answered: the log asks again with the size it is told and gets new ones.
        """
        durable.replace_file(self._find_path(origin), text.encode())

    def _find_path(self, origin: str) -> Path:
        return self._folder / f"{witness.name_origin(origin)}.checkpoint"


class WitnessService:
    """Answers add-checkpoint and the read side, without knowing HTTP."""

    def __init__(
        self,
        record: Record,
        signers: Sequence[note.Signer],
        log_keys: Mapping[str, Sequence[note.Verifier]],
        read_clock: Callable[[], int],
    ) -> None:
        self._record = record
        self._signers = signers
        self._log_keys = log_keys
        self._read_clock = read_clock
        self._origins = {witness.name_origin(origin): origin for origin in log_keys}

    def add_checkpoint(self, body: bytes) -> Answer:
        """Decide, store, then answer; the lock of the origin spans all three."""
        try:
            request = witness.parse_request(body)
        except errors.RequestError as error:
            return witness.MALFORMED, _TEXT, f"{error.sentence}\n".encode()
        origin = witness.read_origin(request)
        if origin not in self._log_keys:
            decision = witness.decide(None, request, self._log_keys)
            return decision.status, _TEXT, f"{decision.sentence}\n".encode()
        with self._record.locks[origin]:
            decision = witness.decide(self._record.read_latest(origin), request, self._log_keys)
            if decision.size is not None:
                return decision.status, witness.SIZE_TYPE, f"{decision.size}\n".encode()
            if decision.status != witness.OK or decision.latest is None:
                return decision.status, _TEXT, f"{decision.sentence}\n".encode()
            timestamp = self._read_clock()
            text = checkpoint.format_checkpoint(decision.latest)
            cosigned = [cosignature.cosign(text, signer, timestamp) for signer in self._signers]
            opened = checkpoint.open_checkpoint(request.checkpoint_text, self._log_keys[origin])
            # Only what was checked is kept: a stranger's lines would be served under our address.
            self._record.write_text(origin, note.format_note(text, [*opened.note.verified, *cosigned]))
        return witness.OK, _TEXT, "".join(note.format_signature(line) for line in cosigned).encode()

    def read_checkpoint(self, name: str) -> Answer:
        """The last cosigned checkpoint of the log whose origin hashes to `name`."""
        origin = self._origins.get(name)
        text = self._record.read_text(origin) if origin is not None else None
        if text is None:
            return witness.UNKNOWN, _TEXT, b"This witness has cosigned nothing for this log.\n"
        return witness.OK, _TEXT, text.encode()


class WitnessHandler(http.server.BaseHTTPRequestHandler):
    """The wire: limits, status lines and headers. Visitors' addresses are not logged."""

    protocol_version = "HTTP/1.1"
    timeout = 30
    # One packet per answer: written in two, the second waits 40 ms for the first's acknowledgement.
    wbufsize = 65_536
    disable_nagle_algorithm = True
    server: WitnessServer

    def do_POST(self) -> None:
        """Take `add-checkpoint` (C2SP tlog-witness); without a plain length no body is read."""
        length = self.headers.get("Content-Length", "")
        if self.path != "/add-checkpoint":
            self._refuse(witness.UNKNOWN, "The only thing to send a witness is /add-checkpoint.")
        elif not length.isascii() or not length.isdigit() or int(length) > witness.MAX_REQUEST_BYTES:
            self._refuse(witness.MALFORMED, "Send a Content-Length of at most a megabyte.")
        else:
            body = self.rfile.read(int(length))
            self._answer(lambda: self.server.service.add_checkpoint(body))

    def do_GET(self) -> None:
        """Show the newest checkpoint that was cosigned for an origin, so that others can compare."""
        name, slash, rest = self.path.removeprefix("/").partition("/")
        if not slash or rest != "checkpoint":
            self._refuse(witness.UNKNOWN, "A witness serves /<SHA-256 of the origin>/checkpoint.")
        else:
            self._answer(lambda: self.server.service.read_checkpoint(name))

    def log_message(self, format: str, *arguments: object) -> None:
        """Silent: the operator sees failures, not every request."""

    def version_string(self) -> str:
        """Name the program and no version: nobody outside needs to know which one runs."""
        return "lightwell-witness"

    def _answer(self, ask: Callable[[], Answer]) -> None:
        try:
            answer = ask()
        except base_errors.LightwellError as error:
            self.server.report(str(error))
            answer = (500, _TEXT, b"This witness has a problem of its own; its operator has been told.\n")
        except OSError as error:
            # A failed write or flush is final: what is on disk is known only after a restart.
            self.server.report(
                f"Writing the state failed ({error.strerror}); stopping, start again after mending."
            )
            answer = (500, _TEXT, b"This witness cannot store checkpoints now and stops.\n")
            self.server.stop(failed=True)
        self._send(answer)

    def _refuse(self, status: int, sentence: str) -> None:
        self.close_connection = True  # the body was not read, so the next request cannot be found
        self._send((status, _TEXT, f"{sentence}\n".encode()))

    def _send(self, answer: Answer) -> None:
        status, kind, body = answer
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        if self.server.uses_sample_clock:
            self.send_header(CLOCK_HEADER, "sample")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)


class WitnessServer(http.server.ThreadingHTTPServer):
    """The server; `report` takes sentences for the operator."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(
        self,
        address: tuple[str, int],
        service: WitnessService,
        *,
        uses_sample_clock: bool,
        report: Callable[[str], None],
    ) -> None:
        super().__init__(address, WitnessHandler)
        self.service = service
        self.uses_sample_clock = uses_sample_clock
        self.report = report
        self.failed = False

    def stop(self, *, failed: bool = False) -> None:
        """Stop serving from inside a request; `shutdown` itself would wait for that request."""
        self.failed = self.failed or failed
        threading.Thread(target=self.shutdown, daemon=True).start()

    def handle_error(self, request: object, client_address: object) -> None:
        """A visitor who hangs up is no event; anything else is a bug and keeps its traceback."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]  # stdlib's own stub is narrower
