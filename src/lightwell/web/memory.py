"""Pages kept in memory for as long as the archive has not changed, so that reading stays fast.

Only answers that are the same for every reader may be kept: no session, no cookie, no clock finer than
the day. The stamp is what the log holds, how far it is confirmed, and the day; when any moves, everything
kept is forgotten. It is read from the database for each request: whatever hides something appends to the
log in the same transaction, so that every process forgets with the commit that hides.

In each process one thread makes a page and those that ask for the same one meanwhile wait for it: otherwise
eight readers of a page that has just changed would make it eight times, all of them slowly.
"""

from __future__ import annotations

import datetime
import functools
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified

from lightwell.files import state

MAX_BYTES = 64 * 1024 * 1024
# Longer nobody waits for another's page: whoever makes it may hang.
LONGEST_WAIT_SECONDS = 20.0
_OK = 200
_KEPT_HEADERS = (
    "Content-Type",
    "Content-Disposition",
    "Access-Control-Allow-Origin",
    "Cross-Origin-Resource-Policy",
)

View = Callable[..., HttpResponse]


@dataclass(frozen=True, slots=True)
class Page:
    """An answer as it goes out."""

    body: bytes
    headers: dict[str, str]


class _Rendering:
    """A page that one thread is making; `page` stays None where nothing came of it that others may have."""

    def __init__(self) -> None:
        self.thread = threading.get_ident()
        self.done = threading.Event()
        self.page: Page | None = None


class _Shelf:
    """Rendered pages under their address, the least recently read one goes first; and those being made."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.stamp: object = None
        self.pages: OrderedDict[str, Page] = OrderedDict()
        self.size = 0
        # With the stamp: who asks after a change must not get what was begun before it.
        self.going: dict[tuple[object, str], _Rendering] = {}

    def find(self, stamp: object, key: str) -> Page | None:
        with self.lock:
            return self._find(stamp, key)

    def _find(self, stamp: object, key: str) -> Page | None:
        if stamp != self.stamp:
            self.stamp, self.size = stamp, 0
            self.pages.clear()
        if key in self.pages:
            self.pages.move_to_end(key)
        return self.pages.get(key)

    def find_or_begin(self, stamp: object, key: str) -> Page | _Rendering:
        """Find a page, waiting for whoever makes it; a rendering where the asking thread is to make it.

        The rendering must be given back by `end`, whatever happens. Who waited in vain makes the page alone.
        """
        with self.lock:
            found = self._find(stamp, key)
            if found is not None:
                return found
            other = self.going.get((stamp, key))
            if other is None:
                return self.going.setdefault((stamp, key), _Rendering())
        if other.thread != threading.get_ident():
            if not other.done.wait(LONGEST_WAIT_SECONDS):
                self._drop(stamp, key, other)
            if other.page is not None:
                return other.page
        return _Rendering()

    def end(self, stamp: object, key: str, rendering: _Rendering, page: Page | None) -> None:
        """Give what was made to all who wait; with None they make it themselves."""
        if page is not None:
            self.put(stamp, key, page)
        self._drop(stamp, key, rendering)
        rendering.page = page
        rendering.done.set()

    def _drop(self, stamp: object, key: str, rendering: _Rendering) -> None:
        with self.lock:
            if self.going.get((stamp, key)) is rendering:
                del self.going[stamp, key]

    def put(self, stamp: object, key: str, page: Page) -> None:
        with self.lock:
            if stamp != self.stamp or key in self.pages:
                return
            self.pages[key] = page
            self.size += len(key) + len(page.body)
            while self.size > MAX_BYTES:
                name, gone = self.pages.popitem(last=False)
                self.size -= len(name) + len(gone.body)


_shelf = _Shelf()


def read_stamp() -> tuple[object, ...]:
    """Say which state of the archive this is: the same stamp means that every public page is the same."""
    opened = state.open_state()
    with connection.cursor() as cursor:
        # One question instead of two models' worth: this is asked for every page.
        cursor.execute(
            'SELECT (SELECT MAX("index") FROM log_entry), (SELECT COUNT(*) FROM provider), '
            "(SELECT COUNT(*) FROM past_name), "
            # A confirmation comes after its entries and changes dates without another one; the length alone
            # would not tell one checkpoint from the next.
            "(SELECT MAX(size) FROM checkpoint), "
            "(SELECT LENGTH(text) FROM checkpoint ORDER BY size DESC LIMIT 1)"
        )
        counted = cursor.fetchone()
    return connection.settings_dict["NAME"], opened.root, counted, read_now(opened).date()


def read_now(opened: state.State) -> datetime.datetime:
    """Read the time as `State.read_now` does, without reading the keys again for each page of a sample."""
    clock = opened.root / "sample-clock"
    try:
        changed = clock.stat().st_mtime_ns, (opened.root / "log.key").stat().st_mtime_ns
    except FileNotFoundError:
        return opened.read_now()
    return _read_sample_clock(opened, changed)


@functools.lru_cache(maxsize=4)
def _read_sample_clock(opened: state.State, _changed: tuple[int, int]) -> datetime.datetime:
    return opened.read_now()


def keep(view: View) -> View:
    """Keep what a view answers to a GET; it must depend on the address and the archive alone."""
    return _keep(view, lambda: "")


def keep_by_names(*names: str) -> Callable[[View], View]:
    """Keep what a view answers by these names of its address alone, for pages that cost much to make.

    The view may read nothing else of the address: whatever is asked beside them finds the same answer.
    """

    def read_address(request: HttpRequest) -> str:
        asked = [(name, request.GET[name]) for name in names if name in request.GET]
        return f"{request.path}?{urlencode(asked)}"

    return lambda view: _keep(view, lambda: "", read_address)


def keep_a_minute(view: View) -> View:
    """Keep what a view answers for the rest of the minute, for pages that count minutes."""
    return _keep(view, lambda: f"{read_now(state.open_state()):%H:%M}")


def keep_by(read_mark: Callable[[], str]) -> Callable[[View], View]:
    """Keep what a view answers as long as a mark stays the same, where it shows more than the archive."""
    return lambda view: _keep(view, read_mark)


def _keep(
    view: View,
    read_moment: Callable[[], str],
    read_address: Callable[[HttpRequest], str] = HttpRequest.get_full_path,
) -> View:
    @functools.wraps(view)
    def answer(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            return view(request, *args, **kwargs)
        stamp = read_stamp()
        key = f"{read_moment()} {request.scheme}://{request.get_host()}{read_address(request)}"
        shelf = _shelf
        found = shelf.find_or_begin(stamp, key)
        if isinstance(found, _Rendering):
            rendering, page = found, None
            try:
                response = view(request, *args, **kwargs)
                if response.status_code != _OK or response.cookies or response.streaming:
                    return response
                page = found = _make_page(response)
            finally:
                shelf.end(stamp, key, rendering, page)
        if request.headers.get("If-None-Match") == found.headers["ETag"]:
            return HttpResponseNotModified(headers=found.headers)
        return HttpResponse(found.body, headers=found.headers)

    return answer


def _make_page(response: HttpResponse) -> Page:
    headers = {name: response[name] for name in _KEPT_HEADERS if name in response}
    mark = hashlib.sha256(response.content).hexdigest()[:32]
    return Page(response.content, {**headers, "ETag": f'"{mark}"', "Cache-Control": "no-cache"})
