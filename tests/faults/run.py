"""Runs a journey under faults and reports each point as a line of JSON; started by the tests, or by hand.

python tests/faults/run.py FOLDER [--journey NAME] [--sample N] [--seed S] [--act NAME]... [--share 1/2]
"""

from __future__ import annotations

import argparse
import functools
import importlib
import json
import random
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import injector
import observation
import scene
from stage import BUG, COMMAND, READER, Ended, Point, Stage

WORK = ["worker", "--once"]
# Rows that are as before or as after, and nothing between.
DECIDED = ("pages", "records", "sealed", "inventories", "hidden", "readings", "challenges", "proposals")


class Lived:
    """One act as it goes when nothing fails: its points, and the facts before and after it."""

    def __init__(
        self, stage: Stage, about: scene.Scene, act: scene.Act, steps: dict[str, list[list[str]]]
    ) -> None:
        self._stage, self.scene, self.act = stage, about, act
        self._seen: dict[tuple[str, str], dict[str, Any]] = {}
        self.shapes = {name: [_name_shape(*step) for step in seen] for name, seen in steps.items()}
        self.points = [
            Point(process, number, fault)
            for process in (COMMAND, READER)
            for number, (kind, _) in enumerate(steps[process], 1)
            for fault in _list_faults(kind)
        ]

    @functools.cached_property
    def before(self) -> dict[str, Any]:
        self._stage.begin(self.act.name)
        return _take_facts(self._stage, self.scene)

    @functools.cached_property
    def after(self) -> dict[str, Any]:
        self._stage.begin(self.act.name)
        for command in (self.act.command, WORK):
            _expect(self._stage.run(command), command)
        return _take_facts(self._stage, self.scene)

    def look_once(self, look: functools.partial[dict[str, Any]]) -> dict[str, Any]:
        """Look at a moment, unless the very same bytes were looked at before: many faults leave the same."""
        key = str(look.args), self._stage.compute_digest()
        if key not in self._seen:
            self._seen[key] = self._stage.ask(look)
        return self._seen[key]


def choose(acts: list[Lived], seed: int) -> list[tuple[Lived, Point]]:
    """Put points in an order: first one of each act, then of each kind of step before any has a second.

    Steps of one kind at files of one folder differ by a digest or a number only: they are one shape.
    """
    dice = random.Random(seed)
    shapes: dict[tuple[str, ...], list[tuple[Lived, Point]]] = {}
    for lived in acts:
        for point in lived.points:
            shape = (lived.act.name, lived.shapes[point.process][point.number - 1], point.fault)
            shapes.setdefault(shape, []).append((lived, point))
    rounds: list[list[tuple[Lived, Point]]] = []
    for each in shapes.values():
        dice.shuffle(each)
        for turn, chosen in enumerate(each):
            if len(rounds) <= turn:
                rounds.append([])
            rounds[turn].append(chosen)
    for each in rounds:
        dice.shuffle(each)
    one_each = list({chosen[0].act.name: chosen for each in rounds for chosen in each}.values())
    dice.shuffle(one_each)
    rest = [chosen for each in rounds for chosen in each if not any(chosen is one for one in one_each)]
    return [*one_each, *rest]


def begin(stage: Stage, journey: ModuleType) -> list[Lived]:
    """Live the journey once without faults, keep what every act begins from, and count its points."""
    journey.write_papers(stage.work)
    for command in journey.list_beginnings():
        _expect(stage.run(command), command)
    lived = []
    for act in journey.make_acts(stage.work):
        if act.struck:
            stage.keep(act.name)
        ended = _expect(stage.run(act.command, Point("", 0, injector.KILL)), act.name)
        if act.struck:
            lived.append(Lived(stage, journey.SCENE, act, ended.steps))
    return lived


def _take_facts(stage: Stage, about: scene.Scene) -> dict[str, Any]:
    facts: dict[str, Any] = stage.ask(functools.partial(observation.observe, about))
    # What the oracle compares with must itself be as it has to be.
    assert not facts["leaks"], facts["leaks"]
    assert not facts["unlogged"], facts["unlogged"]
    assert not facts["verdict"] or facts["verdict"].startswith("none"), facts["verdict"]
    return facts


def strike(stage: Stage, lived: Lived, point: Point) -> tuple[list[str], Ended]:
    """Let one fault happen, restart, and list everything that is not as it must be."""
    act, before, after = lived.act, lived.before, lived.after
    stage.begin(act.name)
    struck = stage.run(act.command, point)
    faults = _judge_end(struck, point)
    # The site is visited at every fourth point; what its pages are made from is looked at always.
    look = functools.partial(observation.observe, lived.scene, point.number % 4 == 0)
    now = lived.look_once(look)
    faults += _judge_moment(now, before, after, struck)
    again = stage.run(act.repeat or act.command)
    if again.code and not any(word in again.err for word in act.told):
        faults.append(f"running again ends with {again.code}: {again.err.strip()[-300:]}")
    done = stage.run(WORK)
    if done.code:
        faults.append(f"the worker after the restart: {done.err.strip()[-300:]}")
    later = stage.ask(functools.partial(look, bundle=point.number % 4 == 0))
    wanted = {name: after[name] for name in later}
    wanted["exits"] = {name: after["exits"][name] for name in later["exits"]}
    if act.again and len(later["log"]) == len(after["log"]) + 1:
        wanted["log"] = [*after["log"], act.again]
    faults += [
        f"after the restart, {name} is {_show(later[name], wanted[name])}"
        for name in wanted
        if later[name] != wanted[name]
    ]
    if left := observation.list_leftovers(stage.state):
        faults.append(f"left behind: {left[:4]}")
    return faults, struck


