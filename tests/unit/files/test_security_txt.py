"""security.txt is read strictly, the sample says that it is one, and its end is noticed 60 days before."""

import datetime

import pytest

from lightwell.base import errors
from lightwell.files import security_txt

GOOD = (
    b"# ours\nContact: mailto:security@archive.example\nContact: https://archive.example/security\n"
    b"Expires: 2027-06-30T12:00:00Z\nPolicy: https://archive.example/policy\nPreferred-Languages: en, nl\n"
)
END = datetime.datetime(2027, 6, 30, 12, tzinfo=datetime.UTC)


def test_the_sample_has_more_than_60_days_left_and_nobody_can_take_it_for_a_real_one():
    sample = security_txt.read_sample()
    assert security_txt.judge_security(sample, datetime.datetime.now(datetime.UTC)) == "", (
        "write a new Expires, less than a year ahead, into src/lightwell/data/security/sample.txt"
    )
    for address in (*sample.contacts, *sample.policies):
        assert address.startswith("https://sample.lightwell.example/"), "RFC 2606 keeps .example for nobody"
    assert "nobody reads" in sample.text.splitlines()[0]


def test_a_good_file_is_read_whole():
    read = security_txt.parse_security(GOOD)
    assert read.contacts == ("mailto:security@archive.example", "https://archive.example/security")
    assert (read.policies, read.expires) == (("https://archive.example/policy",), END)


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (-1, "ended on 2027-06-30"),
        (1, "ends on 2027-06-30;"),
        (59, "ends on"),
        (61, ""),
        (364, ""),
        (400, "a year"),
    ],
)
def test_the_end_is_noticed_60_days_before(days, words):
    said = security_txt.judge_security(security_txt.parse_security(GOOD), END - datetime.timedelta(days=days))
    assert words in said
    assert bool(said) == bool(words)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b"Contact: mailto:", b"Contact: ", "line 2"),
        (b"https://archive.example/policy", b"http://archive.example/policy", "line 5"),
        (b"Policy", b"Polizei", "the names are"),
        (b"Policy: https://archive.example/policy\n", b"", "a line Policy is missing"),
        (b"Expires: 2027-06-30T12:00:00Z\n", b"", "a line Expires is missing"),
        (b"T12:00:00Z", b"", "Expires is written as"),
        (b"T12:00:00Z", b"T12:00:00", "Expires is written as"),
        (b"2027-06-30T12:00:00Z\n", b"soon\n", "Expires is written as"),
        (b"Policy", b"Expires: 2027-07-30T12:00:00Z\nPolicy", "more than once"),
        (b"# ours", b"ours", "line 1"),
        (b"# ours", b"# \xff", "UTF-8"),
        (b"# ours", b"#" * 40_000, "at most"),
    ],
)
def test_what_breaks_the_form_is_named_by_its_line(old, new, words):
    with pytest.raises(errors.UserMistake) as caught:
        security_txt.parse_security(GOOD.replace(old, new, 1))
    assert words in "\n".join(str(problem) for problem in caught.value.problems)
