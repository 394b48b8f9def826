"""What the journeys have in common: acts, people, and a scene that says which words stand where.

A journey is a module with `SCENE`, `write_papers`, `list_beginnings` and `make_acts`; every act begins where
the one before it ended. What an act must bring about is not written down: it is what the same act does when
nothing fails (`observation.py` says what is compared).
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lightwell.files import data

ANA, BEN = ["--as", "ana"], ["--as", "ben"]
# A command line, or a story that only the site tells.
Deed = list[str] | Callable[[], Any]


@dataclass(frozen=True)
class Act:
    """One command of a journey; `told` are words of the sentence that says it was done before.

    One that is not `struck` only leads from one act to the next. An act whose doing again is another one of
    its kind, logged again, names the log's word for it in `again`.
    """

    name: str
    command: Deed
    told: tuple[str, ...] = ()
    struck: bool = True
    again: str = ""
    repeat: Deed | None = None


@dataclass(frozen=True)
class Scene:
    """What a journey is about: one study, its documents of `pages` pages, other records, words to look for.

    `shared` stands on every page, so that one search meets whatever search can find. `words` tell places
    apart: an exit is seen by the words that come out of it. `never` are those of them that no exit ever
    shows, nor any file of the public area or of the index.
    """

    study: str
    documents: int
    pages: int
    shared: str
    words: tuple[str, ...]
    never: tuple[str, ...] = ()
    records: tuple[str, ...] = ()
    papers: tuple[str, ...] = ("research/*",)


def list_beginnings(*more: list[str]) -> list[list[str]]:
    """List the commands that begin an installation; no fault strikes them."""
    person = ["--organisation", "larkfield", "--no-password"]
    return [
        ["init", "--origin", "log.example/faults"],
        ["organisation", "add", "larkfield", "--role", "provider", "--name", "Larkfield (sample)"],
        ["person", "add", "ana", "--role", "publisher", *person],
        ["person", "add", "ben", "--role", "approver", *person],
        *more,
        ["worker", "--once"],
    ]


def find_promise_day() -> datetime.date:
    """Find a day that can be promised: not past on the day of this run, and within reach."""
    return datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=365)


def write_record(path: Path, example: bytes, record: str) -> None:
    """Write an example of a record as a draft of our company."""
    value = yaml.safe_load(example)
    provider = {"id": "larkfield", "name": "Larkfield (sample)"}
    value |= {"id": record, "publisher": {**provider, "role": "provider"}, "provider": provider}
    value.pop("attachments", None)
    if "due_dates" in value["body"]:
        due = find_promise_day().isoformat()
        value["body"]["due_dates"] = [{"id": "documents", "what": "All documents", "date": due}]
    path.write_text(yaml.safe_dump(value))


def write_study(work: Path, study: str) -> None:
    """Write the draft of the study."""
    write_record(work / "study.yaml", data.read_example("study-earlier"), study)


def propose(person: str, kind: str, subject: str, payload: dict[str, Any]) -> Callable[[], None]:
    """What the workspace does and no command line: propose as the person who may."""

    def tell() -> None:
        from lightwell.actions import proposals
        from lightwell.cli import installation

        state = installation.open_installation()
        actor = installation.find_person(person)
        proposals.propose(actor=actor, kind=kind, subject=subject, payload=payload, now=state.read_now())

    return tell
