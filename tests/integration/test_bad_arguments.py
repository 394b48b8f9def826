"""Whatever is typed, a command answers with sentences and an exit code, never a traceback.

The commands and their parameters are read from the command line's own parser, so that a new command cannot
escape. The whole table is a thousand runs; CI plays a seeded share of it.
"""

from __future__ import annotations

import http.server
import os
import random
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import command_stage
import hostile_fixture as hostile
import pytest

from lightwell.cli import main

LIGHTWELL = [sys.executable, "-c", "from lightwell.cli.main import main; main()"]
SEED = 2021
STUDY = "std-6wtb7d1t76x3nf"
# Those that go on until they are stopped; their bad arguments are tried all the same, as none is accepted.
ENDLESS = {"serve", "worker", "witness serve", "demo", "demo tamper"}
# Where nonsense is a name that may be given, or a filter that finds nothing.
FREE = {
    "backup file", "bundle folder", "challenge make file", "challenge make company",
    "challenge make out", "disclose person", "init folder", "inventory draft documents",
    "inventory draft output", "keys escrow output", "ledger open place", "ledger open population",
    "ledger open threshold_delta", "organisation add slug", "organisation add name",
    "proposals person", "witness keygen name", "witness keygen key_file",
}  # fmt: skip
# A ledger that was opened under such a name is there for the others.
FREE |= {f"ledger {name} place" for name in ("grant", "show", "verify")}
FREE |= {"ledger grant population", "ledger grant name", "ledger grant threshold_delta", "ledger show last"}
TEXTS = ("", "\n", "x" * 9000, "../../etc", "نوم\u202e", "\udcff", "-1", "std-000")
NUMBERS = ("x", "-1", "0", "9" * 24, "")
DAYS = ("31.12.2027", "2027-02-30", "0001-01-01", "9999-12-31", "")
PATHS = ("missing/x", "folder", "picture", "text", "/dev/null", "folder/" + "n" * 300)
TARGETS = ("missing", "folder", "picture", "text", "packed.zip", "ftp://x/", "https://", "http://[::1",
           "http://127.0.0.1:9/", "http://127.0.0.1:99999/", "file:///etc/passwd")  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One line typed; `usage` when the parser itself must refuse it, `free` when it may be accepted."""

    words: list[str]
    usage: bool = False
    free: bool = False


def walk(command: click.Command, path: list[str]) -> Iterator[tuple[str, click.Command]]:
    if isinstance(command, click.Group):
        context = click.Context(command)
        if command.invoke_without_command:
            yield " ".join(path), command
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from walk(found, [*path, name])
    else:
        yield " ".join(path), command


COMMANDS = dict(walk(main.lightwell, []))


def fill(parameter: click.Parameter) -> str:
    """A value that the parser takes, and that names nothing there is."""
    if isinstance(parameter.type, click.Choice):
        return str(parameter.type.choices[0])
    if isinstance(parameter.type, click.types.IntParamType):
        return "1"
    if isinstance(parameter.type, click.types.FloatParamType):
        return "0.5"
    if isinstance(parameter.type, click.DateTime):
        return "2027-01-01"
    known = {"person": "ana", "study": STUDY, "record": STUDY, "ground": "published-in-error", "numbers": "1"}
    return known.get(str(parameter.name), "missing")


def build(name: str, parameter: click.Parameter | None = None, value: str = "", *more: str) -> list[str]:
    """Type a command with every required value, one of them replaced."""
    options, arguments = [], []
    for each in COMMANDS[name].params:
        if not (each is parameter or each.required):
            continue
        text = value if each is parameter else fill(each)
        if isinstance(each, click.Option):
            options.append(f"{max(each.opts, key=len)}={text}")
        else:
            arguments.append(text)
    return [*name.split(), *options, *more, *(["--", *arguments] if arguments else [])]


def list_values(parameter: click.Parameter) -> tuple[str, ...]:
    if isinstance(parameter.type, click.Choice):
        return ("nonsense", "")
    if isinstance(parameter.type, click.types.IntParamType | click.types.FloatParamType):
        return NUMBERS
    if isinstance(parameter.type, click.DateTime):
        return DAYS
    if isinstance(parameter.type, click.Path):
        return PATHS
    return (*TARGETS, *TEXTS) if parameter.name == "target" else TEXTS


def list_cases() -> list[Case]:
    """Everything that can be typed wrong: each parameter of each command with each bad value of its type."""
    cases = []
    for name, command in COMMANDS.items():
        cases.append(Case(build(name, None, "", "--nonsense"), usage=True))
        if any(each.required for each in command.params):
            cases.append(Case(name.split(), usage=True))
        for parameter in command.params:
            if isinstance(parameter, click.Option) and (parameter.is_flag or name in ENDLESS):
                continue
            free = f"{name} {parameter.name}" in FREE
            cases += [Case(build(name, parameter, value), free=free) for value in list_values(parameter)]
    return cases


CASES = list_cases()
STAGE = command_stage.Stage()


@pytest.fixture(scope="module", autouse=True)
def stage() -> Iterator[None]:
    with STAGE:
        yield


@pytest.fixture(scope="module")
def folder(stage: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder with an installation in `state` and files that are not what commands want."""
    made = tmp_path_factory.mktemp("typed")
    (made / "folder").mkdir()
    (made / "picture").write_bytes(b"\x89PNG\x00\xff nothing")
    (made / "text").write_text("only words\n")
    shutil.make_archive(str(made / "packed"), "zip", made / "folder")
    party = ["--organisation", "larkfield", "--no-password"]
    begin = [
        ["init", "--origin", "log.example/typed"],
        ["organisation", "add", "larkfield", "--role", "provider", "--name", "Larkfield"],
        ["person", "add", "ana", "--role", "publisher", *party],
        ["person", "add", "ben", "--role", "approver", *party],
    ]
    for code, said in run(made, *begin):
        assert code == 0, said
    return made


