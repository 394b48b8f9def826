"""E-mail addresses: which can be written to, which are one person's, and that no header can hide in one."""

from __future__ import annotations

import pytest

from lightwell.base import errors, mail_address


@pytest.mark.parametrize(
    ("typed", "text", "canonical", "person"),
    [
        ("cam@example.org", "cam@example.org", "cam@example.org", "cam@example.org"),
        (" Cam.P@Example.ORG ", "Cam.P@example.org", "cam.p@example.org", "cam.p@example.org"),
        ("cam+news@example.org", "cam+news@example.org", "cam+news@example.org", "cam@example.org"),
        ("+x@example.org", "+x@example.org", "+x@example.org", "+x@example.org"),
        (
            "o'neil@exämple.org",
            "o'neil@xn--exmple-cua.org",
            "o'neil@xn--exmple-cua.org",
            "o'neil@xn--exmple-cua.org",
        ),
    ],
)
def test_an_address_is_read_and_the_same_however_it_is_written(
    typed: str, text: str, canonical: str, person: str
) -> None:
    assert mail_address.parse_address(typed) == mail_address.MailAddress(text, canonical, person)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "cam",
        "cam@",
        "@example.org",
        "cam@localhost",
        "cam@127.0.0.1",
        "cam@[127.0.0.1]",
        "cam..p@example.org",
        ".cam@example.org",
        '"cam p"@example.org',
        "cam p@example.org",
        "cäm@example.org",
        "cam@-example.org",
        "cam@exa_mple.org",
        "cam@example.org, eve@example.org",
        "Cam <cam@example.org>",
        "cam@example.org\r\nBcc: eve@example.org",
        "cam\n@example.org",
        "cam@example.org\x00",
        "cam@example.org\u2028",
        f"{'a' * 65}@example.org",
        f"cam@{'a.' * 130}org",
        f"cam@{'ä' * 64}.org",
    ],
)
def test_what_cannot_be_written_to_is_refused_without_repeating_it(typed: str) -> None:
    with pytest.raises(errors.UserMistake) as caught:
        mail_address.parse_address(typed)
    assert "cam" not in str(caught.value)
