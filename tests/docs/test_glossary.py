"""The glossary explains every word that the project's style fixes, each exactly once."""

import collections
import pathlib
import re

import pytest

GLOSSARY = (pathlib.Path(__file__).parents[2] / "GLOSSARY.md").read_text("utf-8")
DEFINED = collections.Counter(re.findall(r"^- \*\*([^*]+)\*\*: \S", GLOSSARY, re.MULTILINE))

# The word list of the style guide. Its scenario "sensitivity" is "influence", as the guide itself says.
WORDS = {
    "log": "entry, leaf hash, tile, entry bundle, checkpoint, signed note, cosignature, witness, policy, "
    "inclusion proof, consistency proof",
    "privacy": "privacy unit, epsilon, delta, rho, contribution bound, clamp, sensitivity, mechanism, "
    "key set, privacy loss, budget, ledger, charge, release",
    "data": "codebook, variable, category, universe, missing",
    "records": "inventory, item, page, redaction, ground, commitment, opening, publication, residue, "
    "tombstone",
    "access": "applicant, coordinator, panel, recusal, ballot, decision, grant, epoch, output checker",
    "risk": "framework, requirement, assessment, evidence, control, inherent, residual, finding",
    "scenario": "parameter, draw, seed, percentile, influence",
    "scorecard": "letter, ask, criterion, evidence, rating, as-of date",
    "kept apart": "patch, edition, output check, review",
    "drafts": "echo, draft, slot",
    "search": "lookup, index, generation, stamp, term, hit, cursor, excerpt",
}

PUBLIC_WORDS = {
    "sealed": "locked in before publication",
    "ground": "legal reason",
    "withheld": "held back",
    "redaction": "hidden part",
    "commitment": "digital fingerprint",
    "opened": "published",
    "tombstone": "removed, with the reason",
    "overdue": "days since the promised date",
    "checkpoint, cosignature, witness": "signed record, independent record-keeper",
    "epsilon": "privacy cost",
    "charge": "used from the privacy budget",
    "interval": "likely range",
    "provider": "company",
    "publisher": "who put this here",
}


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS.keys())
def test_every_fixed_word_has_a_line(words: str) -> None:
    missing = [word for word in words.split(", ") if word not in DEFINED]
    assert not missing, f"add a line for each of these to GLOSSARY.md: {missing}"


def test_no_word_is_explained_twice() -> None:
    assert [word for word, count in DEFINED.items() if count > 1] == []


def test_the_table_of_public_words_is_the_one_of_the_style_guide() -> None:
    table = GLOSSARY.partition("\n## Public words\n")[2]
    rows = dict(re.findall(r"^\| (.+?) \| (.+?) \|$", table, re.MULTILINE))
    rows = {word: shown for word, shown in rows.items() if word not in ("---", "word here")}
    assert rows == PUBLIC_WORDS
