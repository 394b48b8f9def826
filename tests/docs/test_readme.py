"""The README promises commands, options and files; each must be there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from lightwell.cli import main

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
LINES = [line.partition("#")[0].strip() for line in README.splitlines() if line.startswith("    lightwell ")]


@pytest.mark.parametrize("line", LINES)
def test_every_command_of_the_readme_takes_the_words_that_stand_there(line: str) -> None:
    command: click.Command = main.lightwell
    words = shlex.split(line)[1:]
    context = click.Context(command)
    while isinstance(command, click.Group):
        found = command.get_command(context, words[0])
        assert found is not None, f"there is no command {words[0]!r} in: {line}"
        command, words = found, words[1:]
    options = {name for each in command.params for name in (*each.opts, *each.secondary_opts)}
    assert not {word.partition("=")[0] for word in words if word.startswith("--")} - options, line
    required = [each for each in command.params if isinstance(each, click.Argument) and each.required]
    given = [word for word in words if not word.startswith("--")]
    assert len(given) >= len(required), (
        f"{line} names {given}, the command wants {[each.name for each in required]}"
    )


def test_every_file_of_the_readme_is_there() -> None:
    named = re.findall(r"`([\w./-]+\.(?:md|py|html))`|`(docs/[\w/]*)`|\]\((docs/[\w./-]+)\)", README)
    for place in {name for groups in named for name in groups if name}:
        assert list(ROOT.glob(place)) or list(ROOT.rglob(place)), place


def test_every_make_target_of_the_readme_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in set(re.findall(r"\bmake ([a-z-]+)", README)):
        if target not in ("and",):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"make {target}"
