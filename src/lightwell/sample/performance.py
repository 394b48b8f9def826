"""The demo on stage: what it does once the log and its witnesses stand, until the bundle is written."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from lightwell.archive import account
from lightwell.archive.account import Account
from lightwell.base import errors
from lightwell.files import folder
from lightwell.files.state import State

if TYPE_CHECKING:
    from lightwell.sample import asking, timeline

Say = Callable[[str], None]
_WORDS = {
    "open": "published",
    "partly_open": "published in part",
    "redacted": "published with hidden parts",
    "held_back": "held back",
    "already_public": "already public elsewhere",
    "held_not_read": "published as a file, not read",
    "suspended": "out of view",
    "erased": "erased by law",
    "key_lost": "lost",
    "not_yet_due": "not yet due",
    "overdue": "late",
}


def perform(state: State, home: Path, documents: Path | None, say: Say) -> Path:
    """Do the main job and return the folder of the bundle."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lightwell.web.settings")
    import django

    django.setup()
    from lightwell.actions import bundles, search, twins
    from lightwell.sample import catalogue, own_folder, people, registration, timeline

    drafts = home / "drafts"
    drafts.mkdir()
    publisher = (
        own_folder.make_draft(documents, state.read_now().date())["publisher"]
        if documents
        else registration.make_draft(catalogue.STUDIES[0], catalogue.analyse())["publisher"]
    )
    pair = people.hire_pair(state, publisher)
    if documents is None:
        people.hire_officer(state)
    cast = timeline.Cast(
        state=state,
        documents=documents or home / "documents",
        drafts=drafts,
        publisher=pair.publisher,
        approver=pair.approver,
    )
    asked = None
    if documents is None:
        asked = _perform_sample(cast, home, say)
    else:
        _perform_own(cast, documents, say)
    pages = search.rebuild_index(state=state)
    say(f"indexed {pages} pages")
    bundle = home / "bundle"
    written = bundles.write_bundle(state=state, folder=bundle)
    say(f"wrote {written.files} files, {written.bytes / 1e6:.0f} MB\n")
    for sentence in list_sums(written.account):
        say(sentence)
    documents_twice, pages_twice = twins.count_twins(twins.list_twins())
    if documents_twice:
        say(f"({documents_twice} documents, {pages_twice} pages, are the same file as another one)")
    for line in asked.lines if asked else ():
        say(line)
    return bundle


def list_sums(stated: Account) -> Iterator[str]:
    """Say what became of everything promised: pages, then documents, places that are not empty."""
    counts = {"page": account.count_pages(stated.gaps), "document": account.count_items(stated.gaps)}
    for noun, count in counts.items():
        places = [place for place in count if place != "sealed" and count[place]]
        parts = " + ".join(f"{count[place]:,} {_WORDS[place]}" for place in places)
        yield f"{count['sealed']:,} {noun}s promised = {parts or 0}"
    unknown = sum(gap.item.pages is None for gap in stated.gaps)
    if unknown:
        yield f"({unknown} of the documents cannot be counted in pages, because their format was not read)"


def _perform_sample(cast: timeline.Cast, home: Path, say: Say) -> asking.Asking:
    from lightwell.sample import asking, catalogue, questions, timeline

    say("writing the sample company's documents (all invented, from one seeded simulation)")
    written = {each.document.number: each for each in catalogue.write_documents(cast.documents)}
    asked = asking.Asking(cast, home, say)
    steps = [*timeline.list_steps(cast, written), *questions.list_steps(cast), *asked.list_steps()]
    timeline.play_steps(cast, steps, catalogue.AS_OF, say)
    return asked


def _perform_own(cast: timeline.Cast, documents: Path, say: Say) -> None:
    from lightwell.actions import inventories, log
    from lightwell.cli import bar
    from lightwell.db.models import Study
    from lightwell.sample import own_folder, timeline

    now = cast.state.read_now()
    draft = cast.drafts / "study.yaml"
    draft.write_text(yaml.safe_dump(own_folder.make_draft(documents, now.date()), sort_keys=False))
    study = timeline.disclose(cast, draft, now)
    log.publish_checkpoint(state=cast.state, now=cast.state.read_now())
    say(f"registered {study} as earlier research")
    if left_out := folder.describe_left_out(folder.read_folder(documents)):
        say(left_out)
    rows = own_folder.list_rows(documents, now.date())
    found = Study.objects.get(pk=study)
    with bar.show_progress("reading", len(rows), "files") as report:
        try:
            inventories.measure_files(
                state=cast.state, study=found, folder=documents, rows=rows, progress=report
            )
        except errors.UserMistake as error:
            rows = own_folder.hold_unread(rows, error.problems)
            say("these files are published as they are, their pages not read:")
            for problem in error.problems:
                say(f"  {problem}")
            inventories.measure_files(
                state=cast.state, study=found, folder=documents, rows=rows, progress=report
            )
    preview = inventories.preview_seal(study=found)
    inventories.seal_inventory(actor=cast.publisher, study=found, now=cast.state.read_now())
    log.publish_checkpoint(state=cast.state, now=cast.state.read_now())
    say(f"locked in {preview.documents} documents, {preview.pages} pages")
    timeline.publish(cast, study, "", cast.state.read_now())
    log.count_day(state=cast.state, now=cast.state.read_now())
    log.publish_checkpoint(state=cast.state, now=cast.state.read_now())
    say("published")
    say("(private questions are left out: the sample asks them of children who are invented)")
