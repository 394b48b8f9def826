"""The single-file verifier in a real Chromium, from disk, without a network: the same verdicts."""

from __future__ import annotations

import importlib.util
import json
import os
import random
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

selenium = pytest.importorskip("selenium")
import verifier_fixture  # noqa: E402
from selenium import webdriver  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from verifier_fixture import PAGE, ROOT, check, needs_chromium, open_page, read_verdict  # noqa: E402


@pytest.fixture(scope="module")
def browser() -> Iterator[webdriver.Chrome]:
    with verifier_fixture.run_chromium() as driver:
        yield driver


@pytest.mark.browser
@needs_chromium
def test_a_whole_bundle_is_verified_and_nothing_leaves_the_computer(
    browser: webdriver.Chrome, whole_bundle: Path
) -> None:
    title, sentence = check(browser, whole_bundle)
    assert title == "Verified", sentence
    summary = browser.find_element(By.ID, "summary").text
    assert "7 documents locked in = 1 published + 1 published in part" in summary
    assert "This is a labelled sample" in summary
    asked = [json.loads(each["message"])["message"] for each in browser.get_log("performance")]
    addresses = {
        each["params"]["request"]["url"] for each in asked if each["method"] == "Network.requestWillBeSent"
    }
    assert addresses == {PAGE.as_uri()}
    assert [each for each in browser.get_log("browser") if each["level"] == "SEVERE"] == []