def run(folder: Path, *lines: list[str], **settings: str) -> list[tuple[int, str]]:
    environment = {"LIGHTWELL_STATE": str(folder / "state"), "LIGHTWELL_DATABASE": "", **settings}
    return [STAGE.run(words, environment, folder) for words in lines]


def judge(case: Case, code: int, said: str) -> None:
    shown = f"{[word[:60] for word in case.words]} -> {code}: {said[-1500:]}"
    assert "Traceback" not in said, shown
    assert code in (0, 1, 2, 3), shown
    assert not case.usage or code == 2, shown
    assert case.free or code != 0, f"nonsense was accepted: {shown}"
    if code:
        sentences = said.strip().splitlines()
        assert sentences, f"nothing was said: {shown}"
        assert "Usage:" in said or len(sentences) <= 3, f"one mistake is one sentence: {shown}"


def play(folder: Path, cases: list[Case]) -> None:
    failures = []
    for case in cases:
        ((code, said),) = run(folder, case.words)
        try:
            judge(case, code, said)
        except AssertionError as error:
            failures.append(str(error))
    assert not failures, "\n".join(failures)


def test_a_seeded_share_of_everything_that_can_be_mistyped_is_answered_in_sentences(folder: Path) -> None:
    play(folder, random.Random(SEED).sample(CASES, 80))


@pytest.mark.full
def test_everything_that_can_be_mistyped_is_answered_in_sentences(folder: Path) -> None:
    play(folder, CASES)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_example_of_every_command_is_one_that_its_parser_takes(name: str) -> None:
    told = COMMANDS[name].help or ""
    lines = re.findall(r"^\s*(?:Example: )?(?:LIGHTWELL_\S+ )?lightwell (.*)$", told, re.MULTILINE)
    assert lines, f"lightwell {name} --help has no example"
    for line in lines:
        words = shlex.split(line.split(" > ")[0].split(" && ")[0])
        command: click.Command = main.lightwell
        context = click.Context(command)
        while isinstance(command, click.Group) and words and not words[0].startswith("-"):
            found = command.get_command(context, words[0])
            assert found is not None, line
            command, words = found, words[1:]
        # Raises a usage error for whatever the parser does not take.
        command.make_context(name, words, parent=context)


