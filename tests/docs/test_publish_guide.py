"""Every command of the guide for publishers is typed as it stands, in its order; only names are filled in."""

from __future__ import annotations

import datetime
import re
import shutil
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

sys.path.insert(0, str(Path(__file__).parents[1] / "integration"))
import disclosure_fixture as fixture
from django.core.cache import cache
from document_fixture import make_pdf

from lightwell.actions import disclosures, log, overview
from lightwell.cli.main import lightwell
from lightwell.db.models import Amendment, Disclosure, Opening, Proposal, Suspension
from lightwell.files import foundation
from lightwell.files.state import State

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs/how-to/publish.md").read_text("utf-8")
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL) for line in block.splitlines()]

pytestmark = pytest.mark.django_db(transaction=True, reset_sequences=True)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> fixture.Desk:
    """An installation on the real clock with ana and ben, a folder of papers, and two records besides."""
    monkeypatch.setenv("LIGHTWELL_STATE", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    overview.forget()
    cache.clear()
    foundation.lay_foundation(tmp_path / "state", origin="archive.example/log")
    log.begin_log(now=datetime.datetime.now(datetime.UTC))
    (tmp_path / "papers").mkdir()
    for name in ("a-report.pdf", "b-memo.pdf", "c-memo.pdf", "d-memo.pdf"):
        (tmp_path / "papers" / name).write_bytes(make_pdf())
    return fixture.Desk(State(tmp_path / "state"))


def run(line: str) -> Result:
    words, _, target = line.partition(" > ")
    given = re.findall(r'"[^"]*"|\S+', words)[1:]
    result = CliRunner().invoke(lightwell, [word.strip('"') for word in given], input="y\n")
    if target:
        Path(target).write_text(result.output, "utf-8")
    return result


def publish_records(desk: fixture.Desk) -> dict[str, str]:
    """What the guide's later commands are about: a review with held back fields, and a commentary."""
    now = desk.state.read_now()
    study = Disclosure.objects.get(kind="study")
    review = fixture.read_value("reputational-review")
    review |= {"publisher": fixture.LARKFIELD}
    comment = fixture.read_value("commentary") | {
        "id": disclosures.make_id("commentary"),
        "publisher": fixture.LARKFIELD,
        "about": {"id": study.record, "digest": study.digest},
        "date": now.date().isoformat(),
    }
    for held in review["hold_back"]:
        held["expires"] = (now.date() + datetime.timedelta(days=90)).isoformat()
    names = [desk.disclose(value, now).record for value in (review, comment)]
    return {"REVIEW": names[0], "COMMENTARY": names[1], "RECORD": names[1], "STUDY": study.record}


def test_every_command_of_the_guide_works_as_printed(desk: fixture.Desk, tmp_path: Path) -> None:
    assert len(COMMANDS) > 15
    later = desk.state.read_now() + datetime.timedelta(days=120)
    given = {"DATE": later.date().isoformat()}
    for line in COMMANDS:
        for name, meant in given.items():
            line = re.sub(rf"\b{name}\b", meant, line)
        if "document extend" in line:
            # Records that a publisher has by then; the proposals keep the numbers of the guide before.
            given |= publish_records(desk)
        if "key-lost" in line:
            shutil.move(tmp_path / "state" / "keys", tmp_path / "lost")
        result = run(line)
        assert result.exit_code == 0, f"{line}\n{result.output}\n{result.exception}"
        if line.startswith("lightwell approve 1 "):
            given["STUDY"] = Disclosure.objects.get(kind="study").record
        if "key-lost" in line:
            shutil.move(tmp_path / "lost", tmp_path / "state" / "keys")
    assert Opening.objects.count() == 1
    assert Suspension.objects.count() == 1
    waiting = set(Proposal.objects.filter(approved=None).values_list("kind", flat=True))
    assert waiting == {
        "extension",
        "already-public",
        "dispute",
        "key-lost",
        "lift",
        "withdrawal",
        "restoration",
    }
    assert not Amendment.objects.exists(), "nothing is done by one person alone"
