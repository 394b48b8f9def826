"""What the site keeps in memory: never what is hidden since, never the answer to another question."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from document_fixture import NOW, PARTLY, STUDY, WHOLE, Archive, build_archive, suspend

from lightwell.actions import log
from lightwell.archive import entry
from lightwell.db.models import Checkpoint, LogEntry, Person
from lightwell.web import memory

pytestmark = pytest.mark.django_db
BASE = f"/studies/{STUDY}/documents/{WHOLE}/"
PAGE = f"{BASE}page/2/"
WORD = "marmalade"


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Archive:
    monkeypatch.setenv("LIGHTWELL_STATE", str(tmp_path / "state"))
    cache.clear()
    return build_archive(tmp_path / "state")


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> memory._Shelf:
    """A shelf as a site has it after its start."""
    fresh = memory._Shelf()
    monkeypatch.setattr(memory, "_shelf", fresh)
    return fresh


def test_a_page_that_was_kept_is_gone_with_the_commit_that_hides_it(
    archive: Archive, shelf: memory._Shelf, client: Client
) -> None:
    addresses = [PAGE, f"{PAGE}?q={WORD}", f"{PAGE}?words=1-3", BASE]
    tags = {address: client.get(address)["ETag"] for address in addresses}
    assert len(shelf.pages) == len(addresses)
    made = suspend(archive.items[WHOLE], 2)
    for address in addresses:
        answer = client.get(address, headers={"If-None-Match": tags[address]})
        assert answer.status_code == (200 if address == BASE else 451), address
        assert WORD not in answer.content.decode(), address
    assert "Out of view" in client.get(BASE).content.decode()
    # Back as two people restore it, and not the page that says it is out of view.
    log.append(entries=[entry.make_restoration(NOW, STUDY, WHOLE, 2, ("approver", "approver"))])
    made.restored_at = NOW
    made.save()
    assert WORD in client.get(PAGE).content.decode()


def test_what_was_asked_before_it_was_hidden_is_not_put_where_a_later_question_finds_it(
    archive: Archive, shelf: memory._Shelf, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A slow reader: the page is rendered while another process hides it, and arrives after the commit.
    before = memory.read_stamp()
    body = client.get(PAGE).content
    shelf.pages.clear()
    suspend(archive.items[WHOLE], 2)
    assert client.get(PAGE).status_code == 451
    key = f" http://testserver{PAGE}"
    shelf.put(before, key, memory.Page(body, {"ETag": '"late"'}))
    assert client.get(PAGE).status_code == 451
    # Nor when the shelf still stands at the older state.
    shelf.find(before, key)
    shelf.put(before, key, memory.Page(body, {"ETag": '"late"'}))
    assert client.get(PAGE).status_code == 451


def test_every_question_has_its_own_answer(archive: Archive, shelf: memory._Shelf, client: Client) -> None:
    plain = client.get(PAGE).content.decode()
    marked = client.get(PAGE, {"q": WORD}).content.decode()
    quoted = client.get(PAGE, {"words": "1-2"}).content.decode()
    assert ("<mark" in plain, "quote-box" in plain) == (False, False)
    assert "<mark" in marked
    assert f'value="{WORD}"' in marked
    assert "quote-box" in quoted
    missing = client.get(PAGE, {"passage": "nobody wrote these words"}).content.decode()
    assert "nobody wrote these words" in missing
    assert "nobody wrote these words" not in client.get(PAGE).content.decode()
    # The host stands in the quote's link, the scheme too.
    other = client.get(PAGE, {"words": "1-2"}, headers={"host": "127.0.0.1"}).content.decode()
    assert "http://127.0.0.1/" in other
    assert "http://testserver/" not in other
    again = [client.get(PAGE, each).content.decode() for each in ({}, {"q": WORD}, {"words": "1-2"})]
    assert again == [plain, marked, quoted]


def test_a_person_who_is_signed_in_reads_what_everybody_reads_and_leaves_nothing_behind(
    archive: Archive, shelf: memory._Shelf, client: Client
) -> None:
    person = Person.objects.create(username="ana", is_active=True)
    signed_in = Client()
    signed_in.force_login(person)
    for address in (PAGE, BASE, f"/studies/{STUDY}/documents/{PARTLY}/page/2/"):
        shelf.pages.clear()
        first, second = signed_in.get(address), client.get(address)
        assert first.content == second.content, address
        assert "csrfmiddlewaretoken" not in second.content.decode(), address
        assert not second.cookies, address
        shelf.pages.clear()
        assert client.get(address).content == first.content, address


def test_the_form_of_a_report_is_not_kept(archive: Archive, shelf: memory._Shelf, client: Client) -> None:
    client.get(f"{PAGE}report/")
    client.post(f"{PAGE}report/", {"words": "I know this child."})
    assert not shelf.pages
    assert "I know this child." not in client.get(PAGE).content.decode()


def test_a_confirmation_that_comes_after_its_entry_is_told(archive: Archive, shelf: memory._Shelf) -> None:
    # Signed anew with as many digits and signatures: the text is as long as before.
    size = LogEntry.objects.count()
    row = Checkpoint.objects.get(size=size)
    log.append(entries=[{"type": "count", "v": 1, "at": "2026-09-01T10:00:00Z", "day": "2026-09-01"}])
    seen = memory.read_stamp()
    Checkpoint.objects.create(size=size + 1, root=row.root, text=row.text)
    newer = memory.read_stamp()
    assert newer != seen
    Checkpoint.objects.filter(size=size + 1).update(text=f"{row.text}— witness\n")
    assert memory.read_stamp() not in (seen, newer)


def test_the_next_day_makes_every_page_anew(archive: Archive, shelf: memory._Shelf, client: Client) -> None:
    assert "1 September 2026" in client.get(BASE).content.decode()
    tomorrow = NOW + datetime.timedelta(days=1)
    (archive.state.root / "sample-clock").write_text(str(int(tomorrow.timestamp())))
    assert "2 September 2026" in client.get(BASE).content.decode()


def test_the_shelf_never_holds_more_than_its_measure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MAX_BYTES", 1000)
    shelf = memory._Shelf()
    shelf.find("now", "")
    for number in range(50):
        # The key counts too: a visitor chooses how long an address is.
        shelf.put("now", f"{number:090}", memory.Page(b"x" * 10, {}))
        assert sum(len(key) + len(page.body) for key, page in shelf.pages.items()) == shelf.size <= 1000
    assert list(shelf.pages) == [f"{number:090}" for number in range(40, 50)]


READERS = 8


class Crowd:
    """Readers who ask for one page at once, each in a thread of its own; no database is asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.stamp: object = "now"
        self.made = 0
        self.asked = threading.Semaphore(0)
        self.another = threading.Event()
        self.lock = threading.Lock()
        self.pool = ThreadPoolExecutor(READERS)
        monkeypatch.setattr(memory, "read_stamp", self.read_stamp)

    def read_stamp(self) -> object:
        self.asked.release()
        return self.stamp

    def keep(self, first: Callable[[], HttpResponse]) -> memory.View:
        """Keep a view whose first answer is `first`; a later one says which it was."""

        def view(request: HttpRequest) -> HttpResponse:
            with self.lock:
                self.made += 1
                number = self.made
            if number == 1:
                return first()
            self.another.set()
            return HttpResponse(f"answer {number}")

        return memory.keep(view)

    def begin(self, view: memory.View, address: str = "/page/") -> Future[HttpResponse]:
        """Have one more reader ask; returns once that one has asked."""
        going = self.pool.submit(view, RequestFactory().get(address))
        assert self.asked.acquire(timeout=60)
        return going


