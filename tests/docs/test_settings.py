"""Every variable of the environment that the program reads stands in .env.sample, and nothing else does."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GUIDES = ("install.md", "operate.md", "publish.md")
_NAME = re.compile(r"""["'](LIGHTWELL_[A-Z_]+)["']""")


def list_read() -> set[str]:
    found: set[str] = set()
    for path in (ROOT / "src").rglob("*.py"):
        found |= set(_NAME.findall(path.read_text("utf-8")))
    return found


def read_sample() -> dict[str, str]:
    lines = (ROOT / ".env.sample").read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_the_sample_names_every_variable_that_is_read_and_no_other():
    assert set(read_sample()) == list_read()
    assert "LIGHTWELL_STATE" in list_read(), "the search finds what it looks for"


def test_every_variable_is_explained_above_its_line():
    lines = (ROOT / ".env.sample").read_text("utf-8").splitlines()
    for number, line in enumerate(lines):
        if line and not line.startswith("#"):
            assert lines[number - 1].startswith("# "), line


@pytest.mark.parametrize("name", GUIDES)
def test_the_guide_names_no_variable_that_does_not_exist(name):
    guide = (ROOT / "docs" / "how-to" / name).read_text("utf-8")
    assert set(re.findall(r"LIGHTWELL_[A-Z_]+", guide)) <= list_read()


@pytest.mark.parametrize("name", GUIDES)
def test_every_command_in_the_guide_exists(name):
    from lightwell.cli import main

    guide = (ROOT / "docs" / "how-to" / name).read_text("utf-8")
    named = set(re.findall(r"(?:^|[ `(/])lightwell ([a-z]+)", guide, re.M))
    assert len(named) > 8
    assert named <= set(main.COMMANDS), named - set(main.COMMANDS)
