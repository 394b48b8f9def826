"""Readings: pages drawn at random before publication, and what the person who read them found."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from lightwell.db.models.people import Person
from lightwell.db.models.studies import Item


class Reading(models.Model):
    """One page that was drawn for a person to read as it will be published, and what came of it.

    `seed` is the root (hex) of the signed checkpoint of `size` entries by which the draw went, `draw` its
    number within the study from 1. `missed` is None until somebody other than who drew has read the page.
    """

    item = models.ForeignKey(Item, models.PROTECT, related_name="readings")
    page = models.PositiveIntegerField()
    draw = models.PositiveIntegerField()
    seed = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    drawn_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    drawn_at = models.DateTimeField()
    reader = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    read_at = models.DateTimeField(null=True)
    missed = models.BooleanField(null=True)

    class Meta:
        db_table = "reading"
        ordering: ClassVar[list[str]] = ["item", "page"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["item", "page"], name="page_is_drawn_once"),
            models.CheckConstraint(
                condition=models.Q(reader__isnull=True) | ~models.Q(reader=models.F("drawn_by")),
                name="reading_is_by_another_person",
            ),
            models.CheckConstraint(
                condition=models.Q(reader__isnull=True, read_at__isnull=True, missed__isnull=True)
                | models.Q(reader__isnull=False, read_at__isnull=False, missed__isnull=False),
                name="reading_has_reader_time_and_result",
            ),
        ]
