"""Asking a public beacon for its newest value (drand's HTTP API, version 1; https://docs.drand.love)."""

from __future__ import annotations

import datetime
import hashlib

import httpx

from lightwell.archive import beacon
from lightwell.base import errors

QUICKNET = "drand-quicknet"
# Relays of the League of Entropy, asked in this order until one answers.
RELAYS = ("https://api.drand.sh", "https://api2.drand.sh", "https://drand.cloudflare.com")
_CHAIN = "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971"
# An older value would loosen the not-before, a newer one means that our clock or theirs is wrong.
MAX_AGE = datetime.timedelta(minutes=10)
MAX_AHEAD = datetime.timedelta(minutes=1)


def read_newest(
    client: httpx.Client, now: datetime.datetime, relays: tuple[str, ...] = RELAYS
) -> beacon.Beacon:
    """Read the newest value of drand quicknet; `CouldNotCheck` when no relay gives a fresh one.

    The value must be the hash of its signature, as the protocol says; the signature itself is not checked
    here (BLS12-381), anybody can do so for the round for ever.
    """
    reasons = []
    for relay in relays:
        try:
            answer = client.get(f"{relay}/{_CHAIN}/public/latest")
            answer.raise_for_status()
            found = _parse(answer.json())
            _check_age(found, now)
            return found
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            reasons.append(f"{relay} gave no usable answer ({type(error).__name__})")
        except errors.Refused as error:
            reasons.append(f"{relay}: {error.sentence}")
    raise errors.CouldNotCheck(f"no public random value could be had: {'; '.join(reasons)}")


def _parse(answer: dict[str, object]) -> beacon.Beacon:
    value, signature = str(answer["randomness"]), bytes.fromhex(str(answer["signature"]))
    if hashlib.sha256(signature).hexdigest() != value:
        raise errors.Refused("the value is not the hash of its signature")
    return beacon.Beacon(QUICKNET, int(str(answer["round"])), value)


def _check_age(found: beacon.Beacon, now: datetime.datetime) -> None:
    time = beacon.find_time(found.source, found.round)
    if time is None or not now - MAX_AGE <= time <= now + MAX_AHEAD:
        raise errors.Refused(f"its newest round is of {time}, and here it is {now}; compare the clocks")
