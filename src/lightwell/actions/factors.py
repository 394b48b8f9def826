"""The second factor: a code from an authenticator besides the password, recovery codes, and losing both.

Compulsory for every role that sees hidden things or decides (`base/roles`). An invented person of a labelled
sample needs none, and nobody else is exempt. Codes and their throttling: django-otp (docs/decisions/0007).
Of recovery codes only digests are kept; each works once.
"""

from __future__ import annotations

import hashlib
import re
import secrets

from django.db import transaction
from django_otp import verify_token
from django_otp.models import Device
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from lightwell.actions import journal
from lightwell.base import errors, roles
from lightwell.db.models import Person
from lightwell.files.state import State

RECOVERY_CODES = 10
_CODE = re.compile("[0-9]{6}")
# 16 of 31 letters and digits that are not mistaken for one another: 79 random bits.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_LENGTH = 16


def must_verify(state: State, person: Person) -> bool:
    """Answer whether this person may go on only with a second factor."""
    if person.sample and state.is_sample():
        return False
    return roles.needs_second_factor(person.roles)


def has_factor(person: Person) -> bool:
    """Answer whether the person has an authenticator that was confirmed by a code."""
    return bool(TOTPDevice.objects.filter(user=person, confirmed=True).exists())


def begin_factor(*, person: Person) -> TOTPDevice:
    """Return the authenticator that waits for its first code, made when there is none.

    Raises `Refused` when one is confirmed already: only an operator takes it away (`reset_factor`).
    """
    if has_factor(person):
        raise errors.Refused("you have a second factor already; if it is lost, ask the operator to reset it")
    device, _ = TOTPDevice.objects.get_or_create(
        user=person, confirmed=False, defaults={"name": "authenticator"}
    )
    return device


def confirm_factor(*, person: Person, code: str) -> tuple[Device, list[str]]:
    """Confirm the waiting authenticator by its code; returns it and the recovery codes, shown once.

    Raises `UserMistake` for a wrong code, `Refused` when one is confirmed already.
    """
    with transaction.atomic():
        Person.objects.select_for_update().get(pk=person.pk)
        device = begin_factor(person=person)
        if not _CODE.fullmatch(clean_code(code)) or not device.verify_token(clean_code(code)):
            wrong = True
        else:
            wrong = False
            device.confirmed = True
            device.save(update_fields=["confirmed"])
            journal.write_entry(by=person.username, deed="factor-set", about=person.username)
            codes = _draw_codes(person)
    if wrong:  # outside the transaction, so that the failed try is counted
        raise errors.UserMistake(
            "this code is not right; wait for the next one, and check the clock of the device"
        )
    return device, codes


def check_code(*, person: Person, code: str) -> Device | None:
    """Check a code of the authenticator or a recovery code; None when it is wrong, or too many were."""
    cleaned = clean_code(code)
    if _CODE.fullmatch(cleaned):
        device: Device | None = TOTPDevice.objects.filter(user=person, confirmed=True).first()
        token = cleaned
    else:
        device, token = StaticDevice.objects.filter(user=person, confirmed=True).first(), _digest(cleaned)
    if device is None:
        return None
    found = verify_token(person, device.persistent_id, token)
    if found is not None and isinstance(device, StaticDevice):
        journal.write_entry(by=person.username, deed="recovery-code-used", about=person.username)
    return found


def renew_codes(*, person: Person) -> list[str]:
    """Draw new recovery codes; the old ones work no more. Shown once."""
    if not has_factor(person):
        raise errors.Refused("set the second factor first")
    with transaction.atomic():
        journal.write_entry(by=person.username, deed="recovery-codes-renewed", about=person.username)
        return _draw_codes(person)


def count_codes(person: Person) -> int:
    """Count the recovery codes that are left."""
    return sum(device.token_set.count() for device in StaticDevice.objects.filter(user=person))


def reset_factor(*, person: Person, by: str) -> None:
    """Take a lost second factor away, so that the person sets a new one at the next sign-in; journalled.

    Sessions that were opened with it can do nothing any more.
    """
    with transaction.atomic():
        TOTPDevice.objects.filter(user=person).delete()
        StaticDevice.objects.filter(user=person).delete()
        journal.write_entry(by=by, deed="factor-reset", about=person.username)


def clean_code(code: str) -> str:
    """Take spaces and hyphens out of what somebody typed."""
    return re.sub(r"[\s-]", "", code).lower()


def _draw_codes(person: Person) -> list[str]:
    StaticDevice.objects.filter(user=person).delete()
    device = StaticDevice.objects.create(user=person, name="recovery codes")
    codes = ["".join(secrets.choice(_LETTERS) for _ in range(_LENGTH)) for _ in range(RECOVERY_CODES)]
    for code in codes:
        device.token_set.create(token=_digest(code))
    return ["-".join(code[at : at + 4] for at in range(0, _LENGTH, 4)) for code in codes]


def _digest(code: str) -> str:
    # The library's column holds 16 characters; 64 bits of a digest of 79 random ones cannot be reversed.
    return hashlib.sha256(code.encode()).hexdigest()[:16]
