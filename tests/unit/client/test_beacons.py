"""Asking a beacon: a fresh value that is the hash of its signature, from the first relay that gives one."""

from __future__ import annotations

import datetime
import hashlib

import httpx
import pytest

from lightwell.archive import beacon
from lightwell.base import errors
from lightwell.client import beacons

ROUND = 27_946_612
NOW = beacon.find_time("drand-quicknet", ROUND) + datetime.timedelta(seconds=2)
SIGNATURE = "ab" * 48


def answer(**changes: object) -> dict[str, object]:
    value = hashlib.sha256(bytes.fromhex(SIGNATURE)).hexdigest()
    return {"round": ROUND, "randomness": value, "signature": SIGNATURE, **changes}


def ask(handle: object, now: datetime.datetime = NOW) -> beacon.Beacon:
    with httpx.Client(transport=httpx.MockTransport(handle)) as client:  # type: ignore[arg-type]
        return beacons.read_newest(client, now)


def test_the_newest_value_is_taken_and_a_silent_relay_passed_over() -> None:
    asked = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        if len(asked) == 1:
            raise httpx.ConnectError("no route")
        return httpx.Response(200, json=answer())

    found = ask(handle)
    assert (found.source, found.round) == ("drand-quicknet", ROUND)
    assert asked == ["api.drand.sh", "api2.drand.sh"]


@pytest.mark.parametrize(
    ("given", "now", "reason"),
    [
        (answer(randomness="0" * 64), NOW, "not the hash of its signature"),
        (answer(), NOW + datetime.timedelta(hours=1), "compare the clocks"),
        (answer(), NOW - datetime.timedelta(hours=1), "compare the clocks"),
        (answer(signature="xyz"), NOW, "no usable answer"),
        ({"round": ROUND}, NOW, "no usable answer"),
        (["round"], NOW, "no usable answer"),
    ],
)
def test_a_value_that_is_stale_forged_or_no_value_at_all_is_not_taken(
    given: object, now: datetime.datetime, reason: str
) -> None:
    with pytest.raises(errors.CouldNotCheck, match=reason):
        ask(lambda request: httpx.Response(200, json=given), now)
