"""An archive in which every hidden thing bears a word of its own, and all the ways in which words leave it.

Everything is made by the real stories: registered, sealed, published by two people, suspended, taken back,
erased. Addresses come from Django's own resolver: a new route is visited without anybody thinking of it,
and one with an unknown parameter stops the test until somebody says what to put there.
"""

from __future__ import annotations

import base64
import datetime
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import challenge_fixture
import disclosure_fixture
import figure_fixture
import fingerprint_fixture
import following_fixture
import office_fixture
import pypdfium2
import query_fixture
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from reportlab.lib.pagesizes import A5
from reportlab.pdfgen import canvas

from lightwell.actions import (
    bundles,
    fingerprints,
    incoming,
    inventories,
    log,
    patterns,
    proposals,
    readings,
    redactions,
    reports,
    search,
    suspensions,
    tables,
    tampering,
    topics,
)
from lightwell.archive import fingerprint_set, inventory
from lightwell.db.models import Disclosure, Item, LogEntry, Opening, Publication, PublicPage, Study
from lightwell.files import foundation
from lightwell.files.incoming import Arrived, read_limits
from lightwell.files.state import State

NOW = datetime.datetime(2026, 11, 25, 12, tzinfo=datetime.UTC)
PAGES = 3
WHOLE, PARTLY, HELD, LOCKED, SUSPENDED, PAGE, TAKEN, ERASED, BYTES, QUARANTINED, AWAY = range(1, 12)
# Of the first a word on page 2 is hidden; of the second as well, but only after it was published whole.
REDACTED, LATER = 12, 13
# Spreadsheets, whose cells leave as data as well; the second is out of view.
CELLS, CELLS_AWAY, MEASURED = range(14, 17)
# On every page, so that one search meets every page that search can show.
SHARED = "slumber"
NOWHERE = "quaxnowhereatall"
HANDED_IN = "quaxhandedin"
REPORTED = "quaxvisitorreport"
PROPOSED = "quaxpendingproposal"
WITHDRAWN = "quaxremovedrecord"
REVISED_AWAY = "quaxremovedfigure"
GONE_COMPANY = "quaxremovedcompany"
GONE_SERVICE = "quaxremovedservice"
ASKED, ASKED_AWAY = "quaxasked", "quaxremovedasked"
HELD_FIELD = "changing the region before opening a broadcast"


@dataclass
class World:
    """The archive: what must be found, what must not, and which pages are hidden."""

    state: State
    study: str
    records: list[str]
    public: list[str] = field(default_factory=list)
    hidden: dict[str, str] = field(default_factory=dict)  # word -> what it belongs to
    secrets: dict[bytes, str] = field(default_factory=dict)  # keys of hidden documents, what holders told
    challenges: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)  # of figures over time, also those that were removed
    pages: set[tuple[int, int]] = field(default_factory=set)  # hidden (item, page)


@dataclass(frozen=True)
class Answer:
    """What came out of one exit: which one, by which address, its status, and everything readable in it."""

    exit: str
    address: str
    status: int
    kind: str
    text: bytes

    def find_words(self, words: dict[str, str]) -> list[str]:
        lowered = self.text.lower()
        return [word for word in words if word.lower().encode() in lowered]


def name_word(number: int, what: str) -> str:
    """A word that stands in one place only: quax, the document in letters, the place."""
    letters = "abcdefghijklmnopq"[number] * 3
    # A title that begins like a hidden word tells a piece of it: the residue check would rightly say so.
    return f"quax{letters}{what}" if what.startswith("page") else f"{what}{letters}zorb"


def name_page_word(number: int, page: int) -> str:
    return name_word(number, "page" + "abc"[page - 1])


def build_world(root: Path, folder: Path) -> World:
    """Make the archive in `root` from documents written into `folder`."""
    foundation.lay_foundation(root, origin="log.example/exits")
    state = State(root)
    desk = disclosure_fixture.Desk(state)
    study = desk.disclose(disclosure_fixture.read_value("study")).record
    letter = desk.disclose(disclosure_fixture.read_value("letter"), NOW).record
    review = desk.disclose(disclosure_fixture.read_value("reputational-review")).record
    removed = disclosure_fixture.read_value("letter")
    removed.pop("id", None)
    removed["body"]["title"] = f"A letter with {WITHDRAWN}"
    removed = desk.disclose(removed, NOW).record
    desk.withdraw(removed, "published-in-error", NOW)
    alone = _publish_about(desk, {"id": GONE_COMPANY, "name": f"{GONE_COMPANY.capitalize()} Limited"})
    desk.withdraw(alone, "published-in-error", NOW)
    world = World(state, study, [study, letter, review, removed, alone])
    world.records += _publish_figures(world, desk)
    world.records += _publish_answers(desk, folder.with_name("rows"))
    _seal(world, desk, folder)
    _publish(world, desk)
    _hide(world, desk)
    _hand_in(world, desk)
    _ask_company(world)
    _list_words(world)
    log.publish_checkpoint(state=state, now=NOW)
    search.update_index(state)
    bundles.pack_bundle(state=state)
    fingerprints.make_set(state=state)
    return world


