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
from collections.abc import Iterable, Iterator
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


def find_link(message: EmailMessage, what: str, site: str = SITE) -> str:
    """The path of a link in a mail: "yes" or "end"."""
    found = re.search(rf"{re.escape(site)}(/follow/{what}/[\w-]+/)", read_text(message))
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


def collect_everything(state: Any, searches: Iterable[str]) -> list[tuple[str, str, bytes]]:
    """Send everything that ever happened to somebody who follows each thing there is, and to webhooks.

    Returns (mail or webhook, to whom, what left): mails as a real server took them, bodies as posted.
    """
    import pytest
    from django.test import override_settings

    from lightwell.actions import errands, noticing, overview, topics
    from lightwell.client import endpoint
    from lightwell.db.models import Follow, Follower, Webhook

    overview.forget()
    noticing.forget()
    picture = overview.read_overview(state)
    subjects = [noticing.Subject("everything"), noticing.Subject("revisions")]
    subjects += [noticing.Subject("company", each.slug) for each in picture.providers]
    subjects += [noticing.Subject("service", s.id) for each in picture.providers for s in each.services]
    subjects += [noticing.Subject("topic", each) for each in topics.TOPICS]
    subjects += [noticing.Subject("study", each.id) for each in picture.studies]
    subjects += [noticing.parse_subject(picture, "search", f"q={each}") for each in searches]
    now = datetime.datetime.now(datetime.UTC)
    wrapped = state.masters.wrap_key(bytes(32))
    for number, subject in enumerate(subjects):
        address = f"f{number}@example.org"
        follower = Follower.objects.create(address=address, canonical=address, key=f"k{number}", made_at=now)
        Follow.objects.create(
            follower=follower,
            kind=subject.kind,
            value=subject.value,
            rhythm="immediate",
            asked_at=now,
            confirmed_at=now,
        )
        Webhook.objects.create(
            address="https://hook.example/",
            kind=subject.kind,
            value=subject.value,
            master=wrapped.master,
            wrapped_secret=wrapped.data,
            cursor=0,
            made_at=now,
            due_at=now,
        )
    posted: list[bytes] = []

    def send(_: object, body: bytes, headers: dict[str, str]) -> endpoint.Answer:
        posted.append(json.dumps(headers).encode() + body)
        return endpoint.Answer(204, b"")

    with Post() as post, override_settings(**describe_mail(post)), pytest.MonkeyPatch.context() as patched:
        patched.setattr(endpoint, "send", send)
        done = errands.do_errands(state=state, now=now)
        assert done.failures == ()
        left = [("mail", to, read_text(message).encode()) for to, message in post.take()]
    Follower.objects.all().delete()
    Webhook.objects.all().delete()
    return left + [("webhook", "POST", body) for body in posted]


def describe_mail(post: Post) -> dict[str, Any]:
    """The settings under which mail leaves through a server of this test."""
    return {
        "MAIL": True,
        "EMAIL_HOST": "127.0.0.1",
        "EMAIL_PORT": post.port,
        "EMAIL_USE_TLS": False,
        "EMAIL_USE_SSL": False,
        "EMAIL_HOST_USER": "",
        "EMAIL_HOST_PASSWORD": "",
        "DEFAULT_FROM_EMAIL": "lightwell@archive.example",
        "SITE_ADDRESS": SITE,
    }


@contextlib.contextmanager
def receive(folder: Path) -> Iterator[Receiver]:
    with Receiver(folder) as receiver:
        yield receiver


if __name__ == "__main__":
    _Answers.folder = Path(sys.argv[1])
    http.server.HTTPServer(("127.0.0.1", int(sys.argv[2])), _Answers).serve_forever()
