"""No exit lets anything hidden out, whichever route there is; each exit leaks once its gate is away."""

from __future__ import annotations

import collections
import re
import shutil
from pathlib import Path

import exit_fixture as exits
import pytest
from click.testing import CliRunner
from django.test import Client

from lightwell.actions import disclosures, overview, tryouts
from lightwell.cli import search as search_command
from lightwell.db.models import Disclosure, Suspension
from lightwell.db.models.disclosures import DisclosureQuerySet
from lightwell.db.models.parties import ProviderQuerySet
from lightwell.db.models.publications import OpeningQuerySet, PublicationQuerySet, PublicPageQuerySet
from lightwell.files import finder
from lightwell.web import memory
from lightwell.web.views import figures as figure_pages
from lightwell.web.views import search as search_pages

# Where data that can be asked, their codebooks and the answers about them leave.
ASKING = (
    "datasets", "try", "codebook", "answer-chart", "answer-numbers", "answer-citation", "front",
    "list_datasets", "read_dataset", "list_answers", "read_answer",
)  # fmt: skip
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> exits.World:
    monkeypatch.setenv("LIGHTWELL_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(tryouts, "ROWS", 300)
    return exits.build_world(tmp_path / "state", tmp_path / "documents")


def list_leaks(world: exits.World, answers: list[exits.Answer]) -> list[str]:
    """Name everything hidden that came out: words, keys, and pictures of hidden pages."""
    leaks = []
    for answer in answers:
        leaks += [f"{answer.address}: {world.hidden[word]}" for word in answer.find_words(world.hidden)]
        leaks += [f"{answer.address}: {what}" for key, what in world.secrets.items() if key in answer.text]
        place = re.search(r"/documents/(\d+)/pages?/(\d+)", answer.address)
        shown = place and answer.status == 200 and answer.kind.startswith("image/")
        if place and shown and (int(place[1]), int(place[2])) in world.pages:
            leaks.append(f"{answer.address}: the picture of a hidden page")
    return leaks


def visit_everything(world: exits.World, folder: Path) -> list[exits.Answer]:
    return [*exits.visit_site(world), *exits.visit_files(world, folder), *exits.visit_post(world)]


def test_nothing_hidden_leaves_by_any_exit_and_everything_public_does(
    world: exits.World, tmp_path: Path
) -> None:
    answers = visit_everything(world, tmp_path / "bundle")
    assert list_leaks(world, answers) == []
    assert [answer.address for answer in answers if answer.status >= 500 and answer.status != 503] == []
    # The eyes of this test are open: what is public is seen, on pages, in searches, in files.
    seen = collections.defaultdict(set)
    for answer in answers:
        for word in answer.find_words(dict.fromkeys(world.public, "")):
            seen[word].add(answer.exit)
    assert set(seen) == set(world.public)
    words = [word for word in world.public if "page" in word]
    shown = ("page", "document-pages", "search", "search-feed", "find_pages", "read_page", "fingerprints")
    for exit_name in shown:
        assert [word for word in words if exit_name not in seen[word]] == [], exit_name
    for exit_name in ("document-cells", "document-sheet"):
        assert exit_name in seen[exits.name_word(exits.CELLS, "cell")]
    for exit_name in ("file", "bundle", "everything-file"):
        assert exit_name in seen[exits.name_page_word(exits.WHOLE, 1)]
    for exit_name in ("record", *ASKING):
        assert exit_name in seen[exits.ASKED], exit_name
    for exit_name in ("mail", "webhook"):
        assert exit_name in seen[exits.name_word(exits.WHOLE, "title")]


def test_a_hidden_word_is_answered_like_a_word_that_never_was(world: exits.World) -> None:
    # Not even the number of pages, or another error, may tell that a word stands on a hidden page.
    client = Client(headers={"host": "localhost"})
    for address in ("/search/", "/search.atom", "/api/1/search"):
        expected = ask_for(client, address, exits.NOWHERE)
        for word, what in world.hidden.items():
            if " " not in word:
                assert ask_for(client, address, word) == expected, f"{address} tells of {what}"
                assert ask_for(client, address, f"title:{word}") == ask_for(
                    client, address, f"title:{exits.NOWHERE}"
                )


def ask_for(client: Client, address: str, query: str) -> str:
    word = query.removeprefix("title:")
    text = client.get(address, {"q": query}).content.decode()
    return re.sub(r"\d{4}-\d\d-\d\dT[\d:.+Z]+", "TIME", text.replace(word, "WORD"))


def test_the_command_line_finds_nothing_hidden_and_a_new_route_must_be_explained(world: exits.World) -> None:
    with pytest.raises(AssertionError, match="what to put for <colour>"):
        list(exits.fill_route(world, "new", "new/<slug:colour>/"))
    for words in (exits.SHARED, "", f'"{exits.SHARED} of"', "quax*"):
        result = CliRunner().invoke(search_command.search, ["find", words, "--limit", "100"])
        assert result.exit_code == 0, result.output
        assert [what for word, what in world.hidden.items() if word in result.output] == []
    assert exits.name_page_word(exits.WHOLE, 1) in result.output


def test_a_company_that_only_a_removed_record_names_is_answered_like_one_that_never_was(
    world: exits.World, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client(raise_request_exception=False, headers={"host": "localhost"})
    addresses = (
        "/companies/WORD/", "/companies/WORD/status/", "/feeds/companies/WORD.atom",
        "/search/?q=slumber&company=WORD",
        "/api/1/companies/WORD", "/api/1/records?company=WORD", "/api/1/studies?company=WORD",
        "/?company=WORD", "/late/?company=WORD", "/challenges/?company=WORD", "/follow/?what=company&of=WORD",
    )  # fmt: skip
    for address in addresses:
        assert client.get(address.replace("WORD", "larkfield")).status_code == 200, address
        answers = [client.get(address.replace("WORD", word)) for word in (exits.GONE_COMPANY, exits.NOWHERE)]
        texts = [
            re.sub(r"\d{4}-\d\d-\d\dT[\d:.+Z]+", "TIME", answer.content.decode()).replace(word, "WORD")
            for answer, word in zip(answers, (exits.GONE_COMPANY, exits.NOWHERE), strict=True)
        ]
        assert (answers[0].status_code, texts[0]) == (answers[1].status_code, texts[1]), address
    monkeypatch.setattr(ProviderQuerySet, "visible", lambda rows: rows.all())
    overview.forget()
    search_pages._remember_names.cache_clear()
    figure_pages._remember_comparison.cache_clear()
    monkeypatch.setattr(memory, "_shelf", memory._Shelf())
    gone = {exits.GONE_COMPANY: ""}
    for name in ("companies", "company", "status", "feed-company", "sitemap", "front", "feeds"):
        assert any(answer.find_words(gone) for answer in exits.visit_site(world, only=name)), name
    for name in ("list_companies", "read_company", "read_record", "list", "figure-comparison"):
        assert any(answer.find_words(gone) for answer in exits.visit_site(world, only=name)), name
    assert "Limited" in client.get(f"/search/?q={exits.SHARED}&company={exits.GONE_COMPANY}").content.decode()
    assert any(answer.find_words(gone) for answer in exits.visit_post(world))


def test_every_exit_leaks_once_its_gate_is_away(
    world: exits.World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for gate in (PublicPageQuerySet, OpeningQuerySet, PublicationQuerySet, DisclosureQuerySet):
        monkeypatch.setattr(gate, "visible", lambda rows: rows.all())
    # Search has a second lock, which leaves out what the log closed, and a third: the index forgot it.
    monkeypatch.setattr("lightwell.actions.search.list_closed", lambda moment: finder.NOTHING)
    exits.search._prepare_rows.cache_clear()  # holds the gate's words
    exits.search.rebuild_index(world.state)
    # The files of a removed record left the public area; its gate being away, they would be there.
    for row in Disclosure.objects.filter(data__isnull=False):
        disclosures.publish_attachments(world.state, row.read_record())
    shutil.rmtree(world.state.root / "packed")
    exits.bundles.pack_bundle(state=world.state)
    shutil.rmtree(world.state.root / "fingerprints")
    exits.fingerprints.make_set(state=world.state)
    leaking: collections.Counter[str] = collections.Counter()
    for answer in visit_everything(world, tmp_path / "bundle"):
        if list_leaks(world, [answer]):
            leaking[answer.exit] += 1
    # A file is no row of its own: what stops it is the suspension of a document that has it.
    Suspension.objects.all().delete()
    for name in ("file", "document-cells", "document-sheet"):
        for answer in exits.visit_site(world, only=name):
            leaking[answer.exit] += bool(list_leaks(world, [answer]))
    expected = "page page-picture page-proof document-pages file search search-feed list record-bytes bundle"
    expected += " everything-file fingerprints feed-changes feed-company find_pages read_page read_proof"
    expected += " mail webhook"
    expected += " document-cells document-sheet"
    expected += " " + " ".join(ASKING)
    assert [name for name in expected.split() if not leaking[name]] == [], leaking