def _publish_about(desk: Any, company: dict[str, str]) -> str:
    """Publish a letter by a newsroom about a company that nobody else speaks of; the id of its record."""
    value = disclosure_fixture.read_value("letter")
    value.pop("id", None)
    value["publisher"] = {"id": "herald", "role": "newsroom", "name": "The Herald"}
    value["provider"] = company
    value["services"] = [{"id": GONE_SERVICE, "name": GONE_SERVICE.capitalize()}]
    return str(desk.disclose(value, NOW).record)


def _publish_figures(world: World, desk: Any) -> list[str]:
    """Publish two editions of figures, and one between them that is removed again."""
    (title, rows), (last_title, last_rows) = figure_fixture.EDITIONS
    (first,) = figure_fixture.publish(desk, [figure_fixture.read_file(title, rows)], NOW)
    between = figure_fixture.read_file(
        f"{REVISED_AWAY}.csv", [("Removed", "2026Q2", "9173048265")], REVISED_AWAY
    )
    (removed,) = figure_fixture.publish(desk, [between], NOW)
    world.keys = figure_fixture.list_keys()
    desk.withdraw(removed.record, "published-in-error", NOW)
    (last,) = figure_fixture.publish(desk, [figure_fixture.read_file(last_title, last_rows)], NOW)
    return [first.record, removed.record, last.record]


def _publish_answers(desk: Any, folder: Path) -> list[str]:
    """Publish two data sets with an answer about each; the second ones are removed again."""
    shown = query_fixture.publish_another(desk, folder / "shown", ASKED)
    removed = query_fixture.publish_another(desk, folder / "removed", ASKED_AWAY)
    for each in reversed(removed):
        desk.withdraw(each.record, "published-in-error", NOW)
    return [each.record for each in (*shown, *removed)]


def _seal(world: World, desk: Any, folder: Path) -> None:
    folder.mkdir(parents=True)
    rows = []
    for number in range(WHOLE, MEASURED + 1):
        ending = {BYTES: "csv", CELLS: "xlsx", CELLS_AWAY: "xlsx"}.get(number, "pdf")
        name = f"{name_word(number, 'file')}.{ending}"
        data = f"wave,{name_page_word(number, 1)}\n".encode() if number == BYTES else make_pdf(number)
        data = make_book(name_word(number, "cell")) if ending == "xlsx" else data
        (folder / name).write_bytes(data)
        intent = {HELD: "withhold", BYTES: "withhold", QUARANTINED: "withhold"}.get(number, "publish")
        ground = "legal-privilege" if intent == "withhold" else "participant" if number == PARTLY else ""
        ground = "suspected-abuse-image" if number == QUARANTINED else ground
        rows.append(
            inventory.Row(
                number, name, f"Report {name_word(number, 'title')}", "report", "2025-05", intent, ground,
                "2" if number == PARTLY else "", datetime.date(2026, 12, 31),
            )
        )  # fmt: skip
    found = Study.objects.get(pk=world.study)
    inventories.measure_files(state=world.state, study=found, folder=folder, rows=rows[:-1], processes=1)
    inventories.seal_inventory(actor=desk.ana, study=found, now=NOW)
    later = inventory.Row(**{**{n: getattr(rows[-1], n) for n in rows[-1].__slots__}, "number": 1})
    inventories.measure_files(state=world.state, study=found, folder=folder, rows=[later], processes=1)


def _publish(world: World, desk: Any) -> None:
    items = [
        WHOLE,
        PARTLY,
        HELD,
        SUSPENDED,
        PAGE,
        TAKEN,
        ERASED,
        BYTES,
        QUARANTINED,
        AWAY,
        REDACTED,
        LATER,
        CELLS,
        CELLS_AWAY,
    ]
    hide_word(world, desk, REDACTED, NOW)
    payload = {"study": world.study, "summary": "What we found.", "items": items}
    desk.do("publication", world.study, payload, NOW)
    pending = {"study": world.study, "summary": f"A summary with {PROPOSED}", "items": [LOCKED]}
    proposals.propose(actor=desk.ana, kind="publication", subject=world.study, payload=pending, now=NOW)


