"""A real S3 service on this machine (moto's server), behind a proxy that refuses, fails, stalls, cuts off."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

BUCKET = "lightwell-test"
FINE, FORBIDDEN, BROKEN, SLOW, HALF = "fine", "403", "500", "slow", "half-sent"
FAULTS = (FORBIDDEN, BROKEN, SLOW, HALF)
_PATIENCE_SECONDS = 60.0


@dataclass
class Service:
    """The proxy's address and its mood: what it does to what is written, and to every answer if asked."""

    port: int
    behind: int
    mood: str = FINE
    reads_too: bool = False
    after: int = 0  # so many writes pass before the mood counts
    writes: list[str] = field(default_factory=list)
    under_way: set[int] = field(default_factory=set)  # threads that still have a request

    @property
    def address(self) -> str:
        return f"s3://{BUCKET}/archive?endpoint=http://127.0.0.1:{self.port}"

    def turn(self, mood: str, after: int = 0, reads_too: bool = False) -> None:
        self.writes.clear()
        self.mood, self.after, self.reads_too = mood, after, reads_too

    def rest(self) -> None:
        """Wait until nothing is on its way any more: a slow write arrives after its sender gave up."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while self.under_way:
            assert time.monotonic() < deadline, "a request never ended"
            time.sleep(0.05)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    service: Service

    def log_message(self, *_: object) -> None:
        """Print nothing."""

    def _pass(self) -> None:
        self.service.under_way.add(threading.get_ident())
        try:
            self._pass_on()
        finally:
            self.service.under_way.discard(threading.get_ident())

    def _pass_on(self) -> None:
        service = self.service
        length = int(self.headers.get("Content-Length") or 0)
        writing = self.command in ("PUT", "DELETE", "POST")
        if writing:
            service.writes.append(self.path)
        bad = service.mood != FINE and (
            service.reads_too or (writing and len(service.writes) > service.after)
        )
        if bad and service.mood == HALF and writing:
            self.rfile.read(length // 2)
            self._cut()
            return
        body = self.rfile.read(length)
        if bad and service.mood in (FORBIDDEN, BROKEN):
            code = {FORBIDDEN: "AccessDenied", BROKEN: "InternalError"}[service.mood]
            said = f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode()
            self._answer(int(service.mood), {"Content-Type": "application/xml"}, said)
            return
        if bad and service.mood == SLOW:
            time.sleep(3)
        connection = http.client.HTTPConnection("127.0.0.1", service.behind, timeout=30)
        with contextlib.closing(connection):
            kept = {k: v for k, v in self.headers.items() if k.lower() not in ("expect", "connection")}
            connection.request(self.command, self.path, body, kept)
            answer = connection.getresponse()
            data = answer.read()
        if bad and service.mood == HALF:
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data[: len(data) // 2])
            self._cut()
            return
        headers = {
            k: v for k, v in answer.getheaders() if k.lower() not in ("connection", "transfer-encoding")
        }
        self._answer(answer.status, headers, data)

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        with contextlib.suppress(OSError):
            self.send_response(status)
            for name, value in headers.items():
                if name.lower() not in ("content-length", "date", "server"):
                    self.send_header(name, value)
            length = headers.get("Content-Length", len(body)) if self.command == "HEAD" else len(body)
            self.send_header("Content-Length", str(length))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

    def _cut(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = _pass  # the server calls them so


def skip_without_service() -> None:
    """Skip when the client or the service is not installed."""
    for name in ("boto3", "moto", "flask"):
        pytest.importorskip(name, reason=f"{name} is not installed")


@contextlib.contextmanager
def run_service() -> Iterator[Service]:
    """Run the service and the proxy, make the bucket, and give both back afterwards."""
    import boto3

    os.environ.setdefault("AWS_ACCESS_KEY_ID", "test")
    os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "test")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        behind = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-c", "from moto.server import main; main()", "-H", "127.0.0.1", "-p", str(behind)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", behind), timeout=1):
                break
            assert time.monotonic() < deadline, "the S3 service did not come up"
            time.sleep(0.1)
        client = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{behind}", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        handler = type("Handler", (_Handler,), {})
        proxy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        handler.service = service = Service(proxy.server_port, behind)
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        try:
            yield service
        finally:
            proxy.shutdown()
            proxy.server_close()
    finally:
        process.terminate()
        process.wait(timeout=20)
