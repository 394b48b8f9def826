"""The authenticator of a person in a test: the code that it shows now, entered as a browser does."""

from django.test import Client
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice

from lightwell.db.models import Person


def read_code(person: Person) -> str:
    """The code of a confirmed authenticator, which may be used again within its half minute."""
    device, _ = TOTPDevice.objects.get_or_create(user=person, confirmed=True, defaults={"name": "test"})
    TOTPDevice.objects.filter(pk=device.pk).update(last_t=-1, drift=0, throttling_failure_count=0)
    return f"{totp(device.bin_key):06}"


def enter_code(client: Client, person: Person) -> None:
    answer = client.post("/workspace/second-factor/", {"code": read_code(person)})
    assert answer.status_code == 302, answer.content.decode()