def hide_word(world: World, desk: Any, number: int, now: datetime.datetime) -> None:
    """Hide the word of page 2 that stands nowhere else, by two people."""
    study = Study.objects.get(pk=world.study)
    (hit,) = patterns.find_words(
        state=world.state, actor=desk.ana, study=study, pattern=name_page_word(number, 2), items=[number]
    )
    row = redactions.propose_regions(
        state=world.state, actor=desk.ana, item=redactions.find_item(study.id, number), number=hit.page,
        words=hit.words, ground_id="participant", now=now,
    )  # fmt: skip
    redactions.decide_regions(actor=desk.ben, study=study, numbers=[row.pk], approved=True, now=now)


def _hide(world: World, desk: Any) -> None:
    items = {item.number: item for item in Item.objects.filter(study=world.study)}
    for number in (LOCKED, HELD, BYTES, QUARANTINED, AWAY, SUSPENDED, PAGE, TAKEN, ERASED, PARTLY, MEASURED):
        key = inventories.unwrap_item_key(world.state, items[number])
        for form in (key, key.hex().encode(), base64.b64encode(key)):
            world.secrets[form] = f"key of document {number}"
    # In the index before they are hidden, as in life.
    search.rebuild_index(world.state)
    suspensions.suspend_page(actor=desk.ana, item=items[SUSPENDED], page=None, now=NOW)
    suspensions.suspend_page(actor=desk.ana, item=items[CELLS_AWAY], page=None, now=NOW)
    suspensions.suspend_page(actor=desk.ana, item=items[PAGE], page=2, now=NOW)
    suspensions.take_out_of_view(
        state=world.state, actor=desk.ana, item=items[AWAY], page=None,
        ground_id="suspected-abuse-image", now=NOW,
    )  # fmt: skip
    taken = {"study": world.study, "items": [TAKEN], "ground": "confidential", "review": "2027-06-01"}
    desk.do("take-back", world.study, taken, NOW)
    later = NOW + datetime.timedelta(seconds=1)
    hide_word(world, desk, LATER, later)
    desk.do("release", world.study, {"study": world.study, "item": LATER, "lift": []}, later)
    erased = {"study": world.study, "item": ERASED, "ground": "erased-by-law"}
    desk.do("erasure", world.study, erased, NOW)
    reports.take_report(item=items[WHOLE], page=1, words=f"I saw {REPORTED}", now=NOW)


def _hand_in(world: World, desk: Any) -> None:
    """Have a document lie where browsers hand them in, with its row, and with what a check said of it."""
    study = Study.objects.get(pk=world.study)
    area = incoming.open_area(state=world.state, actor=desk.ana, study=study)
    path = area.begin_file()
    path.write_bytes(make_pdf(MEASURED))
    arrived = Arrived(f"{HANDED_IN}.pdf", path, "", path.stat().st_size)
    everything = {"state": world.state, "actor": desk.ana, "study": study, "now": NOW}
    incoming.admit_files(**everything, arrived=[arrived], refused=[], limits=read_limits())
    readings.ask(**everything, do="check")
    readings.work(state=world.state, processes=1)
    assert HANDED_IN in area.read_table()


def _ask_company(world: World) -> None:
    """Have somebody ask about a paper and tell the company which: nobody else may learn that."""
    holder = challenge_fixture.Holder(b"a paper that somebody holds")
    name = holder.ask(NOW).pk
    holder.tell(name, NOW)
    world.challenges.append(name)
    for form in (holder.salt.hex(), holder.measure.digest.hex()):
        world.secrets[form.encode()] = "what a holder told the company"


def _list_words(world: World) -> None:
    for number in range(WHOLE, MEASURED + 1):
        for page in range(1, PAGES + 1):
            hidden = number != WHOLE and (number, page) not in {
                (PARTLY, 1),
                (PARTLY, 3),
                (PAGE, 1),
                (PAGE, 3),
                (REDACTED, 1),
                (REDACTED, 3),
                (LATER, 1),
                (LATER, 3),
            }
            if (number == BYTES and page > 1) or number in (CELLS, CELLS_AWAY):
                continue
            if hidden:
                world.hidden[name_page_word(number, page)] = f"page {page} of document {number}"
                # Of these the page is shown, without the word.
                if number not in (REDACTED, LATER):
                    world.pages.add((number, page))
            else:
                world.public.append(name_page_word(number, page))
        for what in ("title", "file"):
            if number in (WHOLE, PARTLY, PAGE, REDACTED, LATER, CELLS):
                world.public += [name_word(number, what)] if what == "title" else []
            else:
                world.hidden[name_word(number, what)] = f"{what} of document {number}"
    world.public += [name_word(CELLS, "cell"), ASKED]
    world.hidden |= {
        name_word(CELLS_AWAY, "cell"): "a cell of a spreadsheet out of view",
        HANDED_IN: "a document that was handed in",
        REPORTED: "a visitor's report",
        PROPOSED: "a proposal that waits",
        WITHDRAWN: "a removed record",
        REVISED_AWAY: "a removed edition of figures",
        GONE_COMPANY: "a company that only a removed record names",
        ASKED_AWAY: "a removed data set, its codebook or a removed answer",
        GONE_SERVICE: "a service that only a removed record names",
        "9173048265": "a number of a removed edition",
        HELD_FIELD: "a held back field",
    }


