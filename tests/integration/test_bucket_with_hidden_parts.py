"""A service that refuses at any write by which pages with hidden parts are opened, or opened again."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path
from typing import Any

import exit_fixture as exits
import pypdfium2
import pytest
from bucket_fixture import BROKEN, FAULTS, FINE, Service
from django.test import Client
from staged_pages import NAME, make_pdf
from test_bucket import DAY, Archive, running, service  # noqa: F401  # the last two are fixtures

from lightwell.actions import leftovers, patterns, proposals, redactions
from lightwell.base import errors
from lightwell.db.models import LogEntry, Opening, Proposal, Publication, Redaction
from lightwell.files import bucket

WHOLE, NAMED = 1, 2


class Tried(Archive):
    """The archive of `test_bucket`, in whose second document a name is hidden on each page."""

    def __init__(self, root: Path, folder: Path, asked: Service) -> None:
        super().__init__(root, folder)
        self.root, self.service = root, asked
        (folder / f"{NAMED}.pdf").write_bytes(make_pdf(NAMED, exits.PAGES, NAME))
        self.seal()
        everything: dict[str, Any] = {"study": self.study, "now": DAY}
        found = patterns.find_words(state=self.state, actor=self.desk.ana, study=self.study, pattern=NAME)
        places = [(hit.item, hit.page, hit.words) for hit in found]
        patterns.propose_hits(
            state=self.state, actor=self.desk.ana, hits=places, ground_id="participant", **everything
        )
        self.regions = list(Redaction.objects.values_list("pk", flat=True))
        redactions.decide_regions(actor=self.desk.ben, numbers=self.regions, approved=True, **everything)

    def propose_lifting(self) -> Proposal:
        payload = {"study": self.study.pk, "item": NAMED, "lift": self.regions}
        return proposals.propose(
            actor=self.desk.ana, kind="release", subject=self.study.pk, payload=payload, now=DAY
        )

    def count_rows(self) -> list[int]:
        models = (LogEntry, Publication, Opening, Redaction.objects.exclude(lifted_at=None))
        return [getattr(each, "objects", each).count() for each in models]

    def strike(self, proposal: Proposal, moods: tuple[str, ...], writes: int) -> None:
        """Have the second person approve while the service refuses from each of the writes on, then none.

        `writes` is how many there are, which the last approval proves.
        """
        client = Client(headers={"host": "localhost"})
        before, rows = self.show(client), self.count_rows()
        for mood, place in itertools.product(moods, range(writes)):
            self.service.turn(mood, after=place)
            with pytest.raises(errors.CouldNotCheck, match="nothing of this is public"):
                self.desk.approve(proposal, DAY)
            self.service.turn(FINE)
            self.service.rest()
            # The bucket alone keeps what was acknowledged, and shows nothing more than before.
            shutil.rmtree(self.root / "files")
            assert self.show(client) == before, (mood, place)
            assert self.count_rows() == rows
            leftovers.sweep_leftovers(state=self.state)
            assert leftovers.find_leftovers(state=self.state).public == ()
            assert self.show(client) == before
        self.service.turn(BROKEN, after=writes)
        self.desk.approve(proposal, DAY)
        self.service.turn(FINE)
        shutil.rmtree(self.root / "files")

    def list_readable(self) -> list[str]:
        """List the public files in which the hidden name can be read, whatever leads to them."""
        found = []
        for digest, _ in self.state.files.list_names("public"):
            data = self.state.files.get_bytes("public", digest)
            if data.startswith(b"%PDF"):
                document = pypdfium2.PdfDocument(data)
                data += " ".join(page.get_textpage().get_text_bounded() for page in document).encode()
            found += [digest] if NAME.encode() in data else []
        return found


@pytest.fixture
def tried(
    service: Service,  # noqa: F811  # the fixture
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Tried:
    root = tmp_path / "state"
    monkeypatch.setenv("LIGHTWELL_STATE", str(root))
    monkeypatch.setenv("LIGHTWELL_FILES", service.address.replace("archive", tmp_path.name))
    bucket._opened.clear()
    return Tried(root, tmp_path / "documents", service)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "moods", [pytest.param((BROKEN,), id="one"), pytest.param(FAULTS, id="all", marks=pytest.mark.full)]
)
def test_a_service_that_refuses_at_any_write_shows_no_half_of_what_is_opened_with_hidden_parts(
    tried: Tried, moods: tuple[str, ...]
) -> None:
    # The PDF that was set anew, and the file and the words of the document beside it.
    tried.strike(tried.propose([WHOLE, NAMED]), moods, 3)
    assert tried.list_readable() == []
    shown = tried.show(Client(headers={"host": "localhost"}))
    assert sorted(shown.values()).count(200) == 4, shown
    # Lifting brings the file and its words.
    tried.strike(tried.propose_lifting(), moods, 2)
    assert len(tried.list_readable()) == 2
