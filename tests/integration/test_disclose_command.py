"""Two people at the command line: a draft is checked by line, proposed, published, shown and removed."""

import re
import subprocess
import sys
from pathlib import Path

import disclosure_fixture as fixture
import log_fixture
import pytest
from click.testing import CliRunner, Result

from lightwell.base import errors
from lightwell.cli import main
from lightwell.db.models import Disclosure, Person, Proposal
from lightwell.files import data
from lightwell.files.state import State

pytestmark = pytest.mark.django_db
REVIEW = "rep-74sbpd5jqeb9h8"


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> State:
    made = log_fixture.make_state(tmp_path / "state", [])
    monkeypatch.setenv("LIGHTWELL_STATE", str(made.root))
    return made


def run(*arguments: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(main.lightwell, [str(each) for each in arguments], input=typed)


def succeed(*arguments: str, typed: str | None = None) -> str:
    result = run(*arguments, typed=typed)
    assert result.exit_code == 0, (result.output, result.exception)
    return result.output


def fail(*arguments: str) -> str:
    result = run(*arguments)
    assert isinstance(result.exception, errors.LightwellError), (result.output, result.exception)
    assert result.exception.exit_code == 1
    return str(result.exception)


def add_two() -> None:
    name = ("--name", "Larkfield (sample)")
    succeed("organisation", "add", "larkfield", "--role", "provider", *name)
    for person, role in (("ana", "publisher"), ("ben", "approver")):
        succeed("person", "add", person, "--role", role, "--organisation", "larkfield", "--no-password")


def write_example(folder: Path, name: str, *changes: tuple[str, str]) -> Path:
    text = data.read_example(name).decode()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = folder / f"{name}.yaml"
    path.write_text(text)
    return path


def test_from_example_to_removal(state: State, tmp_path: Path) -> None:
    add_two()
    draft = tmp_path / "review.yaml"
    draft.write_text(succeed("disclose", "--example", "reputational-review"))
    assert "no problem found (reputational-review, 2 fields held back)" in succeed(
        "disclose", draft, "--check"
    )
    said = succeed("disclose", draft, "--as", "ana")
    number = re.search(r"lightwell approve (\d+) --as OTHER", said).group(1)
    review = re.search(r"^(rep-\w+), version 1$", said, re.MULTILINE).group(1)
    assert review != REVIEW, "the first review of every installation would bear the same id"
    assert f"{number}  publish a record: {review}, proposed by ana" in succeed("proposals")
    assert "takes the role approver" in fail("approve", number, "--as", "ana")
    assert f"{number} approved and done" in succeed("approve", number, "--as", "ben")
    assert state.tiles.read_checkpoint()
    succeed("lift", review, "/body/findings/2/finding", "--as", "ana")
    succeed("approve", Proposal.objects.latest("pk").pk, "--as", "ben")
    assert len(Disclosure.objects.get(version=2).read_record().withheld) == 1
    succeed("withdraw", review, "--ground", "published-in-error", "--as", "ana")
    succeed("approve", Proposal.objects.latest("pk").pk, "--as", "ben")
    assert not Disclosure.objects.visible().exists()
    assert "nothing waits" in succeed("proposals")


def test_a_bad_draft_is_told_every_problem_by_its_line(state: State, tmp_path: Path) -> None:
    add_two()
    draft = write_example(
        tmp_path,
        "reputational-review",
        ("date: 2026-04-13", "date: 2031-04-13"),
        ("  title: Letting", "  titel: Letting"),
        ("ground: security, expires: 2028-03-01", "ground: embarrassing, expires: 2028-03-01"),
        ("    date: 2025-04-02", "    date: 2025-04-31"),
        ("kind: launch", "kind: whim"),
    )
    lines = draft.read_text().splitlines()
    said = fail("disclose", draft, "--as", "ana")
    expected = {
        "date: 2031": "/date",
        "  titel:": "/body/titel",
        "  - {field: /body/findings": "/hold_back/0",
        "    date: 2025-04-31": "/body/trigger/date",
        "    kind: whim": "/body/trigger/kind",
    }
    for start, place in expected.items():
        (number,) = [index for index, line in enumerate(lines, 1) if line.startswith(start)]
        assert f"{draft}, line {number} ({place})" in said
    assert not Proposal.objects.exists()
    # The draft alone shows the same but for today's date, which only an installation knows.
    alone = fail("disclose", draft, "--check")
    assert set(alone.splitlines()) < set(said.splitlines())


def test_words_that_still_stand_elsewhere_are_found_at_their_line(state: State, tmp_path: Path) -> None:
    add_two()
    draft = write_example(
        tmp_path,
        "reputational-review",
        (
            "Two of three do.",
            "The age check of viewers can be passed by changing the region before opening a broadcast.",
        ),
    )
    (number,) = [index for index, line in enumerate(draft.read_text().splitlines(), 1) if "{id: q2," in line]
    said = fail("disclose", draft, "--as", "ana")
    assert f"line {number} (/body/questions/1/answer): the text held back at" in said


def test_a_file_that_the_draft_names_must_be_given(state: State, tmp_path: Path) -> None:
    name = ("--name", "The Sample Courier")
    succeed("organisation", "add", "sample-newsroom", "--role", "newsroom", *name)
    newsroom = ("--organisation", "sample-newsroom")
    succeed("person", "add", "nora", "--role", "publisher", *newsroom, "--no-password")
    draft = write_example(tmp_path, "figures-edition")
    assert "add --attach safety-figures-2025q3.csv" in fail("disclose", draft, "--as", "nora")
    figures = tmp_path / "safety-figures-2025q3.csv"
    figures.write_bytes(data.read_example_attachment(figures.name))
    succeed("disclose", draft, "--attach", figures, "--as", "nora")


def test_a_file_that_the_draft_does_not_name_is_added(state: State, tmp_path: Path) -> None:
    add_two()
    note = tmp_path / "note.txt"
    note.write_text("More about it.")
    succeed("disclose", write_example(tmp_path, "dataset"), "--attach", note, "--as", "ana")
    succeed("approve", Proposal.objects.get().pk, "--as", "ben")
    (attachment,) = Disclosure.objects.get().read_record().attachments
    assert (attachment.title, attachment.bytes, attachment.media_type) == ("note.txt", 14, "text/plain")


def test_what_is_missing_at_the_command_line_is_said(state: State, tmp_path: Path) -> None:
    draft = write_example(tmp_path, "dataset")
    assert "nobody yet" in fail("disclose", draft, "--as", "ana")
    add_two()
    assert "no such" in fail("disclose", tmp_path / "absent.yaml", "--as", "ana").lower()
    assert "there is no proposal 77" in fail("approve", "77", "--as", "ben")
    assert "no published record" in fail("lift", REVIEW, "/body/title", "--as", "ana")
    assert "wrong or swapped character" in fail(
        "withdraw", "rep-74sbpd5jqeb9h9", "--ground", "court-order", "--as", "ana"
    )
    assert run("disclose").exit_code == 2
    assert run("disclose", draft).exit_code == 2


@pytest.mark.parametrize("name", data.list_examples())
def test_every_example_printed_is_a_draft_without_problems(name: str, tmp_path: Path) -> None:
    draft = tmp_path / "draft.yaml"
    draft.write_text(succeed("disclose", "--example", name))
    assert "no problem found" in succeed("disclose", draft, "--check")


@pytest.mark.parametrize("kind", ["study", "study-earlier", "dataset", "reputational-review"])
def test_an_example_for_a_person_passes_the_check_and_is_proposed_as_it_is(
    state: State, tmp_path: Path, kind: str
) -> None:
    succeed("organisation", "add", "example", "--role", "provider", "--name", 'Example "& Sons"')
    succeed("person", "add", "ana", "--role", "publisher", "--organisation", "example", "--no-password")
    draft = tmp_path / "draft.yaml"
    draft.write_text(succeed("disclose", "--example", kind, "--as", "ana"))
    assert "no problem found; ana can propose it" in succeed("disclose", draft, "--as", "ana", "--check")
    assert not Proposal.objects.exists()
    succeed("disclose", draft, "--as", "ana")
    assert Proposal.objects.get().organisation_id == "example"


def test_a_check_for_a_person_finds_what_proposing_would_refuse(state: State, tmp_path: Path) -> None:
    add_two()
    began = write_example(tmp_path, "study")
    assert "cannot be registered in advance" in fail("disclose", began, "--as", "ana", "--check")
    foreign = write_example(tmp_path, "letter")
    assert "you publish for Larkfield" in fail("disclose", foreign, "--as", "ana", "--check")
    assert "add --as NAME" in succeed("disclose", began, "--check")


def test_a_person_is_added_with_a_good_password_and_roles_of_one_side(state: State) -> None:
    succeed("person", "add", "ana", "--role", "publisher", typed="a long enough one\na long enough one\n")
    assert Person.objects.get().check_password("a long enough one")
    short = run("person", "add", "ben", "--role", "approver", typed="short\nshort\n")
    assert "at least 12 characters" in str(short.exception)
    assert "there is a person 'ana' already" in fail(
        "person", "add", "ana", "--role", "approver", "--no-password"
    )
    assert "cannot be publisher and auditor" in fail(
        "person", "add", "cleo", "--role", "publisher", "--role", "auditor", "--no-password"
    )
    assert "there is no role 'king'" in fail("person", "add", "cleo", "--role", "king", "--no-password")
    assert "cannot be an account's name" in fail(
        "person", "add", "Cleo X", "--role", "witness", "--no-password"
    )
    assert Person.objects.count() == 1
    succeed("person", "roles", "ana", "--role", "approver")
    assert "ana: approver" in succeed("person", "list")
    succeed("person", "add", "dora", "--role", "approver", "--no-password")
    assert not Person.objects.get(username="dora").has_usable_password()
    succeed("person", "password", "dora", typed="another long one\nanother long one\n")
    assert Person.objects.get(username="dora").check_password("another long one")


def test_what_a_proposal_hides_is_shown_to_insiders_only(state: State, tmp_path: Path) -> None:
    add_two()
    succeed("person", "add", "eva", "--role", "researcher", "--no-password")
    succeed("disclose", write_example(tmp_path, "reputational-review"), "--as", "ana")
    number = Proposal.objects.get().pk
    secret = fixture.read_value("reputational-review")["body"]["findings"][2]["finding"]
    assert secret in succeed("proposals", "--show", number, "--as", "ben")
    assert secret not in succeed("proposals")
    fail("proposals", "--show", number, "--as", "eva")
    assert run("proposals", "--show", number).exit_code == 2
    assert "nothing was published" in succeed("reject", number, "--as", "ben")


@pytest.mark.parametrize(
    "arguments", [["--letter"], ["--example", "study"], ["--example", "list"], ["--help"]]
)
def test_what_needs_no_installation_never_loads_the_site(arguments: list[str]) -> None:
    code = (
        "import sys; from lightwell.cli import main; "
        f"main.lightwell.main(['disclose', *{arguments!r}], standalone_mode=False); "
        "assert 'django' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
