"""Processes that charge a ledger at the same time, are killed, or meet a full disk; each says what it did.

python ledger_stage.py race PLACE GRANT ATTEMPTS START    charge until refused, from the moment START on
python ledger_stage.py kill PLACE ROUNDS SEED [twin]      fork, charge, print; killed at a random moment
python ledger_stage.py fill PLACE LIMIT                   charge and print until the disk is full
python ledger_stage.py loop PLACE SECONDS                 charge and print, whatever the server does
"""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import sys
import time

from lightwell.base import canonical, errors
from lightwell.engines import ledger_stores
from lightwell.query import ledger
from lightwell.query.cost import Cost
from lightwell.query.entry import Entry

PRICE = Cost(1000)
PLAN = canonical.compute_digest({"plan": 1})
POPULATION = "kids"


def make_request(name: object, grant: str = "one", cost: Cost = PRICE, version: str = "v1") -> ledger.Request:
    key = ledger.compute_key(plan=name, path="cube", bounds={}, cost=cost, data_version=version)
    return ledger.Request(POPULATION, grant, version, key, PLAN, cost)


def race(place: str, grant: str, attempts: str, start: str) -> None:
    opened = ledger_stores.open_ledger(place, is_new=False)
    time.sleep(max(0.0, float(start) - time.time()))
    accepted = 0
    for attempt in range(int(attempts)):
        try:
            accepted += isinstance(opened.charge(make_request([grant, attempt], grant)), Entry)
        except errors.Refused:
            continue
    print(accepted)


def kill(place: str, rounds: str, seed: str, twin: str = "") -> None:
    """Print, for each round, what a killed process had printed; the twin prints before it charges.

    A round ends at a random moment within the time that three questions take here and now.
    """
    dice = random.Random(int(seed))
    started = time.monotonic()
    opened = ledger_stores.open_ledger(place, is_new=False)
    for number in range(6):
        ask(opened, ["measured", number])
    opened.close()
    three = (time.monotonic() - started) / 2
    for each in range(int(rounds)):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            ask_for_ever(place, f"{seed}-{each}", writing, bool(twin))
        os.close(writing)
        # The first byte says that it is about to ask, so that no round is lost to the opening.
        os.read(reading, 1)
        time.sleep(dice.uniform(0, three))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        printed = b""
        while part := os.read(reading, 1 << 16):
            printed += part
        os.close(reading)
        print(json.dumps([line.decode() for line in printed.split(b"\n")[:-1]]))


def ask(opened: ledger.Ledger, name: object) -> str:
    request = make_request(name)
    charge = opened.charge(request)
    opened.keep_answer(charge, request.key, b"1")
    return request.key


def ask_for_ever(place: str, name: str, writing: int, is_twin: bool) -> None:
    opened = ledger_stores.open_ledger(place, is_new=False)
    os.write(writing, b"+")
    for number in range(10**6):
        if is_twin:
            os.write(writing, make_request([name, number]).key.encode() + b"\n")
        key = ask(opened, [name, number])
        if not is_twin:
            os.write(writing, key.encode() + b"\n")


def fill(place: str, limit: str) -> None:
    """Charge until it fails: LIMIT is the most bytes a file may have, or pages=N for SQLite's own."""
    opened = ledger_stores.open_ledger(place, is_new=False)
    if limit.startswith("pages="):
        opened._database._connection.execute(f"PRAGMA max_page_count = {limit[6:]}")
    else:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
    printed: list[str] = []
    try:
        for number in range(10**5):
            printed.append(ask(opened, ["fill", number]))
    except errors.LightwellError as error:
        sys.stdout.write(json.dumps([type(error).__name__, str(error), printed]))


def loop(place: str, seconds: str) -> None:
    """Charge for a while; what cannot be asked just now is asked again, as a patient person does."""
    opened = ledger_stores.open_ledger(place, is_new=False)
    printed, failed = [], []
    until = time.monotonic() + float(seconds)
    number = 0
    while time.monotonic() < until:
        number += 1
        try:
            printed.append(ask(opened, ["loop", os.getpid(), number]))
        except errors.CouldNotCheck as error:
            failed.append(str(error))
            time.sleep(0.05)
    print(json.dumps([printed, failed]))


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
