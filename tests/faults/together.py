"""Two people at once: the same seal, proposal, approval and publication, by real processes; prints the facts.

python tests/faults/together.py FOLDER [--database postgresql://...]
"""

from __future__ import annotations

import argparse
import functools
import json
import sys
from pathlib import Path
from typing import Any

import journey
import observation
from stage import Ended, Stage

PAIRS = ("seal", "propose", "approve", "publish")


def act(stage: Stage) -> dict[str, list[list[Any]]]:
    """Let two processes meet at each place; returns exit code, output and errors of both."""
    work = stage.work
    person = ["--organisation", "larkfield", "--no-password"]
    extra = [["person", "add", "dora", "--role", "publisher", *person]]
    extra += [["person", "add", "cal", "--role", "approver", *person]]
    acts = {each.name: each.command for each in journey.make_acts(work)}
    before = [*journey.list_beginnings(), *extra, acts["propose a study"], acts["publish a study's record"]]
    for command in before:
        ended = stage.run(command)
        assert ended.code == 0, f"{command}: {ended.err}"
    seal, publish = acts["seal a folder"], acts["propose to publish"]
    assert isinstance(seal, list)
    assert isinstance(publish, list)
    facts = {"seal": [seal, seal], "propose": [publish, publish]}
    ended = {name: stage.run_together(commands) for name, commands in facts.items()}
    figures = stage.run(acts["propose figures"])
    assert figures.code == 0, figures.err
    ended["approve"] = stage.run_together([["approve", "3", "--as", name] for name in ("ben", "cal")])
    second = stage.run(["publish", journey.STUDY, "--summary", "The same again.", "--as", "dora"])
    assert second.code == 0, second.err
    ended["publish"] = stage.run_together(
        [["approve", number, "--as", name] for number, name in (("2", "ben"), ("4", "cal"))]
    )
    return {name: [_tell(each) for each in both] for name, both in ended.items()}


def _tell(ended: Ended) -> list[Any]:
    return [ended.code, ended.out, ended.err]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--database", default="")
    options = parser.parse_args()
    stage = Stage(options.folder, options.database)
    journey.write_papers(stage.work)
    met = act(stage)
    for command in (["worker", "--once"], ["log", "fsck", "--offline"]):
        ended = stage.run(command)
        assert ended.code == 0, ended.err
    sys.stdout.write(
        json.dumps({"met": met, "facts": stage.ask(functools.partial(observation.observe, journey.SCENE))})
    )


if __name__ == "__main__":
    main()