# Examples that need nothing but an installation, as they stand there.
RUNNABLE = [
    "doctor", "journal", "log checkpoint", "log fsck", "log keys", "organisation list", "person list",
    "proposals", "search rebuild", "worker", "keys escrow", "keys rotate", "witness keygen",
    "organisation add", "person roles", "person close", "inventory draft", "inventory check",
]  # fmt: skip


def test_examples_run_as_they_stand_there(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder / "state", tmp_path / "state")
    hostile.write_folder(tmp_path / "research", {"a.pdf": hostile.Case(hostile.make_plain, None)})
    lines = []
    for name in RUNNABLE:
        told = COMMANDS[name].help or ""
        lines.append(shlex.split(re.search(r"lightwell (.*)$", told, re.MULTILINE)[1]))
    done = run(tmp_path, *lines)
    for name, (code, said) in zip(RUNNABLE, done, strict=True):
        expected = 1 if name == "organisation add" else 0  # it is there already, and says so
        assert code == expected, (name, said)


def test_groups_and_the_program_alone_say_what_there_is(folder: Path) -> None:
    groups = [
        [],
        *(
            [name]
            for name, (module, _) in main.COMMANDS.items()
            if name in {c.split()[0] for c in COMMANDS if " " in c} - {"demo"}
        ),
    ]
    for words, (_, said) in zip(groups, run(folder, *groups), strict=True):
        assert "Commands:" in said, words


class Hostile(http.server.BaseHTTPRequestHandler):
    """Answers as a site never should."""

    def do_GET(self) -> None:
        if self.path.startswith("/file"):
            self.send_response(302)
            self.send_header("Location", "file:///etc/passwd")
        elif self.path.startswith("/loop"):
            self.send_response(302)
            self.send_header("Location", self.path)
        elif self.path.startswith("/gone"):
            self.send_response(404)
        elif self.path.startswith("/closed"):
            self.connection.close()
            return
        else:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>not what you want</title>")

    def log_message(self, *_: object) -> None:
        return


def test_an_address_that_answers_wrongly_is_no_verdict_and_no_traceback(folder: Path) -> None:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hostile)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    targets = [
        f"http://127.0.0.1:{port}/{place}" for place in ("file", "loop", "gone", "closed", "page", "b.zip")
    ]
    lines = [
        words
        for target in targets
        for words in (["verify", target], ["gaps", target], ["monitor", target, "--state", "seen"])
    ]
    try:
        for words, (code, said) in zip(lines, run(folder, *lines), strict=True):
            judge(Case(words), code, said)
            assert code == 2, (words, said)
            assert "root:" not in said
    finally:
        server.shutdown()
        server.server_close()


def _change_database(state: Path, *statements: str) -> None:
    with sqlite3.connect(state / "lightwell.sqlite3") as database:
        for statement in statements:
            database.execute(statement)
    database.close()


def _spoil_database(state: Path) -> None:
    for path in state.glob("lightwell.sqlite3*"):
        path.unlink()
    (state / "lightwell.sqlite3").write_bytes(b"no database" * 1000)


def _put(name: str, data: bytes) -> Callable[[Path], object]:
    return lambda state: (state / name).write_bytes(data)


def _make_file(state: Path) -> None:
    shutil.rmtree(state)
    state.write_text("a file")


