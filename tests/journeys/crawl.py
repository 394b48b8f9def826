"""Every kind of page a reader can reach from the front page, found by following links as a reader would."""

from __future__ import annotations

import http
import urllib.error
import urllib.parse
import urllib.request
from collections import defaultdict, deque
from collections.abc import Iterator
from html.parser import HTMLParser

from django.urls import Resolver404, resolve

# So many addresses of each kind are read; two of them are looked at in the browser.
FOLLOWED = 12
ABSENT = "/no/such/page"


class Links(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a" and (address := dict(attrs).get("href")):
            self.addresses.append(address)


def read_page(address: str) -> str | None:
    """Read a page's HTML, also of one that says no (404); None for a file to take away."""
    try:
        with urllib.request.urlopen(address) as answer:
            page = answer.headers.get_content_type() == "text/html"
            return str(answer.read().decode()) if page else None
    except urllib.error.HTTPError as error:
        if error.code >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
            raise AssertionError(f"{address} answers {error.code}") from None
        return error.read().decode()


def crawl_site(site: str) -> dict[str, list[str]]:
    """Follow links from the front page; returns addresses (paths) by name of route."""
    found: dict[str, list[str]] = defaultdict(list)
    seen = {"/"}
    waiting = deque(["/"])
    while waiting:
        path = waiting.popleft()
        name = name_route(path)
        if len(found.get(name, ())) >= FOLLOWED:
            continue
        html = read_page(site + path)
        if html is None:
            continue
        found[name].append(path)
        for link in _list_links(path, html):
            if link not in seen:
                seen.add(link)
                waiting.append(link)
    return dict(found)


def choose_pages(found: dict[str, list[str]]) -> list[str]:
    """Choose of each kind the first and the last that were found, with a page that is not there."""
    chosen = [ABSENT]
    for paths in found.values():
        chosen += dict.fromkeys([paths[0], paths[-1]])
    return chosen


def name_route(path: str) -> str:
    """Name the route of a path by Django's own resolver."""
    try:
        return resolve(urllib.parse.urlsplit(path).path).view_name or path
    except Resolver404:
        raise AssertionError(f"a page links to {path}, which is no address of this site") from None


def _list_links(path: str, html: str) -> Iterator[str]:
    for address in Links(html).addresses:
        place = urllib.parse.urljoin(path, address.partition("#")[0])
        if place.startswith("/") and not place.startswith("/workspace"):
            yield place