@pytest.fixture
def crowd(monkeypatch: pytest.MonkeyPatch, shelf: memory._Shelf) -> Crowd:
    return Crowd(monkeypatch)


def test_readers_who_ask_at_once_share_one_rendering(crowd: Crowd, shelf: memory._Shelf) -> None:
    all_asked = threading.Event()

    def answer() -> HttpResponse:
        assert all_asked.wait(60)
        # Were another made, it would be now; nobody waits longer for that than this.
        crowd.another.wait(0.3)
        return HttpResponse("answer 1")

    view = crowd.keep(answer)
    going = [crowd.begin(view) for _ in range(READERS)]
    all_asked.set()
    assert [each.result(60).content for each in going] == [b"answer 1"] * READERS
    assert (crowd.made, len(shelf.pages), shelf.going) == (1, 1, {})


@pytest.mark.parametrize("status", [None, 404], ids=["raises", "not found"])
def test_when_nothing_comes_of_it_those_who_waited_make_it_themselves(
    crowd: Crowd, shelf: memory._Shelf, status: int | None
) -> None:
    fail = threading.Event()

    def answer() -> HttpResponse:
        assert fail.wait(60)
        if status is None:
            raise KeyError("a fault")
        return HttpResponse("not here", status=status)

    view = crowd.keep(answer)
    first, *others = [crowd.begin(view) for _ in range(READERS)]
    fail.set()
    assert all(each.result(60).content.startswith(b"answer ") for each in others)
    if status is None:
        with pytest.raises(KeyError):
            first.result(60)
    else:
        assert first.result(60).status_code == status
    assert shelf.going == {}


def test_who_asks_after_a_change_or_for_another_address_waits_for_nobody(crowd: Crowd) -> None:
    release = threading.Event()

    def answer() -> HttpResponse:
        assert release.wait(60)
        return HttpResponse("answer 1")

    view = crowd.keep(answer)
    first = crowd.begin(view)
    assert crowd.begin(view, "/page/?q=1").result(60).content == b"answer 2"
    crowd.stamp = "later"
    assert crowd.begin(view).result(60).content == b"answer 3"
    release.set()
    # And what was begun before the change is kept for nobody.
    assert first.result(60).content == b"answer 1"
    assert crowd.begin(view).result(60).content == b"answer 3"


def test_who_hangs_holds_up_nobody_for_ever(crowd: Crowd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "LONGEST_WAIT_SECONDS", 0.05)
    release = threading.Event()

    def answer() -> HttpResponse:
        assert release.wait(60)
        return HttpResponse("answer 1")

    view = crowd.keep(answer)
    hanging = crowd.begin(view)
    assert crowd.begin(view).result(60).content == b"answer 2"
    release.set()
    assert hanging.result(60).content == b"answer 1"


def test_a_page_that_asks_for_itself_does_not_wait_for_itself(crowd: Crowd) -> None:
    view = crowd.keep(lambda: view(RequestFactory().get("/page/")))
    assert crowd.begin(view).result(60).content == b"answer 2"
