"""Versions of public records and the tombstones of removed ones."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from lightwell.base import disclosure
from lightwell.db.models.parties import Provider


class DisclosureQuerySet(models.QuerySet["Disclosure"]):
    """Reading."""

    def visible(self) -> DisclosureQuerySet:
        """The gate: only what is published and not removed."""
        return self.filter(data__isnull=False, tombstone__isnull=True)

    def newest(self) -> DisclosureQuerySet:
        """The newest version of each record."""
        later = Disclosure.objects.filter(
            record=models.OuterRef("record"), version__gt=models.OuterRef("version")
        )
        return self.filter(~models.Exists(later))


class Disclosure(models.Model):
    """One published version. `data` are its canonical bytes, null once erased; `full` is what only
    insiders may read: the record with its withheld values and the salts that open them later."""

    record = models.CharField(max_length=40, db_index=True)
    kind = models.CharField(max_length=40, db_index=True)
    version = models.PositiveIntegerField()
    digest = models.CharField(max_length=71, unique=True)
    data = models.BinaryField(null=True)
    full = models.JSONField(null=True)
    provider = models.ForeignKey(Provider, models.PROTECT, related_name="disclosures")
    publisher = models.CharField(max_length=80)
    publisher_role = models.CharField(max_length=40)
    language = models.CharField(max_length=40)
    date = models.CharField(max_length=10)
    about = models.CharField(max_length=40, blank=True, db_index=True)
    log_index = models.PositiveBigIntegerField(unique=True)
    published_at = models.DateTimeField()

    objects = DisclosureQuerySet.as_manager()

    class Meta:
        db_table = "disclosure"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["record", "version"], name="disclosure_version_once")
        ]

    def read_record(self) -> disclosure.Disclosure:
        """Return the published record as a value of `base/disclosure`."""
        return disclosure.decode_disclosure(bytes(self.data))


class Tombstone(models.Model):
    """What stays of a removed version: `data` are the canonical bytes of `base/tombstone`."""

    disclosure = models.OneToOneField(Disclosure, models.PROTECT, related_name="tombstone")
    ground = models.CharField(max_length=80)
    date = models.CharField(max_length=10)
    data = models.BinaryField()
    log_index = models.PositiveBigIntegerField(unique=True)

    class Meta:
        db_table = "tombstone"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=~models.Q(ground=""), name="tombstone_has_a_ground")
        ]
