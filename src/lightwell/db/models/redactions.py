"""Redactions: what is to be hidden on sealed pages, who proposed it and who decided."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from lightwell.db.models.people import Person
from lightwell.db.models.studies import Item


class RedactionQuerySet(models.QuerySet["Redaction"]):
    """Reading by where each stands."""

    def suggested(self) -> RedactionQuerySet:
        """What a program found and nobody has looked at."""
        return self.filter(proposer=None, dismissed_by=None)

    def proposed(self) -> RedactionQuerySet:
        """What one person proposed and waits for another."""
        return self.filter(proposer__isnull=False, approved=None)

    def in_force(self) -> RedactionQuerySet:
        """What is hidden, or will be with the next publication of its item."""
        return self.filter(approved=True, lifted_at=None)

    def undecided(self) -> RedactionQuerySet:
        """What still waits for a person: nothing of its item is published before that."""
        return self.filter(dismissed_by=None, approved=None)


class Redaction(models.Model):
    """One hidden region of a sealed page, from suggestion to lifting. Its words stand in the seal alone.

    `words` are [[line, word], ...] from 0, `boxes` [[left, top, right, bottom], ...] in pixels of the page.
    `source` names what found it: "person", "roster" or a rule, `confidence` in per cent. A suggestion has no
    proposer; a person makes it a proposal, or dismisses it.
    """

    item = models.ForeignKey(Item, models.PROTECT, related_name="redactions")
    page = models.PositiveIntegerField()
    words = models.JSONField(default=list)
    boxes = models.JSONField(default=list)
    ground = models.CharField(max_length=80)
    review = models.DateField()
    source = models.CharField(max_length=80)
    confidence = models.PositiveSmallIntegerField(null=True)
    proposer = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    proposed_at = models.DateTimeField()
    dismissed_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    approver = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    approved = models.BooleanField(null=True)
    lifted_at = models.DateTimeField(null=True)

    objects = RedactionQuerySet.as_manager()

    class Meta:
        db_table = "redaction"
        ordering: ClassVar[list[str]] = ["item", "page", "pk"]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["item", "page"], name="redaction_page")]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(approver__isnull=True) | ~models.Q(approver=models.F("proposer")),
                name="redaction_takes_two_people",
            ),
            models.CheckConstraint(
                condition=models.Q(approved__isnull=True) | models.Q(proposer__isnull=False),
                name="redaction_is_proposed_before_it_is_decided",
            ),
            models.CheckConstraint(condition=~models.Q(ground=""), name="redaction_has_a_ground"),
        ]
