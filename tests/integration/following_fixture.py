"""An archive with something to follow, a real SMTP server, a real receiver of webhooks in another process.

Run as a script it is that receiver: python following_fixture.py FOLDER PORT; the file `plan` in the folder
says how it answers.
"""

from __future__ import annotations

import contextlib
import datetime
import email
import email.policy
import http.server
import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

NOW = datetime.datetime(2026, 11, 25, 12, tzinfo=datetime.UTC)
SITE = "https://archive.example"
WHOLE, SECOND, LAST = 1, 2, 3


def find_port() -> int:
    """A port of this machine that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Post:
    """A mail server: what it took, by whom it was for, and whom it refuses with which words."""

    def __init__(self) -> None:
        from aiosmtpd.controller import Controller

        self.taken: list[tuple[str, EmailMessage]] = []
        self.refuses: dict[str, str] = {}
        self.port = find_port()
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)

    def __enter__(self) -> Post:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        read = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.taken += [(address, read) for address in envelope.rcpt_tos]
        return "250 OK"

    def take(self) -> list[tuple[str, EmailMessage]]:
        """Everything that came since this was asked the last time."""
        taken, self.taken[:] = list(self.taken), []
        return taken


def read_text(message: EmailMessage) -> str:
    """The words of a mail in both its forms, with its headers."""
    parts = [part.get_content() for part in message.walk() if part.get_content_maintype() == "text"]
    return "\n".join([*(f"{name}: {value}" for name, value in message.items()), *parts])


def find_link(message: EmailMessage, what: str) -> str:
    """The path of a link in a mail: "yes" or "end"."""
    found = re.search(rf"{re.escape(SITE)}(/follow/{what}/[\w-]+/)", read_text(message))
    assert found, read_text(message)
    return found[1]


class House:
    """A study with three documents that are locked in; two people who publish them."""

    def __init__(self, root: Path, folder: Path, title: str = "How children sleep") -> None:
        import disclosure_fixture
        import staged_pages

        from lightwell.actions import inventories, noticing, overview, search
        from lightwell.archive import inventory
        from lightwell.db.models import Study
        from lightwell.files import foundation
        from lightwell.files.state import State

        foundation.lay_foundation(root, origin="log.example/following")
        overview.forget()
        noticing.forget()
        self.state = State(root)
        self.desk = disclosure_fixture.Desk(self.state)
        self.study = self.desk.disclose(disclosure_fixture.read_value("study")).record
        self.now = NOW
        rows = [
            inventory.Row(
                k,
                f"{k}.pdf",
                f"{title} {k}",
                "report",
                "2025-05",
                "publish",
                "",
                "",
                datetime.date(2031, 11, 1),
            )
            for k in (WHOLE, SECOND, LAST)
        ]

        folder.mkdir()
        for row in rows:
            (folder / row.file).write_bytes(staged_pages.make_pdf(row.number, 2))
        study = Study.objects.get(pk=self.study)
        inventories.measure_files(state=self.state, study=study, folder=folder, rows=rows, processes=1)
        inventories.seal_inventory(actor=self.desk.ana, study=study, now=NOW)
        search.update_index(self.state)

    def step(self, seconds: int = 1) -> datetime.datetime:
        self.now += datetime.timedelta(seconds=seconds)
        return self.now

    def publish(self, *items: int) -> None:
        payload = {"study": self.study, "summary": "What we found.", "items": list(items)}
        self.desk.do("publication", self.study, payload, self.step())

    def suspend(self, item: int, page: int | None = None) -> None:
        from lightwell.actions import suspensions
        from lightwell.db.models import Item

        found = Item.objects.get(study=self.study, number=item)
        suspensions.suspend_page(actor=self.desk.ana, item=found, page=page, now=self.step())

    def write_letter(self, title: str) -> str:
        import disclosure_fixture

        value = disclosure_fixture.read_value("letter")
        value.pop("id", None)
        value["body"]["title"] = title
        return self.desk.disclose(value, self.step()).record

    def run_errands(self, minutes: float = 0) -> list[str]:
        """One round of the worker's; returns its complaints."""
        from lightwell.actions import errands

        errands._swept.clear()  # so that each round sweeps
        now = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=minutes)
        return list(errands.do_errands(state=self.state, now=now).failures)


class Receiver:
    """A receiver of webhooks in a process of its own; it writes down what came and answers by its plan."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.port = find_port()
        self.address = f"http://127.0.0.1:{self.port}/hook"
        self.plan("well")

    def __enter__(self) -> Receiver:
        self._process = subprocess.Popen([sys.executable, __file__, str(self.folder), str(self.port)])
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return self
            time.sleep(0.02)

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()

    def plan(self, words: str) -> None:
        (self.folder / "plan").write_text(words)

    def take(self) -> list[dict[str, Any]]:
        """Every message so far, oldest first: headers and body."""
        files = sorted(self.folder.glob("message-*"))
        taken = [json.loads(each.read_text()) for each in files]
        for each in files:
            each.unlink()
        return taken


class _Answers(http.server.BaseHTTPRequestHandler):
    folder: Path
    count = 0

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        plan = (self.folder / "plan").read_text()
        value = json.loads(body)
        if value["type"] == "lightwell.challenge":
            self._answer(200, value["data"]["challenge"].encode() if plan != "refuse" else b"no")
            return
        type(self).count += 1
        seen = {"headers": dict(self.headers), "body": body.decode(), "path": self.path}
        (self.folder / f"message-{self.count:06}").write_text(json.dumps(seen))
        if plan == "redirect":
            self.send_response(302)
            self.send_header("Location", "/elsewhere")
            self.end_headers()
        elif plan.isdigit():
            self._answer(int(plan), b"no")
        else:
            self._answer(204, b"")

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@contextlib.contextmanager
def receive(folder: Path) -> Iterator[Receiver]:
    with Receiver(folder) as receiver:
        yield receiver


if __name__ == "__main__":
    _Answers.folder = Path(sys.argv[1])
    http.server.HTTPServer(("127.0.0.1", int(sys.argv[2])), _Answers).serve_forever()