def load_builder() -> ModuleType:
    spec = importlib.util.spec_from_file_location("verifier_builder", ROOT / "docs/make/verifier.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_small_self_contained_and_built_from_its_sources() -> None:
    builder, page = load_builder(), PAGE.read_text()
    assert len(page.encode()) <= 40_000
    assert f'content="{builder.compute_source_hash()}"' in page, "run: python docs/make/verifier.py"
    loader = re.search("<script>(.*?)</script>", page, re.DOTALL)[1]
    packed = re.search('<script type="text/plain" id="packed">([A-Za-z0-9+/=]+)</script>', page)[1]
    script = builder.unpack(packed)
    style = re.search("<style>(.*?)</style>", page, re.DOTALL)[1]
    rule = re.search('Content-Security-Policy" content="([^"]*)"', page)[1]
    loads, runs, shows = (f"'{builder.hash_for_policy(each)}'" for each in (loader, script, style))
    wanted = f"script-src {loads} {runs}; style-src {shows}; base-uri 'none'; form-action 'none'"
    assert rule == f"default-src 'none'; {wanted}"
    markup = page.replace(loader, "").replace(style, "").replace(packed, "")
    assert not re.search(r"\son[a-z]+=|\ssrc=|\shref=|https?:", markup)
    assert not re.search(r"fetch\(|XMLHttpRequest|WebSocket|innerHTML|\beval\b|import\(", loader + script)


@pytest.mark.browser
@needs_chromium
@pytest.mark.parametrize("share", [10, pytest.param(None, marks=pytest.mark.full)], ids=["sample", "all"])
def test_a_changed_byte_is_refused_in_the_browser_with_the_name_of_its_file(
    share: int | None, browser: webdriver.Chrome, bundle: Path, mend_list: Callable[[Path], None]
) -> None:
    dice = random.Random(14)
    names = sorted(path.relative_to(bundle).as_posix() for path in bundle.rglob("*") if path.is_file())
    for name in names if share is None else dice.sample(names, share):
        path, kept = bundle / name, (bundle / name).read_bytes()
        at = dice.randrange(60 if name.startswith("log/checkpoint") else len(kept))
        path.write_bytes(kept[:at] + bytes([kept[at] ^ 1]) + kept[at + 1 :])
        title, sentence = check(browser, bundle)
        assert (title, sentence.startswith(f"{name}:")) == ("Refused", True), sentence
        if name not in ("SHA256SUMS", "README.txt", "ro-crate-metadata.json"):
            mend_list(bundle)
            title, sentence = check(browser, bundle)
            assert title == "Refused", name
            assert sentence.startswith((name, "policy", "log/checkpoint")), (name, sentence)
        path.write_bytes(kept)
        mend_list(bundle)
    assert check(browser, bundle)[0] == "Verified"


def damage(path: Path, how: str) -> str:
    """Do one thing to a file; the name by which it is missed."""
    data = path.read_bytes()
    if how == "delete":
        path.unlink()
    elif how == "add":
        path = path.with_name(path.name + "x")
        path.write_bytes(data)
    elif how == "rename":
        path.rename(path.with_name("~" + path.name))
    else:
        changed = {
            "first byte": bytes([data[0] ^ 1]) + data[1:],
            "last byte": data[:-1] + bytes([data[-1] ^ 1]),
            "cut": data[:-1],
            "longer": data + b"\n",
            "empty": b"",
        }
        path.write_bytes(changed[how])
    return path.name


@pytest.mark.browser
@needs_chromium
@pytest.mark.parametrize("share", [10, pytest.param(None, marks=pytest.mark.full)], ids=["sample", "all"])
def test_whatever_is_done_to_a_file_of_a_real_bundle_the_browser_names_it(
    share: int | None, browser: webdriver.Chrome, small_home: Path, tmp_path: Path
) -> None:
    """`LIGHTWELL_BUNDLE` may name another bundle than the one made here."""
    source = ROOT / os.environ.get("LIGHTWELL_BUNDLE", small_home / "bundle")
    copy = Path(shutil.copytree(source, tmp_path / "copy"))
    ways = ("first byte", "last byte", "cut", "longer", "empty", "delete", "add", "rename")
    files = sorted(path.relative_to(source) for path in source.rglob("*") if path.is_file())
    every = [(each, way) for each in files for way in ways]
    for each, way in every if share is None else random.Random(19).sample(every, share):
        name = damage(copy / each, way)
        title, sentence = check(browser, copy)
        assert (title, name in sentence.partition(":")[0]) == ("Refused", True), (each, way, sentence)
        shutil.rmtree(copy)
        shutil.copytree(source, copy)
    assert check(browser, copy)[0] == "Verified"


@pytest.mark.browser
@needs_chromium
def test_a_quorum_that_needs_a_signature_unknown_to_the_browser_could_not_be_checked(
    browser: webdriver.Chrome, whole_bundle: Path, tmp_path: Path
) -> None:
    """The third record-keeper signs with ML-DSA-44, which browsers lack."""
    rule = (whole_bundle / "policy").read_bytes()
    own = tmp_path / "own"
    own.write_bytes(rule.replace(b"group two 2", b"group two 3"))
    title, sentence = check(browser, whole_bundle, own)
    assert (title, "cannot check the kind of signature" in sentence) == ("Could not check", True)
    own.write_bytes(rule.replace(b"quorum two", b"quorum first"))
    assert check(browser, whole_bundle, own)[0] == "Verified"
    own.write_bytes(rule.replace(b"log ", b"# ", 1))
    title, _ = check(browser, whole_bundle, own)
    assert title == "Could not check", "the log's remaining key is one that the browser cannot check"
    own.write_bytes(rule.replace(b"quorum two", b"quorum nobody"))
    assert check(browser, whole_bundle, own)[0] == "Could not check", "a policy that is none is no refusal"


@pytest.mark.browser
@needs_chromium
def test_a_browser_without_ed25519_says_that_it_could_not_check(
    browser: webdriver.Chrome, whole_bundle: Path
) -> None:
    open_page(browser)
    browser.execute_script("crypto.subtle.importKey = async () => { throw new Error('not supported'); }")
    browser.find_element(By.ID, "folder").send_keys(str(whole_bundle))
    assert read_verdict(browser)[0] == "Could not check"


@pytest.mark.browser
@needs_chromium
def test_one_page_is_verified_alone_and_a_changed_word_is_refused_with_its_line(
    browser: webdriver.Chrome, whole_bundle: Path, page_proof: dict, tmp_path: Path
) -> None:
    path = tmp_path / "proof.json"

    def judge(policy: Path | None) -> tuple[str, str]:
        open_page(browser)
        if policy:
            browser.find_element(By.ID, "policy").send_keys(str(policy))
        path.write_text(json.dumps(page_proof, indent=1))
        browser.find_element(By.ID, "page").send_keys(str(path))
        return read_verdict(browser)

    assert judge(None)[0] == "Could not check"
    assert judge(whole_bundle / "policy")[0] == "Verified"
    assert browser.find_element(By.ID, "summary").text.count("[hidden part]") == 2
    page_proof["page"]["lines"][3][0][0] = "forged"
    title, sentence = judge(whole_bundle / "policy")
    assert (title, "page 2, line 4:" in sentence) == ("Refused", True), sentence


@pytest.mark.browser
@needs_chromium
def test_the_page_is_usable_by_keyboard_on_a_narrow_screen(
    browser: webdriver.Chrome, whole_bundle: Path
) -> None:
    check(browser, whole_bundle)
    width = "return document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    assert browser.execute_script(width)
    assert browser.switch_to.active_element.get_attribute("id") == "verdict"
    reached = []
    for _ in range(2):
        webdriver.ActionChains(browser).send_keys(Keys.TAB).perform()
        reached.append(browser.switch_to.active_element)
    assert [each.tag_name for each in reached] == ["div", "summary"]
    reached[1].send_keys(Keys.ENTER)
    assert "RFC 6962" in browser.find_element(By.ID, "steps").text
    open_page(browser)
    stops = []
    for _ in range(3):
        webdriver.ActionChains(browser).send_keys(Keys.TAB).perform()
        stops.append(browser.switch_to.active_element)
    assert [each.get_attribute("id") for each in stops] == ["folder", "policy", "page"]