def _judge_end(struck: Ended, point: Point) -> list[str]:
    if "Traceback" in struck.err or struck.code == BUG:
        return [f"a traceback: {struck.err.strip()[-400:]}"]
    if len(struck.steps[point.process]) < point.number:
        return [f"no fault came, and it ended with {struck.code}"] if struck.code else []
    if point.fault == injector.KILL:
        return [] if point.process == READER or struck.code == -9 else [f"ended with {struck.code}"]
    if struck.code not in (0, 1, 2, 3):
        return [f"ended with {struck.code}: {struck.err[-300:]}"]
    if struck.code and not struck.err.strip():
        return ["failed without a sentence"]
    if struck.code and point.fault == injector.ENOSPC and "full" not in struck.err:
        return [f"does not say that the disk is full: {struck.err.strip()}"]
    return []


def _judge_moment(
    now: dict[str, Any], before: dict[str, Any], after: dict[str, Any], struck: Ended
) -> list[str]:
    """Between the fault and the restart everything is as before or as after, at every exit."""
    faults = []
    if now["verdict"] and not now["verdict"].startswith("none"):
        faults.append(f"the bundle of that moment: {now['verdict']}")
    faults += [f"where nobody may read it, {leak}" for leak in now["leaks"]]
    faults += now["unlogged"]
    if now["fsck"]:
        faults.append(f"fsck after the fault: {now['fsck']}")
    told = after if struck.acknowledged else None
    sides = [told or before, after]
    faults += [
        f"{name} stand at {now[name]}" for name in DECIDED if now[name] not in [side[name] for side in sides]
    ]
    for name in set(observation.PROMPT) & set(now["exits"]):
        if now["exits"][name] not in [side["exits"][name] for side in sides]:
            faults.append(f"at the exit {name} stands {now['exits'][name]}")
    # The side on which the rows stand says what may be seen; the other exits may lag, and never lead.
    side = after if all(now[name] == after[name] for name in ("pages", "records", "log")) else before
    allowed = {word for name in (*observation.PROMPT, "file") for word in side["exits"][name]}
    for name in ("search", "bundle", "everything"):
        if strange := set(now["exits"][name]) - allowed:
            faults.append(f"the exit {name} shows what the pages do not: {sorted(strange)}")
    if now["log"] not in (before["log"], after["log"]) or (told and now["log"] != after["log"]):
        faults.append(f"the log holds {_show(now['log'], after['log'])}")
    return faults


def _name_shape(kind: str, what: str) -> str:
    return f"{kind} {re.sub(r'[0-9a-f]{16,}|[0-9]+', '#', what)}"


def _show(found: Any, wanted: Any) -> str:
    return f"{json.dumps(found)[-300:]} instead of {json.dumps(wanted)[-300:]}"


def _list_faults(kind: str) -> tuple[str, ...]:
    # After a commit nothing can be refused any more; a power cut can still come.
    return (injector.KILL,) if kind in ("committed", "indexed") else injector.FAULTS


def _expect(ended: Ended, what: object) -> Ended:
    assert ended.code == 0, f"{what}: {ended.code} {ended.out} {ended.err}"
    return ended


def run(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Yield a line for each point: act, process, step, fault, what was wrong."""
    stage = Stage(options.folder, seed=options.seed)
    acts = begin(stage, importlib.import_module(options.journey))
    chosen = choose(
        [lived for lived in acts if lived.act.name in (options.act or [lived.act.name])], options.seed
    )
    shapes = {(lived.act.name, name) for lived in acts for each in lived.shapes.values() for name in each}
    yield {
        "all": len(chosen),
        "shapes": len(shapes),
        # Points within the store's way of taking over a finished file.
        "stored": sum(name.startswith("chmod /state/files/scratch/") for _, name in shapes),
        "acts": {lived.act.name: len(lived.points) for lived in acts},
    }
    # Act by act, because what an act brings about is looked at once in each share.
    chosen = sorted(chosen[: options.sample or None], key=lambda each: acts.index(each[0]))
    part, parts = options.share
    for lived, point in chosen[len(chosen) * (part - 1) // parts : len(chosen) * part // parts]:
        started = time.monotonic()
        faults, struck = strike(stage, lived, point)
        steps = struck.steps[point.process]
        step = steps[point.number - 1] if len(steps) >= point.number else ["?", "?"]
        yield {
            "act": lived.act.name,
            "process": point.process,
            "number": point.number,
            "step": " ".join(step),
            "fault": point.fault,
            # Counted apart: nothing was tried here.
            "missed": len(steps) < point.number,
            "code": struck.code,
            "said": struck.err.strip()[-200:],
            "wrong": faults,
            "seconds": round(time.monotonic() - started, 2),
        }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--journey", default="journey", help="A module beside this one.")
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--act", action="append", default=[], help="Only this one; may be given again.")
    parser.add_argument("--share", type=lambda text: tuple(map(int, text.split("/"))), default=(1, 1))
    for line in run(parser.parse_args()):
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
