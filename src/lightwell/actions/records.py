"""Reading public records: newest versions, histories, who answered them. Nothing is written here.

Everything passes the gate of `Disclosure.objects.visible()`; of a removed version only its place,
date and reason come out.
"""

from __future__ import annotations

from dataclasses import dataclass

from lightwell.actions import parties
from lightwell.base import canonical, difference, disclosure, errors
from lightwell.db.models import Disclosure, Publication, Tombstone


@dataclass(frozen=True, slots=True)
class Version:
    """One version as the public may see it; `record` is None where it was removed, and `removal` says why."""

    number: int
    date: str
    digest: str
    log_index: int
    record: disclosure.Disclosure | None
    removal: Tombstone | None
    previous: int | None = None  # the newest version before it that is still shown


@dataclass(frozen=True, slots=True)
class History:
    """Every version of one record, oldest first; `provider` is empty where nothing in view names it."""

    id: str
    kind: str
    provider: str
    versions: tuple[Version, ...]

    @property
    def newest(self) -> Version:
        """The version with the highest number, also when it was removed."""
        return self.versions[-1]

    def find_version(self, number: int) -> Version | None:
        """Find a version by its number, which counts from 1; None when there never was one."""
        return next((each for each in self.versions if each.number == number), None)


def list_newest(**filters: object) -> list[Disclosure]:
    """List the newest visible version of each record; one whose newest version was removed is left out.

    In the order in which they were put here, the last first: a date of the publisher's own moves nothing.
    """
    rows = Disclosure.objects.newest().visible().filter(**filters)
    return list(rows.order_by("-log_index"))


def read_history(record: str) -> History | None:
    """Read every version of a record, removed ones as their place only; None when there never was one."""
    rows = list(Disclosure.objects.filter(record=record).select_related("tombstone").order_by("version"))
    if not rows:
        return None
    versions: list[Version] = []
    previous = None
    for row in rows:
        versions.append(_read_version(row, previous))
        previous = row.version if versions[-1].record else previous
    provider = rows[0].provider_id
    return History(
        rows[0].record, rows[0].kind, provider if parties.is_shown(provider) else "", tuple(versions)
    )


def compare_versions(history: History, old: int, new: int) -> list[difference.Change]:
    """List what changed between two versions, without their numbers and dates.

    Raises `UserMistake` when one of them is not there, or was removed.
    """
    found = [history.find_version(number) for number in (old, new)]
    shown = [version.record for version in found if version is not None and version.record is not None]
    if len(shown) != len(found):
        raise errors.UserMistake(
            f"versions {old} and {new} of {history.id} cannot be compared: one is not shown here"
        )
    return difference.select_substance(difference.diff(shown[0], shown[1]))


def read_bytes(record: str, version: int) -> bytes | None:
    """Return the canonical bytes of a visible version, None when it is not there or was removed."""
    row = Disclosure.objects.visible().filter(record=record, version=version).first()
    return None if row is None else bytes(row.data)


def read_publication_summary(study: str) -> str:
    """Return the summary of a study's newest publication, as whoever published it wrote it; or nothing."""
    row = Publication.objects.filter(study_id=study).order_by("-number").first()
    document = canonical.decode(bytes(row.data)) if row else None
    return str(document.get("summary") or "") if isinstance(document, dict) else ""


def _read_version(row: Disclosure, previous: int | None) -> Version:
    removal = getattr(row, "tombstone", None)
    gone = removal is not None or row.data is None
    return Version(
        row.version,
        row.date,
        row.digest,
        row.log_index,
        None if gone else row.read_record(),
        removal,
        previous,
    )
