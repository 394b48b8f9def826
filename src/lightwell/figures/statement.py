"""What a record says of its file, held against the file: by the site before it publishes, and by a verifier.

A record is written by people; its layout and its file are attached, and what it says beside them must be what
they give. All functions list problems by their place in the record and raise nothing.
"""

from __future__ import annotations

from lightwell.base import errors, fields
from lightwell.base.disclosure import Disclosure
from lightwell.figures import period as periods
from lightwell.figures import revision as revisions
from lightwell.figures.edition import Edition
from lightwell.figures.mapping import Mapping
from lightwell.figures.period import Period

COUNTS = ("changed", "dropped", "added")


def find_hint(record: Disclosure, title: str) -> Period | None:
    """Find of which period a file is that does not say so itself: by its name, else as the record says."""
    stated = record.body.get("edition")
    try:
        return periods.find_period(title) or (periods.parse_period(stated) if stated else None)
    except errors.UserMistake:
        return None


def find_problems(record: Disclosure, edition: Edition, mapping: Mapping) -> list[errors.Problem]:
    """List where a record says something else than its file and layout give: whose word, which edition."""
    body = record.body
    layout = next(each for each in mapping.layouts if each.version == edition.version)
    problems = []
    if body.get("points_in_all") != edition.size:
        sentence = f"its file holds {edition.size:,} figures by the attached layout"
        problems.append(errors.Problem("/body/points_in_all", sentence))
    if body.get("edition") != edition.name:
        problems.append(errors.Problem("/body/edition", f"by its file it is the edition {edition.name}"))
    if body.get("told_by") != layout.told_by:
        problems.append(errors.Problem("/body/told_by", f"by the layout it is the word of: {layout.told_by}"))
    named = body.get("mapping")
    if not isinstance(named, dict) or named.get("version") != edition.version:
        sentence = f"its file is laid out as {edition.version}, not as the record says"
        problems.append(errors.Problem("/body/mapping/version", sentence))
    if record.provider.name != layout.provider and record.provider.id != fields.make_slug(layout.provider):
        problems.append(errors.Problem("/provider", f"by the layout they are figures of {layout.provider}"))
    return problems


def find_step_problems(stated: dict[str, object], before: Edition, after: Edition) -> list[errors.Problem]:
    """List where a record says something else of its step from the edition before than the two files."""
    place = "/body/revisions"
    if (before.mapping, before.dataset) != (after.mapping, after.dataset):
        return [errors.Problem(f"{place}/record", "this is no edition of the same figures")]
    if (before.latest.last, before.latest.first) > (after.latest.last, after.latest.first):
        return [errors.Problem(f"{place}/record", f"the edition {before.name} is later than this one")]
    problems = []
    if stated.get("previous") != before.name:
        problems.append(errors.Problem(f"{place}/previous", f"by its file it is the edition {before.name}"))
    spans = (revisions.measure_span(before), revisions.measure_span(after))
    tally, _ = revisions.judge_figures(before.figures, after.figures, *spans)
    for name in COUNTS:
        number = getattr(tally, name)
        if stated.get(name) != number:
            sentence = f"by the two files it is {number:,}, not {stated.get(name)}"
            problems.append(errors.Problem(f"{place}/{name}", sentence))
    return problems
