"""Parts of an archive's life with followers, each in a process of its own: python following_stage.py WHAT ...

set-up FOLDER COUNT   a study, so many followers who said yes, and a publication that nobody has heard of yet
send                  one round of sending, as the worker does it; ends with a line of what it said
send-and-die NUMBER   the same, killed after so many mails, between a mail that was taken and its record
"""

from __future__ import annotations

import datetime
import json
import os
import signal
import sys
from pathlib import Path

from lightwell.cli import installation

STATE = installation.open_installation()

from following_fixture import WHOLE, House  # noqa: E402  # Django is ready only now

from lightwell.actions import errands, mailings, noticing  # noqa: E402
from lightwell.db.models import Follow, Follower, Mailing  # noqa: E402


def set_up(folder: Path, count: int) -> None:
    house = House(STATE.root, folder)
    now = datetime.datetime.now(datetime.UTC)
    noticing.notice(STATE)
    mailings.make_batches(state=STATE, now=now)
    for k in range(count):
        address = f"f{k}@example.org"
        follower = Follower.objects.create(address=address, canonical=address, key=f"k{k}", made_at=now)
        Follow.objects.create(
            follower=follower, kind="everything", rhythm="immediate", asked_at=now, confirmed_at=now
        )
    house.publish(WHOLE)


def send() -> None:
    done = errands.do_errands(state=STATE, now=datetime.datetime.now(datetime.UTC))
    waiting = Mailing.objects.filter(sent_at=None).count()
    print(json.dumps({"said": [*done.sentences, *done.failures], "waiting": waiting}))


def send_and_die(number: int) -> None:
    left = [number]
    record = mailings.record_sent

    def die(mailing: Mailing, now: datetime.datetime) -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        record(mailing, now)

    mailings.record_sent = die
    send()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["set-up", folder, count]:
            set_up(Path(folder), int(count))
        case ["send"]:
            send()
        case ["send-and-die", number]:
            send_and_die(int(number))
