"""The one setting of the mail server: read whole, refused with a sentence, its password never repeated."""

from __future__ import annotations

from pathlib import Path

import pytest

from lightwell.base import errors
from lightwell.files import mail_server

SITE = "https://archive.example"


def test_without_a_setting_no_mail_leaves() -> None:
    assert mail_server.describe_mail(SITE, "")["MAIL"] is False


def test_every_part_of_the_setting_is_read() -> None:
    read = mail_server.describe_mail(
        SITE, "smtp://me:p%40ss@mail.example:2525?starttls=1&from=a@archive.example"
    )
    assert (read["EMAIL_HOST"], read["EMAIL_PORT"]) == ("mail.example", 2525)
    assert (read["EMAIL_HOST_USER"], read["EMAIL_HOST_PASSWORD"]) == ("me", "p@ss")
    assert (read["EMAIL_USE_TLS"], read["EMAIL_USE_SSL"]) == (True, False)
    assert read["DEFAULT_FROM_EMAIL"] == "a@archive.example"


@pytest.mark.parametrize(
    ("address", "port"),
    [("smtp://mail.example", 25), ("smtp://mail.example?starttls=1", 587), ("smtps://mail.example", 465)],
)
def test_the_port_is_the_usual_one(address: str, port: int) -> None:
    read = mail_server.describe_mail(SITE, address)
    assert read["EMAIL_PORT"] == port
    assert read["DEFAULT_FROM_EMAIL"] == "lightwell@archive.example"


def test_the_password_may_stand_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text("from-a-file\n")
    address = f"smtps://me@mail.example?password_file={tmp_path / 'secret'}"
    assert mail_server.describe_mail(SITE, address)["EMAIL_HOST_PASSWORD"] == "from-a-file"
    monkeypatch.setenv("LIGHTWELL_MAIL_PASSWORD", "from-outside")
    assert mail_server.describe_mail(SITE, "smtps://me@mail.example")["EMAIL_HOST_PASSWORD"] == "from-outside"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://mail.example", "write it as smtp://"),
        ("smtp://", "write it as smtp://"),
        ("smtp://mail.example:99999", "write it as smtp://"),
        ("smtp://mail.example?startls=1", "write it as smtp://"),
        ("smtp://mail.example?starttls=true", "starttls is 1"),
        ("smtp://me:hunter2@mail.example", "unprotected"),
        ("smtps://me@mail.example?password_file=/no/such", "cannot be read"),
        ("smtps://mail.example?from=nobody", "no e-mail address"),
    ],
)
def test_a_setting_that_cannot_be_read_is_a_sentence(address: str, said: str) -> None:
    with pytest.raises(errors.UserMistake, match=said) as caught:
        mail_server.describe_mail(SITE, address)
    assert "hunter2" not in str(caught.value)


def test_mails_need_the_address_of_the_site_for_their_links() -> None:
    with pytest.raises(errors.UserMistake, match="LIGHTWELL_ADDRESS"):
        mail_server.describe_mail("", "smtp://mail.example")


def test_a_server_on_this_machine_may_have_a_password_without_tls() -> None:
    assert mail_server.describe_mail(SITE, "smtp://me:x@localhost")["EMAIL_HOST_PASSWORD"] == "x"
