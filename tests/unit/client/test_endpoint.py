"""Where a webhook may go: only to public addresses, judged once and connected to as judged."""

from __future__ import annotations

import http.server
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from lightwell.base import errors
from lightwell.client import endpoint


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("::ffff:8.8.8.8", True),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("100.64.0.1", False),
        ("127.0.0.1", False),
        ("169.254.169.254", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("192.0.2.1", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("ff02::1", False),
        ("::ffff:10.0.0.1", False),
        ("2002:a00:1::", False),  # 10.0.0.1 inside 6to4
        ("64:ff9b::a00:1", False),  # the same inside NAT64
        ("nonsense", False),
    ],
)
def test_only_an_address_of_the_public_internet_is_public(address: str, public: bool) -> None:
    assert endpoint.is_public(address) is public


def give(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 443)) for each in addresses]
    monkeypatch.setattr(endpoint.socket, "getaddrinfo", lambda *_, **__: found)


def test_one_private_address_among_public_ones_is_enough_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    give(monkeypatch, "8.8.8.8", "10.0.0.1")
    with pytest.raises(errors.Refused):
        endpoint.resolve_endpoint(endpoint.parse_endpoint("https://news.example/"))
    give(monkeypatch, "8.8.8.8")
    assert endpoint.resolve_endpoint(endpoint.parse_endpoint("https://news.example/")) == "8.8.8.8"


def test_the_connection_goes_to_the_address_that_was_judged_even_when_the_name_moves_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[object] = []

    def connect(address: tuple[str, int], timeout: float) -> socket.socket:
        asked.append(address)
        give(monkeypatch, "127.0.0.1")  # a second question would be answered differently
        raise OSError

    give(monkeypatch, "8.8.8.8")
    monkeypatch.setattr(endpoint.socket, "create_connection", connect)
    with pytest.raises(errors.CouldNotCheck):
        endpoint.send(endpoint.parse_endpoint("https://news.example/hook"), b"{}", {})
    assert asked == [("8.8.8.8", 443)]


class Slow(http.server.BaseHTTPRequestHandler):
    """Answers without end, or a byte at a time."""

    def do_POST(self) -> None:
        self.send_response(200)
        if self.path != "/headers":
            self.end_headers()
        try:
            while True:
                self.wfile.write(b"x" * (1000 if self.path == "/much" else 1))
                self.wfile.flush()
                time.sleep(0 if self.path == "/much" else 0.05)
        except OSError:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def slow() -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()


def test_an_answer_without_end_is_read_up_to_a_size(slow: int) -> None:
    target = endpoint.parse_endpoint(f"http://127.0.0.1:{slow}/much", here=True)
    assert len(endpoint.send(target, b"{}", {}).body) == endpoint.MOST_ANSWER_BYTES


@pytest.mark.parametrize("path", ["slow", "headers"])
def test_an_answer_that_trickles_is_given_up(slow: int, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "TIMEOUT_SECONDS", 0.5)
    target = endpoint.parse_endpoint(f"http://127.0.0.1:{slow}/{path}", here=True)
    with pytest.raises(errors.CouldNotCheck, match="in time"):
        endpoint.send(target, b"{}", {})
