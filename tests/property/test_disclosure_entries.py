"""Whatever a record says: its log entries hold ids, types, dates, digests, fingerprints, never its words."""

import re

from hypothesis import given
from hypothesis import strategies as st

from lightwell.base import disclosure, ids, tombstone, withholding

# Words no id, date, digest or ground can hold: they end in a sign that none of these uses.
WORDS = st.text(st.characters(min_codepoint=33, max_codepoint=0x24F), min_size=1, max_size=30).map(
    lambda text: text + "!"
)
SLUGS = st.from_regex(r"[a-z][a-z-]{2,20}", fullmatch=True)
KIND = st.sampled_from(disclosure.KINDS)
FIXED = re.compile(
    r"(sha256:)?[0-9a-f]{64}|[a-z]{3}-[0-9a-hjkmnp-tv-z]{14}|[0-9]{4}-[0-9]{2}-[0-9]{2}|"
    r"lightwell\.(disclosure|tombstone)\.v1|security|published-in-error|publisher|approver|"
    + "|".join(disclosure.KINDS)
)


def list_texts(value):
    if isinstance(value, dict):
        return [text for key, each in value.items() for text in [key, *list_texts(each)]]
    if isinstance(value, list):
        return [text for each in value for text in list_texts(each)]
    return [value] if isinstance(value, str) else []


@given(KIND, st.lists(WORDS, min_size=8, max_size=8), SLUGS, SLUGS, st.lists(WORDS, min_size=1, max_size=4))
def test_an_entry_is_made_of_fixed_forms_only(kind, words, slug, other, held) -> None:
    about = {"id": ids.format_id("study", b"theother"), "digest": f"sha256:{'5' * 64}"}
    full = disclosure.parse_disclosure(
        {
            "id": ids.format_id(kind, b"propentr"),
            "kind": kind,
            "version": 1,
            "schema": 1,
            "publisher": {"id": slug, "role": "newsroom", "name": words[0]},
            "provider": {"id": other, "name": words[1]},
            "services": [{"id": slug, "name": words[2]}],
            "language": "pt-BR",
            "date": "2026-01-15",
            "about": about if kind in disclosure.KINDS_ABOUT_ANOTHER else None,
            "attachments": [
                {"digest": f"sha256:{'7' * 64}", "bytes": 1, "media_type": "text/csv", "title": words[3]}
            ],
            "body": {"title": words[4], words[5]: words[6], "parts": held},
        }
    )
    places = [f"/body/parts/{number}" for number in range(len(held))]
    decisions = [
        withholding.Decision(place, "security", "2026-06-01", "approver", repeats_accepted=True)
        for place in places
    ]
    salts = {place: bytes([number]) * 32 for number, place in enumerate(places)}
    public, openings = withholding.withhold_fields(full, decisions, salts)
    shown = withholding.lift_fields(public, openings, "2026-03-01")
    stone = tombstone.make_tombstone(shown, "published-in-error", "2026-04-01", ("publisher", "approver"))
    entries = [disclosure.format_log_entry(each) for each in (full, public, shown)]
    entries.append(tombstone.format_tombstone(stone))
    names = {
        "type", "id", "kind", "version", "date", "digest", "supersedes", "about", "withheld", "opened",
        "ground", "expires", "commitment", "decided_by",
    }  # fmt: skip
    for text in list_texts(entries):
        assert text in names or FIXED.fullmatch(text), text
        assert text not in (*words, *held)
    # Not even the length of what is held back shows: fingerprints have one size.
    assert {len(each["commitment"]) for each in entries[1]["withheld"]} == {64}