def make_book(word: str) -> bytes:
    """Make a workbook of one sheet with one cell."""
    cells = f'<row r="1"><c r="A1" t="inlineStr"><is><t>{word}</t></is></c></row>'
    return office_fixture.pack(
        {
            "[Content_Types].xml": office_fixture.type_parts(
                xl__workbook_xml=f"{office_fixture.KIND}spreadsheetml.sheet.main",
                xl__worksheets__sheet1_xml=f"{office_fixture.KIND}spreadsheetml.worksheet",
            ),
            "_rels/.rels": office_fixture.relate(("r1", "officeDocument", "xl/workbook.xml", False)),
            "xl/workbook.xml": f'<workbook xmlns="{office_fixture.S}" xmlns:r="{office_fixture.R}"><sheets>'
            '<sheet name="One" sheetId="1" r:id="r1"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": office_fixture.relate(
                ("r1", "worksheet", "worksheets/sheet1.xml", False)
            ),
            "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{office_fixture.S}">'
            f"<sheetData>{cells}</sheetData></worksheet>",
        }
    )


def make_pdf(number: int) -> bytes:
    """Print pages that each have the shared word beside a word of their own."""
    out = io.BytesIO()
    sheet = canvas.Canvas(out, pagesize=A5, invariant=True)
    for page in range(1, PAGES + 1):
        sheet.setFont("Helvetica", 12)
        sheet.drawString(40, 500, f"The {SHARED} of {name_page_word(number, page)} was counted.")
        sheet.showPage()
    sheet.save()
    return out.getvalue()


def list_routes(patterns: list[Any] | None = None, before: str = "") -> Iterator[tuple[str, str]]:
    """List every route of the site: its name and its address with the parameters in angle brackets."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from list_routes(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            yield pattern.name or route, route


def fill_route(world: World, name: str, route: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Fill a route with everything that could stand there; an unknown parameter stops the test."""
    if "(?P" in route:
        assert name == "log-tile", f"tell tests/integration/exit_fixture.py how to fill the route {route}"
        tiles = ["0/000.p/" + str(LogEntry.objects.count()), "entries/000.p/" + str(LogEntry.objects.count())]
        yield from ((f"/log/tile/{each}", {}) for each in tiles)
        return
    values = _list_values(world)
    filled: list[tuple[str, dict[str, str]]] = [("/" + route, {})]
    for whole, parameter in re.findall(r"(<(?:\w+:)?(\w+)>)", route):
        choices = values.get(f"{name}:{parameter}", values.get(parameter))
        assert choices, f"tell tests/integration/exit_fixture.py what to put for <{parameter}> in {route}"
        filled = [
            (address.replace(whole, choice, 1), {**chosen, parameter: choice})
            for address, chosen in filled
            for choice in choices
        ]
    yield from filled


