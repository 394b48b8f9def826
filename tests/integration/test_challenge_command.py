"""`lightwell challenge` from the paper to the disproof: over the wire, then offline from a bundle alone."""

from __future__ import annotations

import datetime
import errno
import json
import re
import stat
from pathlib import Path
from typing import Any

import challenge_fixture as fixture
import httpx
import pytest
from challenge_fixture import LATER, LOCKED, NOW, PAPERS, PUBLISHED, STRANGE, Office
from click.testing import CliRunner, Result
from django.core.cache import cache
from django.core.wsgi import get_wsgi_application

from lightwell.actions import bundles, checkups
from lightwell.archive import challenge as rules
from lightwell.base import errors
from lightwell.cli import challenge as command
from lightwell.cli import main
from lightwell.client import bundle as client_bundle
from lightwell.client import monitor, verify
from lightwell.db.models import Challenge

pytestmark = pytest.mark.django_db

DAY = datetime.timedelta(days=1)
SITE = "http://testserver"


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setenv("LIGHTWELL_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(rules, "FIRST_BITS", 6)
    cache.clear()
    open_client = httpx.Client

    def open_here(**settings: Any) -> httpx.Client:
        return open_client(transport=httpx.WSGITransport(app=get_wsgi_application()), **settings)

    monkeypatch.setattr(command.httpx, "Client", open_here)
    return fixture.build_office(tmp_path / "state", tmp_path / "papers")


def run(*words: object, code: int = 0) -> str:
    result: Result = CliRunner().invoke(main.lightwell, [str(each) for each in words])
    error = result.exception
    if isinstance(error, errors.LightwellError):
        assert error.exit_code == code, error
        return str(error)
    assert result.exit_code == code, result.output + repr(error)
    return result.output


def ask(office: Office, data: bytes, tmp_path: Path, *, tell: bool = True, name: str = "paper.pdf") -> Path:
    paper = tmp_path / name
    paper.write_bytes(data)
    said = run("challenge", "make", paper, "--company", "larkfield", "--bits", 6)
    assert "question: " in said
    kept = tmp_path / f"{name}.receipt.json"
    run("challenge", "hand-in", kept, "--site", SITE, *(["--tell"] if tell else []))
    return kept


def read(path: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(path.read_text())
    return value


def write_bundle(office: Office, folder: Path) -> Path:
    office.sign()
    bundles.write_bundle(state=office.state, folder=folder)
    return folder


def list_states(folder: Path) -> dict[str, str]:
    rows = run("challenge", "list", "--bundle", folder).splitlines()[1:]
    return {row.split(",")[0]: row.split(",")[2] for row in rows}


def test_a_receipt_is_secret_holds_the_proof_once_confirmed_and_is_never_overwritten(
    office: Office, tmp_path: Path
) -> None:
    kept = ask(office, PAPERS[LOCKED], tmp_path, tell=False)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    value = read(kept)
    assert value["challenge"] == Challenge.objects.get().pk
    assert value["log"] is None
    office.sign()
    said = run("challenge", "hand-in", kept, "--site", SITE, "--tell")
    assert "has 30 days to answer" in said
    office.sign()
    for more in ([], ["--tell"]):
        assert "was told before" in run("challenge", "hand-in", kept, "--site", SITE, *more)
    value = read(kept)
    assert [each["entry"]["type"] for each in value["log"]["entries"]] == ["challenge", "challenge-handover"]
    assert Challenge.objects.count() == 1
    assert "never overwritten" in run(
        "challenge", "make", tmp_path / "paper.pdf", "--company", "larkfield", code=1
    )


@pytest.mark.parametrize(
    ("number", "raised"), [(errno.ENOSPC, OSError), (errno.EIO, OSError), (errno.EACCES, errors.UserMistake)]
)
def test_half_a_receipt_is_not_left_lying_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, raised: type[Exception]
) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(number, "no")

    (tmp_path / "paper.pdf").write_bytes(STRANGE)
    monkeypatch.setattr(command.os, "fsync", fail)
    words = ["challenge", "make", str(tmp_path / "paper.pdf"), "--company", "larkfield", "--bits", "1"]
    # What is the disk's and no other name would mend, `main` says in its own words.
    assert isinstance(CliRunner().invoke(main.lightwell, words).exception, raised)
    assert [path.name for path in tmp_path.iterdir()] == ["paper.pdf"]


def test_more_work_is_found_when_the_day_asks_for_more(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "FIRST_BITS", 14)
    kept = ask(office, STRANGE, tmp_path)
    value = read(kept)
    reached = rules.measure_work(
        "larkfield", bytes.fromhex(Challenge.objects.get().commitment), value["nonce"]
    )
    assert reached >= 14


def test_the_holder_reads_the_answer_offline_and_nobody_else_does(office: Office, tmp_path: Path) -> None:
    kept = ask(office, PAPERS[LOCKED], tmp_path)
    name = read(kept)["challenge"]
    assert f"document {LOCKED} of {office.study}" in run("challenge", "answer", name, "--as", "ana")
    assert "proposed as" in run("challenge", "answer", name, "in-inventory", "--as", "ana")
    office.answer(name, "in-inventory", NOW + DAY)
    folder = write_bundle(office, tmp_path / "bundle")
    said = run("challenge", "check", kept, "--bundle", folder)
    assert said.startswith("holds: ")
    assert f"your file was sealed as document {LOCKED} of {office.study}" in said
    # Another salt, or another file, reads nothing.
    other = tmp_path / "other.json"
    for change in ({"salt": "ab" * 32}, {"size": 1}):
        other.write_text(json.dumps({**read(kept), **change}))
        assert "not in this log" in run("challenge", "check", other, "--bundle", folder, code=1)


def test_a_true_answer_is_not_disproved(office: Office, tmp_path: Path) -> None:
    kept = ask(office, PAPERS[LOCKED], tmp_path)
    office.answer(read(kept)["challenge"], "in-inventory", NOW + DAY)
    folder = write_bundle(office, tmp_path / "bundle")
    assert "the answer holds" in run("challenge", "disprove", kept, "--bundle", folder, code=1)
    assert not list(tmp_path.glob("*.disproof.json"))


def test_silence_is_seen_offline_by_receipt_list_verdict_monitor_and_doctor(
    office: Office, tmp_path: Path
) -> None:
    kept = ask(office, STRANGE, tmp_path)
    waiting = ask(office, b"another", tmp_path, tell=False, name="other.pdf")
    office.set_clock(NOW + 45 * DAY)
    from lightwell.actions import log

    log.count_day(state=office.state, now=NOW + 45 * DAY)
    folder = write_bundle(office, tmp_path / "bundle")
    states = list_states(folder)
    assert states == {read(kept)["challenge"]: "overdue", read(waiting)["challenge"]: "waits-for-holder"}
    said = run("challenge", "check", kept, "--bundle", folder, code=1)
    assert "no answer came, which was due by 2026-04-01, 15 days late" in said
    assert "waits for its holder" in run("challenge", "check", waiting, "--bundle", folder)
    verdict = verify.verify_bundle(folder)
    assert "15 days late" in verify.format_verdict(verdict)
    assert [each["state"] for each in verify.format_json(verdict)["challenges"]] == list(states.values())
    report = monitor.watch_archive(
        monitor.BundleSource(client_bundle.open_bundle(folder)), tmp_path / "seen", None,
        (NOW + 45 * DAY).date(),
    )  # fmt: skip
    assert [each.sentence for each in report.findings if "chl-" in each.sentence]
    (line,) = [each for each in checkups.examine(state=office.state) if each.name == "questions"]
    assert (line.well, line.grave) == (False, False)
    assert "15 days late" in line.sentence
    assert run("challenge", "list").splitlines()[1].split(",")[2] == "overdue"


def test_a_lie_is_disproved_offline_published_and_stands_in_the_next_bundle(
    office: Office, tmp_path: Path
) -> None:
    kept = ask(office, PAPERS[PUBLISHED], tmp_path)
    name = read(kept)["challenge"]
    office.lie(name, NOW + DAY)
    folder = write_bundle(office, tmp_path / "bundle")
    assert list_states(folder) == {name: "not-in-inventory"}
    said = run("challenge", "check", kept, "--bundle", folder, code=1)
    assert "sealed before that answer: it is false" in said
    shown = tmp_path / "disproof.json"
    run("challenge", "disprove", kept, "--bundle", folder, "--out", shown, "--site", SITE)
    # The file alone, with a policy of one's own, shows it to anybody.
    policy = tmp_path / "policy"
    policy.write_bytes((folder / "policy").read_bytes())
    said = run("challenge", "check", shown, "--policy", policy)
    assert "That was false" in said
    assert office.find(name).state == "disproved"
    after = write_bundle(office, tmp_path / "after")
    assert list_states(after) == {name: "disproved"}
    assert "the denial of 2026-03-03 was false" in verify.format_verdict(verify.verify_bundle(after))
    assert "was false" in run("challenge", "check", kept, "--bundle", after, code=1)


def test_every_command_of_the_guide_works_as_printed(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guide = (Path(__file__).parents[2] / "docs/how-to/ask.md").read_text("utf-8")
    lines = [
        line for block in re.findall(r"```sh\n(.*?)```", guide, re.DOTALL) for line in block.splitlines()
    ]
    assert len(lines) == 6
    monkeypatch.chdir(tmp_path)
    (tmp_path / "paper.pdf").write_bytes(PAPERS[PUBLISHED])
    for line in lines:
        if "check paper" in line:
            office.lie(Challenge.objects.get().pk, NOW + DAY)
            write_bundle(office, tmp_path / "everything")
        words = line.replace("SITE", SITE).replace("BUNDLE", "everything").split()[1:]
        # The receipt is checked while the answer is false, which is what its exit code says.
        run(*words, code=1 if "check paper" in line else 0)
    assert office.find(Challenge.objects.get().pk).state == "disproved"


def test_a_tampered_disproof_is_refused_and_one_without_a_policy_not_judged(
    office: Office, tmp_path: Path
) -> None:
    kept = ask(office, PAPERS[PUBLISHED], tmp_path)
    office.lie(read(kept)["challenge"], NOW + DAY)
    folder = write_bundle(office, tmp_path / "bundle")
    shown = tmp_path / "disproof.json"
    run("challenge", "disprove", kept, "--bundle", folder, "--out", shown)
    run("challenge", "check", shown, code=2)
    value = read(shown)
    entries = value["log"]["entries"]
    record = {**value["record"], "publisher": {**value["record"]["publisher"], "role": "newsroom"}}
    for changed in (
        {"salt": "ab" * 32},
        {"sha256": "ab" * 32},
        {"size": value["size"] + 1},
        {"opening": ["ab" * 32, *value["opening"][1:]]},
        {"record": record},
        {"challenge": "chl-0000000000000p"},
        {"log": {**value["log"], "entries": entries[:-1]}},
        {"log": {**value["log"], "entries": entries[1:]}},
        {
            "log": {
                **value["log"],
                "entries": [{**entries[0], "index": entries[0]["index"] + 1}, *entries[1:]],
            }
        },
        {"log": {**value["log"], "checkpoint": value["log"]["checkpoint"].replace("\n\n", "\nx\n\n")}},
        {"more": 1},
    ):
        shown.write_text(json.dumps({**value, **changed}))
        run("challenge", "check", shown, "--bundle", folder, code=1)


def test_what_was_locked_in_after_the_denial_is_no_lie(office: Office, tmp_path: Path) -> None:
    kept = ask(office, PAPERS[LATER], tmp_path)
    name = read(kept)["challenge"]
    office.answer(name, "not-in-inventory", NOW)
    office.seal_later(NOW + DAY)
    office.desk.do(
        "publication", office.study, {"study": office.study, "summary": "More.", "items": [LATER]}, NOW + DAY
    )
    folder = write_bundle(office, tmp_path / "bundle")
    assert "sealed after that answer" in run("challenge", "check", kept, "--bundle", folder)
    shown = tmp_path / "d.json"
    command = ("challenge", "disprove", kept, "--bundle", folder, "--out", shown, "--site", SITE)
    assert "not shown to be false" in run(*command, code=1)
    assert "not shown to be false" in run("challenge", "check", shown, "--bundle", folder, code=1)
    assert office.find(name).state == "sealed-after-denial"
    assert list_states(write_bundle(office, tmp_path / "after")) == {name: "sealed-after-denial"}


def test_an_empty_proof_is_found_by_its_holder_and_shown_to_everybody(office: Office, tmp_path: Path) -> None:
    kept = ask(office, STRANGE, tmp_path)
    name = read(kept)["challenge"]
    office.pretend(name, NOW)
    folder = write_bundle(office, tmp_path / "bundle")
    assert "leads to no sealed document" in run("challenge", "check", kept, "--bundle", folder, code=1)
    shown = tmp_path / "d.json"
    run("challenge", "disprove", kept, "--bundle", folder, "--out", shown, "--site", SITE)
    run("challenge", "check", shown, "--bundle", folder)
    assert "see" in run("challenge", "check", shown, "--policy", folder / "policy", code=2)
    assert list_states(write_bundle(office, tmp_path / "after")) == {name: "disproved"}


def test_the_denial_of_a_document_that_is_not_public_stays_unproven(office: Office, tmp_path: Path) -> None:
    kept = ask(office, PAPERS[LOCKED], tmp_path)
    office.lie(read(kept)["challenge"], NOW)
    folder = write_bundle(office, tmp_path / "bundle")
    assert "says it is not in its inventory" in run("challenge", "check", kept, "--bundle", folder)
    assert "does not show" in run("challenge", "disprove", kept, "--bundle", folder, code=1)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"type": "lightwell.challenge-receipt.v1"}', "null", '{"type": 1}', "x" * 2_000_000],
)
def test_what_is_no_receipt_is_refused_in_one_sentence(office: Office, tmp_path: Path, text: str) -> None:
    path = tmp_path / "receipt.json"
    path.write_text(text)
    folder = tmp_path
    for words in (["check", path, "--bundle", folder], ["disprove", path, "--bundle", folder]):
        assert len(run("challenge", *words, code=1).strip().splitlines()) == 1
    run("challenge", "hand-in", path, "--site", SITE, code=1)
