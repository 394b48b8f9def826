"""Mails to many followers of one change: queued, written, and taken by a mail server on this machine.

    .venv/bin/python benchmarks/following.py [--followers 10000]

The archive has one study with three documents, one of which is published; followers follow the company, the
study, the topic and a search in turn. The server is a process of its own that throws every mail away. Beside
the sending: the same mails through `smtplib` alone, without a database. Goal: the list of changes is made
once, not once for each follower.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import os
import secrets
import smtplib
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import report

HERE = report.ROOT / "tests" / "integration"
sys.path.insert(0, str(HERE))
GOAL = "goal: once, however many follow"


@contextlib.contextmanager
def run_server() -> Iterator[int]:
    """Run a mail server that forgets what it takes; yields its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [
        sys.executable,
        "-m",
        "aiosmtpd",
        "-n",
        "-l",
        f"127.0.0.1:{port}",
        "-c",
        "aiosmtpd.handlers.Sink",
    ]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.05)
        yield port
    finally:
        server.terminate()
        server.wait()


def make_followers(count: int, subjects: list[tuple[str, str]], now: datetime.datetime) -> None:
    """Write so many followers who said yes, each of one subject in turn."""
    from lightwell.db.models import Follow, Follower

    rows = [
        Follower(
            address=f"f{k}@example.org",
            canonical=f"f{k}@example.org",
            key=secrets.token_urlsafe(32),
            made_at=now,
        )
        for k in range(count)
    ]
    Follower.objects.bulk_create(rows, batch_size=500)
    follows = [
        Follow(
            follower=each, kind=kind, value=value, rhythm="immediate", asked_at=now, confirmed_at=now,
        )
        for k, each in enumerate(Follower.objects.order_by("pk"))
        for kind, value in [subjects[k % len(subjects)]]
    ]  # fmt: skip
    Follow.objects.bulk_create(follows, batch_size=500)


def send_bare(port: int, count: int, body: bytes) -> float:
    """Send the same mail so often through smtplib alone; returns the seconds."""
    started = time.perf_counter()
    with smtplib.SMTP("127.0.0.1", port) as server:
        for k in range(count):
            server.sendmail("lightwell@archive.example", [f"f{k}@example.org"], body)
    return time.perf_counter() - started


def measure(table: report.Report, folder: Path, count: int, port: int) -> None:
    os.environ["LIGHTWELL_STATE"] = str(folder / "state")
    os.environ["LIGHTWELL_ADDRESS"] = "https://archive.example"
    os.environ["LIGHTWELL_MAIL"] = f"smtp://127.0.0.1:{port}"
    os.environ["LIGHTWELL_BEACON"] = "none"
    os.environ["DJANGO_SETTINGS_MODULE"] = "lightwell.web.settings"
    (folder / "state").mkdir()
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from following_fixture import House

    from lightwell.actions import chronicle, mailings, noticing, search
    from lightwell.db.models import Mailing

    house = House(folder / "state", folder / "documents")
    now = datetime.datetime.now(datetime.UTC)
    noticing.notice(house.state)
    mailings.make_batches(state=house.state, now=now)
    topic = sorted(
        {
            name
            for each in chronicle.list_changes(noticing.overview.read_overview(house.state))
            for name in each.topics
        }
    )[0]
    subjects = [("company", "larkfield"), ("study", house.study), ("topic", topic), ("search", "q=diary")]
    make_followers(count, subjects, now)
    house.publish(1)
    search.update_index(house.state)
    listed = [0]
    whole = chronicle.list_changes

    def list_changes(*arguments: object, **named: object) -> object:
        listed[0] += 1
        return whole(*arguments, **named)

    chronicle.list_changes = list_changes
    started = time.perf_counter()
    noticing.notice(house.state)
    queued = mailings.make_batches(state=house.state, now=now)
    table.add(f"notice a publication, queue {queued:,} mails", f"{time.perf_counter() - started:.2f} s")
    started = time.perf_counter()
    sent = mailings.send_due(state=house.state, now=now)
    seconds = time.perf_counter() - started
    if queued != count or sent.mailings != count or Mailing.objects.filter(sent_at=None).exists():
        raise SystemExit(f"{queued} queued and {sent} of {count}")
    body = b"Subject: Published\r\n\r\n" + b"a line of a mail about what changed\r\n" * 50
    bare = send_bare(port, count, body)
    table.add(
        f"write, send and record {count:,} mails",
        f"{seconds:.1f} s, {count / seconds:,.0f}/s",
        f"smtplib alone, a mail as long: {bare:.1f} s, {count / bare:,.0f}/s",
    )
    table.add("the list of all changes was made", f"{listed[0]} time" + ("" if listed[0] == 1 else "s"), GOAL)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--followers", type=int, default=10_000)
    options = parser.parse_args()
    named = report.Report("following", ["django", "aiosmtpd"])
    with named as table, tempfile.TemporaryDirectory() as folder, run_server() as port:
        measure(table, Path(folder), options.followers, port)


if __name__ == "__main__":
    main()
