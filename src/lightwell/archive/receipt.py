"""What the holder of a challenged file keeps, and what shows an answer to be false: two files in JSON.

A receipt is secret: whoever has it can say which file was meant. A disproof is meant for everybody. Both are
checked against a log by `client/challenges`; where they are written, nothing is secret from their owner.
"""

from __future__ import annotations

from dataclasses import dataclass

from lightwell.archive import challenge, register, seal, sheaf
from lightwell.archive.challenge import Route
from lightwell.base import errors, ids
from lightwell.base.canonical import Json

RECEIPT = "lightwell.challenge-receipt.v1"
DISPROOF = "lightwell.challenge-disproof.v1"
_RECEIPT_MEMBERS = ("challenge", "log", "nonce", "provider", "salt", "sha256", "site", "size", "type")
_DISPROOF_MEMBERS = ("challenge", "log", "opening", "record", "salt", "sha256", "size", "type")


@dataclass(frozen=True, slots=True)
class Receipt:
    """Salt and measure of a file, the company that is asked, and what the site gave back, if anything yet.

    `challenge` is the id in the log, `log` the entries about it so far, `site` the address that took it.
    """

    provider: str
    salt: bytes
    measure: seal.FileMeasure
    nonce: int
    challenge: str = ""
    site: str = ""
    log: sheaf.Sheaf | None = None

    @property
    def commitment(self) -> bytes:
        """What is logged of it."""
        return challenge.commit_file(self.salt, self.measure)


@dataclass(frozen=True, slots=True)
class Disproof:
    """Which file was meant, the route to the document sealed over it, and the log entries that show it.

    `route` is None where the company's own proof leads nowhere. `record` is the first version of the study's
    record, which says whose study it is; None where there is no route.
    """

    challenge: str
    salt: bytes
    measure: seal.FileMeasure
    route: Route | None
    log: sheaf.Sheaf
    record: dict[str, Json] | None


def format_receipt(receipt: Receipt) -> dict[str, Json]:
    """Write a receipt as a JSON object; inverse of `parse_receipt`."""
    return {
        "type": RECEIPT,
        "provider": receipt.provider,
        **_format_file(receipt.salt, receipt.measure),
        "nonce": receipt.nonce,
        "challenge": receipt.challenge or None,
        "site": receipt.site or None,
        "log": None if receipt.log is None else sheaf.format_sheaf(receipt.log),
    }


def parse_receipt(value: Json) -> Receipt:
    """Read a receipt; `Refused` when it is none."""
    _check_members(value, RECEIPT, _RECEIPT_MEMBERS, "receipt of a challenge")
    salt, measure = register.read_file(value)
    nonce, provider = value["nonce"], value["provider"]
    if type(nonce) is not int or not 0 <= nonce < 1 << 64 or not isinstance(provider, str):
        raise errors.Refused("the receipt names no company, or its nonce is no whole number")
    name = value["challenge"] or ""
    if name:
        check_id(name)
    kept = None if value["log"] is None else sheaf.parse_sheaf(value["log"])
    return Receipt(provider, salt, measure, nonce, name, str(value["site"] or ""), kept)


def format_disproof(disproof: Disproof) -> dict[str, Json]:
    """Write a disproof as a JSON object; inverse of `parse_disproof`."""
    route = disproof.route
    return {
        "type": DISPROOF,
        "challenge": disproof.challenge,
        **_format_file(disproof.salt, disproof.measure),
        "opening": None if route is None else [part.hex() for part in route.parts],
        "log": sheaf.format_sheaf(disproof.log),
        "record": disproof.record,
    }


def parse_disproof(value: Json) -> Disproof:
    """Read a disproof; `Refused` when it is none."""
    _check_members(value, DISPROOF, _DISPROOF_MEMBERS, "disproof of an answer")
    salt, measure = register.read_file(value)
    opening, record = value["opening"], value["record"]
    if (opening is None) != (record is None) or not isinstance(record, dict | None):
        raise errors.Refused(
            "a disproof that leads to a document has the record of its study, another has none"
        )
    route = None if opening is None else Route(*register.read_parts(opening))
    check_id(value["challenge"])
    return Disproof(value["challenge"], salt, measure, route, sheaf.parse_sheaf(value["log"]), record)


def check_id(text: Json) -> str:
    """Refuse what is no id of a challenge; `UserMistake` names the character that is wrong."""
    if not isinstance(text, str) or ids.parse_id(text)[0] != "challenge":
        raise errors.UserMistake("the id of a challenge begins with chl-")
    return text


def _format_file(salt: bytes, measure: seal.FileMeasure) -> dict[str, Json]:
    return {"salt": salt.hex(), "sha256": measure.digest.hex(), "size": measure.size}


def _check_members(value: Json, type_name: str, members: tuple[str, ...], what: str) -> None:
    if not isinstance(value, dict) or value.get("type") != type_name:
        raise errors.Refused(f"this is no {what}")
    if tuple(sorted(value)) != members:
        wrong = ", ".join(sorted(set(value) ^ set(members)))
        raise errors.Refused(f"this {what} has members too many or too few: {wrong}")
