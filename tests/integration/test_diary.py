"""The log of a site says what happened and how long it took, and nothing about whoever was there."""

from __future__ import annotations

import io
import json
import logging
import logging.config
from collections.abc import Iterator
from pathlib import Path

import pytest
from disclosure_fixture import Desk, read_value
from django.db import DatabaseError
from django.test import Client

from lightwell.actions import reports
from lightwell.base import errors
from lightwell.files import diary, foundation
from lightwell.files.state import State

pytestmark = pytest.mark.django_db(transaction=True)
ADDRESS, PROXIED, BROWSER = "198.51.100.77", "203.0.113.88", "Netscape-of-Aurelia/1.0"
NAME, PASSWORD = "aurelia.fernandez", "correct-horse-quaxbattery"
QUERY, PATH, WORDS, REPORT = "quaxquery", "quaxpath", "quaxwords", "quaxreport"
SECRETS = (
    ADDRESS,
    PROXIED,
    BROWSER,
    NAME,
    "aurelia",
    PASSWORD,
    QUERY,
    PATH,
    WORDS,
    REPORT,
    "quax",
    "larkfield",
)


@pytest.fixture(params=diary.FORMS)
def written(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Everything that the site logs in one form, as it is configured in life."""
    out = io.StringIO()
    description = diary.describe_logging(request.param)
    description["handlers"]["console"]["stream"] = out
    monkeypatch.setenv(diary.VARIABLE, request.param)
    logging.config.dictConfig(description)
    yield out
    logging.config.dictConfig(diary.describe_logging("text"))


def drive(client: Client, study: str) -> None:
    """Do what visitors and people do, with words that must not be found in the log afterwards."""
    for address in (
        "/", f"/search/?q={QUERY}", f"/api/1/search?q={QUERY}", f"/studies/{study}/", f"/no/{PATH}/here",
        f"/api/1/{PATH}", f"/files/{PATH}", f"/workspace/?next={QUERY}", f"/lists/late.csv?state={QUERY}",
    ):  # fmt: skip
        client.get(address)
    client.post("/workspace/sign-in/", {"username": NAME, "password": PASSWORD})
    client.post(f"/records/{study}/report/", {"words": f"a child called {REPORT}"})
    client.post(f"/studies/{study}/", {"words": WORDS})
    client.get("/", headers={"host": f"{PATH}.example"})
    client.request(REQUEST_METHOD=PATH.upper(), PATH_INFO="/")


def test_nothing_that_a_visitor_is_or_wrote_stands_in_the_log(
    written: io.StringIO, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setenv("LIGHTWELL_STATE", str(tmp_path / "state"))
    foundation.lay_foundation(tmp_path / "state", origin="archive.example/diary")
    study = Desk(State(tmp_path / "state")).disclose(read_value("study")).record
    client = Client(
        headers={"host": "localhost", "user-agent": BROWSER, "x-forwarded-for": PROXIED},
        REMOTE_ADDR=ADDRESS, raise_request_exception=False, enforce_csrf_checks=True,
    )  # fmt: skip
    drive(client, study)

    def break_down(**_: object) -> None:
        raise DatabaseError(f"DETAIL: Key (username)=({NAME}) of {WORDS} already exists")

    monkeypatch.setattr(reports, "take_record_report", break_down)
    assert client.post(f"/records/{study}/report/", {"words": REPORT}).status_code == 500
    logging.getLogger("a.library").error(f"could not read {WORDS}")
    logging.getLogger("a.library").error("could not read %s", WORDS)
    said = written.getvalue()
    assert [word for word in SECRETS if word.lower() in said.lower()] == []
    assert study not in said
    # What the operator needs is there: which kind of page failed, and where.
    assert "DatabaseError" in said
    assert "test_diary.py" in said
    assert "break_down" in said
    if "json" in request.node.name:
        lines = [json.loads(line) for line in said.splitlines()]
        answers = [line for line in lines if line.get("event") == "answer"]
        assert {"method", "route", "status", "milliseconds", "time", "process"} <= set(answers[0])
        seen = {(line["route"], line["status"]) for line in answers}
        assert ("search/", 200) in seen or ("search/", 503) in seen
        assert ("none", 404) in seen
        assert ("records/<slug:record>/report/", 500) in seen
        assert {line["method"] for line in answers} == {"GET", "POST", "other"}
    else:
        assert "answer" not in said


def test_an_answer_that_failed_is_told_by_route_and_status_and_no_value_leaves_its_place_empty(
    written: io.StringIO, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setenv("LIGHTWELL_STATE", str(tmp_path / "state"))
    foundation.lay_foundation(tmp_path / "state", origin="archive.example/diary")
    answer = Client(headers={"host": "localhost"}).get(f"/search/?q={QUERY}")
    assert answer.status_code == 503, "nobody has built the index yet"
    logging.getLogger("a.library").error("could not read %s at %.2f of %-5d", WORDS, 1.5, 7)
    logging.getLogger("a.library").error("%s: %r", WORDS, 7)
    lines = written.getvalue().splitlines()
    assert not [line for line in lines if "%" in line]
    assert QUERY not in written.getvalue()
    if "json" in request.node.name:
        failed, *others = [json.loads(line) for line in lines if '"event":"answer"' not in line]
        assert (failed["event"], failed["route"], failed["status"], failed["level"]) == (
            "failed", "search/", 503, "error",
        )  # fmt: skip
        assert others[0]["event"] == "could not read … at … of …"
        assert others[1]["event"].startswith("test_diary:")
    else:
        failed_line, read_line, last = lines
        assert " error failed part=django.request " in failed_line
        assert failed_line.endswith(" route=search/ status=503")
        assert " error could not read … at … of … " in read_line
        assert " error test_diary:" in last


def test_a_form_of_the_log_that_does_not_exist_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(diary.VARIABLE, "xml")
    with pytest.raises(errors.UserMistake, match="write text or json"):
        diary.read_form()