def _list_values(world: World) -> dict[str, list[str]]:
    items = list(Item.objects.filter(study=world.study))
    digests = {item.sha256 for item in items} | {
        each for item in items for each in (item.sealed_file, item.sealed_parts)
    }
    digests |= set(PublicPage.objects.values_list("picture", flat=True))
    for rows in (Opening.objects, Publication.objects, Disclosure.objects):
        digests |= {digest.removeprefix("sha256:") for digest in rows.values_list("digest", flat=True)}
    public = world.state.root / "files" / "public"
    digests |= {each.name for each in public.rglob("*") if each.is_file() and len(each.name) == 64}
    numbers = [str(number) for number in range(1, MEASURED + 1)]
    return {
        "study": [world.study],
        "number": numbers,
        "page": [str(page) for page in range(1, PAGES + 1)],
        "digest": sorted(digests - {""}),
        "sheet": ["1", "2"],
        "record": world.records,
        "version": ["1", "2"],
        "old": ["1"],
        "new": ["1", "2"],
        "slug": ["larkfield", GONE_COMPANY, GONE_SERVICE],
        "key": world.keys,
        "dataset": [figure_fixture.DATASET],
        "dummy-rows:table": ["survey"],
        "dummy-rows:form": ["csv", "parquet"],
        "answer-chart:number": ["1"],
        "answer-chart:form": ["svg"],
        "answer-citation:form": ["json", "bib"],
        "figure-chart:form": ["svg", "png", "csv"],
        "figure-steps:form": ["svg", "png"],
        "figure-comparison-table:number": ["0", "1"],
        "figure-comparison-table:form": ["svg", "csv"],
        "challenge": world.challenges,
        "company": ["larkfield", GONE_COMPANY],
        "topic": list(topics.TOPICS),
        "index": [str(index) for index in range(LogEntry.objects.count() + 1)],
        "list:name": list(tables.TABLES),
        "cheat:name": [attempt.name for attempt in tampering.ATTEMPTS],
        "workspace-proposal:number": numbers,
        "follow-confirm:token": ["no-such-token"],
        "follow-end:key": ["no-such-key"],
        "workspace-propose:kind": ["publication", "erasure"],
    }


QUERIES = (
    "",
    f"?q={SHARED}",
    f"?q={SHARED}&pages=1-3&words=1-9&limit=50",
    "?pages=2&page=2&after=x&as_of=2026-11-25",
    "?pages=1,3",
    # More pages are public than one screen of a search shows.
    *(f"?q={name_word(number, 'page')}*" for number in (WHOLE, PARTLY, PAGE, REDACTED)),
)


def visit_site(world: World, only: str = "") -> Iterator[Answer]:
    """Ask every address of the site as a visitor without an account; then a few wrong ones."""
    client = Client(raise_request_exception=False, headers={"host": "localhost"})
    for name, route in list_routes():
        if only and name != only:
            continue
        for address, _ in fill_route(world, name, route):
            for query in QUERIES if "log" not in name and "cheat" not in name else QUERIES[:1]:
                yield _ask(client, name, address + query)
            if not address.startswith("/workspace/") and "entr" not in name:
                yield _ask(client, name, address, method="post")
    for address in (
        "/no/such/place",
        f"/studies/{world.study}/documents/99/",
        "/search/?q=%22",
        "/api/1/search?q=a*",
    ):
        yield _ask(client, "errors", address)


def _ask(client: Client, name: str, address: str, method: str = "get") -> Answer:
    response = getattr(client, method)(address)
    body = b"".join(response.streaming_content) if response.streaming else response.content  # type: ignore[attr-defined]
    headers = "\n".join(f"{key}: {value}" for key, value in response.items()).encode()
    kind = response.headers.get("Content-Type", "").split(";")[0]
    return Answer(name, f"{method} {address}", response.status_code, kind, headers + b"\n" + read_text(body))


def visit_post(world: World) -> Iterator[Answer]:
    """Read what leaves by mail and webhook when somebody follows everything and searches each word."""
    searches = [SHARED, *(word for word in world.hidden if " " not in word)]
    for name, address, text in following_fixture.collect_everything(world.state, searches):
        yield Answer(name, address, 200, "", text)


def visit_files(world: World, folder: Path) -> Iterator[Answer]:
    """Read what leaves in other ways: the bundle with its file names, the log with its entries."""
    bundles.write_bundle(state=world.state, folder=folder)
    for name, root in (("bundle", folder), ("log-folder", world.state.root / "log")):
        for path in sorted(root.rglob("*")):
            if path.is_file():
                text = str(path.relative_to(root)).encode() + b"\n" + read_text(path.read_bytes())
                yield Answer(name, str(path), 200, path.suffix, text)
    for entry in LogEntry.objects.all():
        yield Answer("log-entries", str(entry.index), 200, "", bytes(entry.data))


def read_text(body: bytes) -> bytes:
    """Return bytes together with every text packed inside: pages and attachments of a PDF, ZIP members."""
    parts = [body]
    if body.startswith(b"%PDF"):
        document = pypdfium2.PdfDocument(body)
        parts += [page.get_textpage().get_text_bounded().encode() for page in document]
        attachments = [document.get_attachment(k) for k in range(document.count_attachments())]
        parts += [attachment.get_name().encode() + bytes(attachment.get_data()) for attachment in attachments]
    if body.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            for name in archive.namelist():
                parts += [name.encode(), read_text(archive.read(name))]
    if body.startswith(fingerprint_set.MAGIC):
        parts += fingerprint_fixture.list_texts(body)
    return b"\n".join(parts)
