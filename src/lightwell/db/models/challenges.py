"""Challenges: what strangers asked, what their holders told the company alone, and what was turned away."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from lightwell.db.models.parties import Provider


class Challenge(models.Model):
    """A logged challenge. What happened to it stands in the log alone (`archive/register`).

    `salt`, `sha256` and `size` are what the holder handed over: private, read by the company's own people and
    no exit, and emptied once the answer is that the file is in the inventory.
    """

    id = models.CharField(primary_key=True, max_length=40)
    provider = models.ForeignKey(Provider, models.PROTECT, related_name="challenges")
    commitment = models.CharField(max_length=64, unique=True)
    log_index = models.PositiveBigIntegerField(unique=True)
    at = models.DateTimeField()
    handed_at = models.DateTimeField(null=True)
    salt = models.CharField(max_length=64, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.PositiveBigIntegerField(null=True)

    class Meta:
        db_table = "challenge"
        ordering: ClassVar[list[str]] = ["log_index"]


class TurnedAway(models.Model):
    """How many challenges were turned away on a day, for which of the fixed reasons; nothing else of them."""

    day = models.DateField()
    reason = models.CharField(max_length=20)
    count = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "turned_away"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["day", "reason"], name="turned_away_reason_once_a_day")
        ]
