"""The reader's pages: every address answers, in public words only, and nothing held back comes out."""

from __future__ import annotations

import csv
import dataclasses
import io
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
import site_fixture
from django.test import Client

from lightwell.actions import overview, tables, topics
from lightwell.db.models import Challenge, Disclosure, LogEntry, Study
from lightwell.files.state import State
from lightwell.web import stretch

pytestmark = pytest.mark.django_db

# The left column of the table of public words (GLOSSARY.md), as these words are met in sentences.
TECHNICAL = re.compile(
    r"\b(sealed|seals?|sealing|grounds?|withheld|withhold\w*|redact\w*|commitments?|opened|tombstones?|overdue|"
    r"checkpoints?|cosign\w*|witness\w*|epsilon|(?<!in )charge[sd]?|intervals?|providers?|publishers?)\b",
    re.IGNORECASE,
)
# The one phrase that the requirements prescribe with a technical word in it.
PRESCRIBED = "publisher's summary"
# Words of whoever put something here are theirs; the section of the proof holds the technical words.
NOT_OURS = {"checked", "theirs", "words"}
VOID = {"meta", "link", "br", "input", "hr", "img", "rect", "path", "wbr"}


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> State:
    monkeypatch.setenv("LIGHTWELL_STATE", str(tmp_path))
    return site_fixture.build_site(tmp_path)