STATES: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (shutil.rmtree, "there is no log in"),
    "a file": (_make_file, "there is no log in"),
    "of a newer version": (
        lambda state: _change_database(
            state, "insert into django_migrations(app, name, applied) values ('db', '0999_x', '2030-01-01')"
        ),
        "a newer version of Lightwell made the database",
    ),
    "without tables": (lambda state: (state / "lightwell.sqlite3").unlink(), "run lightwell init"),
    "no database": (_spoil_database, "file is not a database"),
    "keys that are none": (_put("log.key", b"PRIVATE+KEY+nonsense\n"), "does not hold the log's keys"),
    "keys that are no text": (_put("log.key", b"\xff\xfe\x00"), "does not hold the log's keys"),
    "no keys": (_put("log.key", b""), "does not hold the log's keys"),
}


@pytest.mark.parametrize("case", STATES)
def test_a_state_folder_that_is_none_is_told_and_left_alone(folder: Path, tmp_path: Path, case: str) -> None:
    spoil, sentence = STATES[case]
    shutil.copytree(folder / "state", tmp_path / "state")
    spoil(tmp_path / "state")
    lines = [["proposals"], ["approve", "1", "--as=ana"], ["backup", "copy.tar"]]
    for words, (code, said) in zip(lines, run(tmp_path, *lines), strict=True):
        judge(Case(words), code, said)
        assert code == 3, (words, said)
        assert sentence in said
    assert not (tmp_path / "copy.tar").exists()


@pytest.mark.full
def test_a_database_that_another_process_keeps_locked_is_told(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder / "state", tmp_path / "state")
    database = sqlite3.connect(tmp_path / "state" / "lightwell.sqlite3", isolation_level=None)
    database.execute("begin exclusive")
    ((code, said),) = run(tmp_path, ["organisation", "add", "--role=court", "--name=N", "n"])
    database.close()
    assert (code, "another process is writing to the database" in said) == (2, True), said


SETTINGS = [
    ("LIGHTWELL_DATABASE", "nonsense"),
    ("LIGHTWELL_DATABASE", "mysql://somewhere/x"),
    ("LIGHTWELL_DATABASE", "postgresql://nobody@127.0.0.1:9/x"),
    ("LIGHTWELL_HELP_COUNTRY", "Atlantis"),
    ("LIGHTWELL_BUDGET_HOURS", "7"),
    ("LIGHTWELL_TRUSTED_ORIGINS", "archive.example"),
    ("LIGHTWELL_ADDRESS", "ftp://archive.example"),
    ("LIGHTWELL_TLS", "true"),
    ("LIGHTWELL_DEBUG", "yes"),
    ("LIGHTWELL_SECRET_KEY", "short"),
    ("LIGHTWELL_STATE", "x" * 5000),
]


@pytest.mark.parametrize(("name", "value"), SETTINGS)
def test_a_setting_with_a_nonsense_value_is_told_by_its_name(folder: Path, name: str, value: str) -> None:
    ((code, said),) = run(folder, ["proposals"], **{name: value})
    judge(Case(["proposals"]), code, said)
    assert name in said


def test_an_empty_setting_is_one_that_is_not_set(folder: Path) -> None:
    names = {name for name, _ in SETTINGS} - {"LIGHTWELL_STATE"} | {"LIGHTWELL_HOSTS"}
    ((code, said),) = run(folder, ["proposals"], **dict.fromkeys(names, ""))
    assert code == 0, said


def test_where_nobody_sits_a_password_is_one_line_and_none_is_told(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder / "state", tmp_path / "state")
    environment = {**os.environ, "LIGHTWELL_STATE": str(tmp_path / "state"), "LIGHTWELL_DATABASE": ""}
    for given, code, sentence in (
        ("", 1, "no password came in; run this in a terminal"),
        ("a long enough passphrase\n", 0, "added cara"),
    ):
        done = subprocess.run(
            [*LIGHTWELL, "person", "add", "cara", "--role", "coordinator"],
            env=environment, input=given, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode, sentence in done.stdout + done.stderr) == (code, True), done
        assert "Warning" not in done.stderr
