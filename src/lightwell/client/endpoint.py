"""Sending to an address that a stranger named, without becoming his tool inside our own network.

Only https; the name is resolved once, every address it leads to must be a public one, and the connection goes
to the address that was judged (pinned), so that a name cannot point elsewhere a moment later. No redirect is
followed, an answer has a time and a size.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass

from lightwell.base import errors

TIMEOUT_SECONDS = 10.0
MOST_ANSWER_BYTES = 4096
MOST_ADDRESS_CHARACTERS = 500
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address to send to, taken apart; `here` allows http and this machine itself, for tests alone."""

    host: str
    port: int
    path: str
    secure: bool = True
    here: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side answered: its status and the beginning of its words."""

    status: int
    body: bytes


def parse_endpoint(text: str, *, here: bool = False) -> Endpoint:
    """Read an address; `UserMistake` for one that is not plain https."""
    try:
        parts = urllib.parse.urlsplit(text)
        port = parts.port
    except ValueError:
        parts, port = urllib.parse.urlsplit(""), None
    secure = parts.scheme == "https"
    wrong = (
        not (secure or (here and parts.scheme == "http"))
        or not parts.hostname
        or parts.username is not None
        or parts.password is not None
        or parts.fragment
        or len(text) > MOST_ADDRESS_CHARACTERS
        or not text.isascii()
        or not text.isprintable()
        or " " in text
    )
    if wrong:
        raise errors.UserMistake(
            "write the whole address as https://host/path, without a name, a password or a # part",
            place="address",
        )
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Endpoint(str(parts.hostname), port or (443 if secure else 80), path, secure, here)


def is_public(address: str) -> bool:
    """Answer whether an IP address belongs to the public internet, also inside of another one."""
    try:
        read: _Address = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    inner: list[_Address] = [read]
    if isinstance(read, ipaddress.IPv6Address):
        if read.teredo:
            inner += [*read.teredo]
        inner += [each for each in (read.ipv4_mapped, read.sixtofour) if each is not None]
        if read.ipv4_mapped is not None:
            inner.remove(read)
    return all(
        each.is_global and not (each.is_multicast or each.is_reserved or each.is_unspecified)
        for each in inner
    )


def resolve_endpoint(endpoint: Endpoint) -> str:
    """Resolve a name to the address to connect to; `Refused` when any it leads to is not public.

    Raises `CouldNotCheck` when the name leads nowhere now.
    """
    try:
        found = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise errors.CouldNotCheck("the name of the address leads nowhere") from None
    addresses = [str(each[4][0]) for each in found]
    if not endpoint.here and not all(map(is_public, addresses)):
        raise errors.Refused("the address leads into a private network; only public ones are sent to")
    return addresses[0]


def send(endpoint: Endpoint, body: bytes, headers: Mapping[str, str]) -> Answer:
    """Send a POST to the pinned address; `CouldNotCheck` when no answer comes in time, `Refused` as above."""
    address = resolve_endpoint(endpoint)
    connection = _Pinned(endpoint, address)
    # One that trickles a byte at a time, also of its headers, would otherwise hold the sender for ever.
    end = threading.Timer(TIMEOUT_SECONDS, connection.cut)
    end.start()
    try:
        connection.request("POST", endpoint.path, body, dict(headers))
        answer = connection.getresponse()
        read = b""
        while len(read) < MOST_ANSWER_BYTES:
            piece = answer.read1(MOST_ANSWER_BYTES - len(read))
            if not piece:
                break
            read += piece
        if connection.was_cut:
            raise TimeoutError
        return Answer(answer.status, read)
    except (OSError, http.client.HTTPException, ValueError) as error:
        late = connection.was_cut or isinstance(error, TimeoutError)
        reason = "no answer in time" if late else type(error).__name__
        raise errors.CouldNotCheck(f"the other side could not be reached ({reason})") from None
    finally:
        end.cancel()
        connection.close()


class _Pinned(http.client.HTTPConnection):
    """A connection to one IP address that asks for, and has the certificate checked against, the name."""

    def __init__(self, endpoint: Endpoint, address: str) -> None:
        super().__init__(endpoint.host, endpoint.port, timeout=TIMEOUT_SECONDS)
        self._endpoint, self._address = endpoint, address
        self.was_cut = False
        # An answer without a length is read from the socket after the connection has let it go.
        self._held: socket.socket | None = None
        if endpoint.secure:
            self.default_port = 443  # so that the Host header names no port that need not be named

    def connect(self) -> None:
        """Connect to the address that was judged, whatever the name means by now."""
        plain = socket.create_connection((self._address, self._endpoint.port), TIMEOUT_SECONDS)
        if self._endpoint.secure:
            try:
                plain = _read_trust().wrap_socket(plain, server_hostname=self._endpoint.host)
            except BaseException:
                plain.close()
                raise
        self.sock = self._held = plain

    def cut(self) -> None:
        """End the connection from another thread, whatever it waits for."""
        self.was_cut = True
        plain = self._held
        if plain is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(plain, socket.SHUT_RDWR)


def _read_trust() -> ssl.SSLContext:
    return ssl.create_default_context()