class Page(HTMLParser):
    """What a test asks of a page: text outside parts that are not ours, tags with attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.stack: list[tuple[str, bool]] = []
        self.ours: list[str] = []
        self.text: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append((tag, given))
        if tag not in VOID:
            self.stack.append((tag, bool(NOT_OURS & set((given.get("class") or "").split()))))
        for name in ("aria-label", "title", "alt"):
            if given.get(name) and not any(foreign for _, foreign in self.stack):
                self.ours.append(str(given[name]))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.stack, f"</{tag}> closes nothing"
            opened, _ = self.stack.pop()
            assert opened == tag, f"<{opened}> is closed by </{tag}>"

    def handle_data(self, data: str) -> None:
        self.text.append(data)
        if not any(foreign for _, foreign in self.stack):
            self.ours.append(data)

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.tags)


def list_pages() -> list[str]:
    """List the address of every page a reader can reach in these rooms."""
    places = [
        "/",
        "/?company=nightjar",
        "/changes/",
        "/companies/",
        "/topics/",
        "/studies/",
        "/records/",
        "/late/",
        "/held-back/",
        "/reasons/",
        "/log/",
        "/lists/",
        "/feeds/",
        "/how-to-check/",
        "/help/",
        "/late/?company=larkfield",
        "/records/?kind=risk-assessment",
        "/held-back/?company=larkfield&what=hidden",
    ]
    # The page with all of them has a script of its own, as a sweetener: tests/browser looks at it.
    places += [f"/challenges/{row.pk}/" for row in Challenge.objects.all()]
    for slug in ("larkfield", "nightjar"):
        places += [f"/companies/{slug}/", f"/companies/{slug}/status/"]
    places += [f"/topics/{topic}/" for topic in topics.TOPICS]
    for study in Study.objects.all():
        places += [
            f"/studies/{study.id}/",
            f"/studies/{study.id}/inventory/",
            f"/studies/{study.id}/inventory/?state=held",
        ]
    for row in Disclosure.objects.filter(tombstone=None):
        places += [f"/records/{row.record}/{row.version}/"]
        if row.kind != "study":
            places += [f"/records/{row.record}/", f"/records/{row.record}/?replies=off"]
        if row.version > 1:
            places += [f"/records/{row.record}/changes/{row.version - 1}/{row.version}/"]
    return places


def list_files() -> list[str]:
    """List every address that answers with something else than a page."""
    places = ["/feeds/changes.atom", "/feeds/companies/larkfield.atom", "/sitemap.xml", "/robots.txt"]
    places += ["/log/checkpoint", "/log/policy"]
    places += [f"/feeds/studies/{study.id}.atom" for study in Study.objects.all()]
    places += [f"/lists/{name}.csv" for name in tables.TABLES]
    places += [
        f"/records/{row.record}/{row.version}/record.json"
        for row in Disclosure.objects.filter(tombstone=None)
    ]
    places += [f"/log/entries/{row.index}.json" for row in LogEntry.objects.all()]
    return places


def read(client: Client, place: str) -> str:
    response = client.get(place)
    assert response.status_code == 200, f"{place} answers {response.status_code}"
    return response.content.decode()


def test_every_page_answers_with_one_title_one_head_and_well_formed_html(
    state: State, client: Client
) -> None:
    titles: dict[str, str] = {}
    for place in list_pages():
        page = Page(read(client, place))
        assert not page.stack, f"{place} leaves {page.stack} open"
        assert page.count("h1") == 1, place
        assert ("html", {"lang": "en"}) in page.tags, place
        assert page.count("title") == 1, place
        assert page.count("main") == 1, place
        ids = [given["id"] for _, given in page.tags if "id" in given]
        assert len(ids) == len(set(ids)), (
            f"{place} has an id twice: {sorted(i for i in ids if ids.count(i) > 1)}"
        )
        titles[place] = place
    assert titles


def test_no_page_shows_a_technical_word_outside_how_this_was_checked(state: State, client: Client) -> None:
    found = []
    for place in list_pages():
        text = " ".join(" ".join(Page(read(client, place)).ours).split()).replace(PRESCRIBED, "")
        found += [
            f"{place}: …{text[max(0, m.start() - 40) : m.end() + 30]}…" for m in TECHNICAL.finditer(text)
        ]
    assert not found, "\n".join(found)


def test_every_page_says_how_it_was_checked_with_the_technical_words_and_what_is_not_proven(
    state: State, client: Client
) -> None:
    for place in list_pages():
        html = read(client, place)
        box = html.partition('<details class="checked"')[2].partition("</details>")[0]
        assert "How this was checked" in box, place
        assert "What is proven:" in box, place
        assert "What is not:" in box, place
        assert TECHNICAL.search(box), place


def test_no_page_runs_or_styles_anything_inline_or_loads_from_elsewhere(state: State, client: Client) -> None:
    for place in list_pages():
        for tag, given in Page(read(client, place)).tags:
            assert tag not in ("script", "style", "iframe", "object", "embed"), place
            assert "style" not in given, f"{place}: <{tag} style>"
            assert not [name for name in given if name.startswith("on")], place
            if tag in ("link", "img", "source"):
                address = str(given.get("href") or given.get("src"))
                assert address.startswith("/"), f"{place} loads {address}"


def test_every_answer_carries_the_headers_and_sets_no_cookie(state: State, client: Client) -> None:
    for place in [*list_pages(), *list_files()]:
        response = client.get(place)
        policy = response["Content-Security-Policy"]
        assert "default-src 'none'" in policy, place
        assert "unsafe" not in policy, place
        assert "frame-ancestors 'none'" in policy, place
        assert response["X-Content-Type-Options"] == "nosniff", place
        assert response["Referrer-Policy"] == "same-origin", place
        assert response["X-Frame-Options"] == "DENY", place
        assert "camera=()" in response["Permissions-Policy"], place
        assert not response.cookies, f"{place} sets {response.cookies}"


def test_nothing_held_back_and_no_title_before_publication_comes_out_of_any_exit(
    state: State, client: Client
) -> None:
    for place in [*list_pages(), *list_files()]:
        text = read(client, place)
        assert site_fixture.WITHHELD_WORDS not in text, place
        assert site_fixture.PRIVATE_TITLE not in text, place


def test_the_same_test_fails_when_the_gate_of_titles_is_removed(
    state: State, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def show_everything(item, gap, account, reasons, whole, day):  # type: ignore[no-untyped-def]
        item.named = True
        gap = overview.completeness.Gap(gap.item, "opened", gap.lateness)
        return original(item, gap, account, reasons, whole, day)

    original = overview._view_document
    monkeypatch.setattr(overview, "_view_document", show_everything)
    overview.forget()
    pages = [f"/studies/{study.id}/inventory/" for study in Study.objects.all()]
    leaked = any(site_fixture.PRIVATE_TITLE in read(client, place) for place in pages)
    overview.forget()
    assert leaked


def test_a_held_back_answer_keeps_its_place_with_reason_and_end(state: State, client: Client) -> None:
    row = Disclosure.objects.get(kind="reputational-review")
    html = read(client, f"/records/{row.record}/")
    assert html.count("<strong>Held back</strong>") == 2
    assert "It would help somebody break in" in html
    assert "1 March 2028" in html


def test_the_front_page_shows_five_rows_with_coverage_and_never_says_answered(
    state: State, client: Client
) -> None:
    html = read(client, "/")
    assert "more than 50 child-safety organisations asked for five things" in html
    assert html.count('class="ask"') == 5
    assert "1 of 6 services has a current risk assessment" in html
    rows = html.partition('<ol class="asks">')[2].partition("</ol>")[0]
    assert "answered" not in rows


def test_the_bar_adds_up_and_each_part_leads_to_its_list(state: State, client: Client) -> None:
    html = read(client, "/")
    sentence = html.partition('<p class="equation">')[2].partition("</p>")[0]
    numbers = [
        int(each.replace(",", "")) for each in re.findall(r'<span class="n">([\d,]+)</span>', sentence)
    ]
    assert len(numbers) == 5
    assert numbers[0] == sum(numbers[1:])
    assert all(numbers), "the sample has pages of every kind"
    for address in re.findall(r'<a href="([^"]+)" aria-label="[^"]+ pages', html):
        assert client.get(address.partition("#")[0].replace("&amp;", "&")).status_code == 200, address
    overview_ = overview.read_overview(state)
    account = overview_.providers[0].account
    assert account.promised + account.later == sum(
        each.pages or 0 for study in overview_.studies for each in study.documents
    )


def test_the_site_states_what_an_outsider_computes_from_the_log_alone(state: State) -> None:
    from lightwell.archive import account, dating
    from lightwell.db.models import Checkpoint

    rule = state.read_policy()
    verdicts = dating.judge_checkpoints(rule, dict(Checkpoint.objects.values_list("size", "text")))
    entries = [bytes(data) for data in LogEntry.objects.order_by("index").values_list("data", flat=True)]
    outside = account.compute_account(entries, rule, verdicts, site_fixture.NOW.date())
    inside = {
        (each.study, each.number): (each.state, each.strict_days, each.pages)
        for study in overview.read_overview(state).studies
        for each in study.documents
    }
    assert inside == {
        (gap.item.study, gap.item.number): (gap.state, gap.lateness.strict_days, gap.item.pages)
        for gap in outside.gaps
    }


def test_a_document_removed_from_the_database_by_hand_keeps_its_place(state: State, client: Client) -> None:
    study = Study.objects.order_by("id").first()
    item = study.items.filter(openings=None, holdings=None).first() or study.items.first()
    before = len(overview.read_overview(state).find_study(study.id).documents)
    for rows in (item.holdings, item.openings):
        rows.all().delete()
    item.delete()
    overview.forget()
    assert len(overview.read_overview(state).find_study(study.id).documents) == before
    assert client.get(f"/studies/{study.id}/inventory/?again").status_code == 200


def test_a_company_that_never_joined_has_a_page_that_says_so(state: State, client: Client) -> None:
    html = read(client, "/companies/nightjar/")
    assert "is not taking part" in html
    assert html.count("<td>Nothing</td>") == 5


def test_what_others_publish_is_labelled_and_never_counts_as_the_answer(state: State, client: Client) -> None:
    row = Disclosure.objects.get(kind="figures-edition")
    html = read(client, f"/records/{row.record}/")
    assert "not the company's answer" in " ".join(html.split())
    answers = read(client, "/").partition('id="ask-2"')[2].partition('id="ask-3"')[0]
    assert "No published figures" in answers


def test_the_difference_view_names_every_change_in_words_and_is_empty_when_nothing_changed(
    state: State, client: Client
) -> None:
    from lightwell.base import disclosure

    row = Disclosure.objects.get(kind="risk-assessment", version=2)
    html = read(client, f"/records/{row.record}/changes/1/2/")
    assert "Contact by unknown adults › Risk that remains" in html
    record = row.read_record()
    same = disclosure.change(record, version=3, supersedes=row.digest, date="2026-06-01", opened=())
    site_fixture._store(same, site_fixture.NOW)
    html = read(client, f"/records/{row.record}/changes/2/3/")
    assert "Nothing changed but the date and the number" in html
    assert 'class="change"' not in html


def test_a_change_of_a_whole_table_is_shown_as_a_table(state: State, client: Client) -> None:
    from lightwell.base import disclosure

    row = Disclosure.objects.filter(kind="study", version=1).first()
    record = row.read_record()
    tables = {
        name: value
        for name, value in record.body.items()
        if isinstance(value, list) and value and isinstance(value[0], dict)
    }
    assert tables, "the study has lists of entries"
    body = {name: value for name, value in record.body.items() if name not in tables}
    without = disclosure.change(
        record, version=2, supersedes=row.digest, date="2026-06-01", opened=(), body=body
    )
    site_fixture._store(without, site_fixture.NOW)
    assert "Taken out" in read(client, f"/records/{row.record}/changes/1/2/")


def test_words_from_an_address_are_not_printed_as_the_sites_own(client: Client) -> None:
    assert client.get("/records/?kind=Larkfield+was+found+guilty").status_code == 404
    assert client.get("/records/?kind=study").status_code == 200


def test_a_log_that_nobody_else_confirms_is_not_called_confirmed(
    state: State, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = dataclasses.replace(state.read_policy(), quorum="none")
    monkeypatch.setattr(type(state), "read_policy", lambda self: alone)
    html = read(client, "/log/")
    assert "Signed by this site alone" in html
    assert "No record-keeper is asked" in html
    assert "have confirmed it" not in html


def test_minutes_are_counted_where_the_clock_runs_and_a_sample_names_its_time(
    state: State, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    html = read(client, "/log/")
    assert "on 15 June 2026, 09:19 UTC by the sample's invented clock" in html.replace("&#x27;", "'")
    assert "minute" not in html.partition("<h2>Record-keepers")[0].partition("<main")[2]
    monkeypatch.setattr("lightwell.web.context.is_sample", lambda opened: False)
    assert "11 minutes ago" in read(client, "/log/?again")  # kept under its own address


def test_a_removed_version_keeps_its_place_with_the_reason(state: State, client: Client) -> None:
    row = Disclosure.objects.exclude(tombstone=None).get()
    response = client.get(f"/records/{row.record}/")
    assert response.status_code == 410
    assert "Published by mistake" in response.content.decode()
    assert client.get(f"/records/{row.record}/{row.version}/record.json").status_code == 404


def test_the_bytes_of_a_record_hash_to_its_fingerprint(state: State, client: Client) -> None:
    import hashlib

    for row in Disclosure.objects.filter(tombstone=None):
        data = client.get(f"/records/{row.record}/{row.version}/record.json").content
        assert row.digest == "sha256:" + hashlib.sha256(data).hexdigest()


def test_replies_stand_beside_the_original_and_can_be_switched_off(state: State, client: Client) -> None:
    about = Disclosure.objects.filter(kind="commentary", tombstone=None).get().about
    assert "Three ratings went up" in read(client, f"/records/{about}/")
    assert "Three ratings went up" not in read(client, f"/records/{about}/?replies=off")


def test_late_documents_are_counted_from_the_promised_date_in_table_and_chart(
    state: State, client: Client
) -> None:
    html = read(client, "/late/")
    late = [each for study in overview.read_overview(state).studies for each in study.late]
    assert late
    assert html.count('<rect x="0" y="21"') == len(late)
    for each in late:
        assert f'data-label="Days since">{each.strict_days}<' in html


def test_pages_about_abuse_or_self_harm_carry_help_lines_and_say_when_nobody_confirmed_them(
    state: State, client: Client
) -> None:
    for topic in ("sexual-images", "self-harm", "contact-by-strangers", "spread-of-abuse-images"):
        html = read(client, f"/topics/{topic}/")
        assert "Childline" in html
        assert "have not been confirmed" in html


def test_a_sample_is_labelled_on_every_page_and_a_real_site_has_no_cheating(
    state: State, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    label = "invented company, invented documents, sample clock"
    assert all(label in read(client, place) for place in list_pages())
    assert "Try to cheat" in read(client, "/")
    keys = state.root / "log.key"
    keys.write_text(keys.read_text().replace("sample.lightwell", "real.lightwell"))
    from lightwell.tlog import key, note

    signer = note.generate_signer("real.example/log", key.KeyType.ED25519, bytes(32))
    keys.write_text(key.format_skey(signer) + "\n")
    (state.root / "sample-clock").unlink()
    html = read(client, "/how-to-check/?fresh")
    assert label not in html
    assert client.post("/try-to-cheat/word/").status_code == 404


def test_every_list_names_its_day_in_every_row_and_carries_no_formula(state: State, client: Client) -> None:
    for name, table in tables.TABLES.items():
        rows = list(csv.reader(io.StringIO(read(client, f"/lists/{name}.csv"))))
        assert rows[0] == [*table.columns, "as_of"]
        assert len(rows) > 1, name
        assert {row[-1] for row in rows[1:]} == {"2026-06-15"}
        ids = [row[0] for row in rows[1:]]
        assert len(ids) == len(set(ids)) or name == "held-back"
        assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "@"))]


def test_feeds_are_atom_with_ids_that_stay_the_same(state: State, client: Client) -> None:
    namespace = "{http://www.w3.org/2005/Atom}"
    first = ElementTree.fromstring(read(client, "/feeds/changes.atom"))
    entries = first.findall(f"{namespace}entry")
    assert entries
    ids = [entry.findtext(f"{namespace}id") for entry in entries]
    assert len(ids) == len(set(ids))
    overview.forget()
    again = ElementTree.fromstring(read(client, "/feeds/changes.atom?again"))
    assert ids == [entry.findtext(f"{namespace}id") for entry in again.findall(f"{namespace}entry")]


def test_an_unknown_address_is_a_page_of_its_own(state: State, client: Client) -> None:
    response = client.get("/nowhere/")
    assert response.status_code == 404
    assert "There is no such page" in response.content.decode()
    for place in (
        "/studies/std-00000000000000/",
        "/companies/nobody/",
        "/topics/weather/",
        "/records/x/",
        "/lists/x.csv",
    ):
        assert client.get(place).status_code == 404, place


def test_a_kept_page_is_made_anew_when_the_archive_grows_and_not_sent_twice_before(
    state: State, client: Client
) -> None:
    first = client.get("/changes/")
    assert client.get("/changes/", headers={"If-None-Match": first["ETag"]}).status_code == 304
    record = Disclosure.objects.filter(kind="dataset").latest("log_index").read_record()
    from lightwell.base import disclosure

    fresh = disclosure.change(
        record,
        version=record.version + 1,
        supersedes=disclosure.compute_digest(record),
        date="2026-09-15",
        body={**record.body, "title": "A fresh title that nobody has seen"},
        opened=(),
    )
    site_fixture._store(fresh, site_fixture.NOW)
    second = client.get("/changes/", headers={"If-None-Match": first["ETag"]})
    assert second.status_code == 200
    assert "A fresh title that nobody has seen" in second.content.decode()


def test_the_stretches_of_a_long_inventory_show_every_document_once_and_a_link_leads_to_its_row(
    client: Client, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = max(Study.objects.all(), key=lambda each: each.items.count())
    numbers = [each.number for each in study.items.filter(inventory__isnull=False).order_by("number")]
    monkeypatch.setattr(stretch, "MOST_ROWS", 2)
    start = f"/studies/{study.id}/inventory/"
    seen, address = [], start
    while address:
        html = client.get(address).content.decode()
        seen += [int(found) for found in re.findall(r'id="document-(\d+)"', html)]
        later = re.search(r'href="([^"]+)">Later documents', html)
        address = start + later[1].replace("&amp;", "&").split("#")[0] if later else ""
    assert len(numbers) > 2
    assert seen == numbers
    assert f'id="document-{numbers[-1]}"' in client.get(f"{start}?from={numbers[-1]}").content.decode()
    assert client.get(f"{start}?from=99999").status_code == 200
