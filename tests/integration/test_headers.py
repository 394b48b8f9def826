"""What every route answers over a real connection: its headers, no cookie, no code inside a page.

The addresses come from Django's own resolver (`exit_fixture`), so that a new route is asked too.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import wsgiref.simple_server
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import exit_fixture as exits
import httpx
import pytest
from django.core.wsgi import get_wsgi_application
from test_serving import MAIN, find_port, run, wait_for

from lightwell.actions import tryouts

pytestmark = pytest.mark.django_db(transaction=True)

# The same for all; a page may allow files of ours as scripts, the API may be read from other sites.
EXACT = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()",
}
_SOURCES = {"'none'", "'self'"}
_DIRECTIVES = {
    "default-src", "style-src", "font-src", "img-src", "form-action", "frame-ancestors", "base-uri",
    "script-src", "connect-src", "sandbox",
}  # fmt: skip
# Whoever has a session and a token has them for this path only.
STALE = {"Cookie": "lightwell=stale; lightwell-form=stale; other=1"}
ADDRESSES_OF_A_ROUTE = 3
PASSWORD = "slow lanterns over water"


class Quiet(wsgiref.simple_server.WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Print nothing."""


@dataclass
class Site:
    """The archive of `exit_fixture` behind a socket."""

    world: exits.World
    client: httpx.Client

    def list_addresses(self) -> list[str]:
        found = ["/static/lightwell.css", "/static/no-such-file", "/no/such/place", "/api/1/no/such"]
        for name, route in exits.list_routes():
            filled = [address for address, _ in exits.fill_route(self.world, name, route)]
            # The first, one in the middle and the last: shown, hidden, unknown.
            few = len(filled) <= ADDRESSES_OF_A_ROUTE or name == "file"
            chosen = None if few else {0, len(filled) // 2, len(filled) - 1}
            found += [each for k, each in enumerate(filled) if chosen is None or k in chosen]
        return found


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("LIGHTWELL_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(tryouts, "ROWS", 300)
    world = exits.build_world(tmp_path / "state", tmp_path / "documents")
    server = wsgiref.simple_server.make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    with httpx.Client(base_url=f"http://localhost:{server.server_port}", timeout=60) as client:
        yield Site(world, client)
    server.shutdown()
    thread.join()
    server.server_close()


class _Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.inline: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "style" or (tag == "script" and not (given.get("src") or "").startswith("/")):
            self.inline.append(f"<{tag}>")
        self.inline += [f"<{tag} {name}>" for name in given if name == "style" or name.startswith("on")]
        self.inline += [
            f"<{tag} {name}={value}>"
            for name, value in attrs
            if name in ("href", "src", "action")
            and (value or "").lower().startswith(("javascript:", "data:"))
        ]


def judge_policy(policy: str) -> list[str]:
    """Name what a Content-Security-Policy lets in that it must not."""
    directives = {}
    for each in filter(None, (part.strip() for part in policy.split(";"))):
        name, *sources = each.split()
        directives[name] = sources
    wrong = [f"unknown {name}" for name in directives if name not in _DIRECTIVES]
    wrong += [
        f"{name} {source}" for name, all_ in directives.items() for source in all_ if source not in _SOURCES
    ]
    if directives.get("default-src") != ["'none'"]:
        wrong.append("default-src is not 'none'")
    wrong += [
        f"{name} is not 'none'"
        for name in ("frame-ancestors", "base-uri")
        if directives.get(name) != ["'none'"]
    ]
    return wrong


def judge(answer: httpx.Response) -> list[str]:
    """Name everything about an answer that breaks the rules of this file."""
    headers = answer.headers
    wrong = [f"{name}: {headers.get(name)!r}" for name, value in EXACT.items() if headers.get(name) != value]
    wrong += judge_policy(headers.get("content-security-policy", ""))
    open_to_all = headers.get("access-control-allow-origin") == "*"
    if headers.get("cross-origin-resource-policy") != ("cross-origin" if open_to_all else "same-origin"):
        wrong.append(f"cross-origin-resource-policy: {headers.get('cross-origin-resource-policy')}")
    if answer.request.url.path.startswith("/workspace/"):
        if "no-store" not in headers.get("cache-control", ""):
            wrong.append("a page of the workspace may be kept")
        if open_to_all:
            wrong.append("other sites may read the workspace")
        for cookie in headers.get_list("set-cookie"):
            # One that takes an old cookie away needs no more than its path.
            if cookie.startswith('lightwell=""') and "Max-Age=0" in cookie and "Path=/workspace/" in cookie:
                continue
            if not all(word in cookie for word in ("Path=/workspace/", "HttpOnly", "SameSite=Strict")):
                wrong.append(f"set-cookie: {cookie}")
    else:
        wrong += [f"set-cookie: {each}" for each in headers.get_list("set-cookie")]
        if "cookie" in headers.get("vary", "").lower():
            wrong.append(f"vary: {headers['vary']}")
    kind = headers.get("content-type", "")
    if answer.content and answer.request.method != "HEAD" and not kind:
        wrong.append("no content-type")
    if kind.startswith("text/") and "charset=utf-8" not in kind.replace('"', ""):
        wrong.append(f"no charset: {kind}")
    if kind.startswith("text/html") and "attachment" not in headers.get("content-disposition", ""):
        wrong += _Tags(answer.text).inline
    if "strict-transport-security" in headers:
        wrong.append("insists on TLS without TLS")
    return wrong


def test_every_route_answers_every_method_with_all_headers_and_no_cookie_outside_the_workspace(
    site: Site,
) -> None:
    wrong: list[str] = []
    asked = 0
    for address in site.list_addresses():
        for method in ("GET", "POST", "OPTIONS"):
            answer = site.client.request(method, address, headers=STALE)
            asked += 1
            wrong += [f"{method} {address} ({answer.status_code}): {each}" for each in judge(answer)]
    assert not wrong, "\n".join(wrong)
    assert asked > 300
    for address in ("/", "/search/", "/api/1/studies", "/workspace/sign-in/"):
        assert site.client.request("TRACE", address).status_code == 405, address
    # What Django itself refuses before any view is asked.
    strange = site.client.get("/", headers={"Host": "elsewhere.example"})
    assert strange.status_code == 400
    assert judge(strange) == []


def test_files_are_sent_as_what_they_are_to_be_saved_and_are_the_same_for_everybody(site: Site) -> None:
    kept: dict[str, httpx.Response] = {}
    for address in site.list_addresses():
        answer = site.client.get(address)
        if answer.status_code == 200 and not address.startswith("/workspace/"):
            kept[address] = answer
    for kind in ("/files/", "/picture", "/proof", "/log/tile/", "/static/", "/documents/"):
        assert any(kind in address for address in kept), kind
    for address, answer in kept.items():
        if address.startswith(("/files/", "/static/", "/log/tile/")) or "/documents/" in address:
            again = site.client.get(address, headers=STALE)
            assert (again.status_code, again.content) == (200, answer.content), address
        if address.startswith("/files/"):
            assert answer.headers["content-security-policy"].startswith("sandbox"), address
            assert answer.headers["content-disposition"].startswith("attachment"), address
            is_pdf = answer.content.startswith(b"%PDF")
            assert (answer.headers["content-type"] == "application/pdf") == is_pdf, address


@pytest.mark.parametrize(
    "policy",
    [
        "",
        "default-src 'none'; script-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
        "default-src 'none'; script-src 'nonce-abc'; frame-ancestors 'none'; base-uri 'none'",
        "default-src 'none'; img-src https://elsewhere.example; frame-ancestors 'none'; base-uri 'none'",
        "default-src 'none'; img-src data:; frame-ancestors 'none'; base-uri 'none'",
        "default-src 'self'; frame-ancestors 'none'; base-uri 'none'",
        "default-src 'none'; base-uri 'none'",
        "default-src 'none'; worker-src 'self'; frame-ancestors 'none'; base-uri 'none'",
    ],
)
def test_the_judge_of_policies_refuses_what_lets_code_or_strangers_in(policy: str) -> None:
    assert judge_policy(policy)


@pytest.mark.parametrize(
    "page", ["<p style='x'>", "<a onclick='x'>", "<script>x</script>", "<a href='javascript:x'>"]
)
def test_the_judge_of_pages_sees_code_inside(page: str) -> None:
    assert _Tags(page).inline


def add_officer(environment: dict[str, str]) -> None:
    """Add somebody who can sign in; without a terminal the command reads the password from its input."""
    added = subprocess.run(
        [*MAIN, "person", "add", "dan", "--role", "safeguarding-officer"],
        env=environment, input=f"{PASSWORD}\n{PASSWORD}\n", capture_output=True, text=True, timeout=90,
        start_new_session=True, check=False,
    )  # fmt: skip
    assert added.returncode == 0, added.stderr


def sign_in_over_tls(site: str, secure: dict[str, str]) -> dict[str, str]:
    """Sign in as a browser behind TLS does; the last cookie set under each name, as it was set."""
    form = httpx.get(f"{site}/workspace/sign-in/", headers=secure)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form.text)[1]
    first = [each.split(";")[0] for each in form.headers.get_list("set-cookie")]
    answer = httpx.post(
        f"{site}/workspace/sign-in/",
        data={"username": "dan", "password": PASSWORD, "csrfmiddlewaretoken": token},
        headers=secure | {"Cookie": "; ".join(first), "Origin": site.replace("http:", "https:")},
    )
    assert answer.status_code == 302, answer.text
    found = form.headers.get_list("set-cookie") + answer.headers.get_list("set-cookie")
    return {each.split("=")[0]: each for each in found}


def test_over_tls_browsers_are_told_to_come_back_by_tls_and_cookies_insist_on_it(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if name != "LIGHTWELL_DATABASE"}
    environment = {**kept, "LIGHTWELL_STATE": str(tmp_path / "state"), "LIGHTWELL_TLS": "1"}
    assert run(environment, "init", "--origin", "archive.example/tls").returncode == 0
    add_officer(environment)
    port = find_port()
    serving = subprocess.Popen(
        [*MAIN, "serve", "--port", str(port), "--processes", "1", "--no-worker"],
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        site = f"http://127.0.0.1:{port}"
        wait_for(f"{site}/how-to-check/", lambda answer: answer.status_code == 200)
        secure = {"X-Forwarded-Proto": "https"}
        for address in (
            "/",
            "/static/lightwell.css",
            "/no/such/place",
            "/workspace/sign-in/",
            "/api/1/studies",
        ):
            told = httpx.get(site + address, headers=secure).headers["strict-transport-security"]
            assert int(re.search(r"max-age=(\d+)", told)[1]) >= 31_536_000, address
            assert "includeSubDomains" in told, address
            assert "strict-transport-security" not in httpx.get(site + address).headers, address
        cookies = sign_in_over_tls(site, secure)
        # RFC 6265bis, section 4.1.3.2: of this host alone, so that no neighbour under the domain plants one.
        assert sorted(cookies) == ["__Host-lightwell", "__Host-lightwell-form"]
        for cookie in cookies.values():
            told = cookie.split("; ")[1:]
            assert {"Secure", "Path=/", "HttpOnly", "SameSite=Strict"} <= set(told), cookie
            assert not [each for each in told if each.lower().startswith("domain")], cookie
        held = secure | {"Cookie": "; ".join(each.split(";")[0] for each in cookies.values())}
        # Who is known is led on to what is missing for the account; a stranger is led to the door.
        inside = [httpx.get(f"{site}/workspace/account/", headers=each) for each in (secure, held)]
        assert ["sign-in" in each.headers["location"] for each in inside] == [True, False]
        # Browsers send them everywhere now; whatever is public is still the same for everybody.
        for address in ("/", "/static/lightwell.css", "/files/" + "0" * 64, "/api/1/studies", "/search/?q=a"):
            alone, known = (httpx.get(site + address, headers=each) for each in (secure, held))
            assert (alone.status_code, alone.content) == (known.status_code, known.content), address
            assert "set-cookie" not in known.headers, address
            assert "cookie" not in known.headers.get("vary", "").lower(), address
    finally:
        serving.send_signal(signal.SIGTERM)
        serving.wait(timeout=30)
