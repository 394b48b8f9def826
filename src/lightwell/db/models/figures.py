"""Published figures as rows: editions, series, points and what later editions revised.

All of it is derived from the files attached to records of the kind figures-edition and can be made anew from
them (`actions/figures`); an edition is in view only as long as its record is, with all that hangs on it.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from lightwell.db.models.disclosures import Disclosure


class FigureEditionQuerySet(models.QuerySet["FigureEdition"]):
    """Reading."""

    def visible(self) -> FigureEditionQuerySet:
        """The gate: only editions whose record is published and not removed."""
        return self.filter(disclosure__data__isnull=False, disclosure__tombstone__isnull=True)


class FigureEdition(models.Model):
    """All figures of one file; `dataset` says what is comparable, `first` and `last` are months of its latest
    period (year times twelve plus month from 0)."""

    disclosure = models.OneToOneField(Disclosure, models.CASCADE, related_name="figure_edition")
    dataset = models.CharField(max_length=200, db_index=True)
    mapping = models.CharField(max_length=80)
    layout = models.CharField(max_length=80)
    title = models.CharField(max_length=200, blank=True)
    name = models.CharField(max_length=200)
    first = models.IntegerField()
    last = models.IntegerField()
    restates = models.BooleanField()
    told_by = models.CharField(max_length=40)
    points = models.PositiveIntegerField()
    file = models.CharField(max_length=400)
    digest = models.CharField(max_length=71)
    notes = models.JSONField(default=list)

    objects = FigureEditionQuerySet.as_manager()

    class Meta:
        db_table = "figure_edition"
        ordering: ClassVar[list[str]] = ["dataset", "last", "first", "name", "id"]


class FigureSeries(models.Model):
    """One figure over periods, whichever edition states it; `key` is a digest of all that names it."""

    key = models.CharField(max_length=16, unique=True)
    dataset = models.CharField(max_length=200, db_index=True)
    provider = models.CharField(max_length=200, db_index=True)
    service = models.CharField(max_length=200)
    policy_area = models.CharField(max_length=400)
    metric = models.CharField(max_length=400)
    counts = models.CharField(max_length=40)
    unit = models.CharField(max_length=40)
    breakdown = models.JSONField(default=list)
    topic = models.CharField(max_length=40, blank=True, db_index=True)
    child_safety = models.BooleanField(default=False)

    class Meta:
        db_table = "figure_series"


class FigurePoint(models.Model):
    """What one edition states for one period; `number` is exact, as text, null where none was given."""

    series = models.ForeignKey(FigureSeries, models.CASCADE, related_name="points")
    edition = models.ForeignKey(FigureEdition, models.CASCADE, related_name="point_rows")
    first = models.IntegerField()
    last = models.IntegerField()
    printed = models.CharField(max_length=400)
    number = models.CharField(max_length=80, null=True)
    row = models.PositiveIntegerField()

    class Meta:
        db_table = "figure_point"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["series", "first", "last", "edition"], name="figure_stated_once")
        ]


class FigureRevisionQuerySet(models.QuerySet["FigureRevision"]):
    """Reading."""

    def visible(self) -> FigureRevisionQuerySet:
        """The gate: both editions are in view."""
        shown = FigureEdition.objects.visible().values("id")
        return self.filter(earlier__in=shown, later__in=shown)


class FigureRevision(models.Model):
    """A figure of the past that two neighbouring editions state differently. `kind` is changed, dropped or
    added; `change` the later number minus the earlier, for sorting only, as is `ratio`."""

    series = models.ForeignKey(FigureSeries, models.CASCADE, related_name="revisions")
    earlier = models.ForeignKey(FigureEdition, models.CASCADE, related_name="revised")
    later = models.ForeignKey(FigureEdition, models.CASCADE, related_name="revisions")
    kind = models.CharField(max_length=10)
    first = models.IntegerField()
    last = models.IntegerField()
    before = models.CharField(max_length=400)
    before_number = models.CharField(max_length=80, null=True)
    before_row = models.PositiveIntegerField(null=True)
    after = models.CharField(max_length=400)
    after_number = models.CharField(max_length=80, null=True)
    after_row = models.PositiveIntegerField(null=True)
    change = models.FloatField(null=True)
    ratio = models.FloatField(null=True)

    objects = FigureRevisionQuerySet.as_manager()

    class Meta:
        db_table = "figure_revision"
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["later", "kind"])]
