"""All studies' findings in one place, as the press and the tests read them. Absent: any analysis of its own."""

from __future__ import annotations

from lightwell.sample import (
    crosstab,
    study_body,
    study_bullying,
    study_earlier,
    study_live,
    study_night,
    study_spread,
)
from lightwell.sample.world import Findings, World

STUDIES = (study_bullying, study_body, study_earlier, study_live, study_night, study_spread)


def find_all(world: World) -> Findings:
    """Findings of every study, merged; a name used twice is refused."""
    found = Findings()
    crosstab.fill_sections(world, found)
    for study in STUDIES:
        found = found.merge(study.find(world))
    return found
